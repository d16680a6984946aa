//! Fields that another field makes reserved or invalid. The codec preserves them beside the field that tells whether
//! they are valid; it accepts any value, and the value affects no other field.

use iscsi_pdu::{BHS_LENGTH, Bhs, DataIn, InitiatorPdu, LoginRequest, NopIn, Opcode, RawPdu, TargetPdu};

use crate::layout::{layouts, words};
use crate::reserved::always_final;
use crate::sample::AnyPdu;

/// The condition that makes fields invalid, a header that meets it in twelve words, and the bits of the fields.
type Void = (&'static str, &'static str, &'static str);

const VOID: [Void; 12] = [
    (
        "NOP-In without target transfer tag: LUN (11.19.3)",
        "20800000 00000000 00000000 00000000 11223344 ffffffff 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        "00000000 00000000 ffffffff ffffffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
    ),
    (
        "SCSI Response without O, U, o, u: both residual counts (11.4.5.1, 11.4.6); below level 2: status qualifier",
        "21800000 00000000 00000000 00000000 11223344 00000000 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        "00000000 00000000 ffff0000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff ffffffff",
    ),
    (
        "SCSI Response of a failed target: status, SNACK tag, ExpDataSN (11.4.2, 11.4.8)",
        "21800100 00000000 00000000 00000000 11223344 00000000 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        "000000ff 00000000 00000000 00000000 00000000 ffffffff 00000000 00000000 00000000 ffffffff 00000000 00000000",
    ),
    (
        "Task Management Function Response below level 2: additional response information (RFC 7144, 6.4.2)",
        "22800000 00000000 00000000 00000000 11223344 00000000 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        "00000000 00000000 ffffff00 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
    ),
    (
        "Login Response that refuses: T, CSG, NSG, numbers (6.3.1, 11.13.5)",
        "23000000 00000000 80212223 24250000 11223344 00000000 00000000 00000000 00000000 02010000 00000000 00000000",
        "008f0000 00000000 00000000 00000000 00000000 00000000 ffffffff ffffffff ffffffff 00000000 00000000 00000000",
    ),
    (
        "Data-In without S: O, U, status, StatSN, residual count; without A: LUN, target transfer tag (11.7.3, 11.7.4)",
        "25800000 00000000 00000000 00000000 11223344 00000000 00000000 05060708 090a0b0c 00000001 00000002 00000000",
        "000600ff 00000000 ffffffff ffffffff 00000000 ffffffff ffffffff 00000000 00000000 00000000 00000000 ffffffff",
    ),
    (
        "Asynchronous Message that asks for a logout: LUN, vendor code, parameters 1 and 2 (11.9.1 to 11.9.3)",
        "32800000 00000000 00000000 00000000 ffffffff 00000000 01020304 05060708 090a0b0c 01000000 0000000a 00000000",
        "00000000 00000000 ffffffff ffffffff 00000000 00000000 00000000 00000000 00000000 00ffffff ffff0000 00000000",
    ),
    (
        "Reject of anything but a SNACK: DataSN (11.17.2)",
        "3f800900 00000000 00000000 00000000 ffffffff 00000000 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff 00000000 00000000",
    ),
    (
        "SCSI Command below level 2: priority (RFC 7144, 5.1.1)",
        "01800000 00000000 00000000 00000000 11223344 00000000 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
        "0000f000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
    ),
    (
        "warm reset of a target: LUN, RefCmdSN, ExpDataSN (11.5.3 to 11.5.6)",
        "02860000 00000000 00000000 00000000 11223344 ffffffff 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
        "00000000 00000000 ffffffff ffffffff 00000000 00000000 00000000 00000000 ffffffff ffffffff 00000000 00000000",
    ),
    (
        "Login Request without T: NSG (11.12.3); within a phase: ExpStatSN of a new connection (11.12.9)",
        "43040000 00000000 80212223 24250000 11223344 00010000 99aabbcc 00000000 00000000 00000000 00000000 00000000",
        "00030000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff 00000000 00000000 00000000 00000000",
    ),
    (
        "Logout Request that closes the session: CID (11.14.3)",
        "06800000 00000000 00000000 00000000 11223344 00000000 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
        "00000000 00000000 00000000 00000000 00000000 ffff0000 00000000 00000000 00000000 00000000 00000000 00000000",
    ),
];

fn decode(header: [u8; BHS_LENGTH]) -> Result<AnyPdu, iscsi_pdu::Error> {
    let raw = RawPdu::header(Bhs::from_bytes(header));
    if header[0] & 0x20 == 0 {
        InitiatorPdu::decode(raw).map(AnyPdu::Initiator)
    } else {
        TargetPdu::decode(raw).map(AnyPdu::Target)
    }
}

#[test]
fn pdu_03_void_fields_are_handed_over_and_change_nothing_else() {
    for (why, header, fields) in VOID {
        let (header, fields) = (words(header), words(fields));
        for junk in [0, 0xff, 0xa5, 0x5a] {
            let filled: [u8; BHS_LENGTH] =
                std::array::from_fn(|at| header[at] & !fields[at] | junk & fields[at]);
            let decoded = decode(filled).unwrap_or_else(|error| panic!("{why}: {error}"));
            assert_eq!(decoded.encode().bhs.as_bytes(), &filled, "{why}");
        }
    }
}

/// The fields from which a receiver knows the condition are unchanged.
#[test]
fn pdu_03_what_makes_them_void_is_seen() {
    let void = |at: usize| {
        let (_, header, fields) = VOID[at];
        let bytes = std::array::from_fn(|at| words(header)[at] | words(fields)[at]);
        RawPdu::header(Bhs::from_bytes(bytes))
    };
    assert!(!NopIn::decode(void(0)).unwrap().ttt.is_valid());
    let data_in = DataIn::decode(void(5)).unwrap();
    assert!(!data_in.has_status && !data_in.acknowledge && data_in.is_final);
    assert!(data_in.overflow && data_in.underflow, "as they came");
    assert!(!LoginRequest::decode(void(10)).unwrap().transit);
    let TargetPdu::LoginResponse(refusal) = TargetPdu::decode(void(4)).unwrap() else {
        panic!("not a login")
    };
    assert!(!refusal.status.is_success() && refusal.status.class() == 2 && refusal.text.is_empty());
}

/// Values that the RFC fixes are sent, and ignored on receipt: the F bit of most PDUs, the task tag of Asynchronous
/// Message and Reject, the immediate bit of a Login Request.
#[test]
fn fixed_values_are_not_looked_at() {
    for layout in layouts() {
        let mut header = layout.header;
        if always_final(header[0]) {
            header[1] &= 0x7f;
        }
        match Opcode(header[0] & Opcode::MASK) {
            Opcode::ASYNC_MESSAGE | Opcode::REJECT => header[16..20].fill(0),
            Opcode::LOGIN_REQUEST => header[0] = 0x03,
            _ => {}
        }
        let raw = RawPdu { bhs: Bhs::from_bytes(header), ..layout.pdu.encode() };
        let decoded = layout.pdu.decode_alike(raw).unwrap();
        assert_eq!(decoded, layout.pdu);
        assert_eq!(decoded.bytes(crate::sample::OFF)[..BHS_LENGTH], layout.header);
    }
}
