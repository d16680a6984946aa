//! Dissection of a record by an independent decoder, the iSCSI dissector of Wireshark.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::patience::PATIENCE;
use super::program::{Program, run};

const TSHARK: Program = Program { name: "tshark", package: "tshark" };

/// One packet: for each field asked for, the values it has there, in order. A packet can hold several PDUs.
pub type Row = Vec<Vec<String>>;

/// Between values of one field; Wireshark prints it in no value.
const VALUE_SEPARATOR: char = '\u{1f}';

/// A record in a file, and the port of its iSCSI traffic.
pub struct Dissection {
    record: PathBuf,
    port: u16,
    _folder: Option<TempDir>,
}

impl Dissection {
    /// The folder, if any, goes with the dissection.
    pub(super) const fn new(record: PathBuf, port: u16, folder: Option<TempDir>) -> Self {
        Self { record, port, _folder: folder }
    }

    /// Reads a record that exists already.
    #[must_use]
    pub fn of(record: &Path, port: u16) -> Self {
        Self::new(record.to_owned(), port, None)
    }

    /// The record, in pcap format. Gone when the dissection is dropped, unless it was there before.
    #[must_use]
    pub fn record(&self) -> &Path {
        &self.record
    }

    /// These fields of all packets that a display filter lets through, such as `fields("iscsi.opcode == 0x03",
    /// &["frame.number", "iscsi.keyvalue"])`.
    #[must_use]
    pub fn fields(&self, filter: &str, fields: &[&str]) -> Vec<Row> {
        let mut command = self.tshark(filter);
        command
            .args(["-T", "fields", "-E", "separator=/t", "-E"])
            .arg(format!("aggregator={VALUE_SEPARATOR}"));
        for field in fields {
            command.args(["-e", field]);
        }
        finish(&mut command).lines().map(row).collect()
    }

    /// The packets that the dissector could not decode completely, one line each.
    #[must_use]
    pub fn malformed(&self) -> Vec<String> {
        finish(&mut self.tshark("_ws.malformed")).lines().map(str::to_owned).collect()
    }

    /// All that Wireshark says of the packets that a display filter lets through, in words: also what is in no field,
    /// such as its verdict on a digest.
    #[must_use]
    pub fn details(&self, filter: &str) -> String {
        finish(self.tshark(filter).arg("-V"))
    }

    /// The names of all fields that Wireshark has for a protocol, such as `iscsi`.
    #[must_use]
    pub fn field_names(protocol: &str) -> Vec<String> {
        let mut command = TSHARK.command();
        command.args(["-G", "fields"]);
        finish(&mut command).lines().filter_map(|line| field_of(line, protocol)).map(str::to_owned).collect()
    }

    fn tshark(&self, filter: &str) -> Command {
        let mut command = TSHARK.command();
        let decode = format!("tcp.port=={},iscsi", self.port);
        command.arg("-n").arg("-r").arg(&self.record).args(["-d", &decode, "-Y", filter]);
        command
    }
}

fn finish(command: &mut Command) -> String {
    let outcome = run(command, PATIENCE * 10).expect("tshark ends in time");
    assert!(outcome.status.success(), "tshark: {}", outcome.stderr);
    outcome.stdout
}

/// The name in a line of the list of fields: the letter F, a description, the name, a type, the protocol.
fn field_of<'a>(line: &'a str, protocol: &str) -> Option<&'a str> {
    let mut columns = line.split('\t');
    let name = columns.by_ref().nth(2)?;
    (line.starts_with("F\t") && columns.nth(1)? == protocol).then_some(name)
}

fn row(line: &str) -> Row {
    line.split('\t').map(values).collect()
}

fn values(cell: &str) -> Vec<String> {
    cell.split(VALUE_SEPARATOR).filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_into_fields_and_values() {
        assert_eq!(row("7\tCHAP_A=5,7\u{1f}CHAP_N=x\t"), [vec!["7"], vec!["CHAP_A=5,7", "CHAP_N=x"], vec![]]);
    }

    #[test]
    fn a_field_is_named_in_the_third_column_of_its_line() {
        let field = "F\tLUN\tscsi.lun\tFT_UINT16\tscsi\tBASE_HEX\t0x0\t";
        assert_eq!(field_of(field, "scsi"), Some("scsi.lun"));
        assert_eq!(field_of(field, "iscsi"), None);
        assert_eq!(field_of("P\tiSCSI\tiscsi", "iscsi"), None);
    }
}
