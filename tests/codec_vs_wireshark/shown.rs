//! The values that the dissector is expected to show for a PDU: for each field, in order.

use std::collections::BTreeMap;

use iscsi_pdu::{Isid, Lun, SequenceNumbers};

/// Values by field. Numbers are decimal, bytes hexadecimal, whatever base the dissector prints them in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown(BTreeMap<&'static str, Vec<String>>);

impl Shown {
    /// The values of a field; none if it is not shown.
    pub(crate) fn values(&self, field: &str) -> &[String] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }

    /// The fields that have a value.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// One more value of a field, as it is printed.
    pub(crate) fn text(&mut self, field: &'static str, value: impl Into<String>) {
        self.0.entry(field).or_default().push(value.into());
    }

    /// A number or a flag.
    pub(crate) fn number(&mut self, field: &'static str, value: impl Into<u64>) {
        self.text(field, value.into().to_string());
    }

    /// Bytes; none are no value.
    pub(crate) fn bytes(&mut self, field: &'static str, bytes: &[u8]) {
        if !bytes.is_empty() {
            let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            self.text(field, digits.concat());
        }
    }

    /// Bytes that are padded to a multiple of four in the PDU, and their padding.
    pub(crate) fn padded(&mut self, field: &'static str, bytes: &[u8]) {
        self.bytes(field, bytes);
        self.padding(bytes.len());
    }

    /// The zeros behind so many bytes.
    pub(crate) fn padding(&mut self, bytes: usize) {
        self.bytes("iscsi.padding", &[0; 3][..bytes.next_multiple_of(4) - bytes]);
    }

    /// Flags by their bits, and the byte they stand in.
    pub(crate) fn flags(&mut self, flags: &[(&'static str, u8, bool)], rest: u8) {
        let set = flags.iter().filter(|(_, _, set)| *set).map(|(_, bit, _)| bit);
        self.number("iscsi.flags", set.fold(rest, |byte, bit| byte | bit));
        for &(field, _, set) in flags {
            self.number(field, set);
        }
    }

    /// A logical unit number, level by level (SAM-5, 4.7): two bytes each, of which the first two bits are a method.
    pub(crate) fn lun(&mut self, Lun(bytes): Lun) {
        for (level, &[high, low]) in bytes.as_chunks().0.iter().enumerate() {
            if level > 0 && [high, low] == [0, 0] {
                return;
            }
            self.number("scsi.lun.address_mode", high >> 6);
            // Bus 0 has no line.
            if high >> 6 == 0 && high > 0 {
                self.number("scsi.bus", high);
            }
            self.number("scsi.lun", level_of([high, low]));
        }
    }

    /// The logical unit once more: the SCSI dissector prints the first level of that of the command, 0xffff if it
    /// knows of no command.
    pub(crate) fn unit_of_command(&mut self, command: Option<Lun>) {
        self.number("scsi.lun", command.map_or(0xffff, |Lun([high, low, ..])| level_of([high, low])));
    }

    /// An ISID as a whole, and by the fields that it has in the RFC (11.12.5).
    pub(crate) fn isid(&mut self, Isid(bytes): Isid) {
        let [ta, b1, b2, c, d1, d2] = bytes;
        self.bytes("iscsi.isid", &bytes);
        self.number("iscsi.isid.t", ta >> 6);
        self.number("iscsi.isid.a", ta & 0x3f);
        self.number("iscsi.isid.b", u16::from_be_bytes([b1, b2]));
        self.number("iscsi.isid.c", c);
        self.number("iscsi.isid.d", u16::from_be_bytes([d1, d2]));
    }

    /// The numbers that all PDUs of a target carry.
    pub(crate) fn numbers(&mut self, SequenceNumbers { stat_sn, exp_cmd_sn, max_cmd_sn }: SequenceNumbers) {
        self.number("iscsi.statsn", stat_sn.0);
        self.number("iscsi.expcmdsn", exp_cmd_sn.0);
        self.number("iscsi.maxcmdsn", max_cmd_sn.0);
    }
}

/// The number in one level of a LUN: 8 bits behind a bus, or 14 bits.
fn level_of([high, low]: [u8; 2]) -> u16 {
    if high >> 6 == 0 { u16::from(low) } else { u16::from_be_bytes([high & 0x3f, low]) }
}
