//! The result of `iscsi raw`: how a SCSI command ended, and the data that came.

use iscsi_initiator::Lun;
use iscsi_initiator::scsi::{Completion, SenseData, SenseKeySpecific};
use serde::Serialize;

use crate::output::hex_dump;
use crate::output::remarks::UnauthenticatedReason;
use crate::output::sections::Sections;

/// A SCSI command that ended with a status, whatever that is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Report {
    /// The logical unit number.
    lun: String,
    /// The name of the command in the standard, as far as it is known: otherwise `SCSI command`.
    command: &'static str,
    /// The command descriptor block in hexadecimal digits, as given.
    pub(super) cdb: String,
    /// The SCSI status by its name in SAM, such as `CHECK CONDITION`.
    status: String,
    /// The SCSI status as a number.
    status_code: u8,
    /// The sense data in hexadecimal digits; null if there are none.
    sense_bytes: Option<String>,
    /// The meaning of the sense data; null if there are none, or none of a known format.
    sense: Option<SenseReport>,
    /// Bytes that were offered to the logical unit.
    pub(super) bytes_offered: usize,
    /// Bytes that came from the logical unit.
    bytes_received: usize,
    /// Residual underflow: bytes that were not moved, by the target's count. With data in both directions, of those offered.
    underflow: u32,
    /// Residual overflow: bytes that the target had beyond those of the command. With data in both directions, of those offered.
    overflow: u32,
    /// With data in both directions, the residual underflow of the bytes to be received.
    read_underflow: u32,
    /// With data in both directions, the residual overflow of the bytes to be received.
    read_overflow: u32,
    /// The data that came in hexadecimal digits; null if there are none, or if they are in a file.
    pub(super) data: Option<String>,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

/// The meaning of sense data (SPC-4, 4.5).
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SenseReport {
    /// The sense key.
    key: u8,
    /// The name of the sense key.
    key_name: &'static str,
    /// The additional sense code.
    asc: u8,
    /// The additional sense code qualifier.
    ascq: u8,
    /// The meaning of both codes in SPC; null for those of vendors.
    text: Option<&'static str>,
    /// Whether the error is that of an earlier command; this one was not carried out then.
    deferred: bool,
    /// INFORMATION, such as the address of the first block that cannot be read.
    information: Option<u64>,
    /// COMMAND-SPECIFIC INFORMATION.
    command_specific: Option<u64>,
    /// What the sense key specific data say, in words.
    key_specific: Option<String>,
}

impl Report {
    /// Describes the end of a command.
    pub(super) fn new(
        lun: Lun,
        command: &'static str,
        completion: &Completion,
        unauthenticated: Option<UnauthenticatedReason>,
    ) -> Self {
        let sense = SenseData::parse(&completion.sense);
        Self {
            lun: lun.to_string(),
            command,
            cdb: String::new(),
            status: completion.status.to_string(),
            status_code: completion.status.0,
            sense_bytes: some_digits(&completion.sense),
            sense: sense.map(SenseReport::from),
            bytes_offered: 0,
            bytes_received: completion.data.len(),
            underflow: completion.underflow,
            overflow: completion.overflow,
            read_underflow: completion.read_underflow,
            read_overflow: completion.read_overflow,
            data: None,
            unauthenticated,
        }
    }

    /// Formats everything but the data, with the block as it is shown. Residuals are shown only if there are any.
    pub(super) fn rows(&self, cdb: String, sections: &mut Sections) {
        sections.row("LUN", &self.lun);
        sections.row("command", self.command);
        sections.row("CDB", cdb);
        sections.row("status", format!("{} (0x{:02x})", self.status, self.status_code));
        if let Some(sense) = &self.sense {
            sense.rows(sections);
        }
        sections.row_of("sense data", self.sense_bytes.as_ref());
        for (name, count) in [("bytes offered", self.bytes_offered), ("bytes received", self.bytes_received)]
        {
            sections.row_of(name, Some(count).filter(|count| *count > 0));
        }
        for (name, count) in [
            ("residual underflow", self.underflow),
            ("residual overflow", self.overflow),
            ("read underflow", self.read_underflow),
            ("read overflow", self.read_overflow),
        ] {
            sections.row_of(name, Some(count).filter(|count| *count > 0));
        }
    }
}

/// Bytes as digits; `None` without any.
pub(super) fn some_digits(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| hex_dump::digits(bytes))
}

impl From<SenseData> for SenseReport {
    fn from(sense: SenseData) -> Self {
        Self {
            key: sense.key.0,
            key_name: sense.key.name(),
            asc: sense.asc,
            ascq: sense.ascq,
            text: sense.text(),
            deferred: sense.deferred,
            information: sense.details.information,
            command_specific: sense.details.command_specific,
            key_specific: sense.details.key_specific.and_then(words),
        }
    }
}

impl SenseReport {
    fn rows(&self, sections: &mut Sections) {
        sections.row("sense key", format!("0x{:x} {}", self.key, self.key_name));
        let text = self.text.unwrap_or("not in the standard");
        sections.row("ASC/ASCQ", format!("0x{:02x}/0x{:02x} {text}", self.asc, self.ascq));
        if self.deferred {
            sections.row("deferred", "the error is that of an earlier command");
        }
        sections.row_of("information", self.information.map(|number| format!("{number} (0x{number:x})")));
        let specific = self.command_specific.map(|number| format!("{number} (0x{number:x})"));
        sections.row_of("command-specific", specific);
        sections.row_of("key-specific", self.key_specific.as_ref());
    }
}

/// The sense key specific data in words.
fn words(specific: SenseKeySpecific) -> Option<String> {
    Some(match specific {
        SenseKeySpecific::FieldPointer { in_cdb, bit, byte } => {
            field(bit, byte, if in_cdb { "the command descriptor block" } else { "the data sent" })
        }
        SenseKeySpecific::SegmentPointer { in_descriptor, bit, byte } => {
            field(bit, byte, if in_descriptor { "the segment descriptor" } else { "the parameter list" })
        }
        SenseKeySpecific::Progress(done) => format!("{} % done", u32::from(done) * 100 / 0x1_0000),
        SenseKeySpecific::Retries(count) => format!("retries: {count}"),
        SenseKeySpecific::AttentionsLost(true) => "unit attentions were lost".to_owned(),
        SenseKeySpecific::AttentionsLost(false) => "no unit attention was lost".to_owned(),
        _ => return None,
    })
}

fn field(bit: Option<u8>, byte: u16, place: &str) -> String {
    let bit = bit.map(|bit| format!("bit {bit} of ")).unwrap_or_default();
    format!("invalid field: {bit}byte {byte} of {place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_raw() {
        let file = expect_test::expect_file!["../../../../../schemas/raw.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }

    #[test]
    fn key_specific_data_are_put_into_words() {
        let pointer = |in_cdb, bit| SenseKeySpecific::FieldPointer { in_cdb, bit, byte: 2 };
        let in_segment = SenseKeySpecific::SegmentPointer { in_descriptor: true, bit: None, byte: 9 };
        for (specific, expected) in [
            (pointer(true, Some(5)), "invalid field: bit 5 of byte 2 of the command descriptor block"),
            (pointer(false, None), "invalid field: byte 2 of the data sent"),
            (in_segment, "invalid field: byte 9 of the segment descriptor"),
            (SenseKeySpecific::Progress(0x8000), "50 % done"),
            (SenseKeySpecific::Progress(0xffff), "99 % done"),
            (SenseKeySpecific::Retries(3), "retries: 3"),
            (SenseKeySpecific::AttentionsLost(true), "unit attentions were lost"),
        ] {
            assert_eq!(words(specific).as_deref(), Some(expected));
        }
    }
}
