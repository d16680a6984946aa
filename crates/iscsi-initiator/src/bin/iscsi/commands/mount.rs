//! `iscsi mount`

use std::path::PathBuf;

use clap::Args;
use iscsi_initiator::{BlockDevice, Lun, Session};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, values};
use crate::failure::Failure;
use crate::mount::{self, MountDirectory, Settings};
use crate::transfer::unit_limits::UnitLimits;
use crate::{output, session};

pub(super) const EXAMPLE: &str =
    "Example: iscsi mount iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0 /mnt/disk";
pub(super) const DETAILS: &str = "\
The logical unit is the file lunN in DIRECTORY, which has to be empty, until the
directory is unmounted or the program is told to stop (Ctrl-C, SIGTERM). Then
all data are flushed. A line on standard output says when the file is there.

The file has the size of the unit, which cannot be changed: `dd` needs
conv=notrunc. fsync makes data stable; fallocate punches holes and zeroes.
`losetup --direct-io=on` makes a block device of the file. It needs root, or
fusermount3; in a container --device /dev/fuse --cap-add SYS_ADMIN.";

#[derive(Args)]
pub(crate) struct Mount {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// An empty directory
    directory: PathBuf,
    /// Refuse writes
    #[arg(long)]
    read_only: bool,
    /// Let all users read and write the file
    #[arg(long)]
    allow_other: bool,
    #[command(flatten)]
    limits: UnitLimits,
    #[command(flatten)]
    unit: UnitOptions,
}

/// A file that can be used now.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// The absolute path of the file.
    file: String,
    /// Its size.
    bytes: u64,
    /// Whether writes are refused, because of --read-only or because the logical unit is write-protected.
    is_read_only: bool,
}

impl Mount {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        let directory = MountDirectory::prepare(&self.directory)?;
        session::with_units_of_all(&self.unit, vec![url], async |sessions| {
            let Some(session) = sessions.first() else { return Ok(()) };
            let opening = async { Ok(BlockDevice::open_with(session, lun, self.limits.overrides()).await?) };
            let device = session::until_interrupted(opening).await?;
            let settings = self.settings(session, &device, lun);
            let report = Report {
                file: directory.path().join(&settings.file_name).to_string_lossy().into_owned(),
                bytes: device.capacity().bytes(),
                is_read_only: settings.is_read_only,
            };
            mount::serve(session, device, &directory, settings, || show(output, &report)).await
        })
        .await
    }

    fn settings(&self, session: &Session, device: &BlockDevice, lun: Lun) -> Settings {
        let details = session.details();
        let target = details.target.as_ref().map(ToString::to_string).unwrap_or_default();
        Settings {
            source: format!("iscsi://{}/{target}/{lun}", details.portal),
            file_name: format!("lun{lun}"),
            is_read_only: self.read_only || device.is_write_protected(),
            punches_holes: !self.limits.overrides().no_unmap && unmaps_to_zeros(device),
            allows_others: self.allow_other,
        }
    }
}

/// Whether a unit unmaps blocks, and they read as zeros then.
fn unmaps_to_zeros(device: &BlockDevice) -> bool {
    let properties = device.properties();
    properties.provisioning.as_ref().is_some_and(|page| {
        let reads_zeros =
            page.unmapped_data.is_zero() || properties.format.is_some_and(|format| format.reads_zeros);
        page.write_same_16 || page.write_same_10 || page.unmap && reads_zeros
    })
}

/// Prints the report on one line, also as JSON: whoever waits for the file reads one line.
fn show(output: Output, report: &Report) -> Result<(), Failure> {
    if output == Output::Json {
        return output::print(&output::json_line(report)?);
    }
    output::show(output, report, |Report { file, bytes, is_read_only }| {
        let mut table = output::table(&[]);
        let access = if *is_read_only { "read-only" } else { "read and write" };
        output::add_row(&mut table, &[file.clone(), format!("{bytes} bytes"), access.to_owned()]);
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_mount() {
        let file = expect_test::expect_file!["../../../../schemas/mount.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}
