//! The negotiation with a client, over its stream.

use std::io;
use std::time::Duration;

use iscsi_initiator::nbd::{Agreement, ExportInfo, Negotiation, NegotiationError, Step};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::export::Export;

/// The time that a client has to choose an export.
const LIMIT: Duration = Duration::from_mins(1);

/// A negotiation without an agreement.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error("connection lost")]
    Connection(#[from] io::Error),
    #[error(transparent)]
    Negotiation(#[from] NegotiationError),
    #[error("client did not choose an export within {LIMIT:?}")]
    TooSlow,
}

/// Negotiates with a client. `None` if it ends the connection.
///
/// # Cancel safety
/// When the future is dropped, the stream is somewhere in the negotiation, and has to be closed.
pub(super) async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    exports: &[Export],
) -> Result<Option<Agreement>, HandshakeError> {
    timeout(LIMIT, negotiate_without_limit(stream, exports)).await.unwrap_or(Err(HandshakeError::TooSlow))
}

async fn negotiate_without_limit<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    exports: &[Export],
) -> Result<Option<Agreement>, HandshakeError> {
    let mut negotiation = Negotiation::new();
    stream.write_all(&negotiation.greeting()).await?;
    loop {
        let mut bytes = vec![0; negotiation.wanted()];
        stream.read_exact(&mut bytes).await?;
        // The sizes are those of now: a unit may have grown since the last option.
        let infos: Vec<ExportInfo> = exports.iter().map(Export::info).collect();
        let (reply, end) = match negotiation.receive(&bytes, &infos)? {
            Step::Continue(reply) => (reply, None),
            Step::Agreed(reply, agreement) => (reply, Some(Some(agreement))),
            Step::Aborted(reply) => (reply, Some(None)),
        };
        stream.write_all(&reply).await?;
        if let Some(outcome) = end {
            return Ok(outcome);
        }
    }
}
