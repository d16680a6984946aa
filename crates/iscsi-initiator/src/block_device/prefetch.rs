//! Prefetching: the unit may read a range into its cache.

use super::BlockDevice;
use super::partial_blocks::refuses_command;
use crate::error::Error;
use crate::scsi::PreFetch16;

impl BlockDevice {
    /// Tells the unit that a range is read soon, so that it can read it into its cache (PRE-FETCH). Waits only until the unit knows.
    /// It is told of as many blocks as one command can name. A unit without the command, or without a cache, does nothing,
    /// which is no error.
    ///
    /// ```no_run
    /// # async fn example(disk: iscsi_initiator::BlockDevice) -> Result<(), iscsi_initiator::Error> {
    /// disk.prefetch(0, 1 << 20).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn prefetch(&self, offset: u64, length: u64) -> Result<(), Error> {
        self.check_range(offset, length)?;
        let (lba, end) = (offset / self.block_size(), (offset + length).div_ceil(self.block_size()));
        let most = self.shared.properties.limits.and_then(|limits| limits.max_prefetch).unwrap_or(u32::MAX);
        let blocks = u32::try_from(end - lba).unwrap_or(u32::MAX).min(most);
        // 0 would stand for all blocks.
        if length == 0 || blocks == 0 {
            return Ok(());
        }
        let command = PreFetch16 { lba, blocks, immediate: true, ..PreFetch16::default() };
        match self.session.send(self.lun, &command).await {
            Err(Error::Command { sense: Some(sense), .. }) if refuses_command(&sense) => Ok(()),
            outcome => outcome,
        }
    }
}
