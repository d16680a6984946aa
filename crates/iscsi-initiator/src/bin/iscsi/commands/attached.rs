//! `iscsi attached`

use clap::Args;
use comfy_table::Table;

use crate::arguments::size;
use crate::arguments::values::Output;
use crate::attach::list;
use crate::attach::status::{Attached, State};
use crate::failure::Failure;
use crate::output;

pub(super) const EXAMPLE: &str = "Example: iscsi attached";
pub(super) const DETAILS: &str = "\
The state is up, recovering (the session is lost, requests wait), failing (it is
lost for longer than --give-up) or server dead (the process is gone; the device
waits for another `iscsi attach` of its unit, or for `iscsi detach`). Counts are
those of the process that serves the device.";

/// Lists the attached devices of this host.
#[derive(Args)]
pub(crate) struct ListAttached {}

impl ListAttached {
    // The arguments of other commands are not empty.
    #[allow(clippy::unused_self, reason = "as all commands are run")]
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        output::show_list(output, &list::attached()?, "no device is attached", table)
    }
}

fn table(devices: &[Attached]) -> Table {
    let headings =
        ["DEVICE", "SIZE", "AUTH", "STATE", "PROCESS", "READS", "WRITES", "FLUSHES", "FAILED", "URL"];
    let mut table = output::table(&headings);
    for device in devices {
        let counters = &device.counters;
        let numbers = [counters.reads, counters.writes, counters.flushes, counters.failures];
        let [reads, writes, flushes, failures] = numbers.map(|number| number.to_string());
        let process = match device.state {
            State::ServerDead => "-".to_owned(),
            _ => device.process.to_string(),
        };
        output::add_row(
            &mut table,
            &[
                device.device.clone(),
                size::show(device.size),
                device.authentication.clone(),
                device.state.to_string(),
                process,
                reads,
                writes,
                flushes,
                failures,
                device.url.clone(),
            ],
        );
    }
    for column in [1, 4, 5, 6, 7, 8] {
        output::align_right(&mut table, column);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_attached() {
        let file = expect_test::expect_file!["../../../../schemas/attached.schema.json"];
        crate::output::expect_schema::<Vec<Attached>>(&file);
    }
}
