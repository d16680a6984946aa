//! Commands that are sent again until the status policy has them reported.

use std::pin::Pin;

use bytes::BytesMut;
use iscsi_pdu::Lun;

use super::session::Session;
use crate::error::Error;
use crate::runtime::{Clock, pause};
use crate::scsi::{self, Capacity, Command, Completion, SenseData, Transfer};
use crate::session::{Ended, Outcome};
use crate::status::{Attempts, AttentionKind, RetryPolicy, Verdict};

impl Session {
    /// Sends a command again that has ended, as long as the policy says so, and returns the last outcome.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result: the command may have been carried out, now or later.
    pub(crate) fn repeat(
        &self,
        lun: Lun,
        ended: Box<Ended>,
        data: BytesMut,
    ) -> Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send + '_>> {
        // Boxed, so that commands that end well do not carry its size.
        Box::pin(self.repeat_until_reported(lun, ended, data))
    }

    async fn repeat_until_reported(
        &self,
        lun: Lun,
        mut ended: Box<Ended>,
        mut data: BytesMut,
    ) -> Result<Outcome, Error> {
        let policy = if ended.command.is_repeated { self.retry_policy() } else { RetryPolicy::NONE };
        let (clock, operation_code) = (Clock::start(), ended.command.cdb[0]);
        let mut attempts = Attempts::new(policy, operation_code);
        loop {
            self.note(lun, &ended.completion);
            match attempts.decide(&ended.completion, clock.now()) {
                Verdict::Report => return Ok(Outcome::Scsi(ended, data)),
                Verdict::Repeat(time) => pause(time).await,
                Verdict::ReadAnew(kind) => self.read_anew(lun, kind).await?,
            }
            let command = with_memory(ended.command, data);
            tracing::debug!(%lun, command = command.name, status = %ended.completion.status, "command repeated");
            (ended, data) = match self.carry_out(lun, command).await? {
                Outcome::Scsi(next, buffer) => (next, buffer),
                outcome => return Ok(outcome),
            };
        }
    }

    /// Takes note of what a completion says about its unit.
    fn note(&self, lun: Lun, completion: &Completion) {
        if let Some(sense) = SenseData::parse(&completion.sense) {
            tracing::debug!(%lun, %sense, "sense data");
            self.units().change(lun, |unit| unit.note_sense(sense));
        }
    }

    /// Reads anew what an event has changed. A unit that does not answer the question keeps its command from nothing.
    async fn read_anew(&self, lun: Lun, kind: AttentionKind) -> Result<(), Error> {
        if kind == AttentionKind::CapacityChanged
            && let Some(capacity) = self.capacity_now(lun).await?
        {
            self.units().change(lun, |unit| unit.capacity = Some(capacity));
        }
        Ok(())
    }

    /// The size of a unit, by commands that are sent once.
    async fn capacity_now(&self, lun: Lun) -> Result<Option<Capacity>, Error> {
        let Outcome::Good(data) = self.carry_out(lun, scsi::read_capacity_10().once()).await? else {
            return Ok(None);
        };
        match scsi::parse_capacity_10(&data) {
            Ok(Some(capacity)) => Ok(Some(capacity)),
            Ok(None) => match self.carry_out(lun, scsi::read_capacity_16().once()).await? {
                Outcome::Good(data) => Ok(scsi::parse_capacity_16(&data).ok()),
                _ => Ok(None),
            },
            Err(_) => Ok(None),
        }
    }
}

/// A command with the memory that it had for read data.
fn with_memory(mut command: Command, mut memory: BytesMut) -> Command {
    if let Transfer::Read(length) = command.transfer
        && memory.capacity() >= length as usize
    {
        memory.resize(length as usize, 0);
        command.transfer = Transfer::ReadInto(memory);
    }
    command
}
