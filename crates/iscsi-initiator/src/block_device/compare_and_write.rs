//! Atomic exchanges of blocks.

use super::BlockDevice;
use crate::error::Error;
use crate::scsi::{Command, CompareAndWrite, SenseData, SenseKey, WriteData};

/// The result of [`BlockDevice::compare_and_write`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comparison {
    /// The blocks were the expected ones, and are written.
    Written,
    /// The blocks were others, and are unchanged.
    Differs {
        /// The number of equal bytes before the first that differs, if the unit states it.
        at: Option<u64>,
    },
}

impl BlockDevice {
    /// Writes `data` if the blocks at `offset` are those of `expected`, and lets no other command in between: COMPARE AND WRITE.
    ///
    /// ```no_run
    /// # async fn example(disk: iscsi_initiator::BlockDevice) -> Result<(), iscsi_initiator::Error> {
    /// use iscsi_initiator::Comparison;
    /// let old = disk.read_at(0, 512).await?;
    /// let mut new = old.to_vec();
    /// new[0] += 1;
    /// let is_mine = disk.compare_and_write(0, old, new).await? == Comparison::Written;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, for less than a block, for lengths that differ, and for more blocks than the
    /// unit compares at once; [`Error::NotSupported`] if it does not support the command; [`Error::WriteProtected`].
    /// [`Error::Ambiguous`] when the session was lost meanwhile: the blocks may have been written. Otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the blocks written or not.
    pub async fn compare_and_write(
        &self,
        offset: u64,
        expected: impl Into<WriteData>,
        data: impl Into<WriteData>,
    ) -> Result<Comparison, Error> {
        let (expected, data) = (expected.into(), data.into());
        self.check_write(offset, data.len() as u64)?;
        let most = self.shared.properties.max_compare_and_write(&self.shared.overrides);
        if most == 0 {
            return Err(Error::NotSupported { lun: self.lun, command: CompareAndWrite::NAME });
        }
        let refused = |words: String| Error::InvalidArgument(format!("compare and write of {words}"));
        if expected.len() != data.len() {
            return Err(refused(format!("{} expected and {} new bytes", expected.len(), data.len())));
        }
        let blocks = self.whole_blocks(offset, data.len());
        let blocks = blocks.ok_or_else(|| refused("less than whole blocks".to_owned()))?;
        let few = u8::try_from(blocks).ok().filter(|blocks| *blocks <= most);
        let blocks = few.ok_or_else(|| refused(format!("{blocks} blocks, the unit takes {most}")))?;
        let lba = offset / self.block_size();
        self.compare_blocks(CompareAndWrite { lba, blocks, expected, data, ..CompareAndWrite::default() })
            .await
    }

    /// Sends a COMPARE AND WRITE.
    pub(super) async fn compare_blocks(&self, command: CompareAndWrite) -> Result<Comparison, Error> {
        match self.session.send(self.lun, &command).await {
            Ok(()) => Ok(Comparison::Written),
            Err(Error::Command { sense: Some(sense), .. }) if sense.key == SenseKey::MISCOMPARE => {
                Ok(Comparison::Differs { at: first_difference(&sense, command.data.len()) })
            }
            Err(error) => Err(error),
        }
    }
}

/// The offset that the unit states, if it lies within the data.
fn first_difference(sense: &SenseData, length: usize) -> Option<u64> {
    sense.details.information.filter(|at| *at < length as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_beyond_the_data_is_none() {
        let mut sense = SenseData::new(SenseKey::MISCOMPARE, 0x1d, 0x00);
        for (information, expected) in [(None, None), (Some(511), Some(511)), (Some(512), None)] {
            sense.details.information = information;
            assert_eq!(first_difference(&sense, 512), expected);
        }
    }
}
