//! A pending command: submitted to a session, and without a result that was taken.

use std::sync::Weak;

use bytes::{Bytes, BytesMut};
use iscsi_pdu::Lun;

use super::{Inner, Session, wrong_answer};
use crate::error::Error;
use crate::runtime::Reply;
use crate::scsi::Completion;
use crate::session::Outcome;

/// A command that was submitted and whose result was not taken yet
/// ([RFC 7143, section 11.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.3)).
#[must_use = "a command whose result is dropped may still be carried out"]
pub struct PendingCommand {
    pub(in crate::handle) name: &'static str,
    pub(super) lun: Lun,
    pub(in crate::handle) reply: Reply,
    /// The session, which a pending command does not keep from logging out.
    pub(super) session: Weak<Inner>,
}

impl PendingCommand {
    /// Waits for the end of the command. A status other than GOOD is an error, unless the logical unit recovered from
    /// the error that it reports ([`Completion::recovered_error`]).
    ///
    /// # Errors
    /// [`Error::Command`] with status and sense data, [`Error::Incomplete`] when not all of the data moved, or the
    /// error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result: the command may have been carried out, now or later.
    pub async fn completion(self) -> Result<Completion, Error> {
        let (name, lun) = (self.name, self.lun);
        let (mut completion, data) = completed(name, lun, self.outcome().await?)?;
        completion.data = data.freeze();
        Ok(completion)
    }

    /// Waits for the end of the command. Returns the read data in their buffer, and whether the unit recovered from an error.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result, and the buffer stays with the command until it ends.
    pub(crate) async fn data_and_recovery(self) -> Result<(BytesMut, bool), Error> {
        let (name, lun) = (self.name, self.lun);
        data_of(name, lun, self.outcome().await?)
    }

    /// Waits for the end of the command, and returns its completion whatever the status is: with sense data, residuals,
    /// and as much data as came.
    ///
    /// # Errors
    /// As [`Self::completion`], but no status and no missing data are an error.
    ///
    /// # Cancel safety
    /// As [`Self::completion`].
    pub async fn completion_of_any_status(self) -> Result<Completion, Error> {
        let (name, lun) = (self.name, self.lun);
        let (mut completion, data) = ended(name, lun, self.outcome().await?)?;
        completion.data = data.freeze();
        Ok(completion)
    }

    /// The outcome after all repetitions, for which the session has to be open.
    async fn outcome(self) -> Result<Outcome, Error> {
        let Self { lun, reply, session, .. } = self;
        match reply.outcome().await? {
            Outcome::Scsi(ended, data) => match session.upgrade() {
                Some(inner) => Session { inner }.repeat(lun, ended, data).await,
                None => Ok(Outcome::Scsi(ended, data)),
            },
            outcome => Ok(outcome),
        }
    }

    /// Waits for the end of the command, and returns only its data.
    ///
    /// # Errors
    /// As [`Self::completion`].
    ///
    /// # Cancel safety
    /// As [`Self::completion`].
    pub async fn data(self) -> Result<Bytes, Error> {
        Ok(self.completion().await?.data)
    }
}

/// The data of a command that succeeded, and whether the unit recovered from an error.
pub(crate) fn data_of(name: &'static str, lun: Lun, outcome: Outcome) -> Result<(BytesMut, bool), Error> {
    if let Outcome::Good(data) = outcome {
        return Ok((data, false));
    }
    let (completion, data) = completed(name, lun, outcome)?;
    Ok((data, completion.recovered_error().is_some()))
}

/// The completion and the data of a command that succeeded.
fn completed(name: &'static str, lun: Lun, outcome: Outcome) -> Result<(Completion, BytesMut), Error> {
    let (completion, data) = ended(name, lun, outcome)?;
    let completion = completion.into_good(name)?;
    if let Some(sense) = completion.recovered_error() {
        tracing::info!(command = name, %lun, %sense, "recovered error");
    }
    Ok((completion, data))
}

/// The completion and the data of a command that ended with a SCSI status.
fn ended(name: &'static str, lun: Lun, outcome: Outcome) -> Result<(Completion, BytesMut), Error> {
    Ok(match outcome {
        Outcome::Good(data) => (Completion::good(), data),
        Outcome::Scsi(ended, data) => (ended.completion, data),
        Outcome::TargetFailure(response) => return Err(Error::TargetFailure { command: name, response }),
        Outcome::Aborted(abort) => return Err(Error::Aborted { command: name, abort }),
        Outcome::Ambiguous(old_task) => return Err(Error::Ambiguous { command: name, old_task }),
        Outcome::WritesMayBeLost => return Err(Error::WritesMayBeLost { lun }),
        Outcome::NoSession => return Err(Error::NoSession { request: name }),
        Outcome::Rejected(reason) => return Err(Error::Rejected { request: name, reason }),
        _ => return Err(wrong_answer(name)),
    })
}
