//! Reserved bits, one at a time and all at once.

use iscsi_pdu::{BHS_LENGTH, Bhs, InitiatorPdu, Opcode, RawPdu, TargetPdu};

use crate::layout::{Layout, layouts};
use crate::sample::{AnyPdu, samples};

/// Returns the PDU with these additional bits set in its header.
fn with_bits(layout: &Layout, bits: &[u8; BHS_LENGTH]) -> RawPdu {
    let raw = layout.pdu.encode();
    let mut header = layout.header;
    for (byte, bit) in header.iter_mut().zip(bits) {
        *byte |= bit;
    }
    RawPdu { bhs: Bhs::from_bytes(header), ..raw }
}

#[test]
fn pdu_03_reserved_bits_are_ignored() {
    for layout in layouts() {
        let all = layout.pdu.decode_alike(with_bits(&layout, &layout.reserved));
        assert_eq!(all.as_ref(), Ok(&layout.pdu), "all");
        for bit in (0..BHS_LENGTH * 8).filter(|bit| layout.reserved[bit / 8] & (1 << (bit % 8)) != 0) {
            let mut one = [0; BHS_LENGTH];
            one[bit / 8] = 1 << (bit % 8);
            let decoded = layout.pdu.decode_alike(with_bits(&layout, &one));
            assert_eq!(decoded.as_ref(), Ok(&layout.pdu), "bit {bit}");
        }
    }
}

/// The converse: changing a bit that is not reserved changes the decoded value or is refused.
#[test]
fn every_other_bit_counts() {
    for layout in layouts() {
        // Lengths concern the stream. A Login Request is always immediate, the F bit of some PDUs is always 1, and the
        // task tag of two is always reserved.
        let ignored = |bit: usize| {
            let no_task = matches!(layout.header[0] & 0x3f, 0x32 | 0x3f) && (16..20).contains(&(bit / 8));
            let login = layout.header[0] == 0x43 && bit == 6;
            login || (4..8).contains(&(bit / 8)) || bit == 15 && always_final(layout.header[0]) || no_task
        };
        for bit in (0..BHS_LENGTH * 8).filter(|bit| !ignored(*bit)) {
            if layout.reserved[bit / 8] & (1 << (bit % 8)) != 0 {
                continue;
            }
            let mut header = layout.header;
            header[bit / 8] ^= 1 << (bit % 8);
            let raw = RawPdu { bhs: Bhs::from_bytes(header), ..layout.pdu.encode() };
            let decoded = layout.pdu.decode_alike(raw);
            assert_ne!(decoded.as_ref(), Ok(&layout.pdu), "bit {bit} says nothing");
        }
    }
}

/// Returns `true` for kinds whose F bit is always 1.
pub(crate) fn always_final(first: u8) -> bool {
    !matches!(Opcode(first & 0x3f), Opcode::SCSI_COMMAND | Opcode::LOGIN_REQUEST | Opcode::TEXT_REQUEST)
        && !matches!(Opcode(first & 0x3f), Opcode::DATA_OUT | Opcode::LOGIN_RESPONSE)
        && !matches!(Opcode(first & 0x3f), Opcode::TEXT_RESPONSE | Opcode::DATA_IN)
}

/// PDU-05: opcodes of the other direction, and unassigned opcodes.
#[test]
fn pdu_05_wrong_opcodes() {
    for pdu in samples() {
        let crossed = match &pdu {
            AnyPdu::Initiator(_) => TargetPdu::decode(pdu.encode()).map(AnyPdu::Target),
            AnyPdu::Target(_) => InitiatorPdu::decode(pdu.encode()).map(AnyPdu::Initiator),
        };
        assert!(crossed.is_err(), "{pdu:?}");
    }
    let known: Vec<u8> = samples().iter().map(|pdu| pdu.encode().bhs.opcode().0).collect();
    let vendors = [0x1c, 0x1d, 0x1e, 0x3c, 0x3d, 0x3e];
    for opcode in (0..=0x3f).filter(|opcode| !known.contains(opcode) && !vendors.contains(opcode)) {
        let mut header = [0; BHS_LENGTH];
        header[0] = opcode;
        let raw = RawPdu::header(Bhs::from_bytes(header));
        assert!(InitiatorPdu::decode(raw.clone()).is_err(), "{opcode:#x}");
        assert!(TargetPdu::decode(raw).is_err(), "{opcode:#x}");
    }
}

/// PDU-17: the immediate bit is reserved in Data-Out and SNACK.
#[test]
fn pdu_17_no_immediate_bit() {
    for pdu in samples() {
        let header = pdu.encode().bhs;
        if matches!(header.opcode(), Opcode::DATA_OUT | Opcode::SNACK) {
            assert_eq!(header.as_bytes()[0] & 0x40, 0);
        }
    }
}

/// PDU-06, PDU-09: only a SCSI Command may have additional headers; some PDUs may not have data.
#[test]
fn pdu_06_pdu_09_parts_that_have_no_place() {
    let ahs = || Some(bytes::Bytes::from_static(&[0, 1, 1, 0]));
    let dataless = [
        Opcode::TASK_MANAGEMENT_REQUEST,
        Opcode::LOGOUT_REQUEST,
        Opcode::TASK_MANAGEMENT_RESPONSE,
        Opcode::R2T,
        Opcode::LOGOUT_RESPONSE,
    ];
    for layout in layouts() {
        let raw = RawPdu { ahs: None, ..layout.pdu.encode() };
        let opcode = raw.bhs.opcode();
        let with_ahs = layout.pdu.decode_alike(RawPdu { ahs: ahs(), ..raw.clone() });
        assert_eq!(with_ahs.is_ok(), opcode == Opcode::SCSI_COMMAND, "{opcode}");
        if dataless.contains(&opcode) {
            assert!(raw.data.is_empty());
            let with_data = RawPdu { data: crate::sample::data("x"), ..raw };
            assert!(layout.pdu.decode_alike(with_data).is_err(), "{opcode}");
        }
    }
}
