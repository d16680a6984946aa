//! `iscsi read`

use std::path::PathBuf;

use clap::Args;
use iscsi_initiator::{BlockDevice, Lun, Session};

use crate::arguments::{SessionOptions, size, urls};
use crate::data_thread::Sink;
use crate::failure::Failure;
use crate::progress::Transfer;
use crate::remarks::warn_of_recovered_errors;
use crate::{data_file, session};

pub(super) const EXAMPLE: &str =
    "Example: iscsi read -o disk.img iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const DETAILS: &str = "\
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
    session: SessionOptions,
}

impl Read {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let (url, lun) = urls::logical_unit(&self.url)?;
        let mut transfer = Transfer::new();
        let outcome = session::with_session(&self.session, url, async |session| {
            self.copy(session, lun, &mut transfer).await
        });
        let outcome = outcome.await;
        let length = transfer.end(outcome, |done, length| {
            let file = data_file::name(&self.output_file, data_file::STANDARD_OUTPUT);
            format!("read ended early: {file} has the first {done} of {length} bytes")
        })?;
        eprintln!("read {length} bytes at offset {}", self.offset);
        Ok(())
    }

    /// The file is not touched before it is known that there is something to read.
    async fn copy(&self, session: &Session, lun: Lun, transfer: &mut Transfer) -> Result<u64, Failure> {
        let device = BlockDevice::open(session, lun).await?;
        let length = self.length.unwrap_or_else(|| device.capacity().bytes().saturating_sub(self.offset));
        let mut reader = device.reader(self.offset, length)?;
        let mut sink = Sink::start(data_file::create(&self.output_file)?, transfer.counter());
        transfer.begin("reading", length);
        let file = data_file::name(&self.output_file, data_file::STANDARD_OUTPUT);
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
