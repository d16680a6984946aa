//! One header of each kind, without data.

use std::hint::black_box;

use iscsi_pdu::{Bhs, InitiatorPdu, RawPdu, TargetPdu};

/// The name of a PDU and octet 0 of its header.
pub(crate) const HEADERS: [(&str, u8); 18] = [
    ("NOP-Out", 0x40),
    ("SCSI Command", 0x01),
    ("Task Management Request", 0x42),
    ("Login Request", 0x43),
    ("Text Request", 0x04),
    ("Data-Out", 0x05),
    ("Logout Request", 0x46),
    ("SNACK", 0x10),
    ("NOP-In", 0x20),
    ("SCSI Response", 0x21),
    ("Task Management Response", 0x22),
    ("Login Response", 0x23),
    ("Text Response", 0x24),
    ("Data-In", 0x25),
    ("Logout Response", 0x26),
    ("R2T", 0x31),
    ("Async Message", 0x32),
    ("Reject", 0x3f),
];

/// A header whose every other octet is 0x81.
fn header(name: &str) -> Result<Bhs, String> {
    let (_, first) =
        HEADERS.iter().find(|header| header.0 == name).ok_or_else(|| format!("no header {name:?}"))?;
    let mut octets = [0x81; 48];
    octets[0] = *first;
    octets[4..8].fill(0);
    Ok(Bhs::from_octets(octets))
}

pub(crate) fn decode(name: &str, rounds: u64) -> Result<(), String> {
    let bhs = header(name)?;
    if bhs.opcode().0 < 0x20 {
        (0..rounds).for_each(|_| _ = black_box(InitiatorPdu::decode(RawPdu::header(black_box(bhs)))));
    } else {
        (0..rounds).for_each(|_| _ = black_box(TargetPdu::decode(RawPdu::header(black_box(bhs)))));
    }
    Ok(())
}

pub(crate) fn encode(name: &str, rounds: u64) -> Result<(), String> {
    let raw = RawPdu::header(header(name)?);
    if raw.bhs.opcode().0 < 0x20 {
        let pdu = InitiatorPdu::decode(raw).map_err(|error| error.to_string())?;
        (0..rounds).for_each(|_| _ = black_box(black_box(&pdu).encode()));
    } else {
        let pdu = TargetPdu::decode(raw).map_err(|error| error.to_string())?;
        (0..rounds).for_each(|_| _ = black_box(black_box(&pdu).encode()));
    }
    Ok(())
}
