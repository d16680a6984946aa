//! PDUs that a scripted target sends without end.

use std::sync::Arc;
use std::time::Duration;

use iscsi_pdu::{InitiatorPdu, RawPdu, ScsiCommand};
use tokio::time::MissedTickBehavior;

use super::full_feature::{Moment, Reply};
use super::served::Served;
use super::wire::WireError;

/// Makes the next PDUs of a flood. The command is that of the last `AnswerCommand`.
pub(super) type MakeWave = Arc<dyn Fn(Option<&ScsiCommand>, &Moment) -> Reply + Send + Sync>;

/// The time between two waves of a flood beside which requests are served. Without it they would wait behind all that
/// fits into the buffers of the sockets.
const PACE: Duration = Duration::from_millis(1);

/// Sends one wave after another, and serves requests like a conforming target in between, until the initiator leaves.
pub(super) async fn beside_service(
    connection: &mut Served,
    command: Option<&ScsiCommand>,
    make: &MakeWave,
) -> Result<(), WireError> {
    let mut waves = tokio::time::interval(PACE);
    waves.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Received requests are served first: they would wait behind answers to a flood of pings.
        let raw = tokio::select! {
            biased;
            raw = connection.receive() => Some(raw?),
            _ = waves.tick() => None,
        };
        let Some(raw) = raw else {
            send_wave(connection, command, make).await?;
            continue;
        };
        if !is_caused_by_script(&raw, command)? && !connection.handle(raw).await? {
            return Ok(());
        }
    }
}

/// Sends as fast as the initiator receives, and receives nothing, until the connection is closed.
pub(super) async fn unread(
    connection: &mut Served,
    command: Option<&ScsiCommand>,
    make: &MakeWave,
) -> Result<(), WireError> {
    loop {
        send_wave(connection, command, make).await?;
    }
}

async fn send_wave(
    connection: &mut Served,
    command: Option<&ScsiCommand>,
    make: &MakeWave,
) -> Result<(), WireError> {
    let wave = make(command, &connection.moment()?);
    connection.reply(&wave).await
}

/// Whether the conforming target knows nothing of the cause of a PDU: the answer to a ping of the script, or data of the
/// command that the script has taken.
fn is_caused_by_script(raw: &RawPdu, command: Option<&ScsiCommand>) -> Result<bool, WireError> {
    Ok(match InitiatorPdu::decode(raw.clone())? {
        InitiatorPdu::NopOut(answer) => answer.ttt.is_valid(),
        InitiatorPdu::DataOut(data) => command.is_some_and(|command| command.itt == data.itt),
        _ => false,
    })
}
