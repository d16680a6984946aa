//! Flushing of written data to stable storage.

use iscsi_pdu::Lun;

use super::session::Session;
use crate::error::Error;
use crate::scsi::{CachingPage, RawCommand, SynchronizeCache10, SynchronizeCache16};

/// The way in which data written to a logical unit became stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flush {
    /// The logical unit carried out SYNCHRONIZE CACHE.
    Synchronized,
    /// The logical unit does not support SYNCHRONIZE CACHE, and its caching mode page reports that no volatile write
    /// cache is enabled (WCE=0): written data were stable already.
    NoWriteCache,
    /// The logical unit does not support SYNCHRONIZE CACHE and has no caching mode page, so it reports no cache.
    NoCacheReported,
}

impl Session {
    /// Flushes all data written to the logical unit before this call to stable storage, and waits for the end.
    ///
    /// A unit without a volatile cache need not support SYNCHRONIZE CACHE (SBC-3, 5.26), so its absence is not a
    /// failure unless the unit reports that its write cache is enabled.
    ///
    /// # Errors
    /// [`Error::NotFlushed`] for a unit with a write cache that cannot be flushed. [`Error::Command`] when the unit
    /// cannot make the data stable; a unit attention that reports a reset or power-on is such a failure, since the
    /// content of a volatile cache may be lost. Otherwise the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the target synchronizing.
    pub async fn synchronize_cache(&self, lun: Lun) -> Result<Flush, Error> {
        let (short, long) = (SynchronizeCache10::default(), SynchronizeCache16::default());
        for command in [RawCommand::from(short), long.into()] {
            match self.flush_by(lun, command).await {
                Err(Error::Command { sense: Some(sense), .. }) if sense.reports_unknown_command() => {}
                outcome => return outcome.map(|()| Flush::Synchronized),
            }
        }
        match self.write_cache_enabled(lun).await? {
            Some(true) => Err(Error::NotFlushed),
            Some(false) => Ok(Flush::NoWriteCache),
            None => Ok(Flush::NoCacheReported),
        }
    }

    /// Sends a flush command. The policy sends it again after each unit attention that does not indicate a lost cache.
    async fn flush_by(&self, lun: Lun, command: RawCommand) -> Result<(), Error> {
        self.execute(lun, command).await.map(drop)
    }

    /// Whether the volatile write cache is enabled (WCE); `None` when the unit does not report it.
    async fn write_cache_enabled(&self, lun: Lun) -> Result<Option<bool>, Error> {
        match self.send(lun, &CachingPage::mode_sense()).await {
            Ok(parameters) => Ok(CachingPage::of(&parameters).map(|page| page.write_cache_enabled)),
            Err(error) if error.leaves_session_open() => {
                tracing::debug!(%lun, %error, "no caching mode page");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
