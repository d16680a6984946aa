//! Commands that are sent again until the status policy has them reported.

use std::pin::Pin;
use std::time::Duration;

use bytes::BytesMut;
use iscsi_pdu::Lun;

use super::session::Session;
use crate::error::Error;
use crate::runtime::{Clock, pause};
use crate::scsi::{
    Capacity, Command, Completion, RawCommand, ReadCapacity10, ReadCapacity16, SenseData, SenseKey, Transfer,
};
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
        let (clock, operation_code) = (Clock::start(), ended.command.cdb.operation_code());
        let mut attempts = Attempts::new(policy, operation_code);
        loop {
            self.note(lun, &ended.completion);
            match attempts.decide(&ended.completion, clock.now()) {
                Verdict::Report => return Ok(Outcome::Scsi(ended, data)),
                Verdict::Repeat(time) => pause(time).await,
                Verdict::ReadAnew(kind) => {
                    if let Some(event) = self.read_anew(lun, kind, &mut attempts).await? {
                        ended.completion = event;
                        return Ok(Outcome::Scsi(ended, data));
                    }
                }
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

    /// Reads anew what an event has changed. Returns another event that the unit reported instead, if the caller of the
    /// command has to know it. A unit that does not answer the question keeps its command from nothing.
    async fn read_anew(
        &self,
        lun: Lun,
        kind: AttentionKind,
        attempts: &mut Attempts,
    ) -> Result<Option<Completion>, Error> {
        if kind != AttentionKind::CapacityChanged {
            return Ok(None);
        }
        match self.capacity_now(lun, attempts).await? {
            Ok(capacity) => self.note_capacity(lun, capacity),
            Err(event) => return Ok(event),
        }
        Ok(None)
    }

    /// The size of a unit, by commands that are sent once for each event that it has to report before.
    async fn capacity_now(&self, lun: Lun, attempts: &mut Attempts) -> Result<Answer<Capacity>, Error> {
        match self.answer_now(lun, &ReadCapacity10, attempts).await? {
            Ok(Some(capacity)) => Ok(Ok(capacity)),
            Ok(None) => {
                let long = self.answer_now(lun, &ReadCapacity16, attempts).await?;
                Ok(long.map(|unit| unit.capacity))
            }
            Err(event) => Ok(Err(event)),
        }
    }

    async fn answer_now<C: Command>(
        &self,
        lun: Lun,
        question: &C,
        attempts: &mut Attempts,
    ) -> Result<Answer<C::Answer>, Error> {
        loop {
            let ended = match self.carry_out(lun, RawCommand::of(question).once()).await? {
                Outcome::Good(data) => return Ok(question.parse(data.freeze()).map_err(|_| None)),
                Outcome::Scsi(ended, _) if reports_event(&ended.completion) => ended,
                _ => return Ok(Err(None)),
            };
            self.note(lun, &ended.completion);
            if attempts.decide(&ended.completion, Duration::ZERO) == Verdict::Report {
                return Ok(Err(Some(ended.completion)));
            }
        }
    }
}

/// The answer to a question about a unit; otherwise the event that it reported instead, if the caller has to know it.
type Answer<T> = Result<T, Option<Completion>>;

/// Whether a command ended in a unit attention.
fn reports_event(completion: &Completion) -> bool {
    let sense = SenseData::parse(&completion.sense);
    sense.is_some_and(|sense| sense.key == SenseKey::UNIT_ATTENTION && !sense.deferred)
}

/// A command with the memory that it had for read data.
fn with_memory(mut command: RawCommand, mut memory: BytesMut) -> RawCommand {
    if let Transfer::Read(length) = command.transfer
        && memory.capacity() >= length as usize
    {
        memory.resize(length as usize, 0);
        command.transfer = Transfer::ReadInto(memory);
    }
    command
}
