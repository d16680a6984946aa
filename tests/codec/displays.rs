//! Texts for users: names of codes as in the RFC, and errors with field, value and limit.

use iscsi_pdu::{
    AddressError, AhsType, AsyncEvent, Bhs, DigestPart, Error, InitiatorTaskTag, Isid, LoginStatus,
    LogoutReason, LogoutResponseCode, Lun, Opcode, RejectReason, ScsiResponseCode, ScsiStatus, SnackType,
    Stage, TargetTransferTag, TaskAttribute, TaskManagementFunction, TaskManagementResponseCode, TextError,
    ValueError,
};

/// RFC 7143, 11.2.1.2.
#[test]
fn opcodes() {
    let names = [
        (0x00, "NOP-Out"),
        (0x01, "SCSI Command"),
        (0x02, "Task Management Function Request"),
        (0x03, "Login Request"),
        (0x04, "Text Request"),
        (0x05, "SCSI Data-Out"),
        (0x06, "Logout Request"),
        (0x10, "SNACK Request"),
        (0x20, "NOP-In"),
        (0x21, "SCSI Response"),
        (0x22, "Task Management Function Response"),
        (0x23, "Login Response"),
        (0x24, "Text Response"),
        (0x25, "SCSI Data-In"),
        (0x26, "Logout Response"),
        (0x31, "Ready To Transfer"),
        (0x32, "Asynchronous Message"),
        (0x3f, "Reject"),
    ];
    for code in 0..=0x3f {
        let known = names.iter().find(|(known, _)| *known == code).map(|(_, name)| *name);
        assert_eq!(Opcode(code).name(), known, "{code:#x}");
        assert_eq!(Opcode(code).is_initiator_vendor(), (0x1c..=0x1e).contains(&code), "{code:#x}");
        assert_eq!(Opcode(code).is_target_vendor(), (0x3c..=0x3e).contains(&code), "{code:#x}");
    }
    assert_eq!(
        (Opcode::R2T.to_string(), Opcode(0x2f).to_string()),
        ("Ready To Transfer".into(), "opcode 0x2f".into())
    );
    assert_eq!(format!("{:?}", Opcode::R2T), "Opcode(0x31)");
}

/// RFC 7143, 11.13.5.
#[test]
fn login_statuses() {
    let meanings = [
        (0x0000, "success"),
        (0x0101, "target moved temporarily"),
        (0x0102, "target moved permanently"),
        (0x0200, "initiator error"),
        (0x0201, "authentication failure"),
        (0x0202, "authorization failure"),
        (0x0203, "target not found"),
        (0x0204, "target removed"),
        (0x0205, "unsupported version"),
        (0x0206, "too many connections"),
        (0x0207, "missing parameter"),
        (0x0208, "cannot include in session"),
        (0x0209, "session type not supported"),
        (0x020a, "session does not exist"),
        (0x020b, "invalid during login"),
        (0x0300, "target error"),
        (0x0301, "service unavailable"),
        (0x0302, "out of resources"),
        (0x0001, "success of unknown detail"),
        (0x0103, "redirection of unknown detail"),
        (0x020c, "initiator error of unknown detail"),
        (0x0303, "target error of unknown detail"),
        (0x0400, "reserved status class"),
    ];
    for (code, meaning) in meanings {
        let status = LoginStatus(code);
        assert_eq!(status.to_string(), format!("{code:04x} {meaning}"));
        assert_eq!([status.class(), status.detail()], code.to_be_bytes());
        assert_eq!(status.is_success(), code < 0x0100, "{code:04x}");
    }
    assert_eq!(format!("{:?}", LoginStatus::NOT_FOUND), "LoginStatus(0x0203)");
}

/// RFC 7143, 11.17.1.
#[test]
fn reject_reasons() {
    let meanings = [
        "reason unknown",
        "reason unknown",
        "data digest error",
        "SNACK rejected",
        "protocol error",
        "command not supported",
        "too many immediate commands",
        "task in progress",
        "invalid data acknowledgement",
        "invalid PDU field",
        "no transfer tag left",
        "negotiation reset",
        "waiting for logout",
        "reason unknown",
    ];
    for (code, meaning) in (0..).zip(meanings) {
        assert_eq!(RejectReason(code).meaning(), meaning, "{code:#x}");
    }
}

/// SAM-5, 5.3.1.
#[test]
fn scsi_statuses() {
    let names = [
        (0x00, "GOOD"),
        (0x02, "CHECK CONDITION"),
        (0x04, "CONDITION MET"),
        (0x08, "BUSY"),
        (0x10, "INTERMEDIATE"),
        (0x14, "INTERMEDIATE-CONDITION MET"),
        (0x18, "RESERVATION CONFLICT"),
        (0x28, "TASK SET FULL"),
        (0x30, "ACA ACTIVE"),
        (0x40, "TASK ABORTED"),
        (0x01, "status 0x01"),
    ];
    for (code, name) in names {
        assert_eq!(ScsiStatus(code).to_string(), name);
    }
}

#[test]
fn stages() {
    let names = ["security negotiation", "operational negotiation", "reserved stage 2", "full feature phase"];
    for (code, name) in (0..).zip(names) {
        assert_eq!(Stage(code).to_string(), name);
    }
}

#[test]
fn names_and_addresses() {
    assert_eq!(Isid([0x80, 1, 2, 3, 4, 5]).to_string(), "800102030405");
    assert_eq!(Lun([0, 7, 0, 0, 0, 0, 0, 0]).to_string(), "7");
    for (address, text) in [
        ("10.0.0.1", "10.0.0.1:3260"),
        ("[2001:db8::1]:3261,65", "[2001:db8::1]:3261,65"),
        ("host.example:860,0", "host.example:860,0"),
    ] {
        assert_eq!(address.parse::<iscsi_pdu::TargetAddress>().unwrap().to_string(), text);
    }
}

/// The text names the field, the value and the limit or rule.
#[test]
fn errors() {
    let texts = [
        (
            Error::Opcode { received: Opcode(0x2f), expected: "a target's PDU" }.to_string(),
            "opcode 0x2f (opcode 0x2f) received, a target's PDU expected",
        ),
        (
            Error::TooLong { field: "DataSegmentLength", length: 8193, limit: 8192 }.to_string(),
            "DataSegmentLength is 8193 bytes, the limit is 8192",
        ),
        (
            Error::TooLong { field: "DataSegmentLength", length: 1, limit: 0 }.to_string(),
            "DataSegmentLength is 1 byte, the limit is 0",
        ),
        (
            Error::Digest { part: DigestPart::Header, computed: 1, received: 0xabcd }.to_string(),
            "header digest does not match: received 0x0000abcd, computed 0x00000001",
        ),
        (
            Error::Digest { part: DigestPart::Data, computed: 0, received: 1 }.to_string(),
            "data digest does not match: received 0x00000001, computed 0x00000000",
        ),
        (
            Error::Field { pdu: Opcode::R2T, field: "TotalAHSLength", value: 16, rule: "0" }.to_string(),
            "TotalAHSLength of Ready To Transfer is 0x10: 0",
        ),
        (TextError::TooLong { limit: 7 }.to_string(), "text sequence exceeds 7 bytes"),
        (TextError::TooLong { limit: 1 }.to_string(), "text sequence exceeds 1 byte"),
        (TextError::TooManyPdus { limit: 7 }.to_string(), "text sequence exceeds 7 PDUs"),
        (TextError::BadKey { length: 64 }.to_string(), "malformed text key of 64 bytes"),
        (TextError::BadKey { length: 1 }.to_string(), "malformed text key of 1 byte"),
        (TextError::BadKey { length: 0 }.to_string(), "malformed text key of 0 bytes"),
        (ValueError::TooLong { length: 1, limit: 0 }.to_string(), "1 byte, the limit is 0"),
        (ValueError::TooLong { length: 1025, limit: 1024 }.to_string(), "1025 bytes, the limit is 1024"),
    ];
    for (text, expected) in texts {
        assert_eq!(text, expected);
    }
}

/// Errors without numbers have different texts.
#[test]
fn every_kind_of_error_has_its_text() {
    let texts = [
        AddressError::Host.to_string(),
        AddressError::Port.to_string(),
        AddressError::PortalGroupTag.to_string(),
        TextError::Unterminated.to_string(),
        TextError::NotUtf8.to_string(),
        TextError::NoEqualsSign.to_string(),
        TextError::ControlCharacter.to_string(),
        ValueError::NotANumber.to_string(),
        ValueError::TooLarge.to_string(),
        ValueError::NotBinary.to_string(),
        ValueError::NotABoolean.to_string(),
        ValueError::NotARange.to_string(),
        ValueError::EmptyItem.to_string(),
        ValueError::Character.to_string(),
    ];
    let different: std::collections::BTreeSet<_> = texts.iter().collect();
    assert_eq!(different.len(), texts.len());
    assert!(texts.iter().all(|text| text.len() > 8), "{texts:?}");
}

/// Debug output shows codes as numbers, in the base that the RFC uses.
#[test]
fn debug_forms() {
    let mut bytes = [0; 48];
    (bytes[0], bytes[47]) = (0x31, 0xab);
    let bhs = Bhs::from_bytes(bytes);
    let zeros = " 00000000".repeat(10);
    assert_eq!(format!("{bhs:?}"), format!("Bhs( 31000000{zeros} 000000ab )"));
    let forms = [
        (format!("{:?}", AhsType::EXTENDED_CDB), "AhsType(0x01)"),
        (format!("{:?}", AsyncEvent::SESSION_DROP), "AsyncEvent(3)"),
        (format!("{:?}", Isid([0x80, 1, 2, 3, 4, 5])), "Isid(800102030405)"),
        (format!("{:?}", LogoutReason::CLOSE_CONNECTION), "LogoutReason(1)"),
        (format!("{:?}", LogoutResponseCode::CLEANUP_FAILED), "LogoutResponseCode(3)"),
        (format!("{:?}", Lun([0, 7, 0, 0, 0, 0, 0, 0])), "Lun(0x0007000000000000)"),
        (format!("{:?}", RejectReason::PROTOCOL_ERROR), "RejectReason(0x04)"),
        (format!("{:?}", ScsiResponseCode::TARGET_FAILURE), "ScsiResponseCode(0x01)"),
        (format!("{:?}", ScsiStatus::BUSY), "ScsiStatus(0x08)"),
        (format!("{:?}", SnackType::R_DATA), "SnackType(3)"),
        (format!("{:?}", Stage::FULL_FEATURE), "Stage(3)"),
        (format!("{:?}", InitiatorTaskTag(7)), "ITT(0x00000007)"),
        (format!("{:?}", TargetTransferTag::RESERVED), "TTT(0xffffffff)"),
        (format!("{:?}", TaskAttribute::ORDERED), "TaskAttribute(2)"),
        (format!("{:?}", TaskManagementFunction::TARGET_COLD_RESET), "TaskManagementFunction(7)"),
        (format!("{:?}", TaskManagementResponseCode::FUNCTION_REJECTED), "TaskManagementResponseCode(255)"),
    ];
    for (form, expected) in forms {
        assert_eq!(form, expected);
    }
}
