//! `iscsi write`

use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use iscsi_initiator::{BlockDevice, Flush, Lun, Session};

use crate::arguments::{SessionOptions, size, urls};
use crate::data_file::Measured;
use crate::data_thread::Source;
use crate::failure::Failure;
use crate::progress::Transfer;
use crate::remarks::warn_of_recovered_errors;
use crate::{data_file, secret_source, session};

pub(super) const EXAMPLE: &str =
    "Example: iscsi write -i disk.img iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const DETAILS: &str = "\
Exit code 0 means that the target took all data and flushed them (SYNCHRONIZE
CACHE), or has no volatile write cache. Nothing is written unless all of the
file fits on the logical unit: standard input is first copied into a temporary
file. BYTES may have a unit: K, M, G, T or KiB, MiB, GiB, TiB are powers of
1024.";

#[derive(Args)]
pub(crate) struct Write {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// Where to begin [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    offset: u64,
    /// File to write; - is standard input
    #[arg(short, long = "input-file", value_name = "FILE")]
    input_file: PathBuf,
    #[command(flatten)]
    session: SessionOptions,
}

impl Write {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let (url, lun) = urls::logical_unit(&self.url)?;
        secret_source::check_standard_input(
            self.session.files().into_iter().chain([Some(&*self.input_file)]),
        )?;
        let file = data_file::open(&self.input_file)?;
        let mut transfer = Transfer::new();
        let outcome = session::with_session(&self.session, url, async |session| {
            self.copy(session, lun, file, &mut transfer).await
        });
        let outcome = outcome.await;
        let (length, flush) = transfer.end(outcome, |done, length| {
            format!("write ended early: the target acknowledged {done} of {length} bytes, and flushed none")
        })?;
        eprintln!("wrote {length} bytes at offset {}; {}", self.offset, stability(flush));
        Ok(())
    }

    async fn copy(
        &self,
        session: &Session,
        lun: Lun,
        file: File,
        transfer: &mut Transfer,
    ) -> Result<(u64, Flush), Failure> {
        let device = BlockDevice::open(session, lun).await?;
        let room = device.capacity().bytes().saturating_sub(self.offset);
        // A pipe may take its time: a session that is lost meanwhile is noticed at once.
        let Measured { file, length } = tokio::select! {
            biased;
            measured = data_file::measure(&self.input_file, file, room) => measured?,
            error = session.ended() => return Err(error.into()),
        };
        let mut writer = device.writer(self.offset, length)?;
        transfer.begin("writing", length);
        let mut source = Source::start(file, length);
        // Acknowledged are whole blocks; what stands before the range in the first one is none of the data.
        let before = self.offset % u64::from(device.capacity().block_size);
        let refused = || Failure::file("read", &self.input_file);
        while let Some(piece) = source.next().await.map_err(refused())? {
            writer.write(piece).await?;
            transfer.set(writer.acknowledged().saturating_sub(before));
        }
        writer.finish().await?;
        transfer.set(length);
        let flush = device.synchronize_cache().await?;
        warn_of_recovered_errors(&device);
        Ok((length, flush))
    }
}

/// Why what was written is stable.
const fn stability(flush: Flush) -> &'static str {
    match flush {
        Flush::NoWriteCache => "the logical unit has no volatile write cache (WCE=0)",
        Flush::NoCacheReported => {
            "the logical unit reports no write cache and does not support SYNCHRONIZE CACHE"
        }
        _ => "flushed to stable storage",
    }
}
