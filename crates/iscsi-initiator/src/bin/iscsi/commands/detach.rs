//! `iscsi detach`

use clap::Args;

use crate::arguments::values::Output;
use crate::attach::detachment;
use crate::attach::device::Device;
use crate::failure::Failure;
use crate::output;

pub(super) const EXAMPLE: &str = "Example: iscsi detach /dev/nbd0";
pub(super) const DETAILS: &str = "\
The process of the device answers what it has accepted, flushes the logical unit
and logs out; exit code 0 means that everything is on stable storage. A device
that is mounted or open is refused.";

/// Detaches a device that `iscsi attach` has attached.
#[derive(Args)]
pub(crate) struct Detach {
    /// The device, such as /dev/nbd0
    device: Device,
    /// Detach a device in use: what is not written is lost
    #[arg(long)]
    force: bool,
}

impl Detach {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let attached = detachment::detach(self.device, self.force).await?;
        output::show(output, &attached, |attached| {
            let mut table = output::table(&[]);
            output::add_row(&mut table, &[format!("{} is detached", attached.device)]);
            table
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::attach::status::Attached;

    #[test]
    fn the_schema_file_documents_the_output_of_detach() {
        let file = expect_test::expect_file!["../../../../schemas/detach.schema.json"];
        crate::output::expect_schema::<Attached>(&file);
    }
}
