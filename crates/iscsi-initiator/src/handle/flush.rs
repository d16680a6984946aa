//! Making written data stable.

use iscsi_pdu::Lun;

use super::session::Session;
use crate::error::Error;
use crate::scsi::{self, Command, SenseData};

/// How the data written to a logical unit became stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flush {
    /// The logical unit carried SYNCHRONIZE CACHE out.
    Synchronized,
    /// The logical unit does not know SYNCHRONIZE CACHE, and its caching mode page says that no volatile write cache is
    /// enabled (WCE=0): written data were stable already.
    NoWriteCache,
    /// The logical unit does not know SYNCHRONIZE CACHE, and has no caching mode page: it does not say that it has a
    /// cache.
    NoCacheReported,
}

impl Session {
    /// Ends when everything written to the logical unit before is stable.
    ///
    /// A unit without a volatile cache need not know SYNCHRONIZE CACHE (SBC-3, 5.22), so that command's absence is no
    /// failure unless the unit says that its write cache is enabled.
    ///
    /// # Errors
    /// [`Error::NotFlushed`] for a unit with a write cache that cannot be flushed. [`Error::Command`] when the unit
    /// cannot promise that the data are stable; a unit attention that reports a reset or power-on is one of these
    /// failures, since a volatile cache may have been lost with it. Else whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the target synchronizing.
    pub async fn synchronize_cache(&self, lun: Lun) -> Result<Flush, Error> {
        for command in [scsi::synchronize_cache(), scsi::synchronize_cache_16()] {
            match self.flush_by(lun, command).await {
                Err(Error::Command { sense: Some(SenseData::UNKNOWN_COMMAND), .. }) => {}
                outcome => return outcome.map(|()| Flush::Synchronized),
            }
        }
        match self.write_cache_enabled(lun).await? {
            Some(true) => Err(Error::NotFlushed),
            Some(false) => Ok(Flush::NoWriteCache),
            None => Ok(Flush::NoCacheReported),
        }
    }

    /// Unit attentions are passed over but for those that may mean a lost cache.
    async fn flush_by(&self, lun: Lun, command: Command) -> Result<(), Error> {
        self.retry_unit_attention(lun, command, |sense| !sense.reports_reset()).await.map(drop)
    }

    /// Whether the volatile write cache is enabled (WCE); `None` when the unit does not say.
    async fn write_cache_enabled(&self, lun: Lun) -> Result<Option<bool>, Error> {
        let answer = self.ask(lun, scsi::caching_mode_page()).await;
        match answer.and_then(|answer| Ok(scsi::parse_write_cache_enabled(&answer.data)?)) {
            Ok(enabled) => Ok(Some(enabled)),
            Err(error) if error.leaves_session_open() => {
                tracing::debug!(%lun, %error, "no caching mode page");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
