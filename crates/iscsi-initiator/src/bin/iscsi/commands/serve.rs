//! `iscsi serve`

use std::collections::HashSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use iscsi_initiator::{BlockDevice, Lun, Session};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, values};
use crate::failure::Failure;
use crate::serve::endpoint::{Endpoint, ListenAddress};
use crate::serve::export::{Export, ExportOptions};
use crate::serve::memory::Memory;
use crate::serve::parent::Parent;
use crate::serve::server;
use crate::service_manager;
use crate::transfer::unit_limits::UnitLimits;
use crate::{output, session};

pub(super) const EXAMPLE: &str =
    "Example: iscsi serve nbd iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0 --socket nbd.sock";
const NBD_EXAMPLE: &str = EXAMPLE;
const NBD_DETAILS: &str = "\
Programs that use NBD, such as qemu, nbdcopy and fio, then use the units at the
URIs that are printed. The first unit is the default export. Ctrl-C or SIGTERM
ends the server: it answers what it has accepted, flushes and logs out.";

/// The most units of one server.
const MOST_EXPORTS: usize = 256;
/// The longest name of an export, in bytes.
const MOST_NAME: usize = 4096;

#[derive(Subcommand)]
pub(crate) enum Serve {
    /// Serve logical units over NBD
    #[command(before_help = NBD_EXAMPLE, after_help = NBD_DETAILS)]
    Nbd(Nbd),
}

#[derive(Args)]
pub(crate) struct Nbd {
    #[arg(required = true, value_name = "URL", help = "iscsi://host[:port]/target/lun")]
    urls: Vec<String>,
    /// Listen on a Unix socket, of mode 0600
    #[arg(long, value_name = "PATH", required_unless_present = "listen", conflicts_with = "listen")]
    socket: Option<PathBuf>,
    /// Listen on a TCP port of the loopback interface
    #[arg(long, value_name = "IP[:PORT]")]
    listen: Option<ListenAddress>,
    /// Listen on any address; NBD has no authentication
    #[arg(long, requires = "listen")]
    allow_remote: bool,
    /// Name of an export, once for each URL [default: target/lun]
    #[arg(long, value_name = "NAME", value_parser = export_name)]
    export: Vec<String>,
    /// Refuse writes
    #[arg(long)]
    read_only: bool,
    /// End when the process that started this one ends
    #[arg(long)]
    exit_with_parent: bool,
    #[command(flatten)]
    limits: UnitLimits,
    #[command(flatten)]
    unit: UnitOptions,
}

fn export_name(text: &str) -> Result<String, String> {
    match text.len() {
        0..=MOST_NAME => Ok(text.to_owned()),
        _ => Err(format!("at most {MOST_NAME} bytes")),
    }
}

/// The exports, shown once clients can connect.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// The exports; the first one is the default.
    exports: Vec<ExportReport>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ExportReport {
    /// The name of the export.
    name: String,
    /// Its URI, for other programs.
    uri: String,
    /// The size in bytes.
    size: u64,
    /// The block size of the logical unit in bytes.
    block_size: u32,
    /// Whether writes are refused.
    read_only: bool,
}

impl Serve {
    /// Carries the command out.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped in the middle, it leaves sessions without a logout.
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        match self {
            Self::Nbd(command) => command.run(output).await,
        }
    }
}

impl Nbd {
    async fn run(&self, output: Output) -> Result<(), Failure> {
        let mut units = Vec::new();
        for url in &self.urls {
            units.push(values::logical_unit_url(url)?);
        }
        let names = self.names(units.iter().map(|(url, lun)| format!("{}/{lun}", url.target)).collect())?;
        let parent = self.exit_with_parent.then(Parent::new);
        let endpoint = self.endpoint().await?;
        let (urls, luns): (Vec<_>, Vec<_>) = units.into_iter().unzip();
        session::with_units_of_all(&self.unit, urls, async |sessions| {
            let exports = session::until_interrupted(self.open(sessions, &luns, &names)).await?;
            let ready = || {
                Self::show(output, &endpoint, &exports)?;
                service_manager::tell_ready(&endpoint.uri(""));
                Ok(())
            };
            server::run(&endpoint, &exports, sessions, parent, ready).await
        })
        .await
    }

    /// The names of the exports, in the order of the URLs.
    fn names(&self, defaults: Vec<String>) -> Result<Vec<String>, Failure> {
        if defaults.len() > MOST_EXPORTS {
            return Err(Failure::usage(
                format!("{} URLs, of which {MOST_EXPORTS} are the most", defaults.len()),
                "start another server for the others",
            ));
        }
        if self.export.len() > defaults.len() {
            return Err(Failure::usage(
                format!("{} names for {} exports", self.export.len(), defaults.len()),
                "give --export once for each URL, in the same order",
            ));
        }
        let given = self.export.iter().cloned();
        let names: Vec<_> = given.chain(defaults.into_iter().skip(self.export.len())).collect();
        let distinct: HashSet<_> = names.iter().collect();
        if distinct.len() < names.len() {
            return Err(Failure::usage(
                "two exports have the same name",
                "give each unit once, or names with --export",
            ));
        }
        Ok(names)
    }

    async fn endpoint(&self) -> Result<Endpoint, Failure> {
        match (&self.socket, self.listen) {
            (Some(path), _) => Endpoint::unix(path),
            (None, Some(address)) => Endpoint::tcp(address, self.allow_remote).await,
            (None, None) => {
                Err(Failure::usage("there is no socket to listen on", "give --socket or --listen"))
            }
        }
    }

    async fn open(
        &self,
        sessions: &[Session],
        luns: &[Lun],
        names: &[String],
    ) -> Result<Vec<Export>, Failure> {
        let (memory, mut exports) = (Memory::default(), Vec::new());
        for ((session, lun), name) in sessions.iter().zip(luns).zip(names) {
            let device = BlockDevice::open_with(session, *lun, self.limits.overrides()).await?;
            let description = description(session, *lun).await;
            let options = ExportOptions { name: name.clone(), description, read_only: self.read_only };
            exports.push(Export::new(device, options, memory.clone()));
        }
        Ok(exports)
    }

    fn show(output: Output, endpoint: &Endpoint, exports: &[Export]) -> Result<(), Failure> {
        let report = |export: &Export| ExportReport {
            name: export.name().to_owned(),
            uri: endpoint.uri(export.name()),
            size: export.size(),
            block_size: export.block_size(),
            read_only: export.is_read_only(),
        };
        let report = Report { exports: exports.iter().map(report).collect() };
        output::show(output, &report, |report| {
            let mut table = output::table(&["URI", "SIZE"]);
            for export in &report.exports {
                output::add_row(&mut table, &[export.uri.clone(), export.size.to_string()]);
            }
            table
        })
    }
}

/// The vendor and the product of a unit; empty if it does not say.
///
/// # Cancel safety
/// A future that is dropped has changed nothing.
async fn description(session: &Session, lun: Lun) -> String {
    let Ok(inquiry) = session.inquiry(lun).await else { return String::new() };
    format!("{} {}", inquiry.vendor.trim(), inquiry.product.trim()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_serve() {
        let file = expect_test::expect_file!["../../../../schemas/serve.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}
