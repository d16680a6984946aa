//! `iscsi write`

use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use iscsi_initiator::{BlockDevice, Lun, Session};

use crate::arguments::Options;
use crate::data_file::Measured;
use crate::data_thread::Source;
use crate::failure::Failure;
use crate::progress::Transfer;
use crate::{data_file, secret_source, session, size};

#[derive(Args)]
pub(crate) struct Write {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// Where to begin, in octets; K, M, G, KiB, MiB, GiB are powers of 1024
    #[arg(long, value_name = "BYTES", default_value = "0", value_parser = size::parse)]
    offset: u64,
    /// File to write, whole; `-` is standard input, which is first set aside in a temporary file
    #[arg(short, long = "input-file", value_name = "FILE")]
    input_file: PathBuf,
}

impl Write {
    pub(super) async fn run(&self, options: &Options) -> Result<(), Failure> {
        let (url, lun) = session::logical_unit(&self.url)?;
        secret_source::check_standard_input(options, Some(&self.input_file))?;
        let file = data_file::open(&self.input_file)?;
        let mut transfer = Transfer::new();
        let outcome = session::with_session(options, url, async |session| {
            self.copy(session, lun, file, &mut transfer).await
        });
        let outcome = outcome.await;
        let octets = transfer.end(outcome, |done, length| {
            format!(
                "write ended early: the target acknowledged {done} of {length} octets, none of them as stable"
            )
        })?;
        eprintln!("wrote {octets} octets from offset {} on, stable on the target", self.offset);
        Ok(())
    }

    async fn copy(
        &self,
        session: &Session,
        lun: Lun,
        file: File,
        transfer: &mut Transfer,
    ) -> Result<u64, Failure> {
        let device = BlockDevice::open(session, lun).await?;
        let room = device.capacity().octets().saturating_sub(self.offset);
        let Measured { file, length } = tokio::select! {
            biased;
            measured = data_file::measure(&self.input_file, file, room) => measured?,
            // Standard input may take long, and until its end nothing is asked of the session.
            error = session.ended() => return Err(error.into()),
        };
        let mut writer = device.writer(self.offset, length)?;
        transfer.begin("writing", length);
        let mut source = Source::start(file, length);
        // Acknowledged are whole blocks; what stands before the range in the first one is not ours.
        let before = self.offset % u64::from(device.capacity().block_size);
        let refused = || Failure::file("read", &self.input_file);
        while let Some(piece) = source.next().await.map_err(refused())? {
            writer.write(piece).await?;
            transfer.set(writer.acknowledged().saturating_sub(before));
        }
        writer.finish().await?;
        transfer.set(length);
        device.synchronize_cache().await?;
        Ok(length)
    }
}
