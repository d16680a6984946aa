//! Commands of one transfer that are in flight at a time.

use std::collections::VecDeque;

use super::BlockDevice;
use crate::error::Error;
use crate::handle::PendingCommand;
use crate::scsi::RawCommand;

/// Commands without an answer that anyone needs, as many in flight as the device permits.
pub(super) struct Pipeline<'a> {
    device: &'a BlockDevice,
    pending: VecDeque<PendingCommand>,
}

impl<'a> Pipeline<'a> {
    pub(super) const fn new(device: &'a BlockDevice) -> Self {
        Self { device, pending: VecDeque::new() }
    }

    /// Sends a command, once there is a place for it. The error may be that of an earlier one.
    ///
    /// # Cancel safety
    /// A future that is dropped may have sent the command.
    pub(super) async fn send(&mut self, command: RawCommand) -> Result<(), Error> {
        while !self.device.may_send_another(self.pending.len()) {
            self.await_first().await?;
        }
        self.pending.push_back(self.device.session.submit(self.device.lun, command).await?);
        Ok(())
    }

    /// Waits for the end of all commands.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the results.
    pub(super) async fn finish(mut self) -> Result<(), Error> {
        while !self.pending.is_empty() {
            self.await_first().await?;
        }
        Ok(())
    }

    async fn await_first(&mut self) -> Result<(), Error> {
        match self.pending.pop_front() {
            Some(first) => self.device.complete(first).await.map(drop),
            None => Ok(()),
        }
    }
}
