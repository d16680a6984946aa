//! `iscsi read` and `iscsi write`: copies between a logical unit and a local file.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use iscsi_initiator::{BlockDevice, Error, Flush, Lun, Session};

use crate::arguments::{UnitOptions, size, values};
use crate::credentials::secret_source;
use crate::failure::Failure;
use crate::messages::warn;
use crate::session;
use crate::transfer::local_data::{self, Measured, Sink, Source};
use crate::transfer::progress::{Progress, warn_of_recovered_errors};

pub(super) const READ_EXAMPLE: &str =
    "Example: iscsi read -o disk.img iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const READ_DETAILS: &str = "\
A read that ends early leaves the beginning of the range in the file, and says
how many bytes. BYTES may have a unit: K, M, G, T or KiB, MiB, GiB, TiB are
powers of 1024.";

#[derive(Args)]
pub(crate) struct Read {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// Beginning of the range [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    offset: u64,
    /// Its length [default: up to the end]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    length: Option<u64>,
    /// File to write to; - is standard output
    #[arg(short, long = "output-file", value_name = "FILE")]
    output_file: PathBuf,
    #[command(flatten)]
    unit: UnitOptions,
}

impl Read {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        let mut transfer = Progress::new();
        let outcome = session::with_units(&self.unit, url, async |session| {
            self.copy(session, lun, &mut transfer).await
        });
        let outcome = outcome.await;
        let length = transfer.end(outcome, |done, length| {
            let file = local_data::name(&self.output_file, local_data::STANDARD_OUTPUT);
            format!("read ended early: {file} has the first {done} of {length} bytes")
        })?;
        eprintln!("read {length} bytes at offset {}", self.offset);
        Ok(())
    }

    /// Does not create the file before it is clear that the range can be read.
    async fn copy(&self, session: &Session, lun: Lun, transfer: &mut Progress) -> Result<u64, Failure> {
        let device = BlockDevice::open(session, lun).await?;
        let length = self.length.unwrap_or_else(|| device.capacity().bytes().saturating_sub(self.offset));
        let mut reader = device.reader(self.offset, length)?;
        let mut sink = Sink::start(local_data::create(&self.output_file)?, transfer.counter());
        transfer.begin("reading", length);
        let file = local_data::name(&self.output_file, local_data::STANDARD_OUTPUT);
        let refused = || Failure::local(format!("write to {file}"));
        while let Some(piece) = reader.next().await? {
            sink.write(piece).await.map_err(refused())?;
            transfer.show();
        }
        sink.finish().await.map_err(refused())?;
        warn_of_recovered_errors(&device);
        Ok(length)
    }
}

pub(super) const WRITE_EXAMPLE: &str =
    "Example: iscsi write -i disk.img iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const WRITE_DETAILS: &str = "\
Exit code 0 means that the target took all data and flushed them (SYNCHRONIZE
CACHE), or has no volatile write cache. Nothing is written unless all of the
file fits on the logical unit: standard input is first copied into a temporary
file. BYTES may have a unit: K, M, G, T or KiB, MiB, GiB, TiB are powers of
1024.";

#[derive(Args)]
pub(crate) struct Write {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// Beginning of the range [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    offset: u64,
    /// File to write; - is standard input
    #[arg(short, long = "input-file", value_name = "FILE")]
    input_file: PathBuf,
    #[command(flatten)]
    unit: UnitOptions,
}

impl Write {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        secret_source::check_standard_input(
            self.unit.session.files().into_iter().chain([Some(&*self.input_file)]),
        )?;
        let file = local_data::open(&self.input_file)?;
        let mut transfer = Progress::new();
        let outcome = session::with_units(&self.unit, url, async |session| {
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
        transfer: &mut Progress,
    ) -> Result<(u64, Flush), Failure> {
        let device = BlockDevice::open(session, lun).await?;
        let available = device.capacity().bytes().saturating_sub(self.offset);
        // A pipe may be slow: a session that is lost meanwhile is noticed at once.
        let Measured { file, length } = tokio::select! {
            biased;
            measured = local_data::measure(&self.input_file, file, available) => measured?,
            error = session.ended() => return Err(error.into()),
        };
        transfer.begin("writing", length);
        let (file, mut times) = (Arc::new(file), 1);
        let flush = loop {
            match self.write_once(&device, Arc::clone(&file), length, transfer).await {
                // The same data at the same place: to write them twice is as good as once.
                Err(Failure::Initiator(
                    error @ (Error::WritesMayBeLost { .. } | Error::Ambiguous { .. }),
                )) if times < MOST_TIMES => {
                    warn(&format!("{error}; everything is written again"));
                    times += 1;
                }
                outcome => break outcome?,
            }
        };
        warn_of_recovered_errors(&device);
        Ok((length, flush))
    }

    /// Writes all of the file, and flushes it.
    async fn write_once(
        &self,
        device: &BlockDevice,
        file: Arc<File>,
        length: u64,
        transfer: &Progress,
    ) -> Result<Flush, Failure> {
        let mut writer = device.writer(self.offset, length)?;
        let mut source = Source::start(file, length);
        let refused = || Failure::file("read", &self.input_file);
        while let Some(piece) = source.next().await.map_err(refused())? {
            writer.write(piece).await?;
            transfer.set(writer.acknowledged());
        }
        writer.finish().await?;
        transfer.set(length);
        Ok(device.flush().await?)
    }
}

/// How many times a file is written, if sessions are lost and the unit may have lost its cache each time.
const MOST_TIMES: u32 = 3;

/// The reason why the written data are stable.
const fn stability(flush: Flush) -> &'static str {
    match flush {
        Flush::NoWriteCache => "the logical unit has no volatile write cache (WCE=0)",
        Flush::NoCacheReported => {
            "the logical unit reports no write cache and does not support SYNCHRONIZE CACHE"
        }
        _ => "flushed to stable storage",
    }
}
