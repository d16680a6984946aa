//! PDUs of a target with other flags, without data, and with data of every padding; bytes from the figures of RFC 7143,
//! section 11.

use bytes::Bytes;
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, DataIn, InitiatorTaskTag, Isid, LoginResponse, LoginStatus, Lun, NopIn, Reject,
    RejectReason, ScsiResponse, ScsiResponseCode, ScsiStatus, SerialNumber, Stage, TargetPdu,
    TargetTransferTag, TextResponse,
};

use crate::sample::{ITT, LUN, NUMBERS, data};

/// A PDU, its header in twelve words, and the bytes after the header.
type Variant = (TargetPdu, &'static str, &'static [u8]);

pub(crate) fn target_variants() -> Vec<Variant> {
    [nop_ins(), scsi_responses(), data_ins(), text(), unasked()].concat()
}

fn nop_ins() -> Vec<Variant> {
    let ping = NopIn {
        lun: LUN,
        itt: InitiatorTaskTag::RESERVED,
        ttt: TargetTransferTag(0),
        numbers: NUMBERS,
        data: Bytes::new(),
    };
    vec![(
        TargetPdu::NopIn(ping),
        "20800000 00000000 f1f2f3f4 f5f6f7f8 ffffffff 00000000 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        b"",
    )]
}

fn scsi_responses() -> Vec<Variant> {
    let good = ScsiResponse {
        read_overflow: false,
        read_underflow: false,
        overflow: false,
        underflow: false,
        response: ScsiResponseCode::COMPLETED,
        status: ScsiStatus::GOOD,
        status_qualifier: 0,
        itt: ITT,
        snack_tag: 0,
        numbers: NUMBERS,
        exp_data_sn: SerialNumber(3),
        bidirectional_read_residual_count: 0,
        residual_count: 0,
        sense: Bytes::new(),
        response_data: Bytes::new(),
    };
    let sense_only = ScsiResponse {
        read_underflow: true,
        overflow: true,
        status: ScsiStatus::CHECK_CONDITION,
        sense: data("pqrs"),
        ..good.clone()
    };
    let failed = ScsiResponse {
        response: ScsiResponseCode::TARGET_FAILURE,
        response_data: data("why"),
        ..good.clone()
    };
    vec![
        (
            TargetPdu::ScsiResponse(good),
            "21800000 00000000 00000000 00000000 11223344 00000000 01020304 05060708 090a0b0c 00000003 00000000 00000000",
            b"",
        ),
        (
            TargetPdu::ScsiResponse(sense_only),
            "218c0002 00000006 00000000 00000000 11223344 00000000 01020304 05060708 090a0b0c 00000003 00000000 00000000",
            b"\0\x04pqrs\0\0",
        ),
        (
            TargetPdu::ScsiResponse(failed),
            "21800100 00000005 00000000 00000000 11223344 00000000 01020304 05060708 090a0b0c 00000003 00000000 00000000",
            b"\0\0why\0\0\0",
        ),
    ]
}

fn data_ins() -> Vec<Variant> {
    let one = DataIn {
        is_final: false,
        acknowledge: false,
        overflow: false,
        underflow: false,
        has_status: false,
        status: ScsiStatus::GOOD,
        lun: Lun::ZERO,
        itt: ITT,
        ttt: TargetTransferTag::RESERVED,
        numbers: NUMBERS,
        data_sn: 0,
        buffer_offset: 0,
        residual_count: 0,
        data: data("1"),
    };
    let three = DataIn { acknowledge: true, data_sn: 1, data: data("123"), ..one.clone() };
    let empty_with_status = DataIn {
        is_final: true,
        underflow: true,
        has_status: true,
        status: ScsiStatus::INTERMEDIATE,
        residual_count: 0x200,
        data: Bytes::new(),
        ..one.clone()
    };
    vec![
        (
            TargetPdu::DataIn(one),
            "25000000 00000001 00000000 00000000 11223344 ffffffff 01020304 05060708 090a0b0c 00000000 00000000 00000000",
            b"1\0\0\0",
        ),
        (
            TargetPdu::DataIn(three),
            "25400000 00000003 00000000 00000000 11223344 ffffffff 01020304 05060708 090a0b0c 00000001 00000000 00000000",
            b"123\0",
        ),
        (
            TargetPdu::DataIn(empty_with_status),
            "25830010 00000000 00000000 00000000 11223344 ffffffff 01020304 05060708 090a0b0c 00000000 00000000 00000200",
            b"",
        ),
    ]
}

fn text() -> Vec<Variant> {
    let last_of_login = LoginResponse {
        transit: true,
        continues: false,
        current_stage: Stage::OPERATIONAL,
        next_stage: Stage::FULL_FEATURE,
        version_max: 0,
        version_active: 0,
        isid: Isid([0x80, 0x21, 0x22, 0x23, 0x24, 0x25]),
        tsih: 0x0102,
        itt: ITT,
        numbers: NUMBERS,
        status: LoginStatus::SUCCESS,
        text: Bytes::new(),
    };
    let last_of_text = TextResponse {
        is_final: true,
        continues: false,
        lun: Lun::ZERO,
        itt: ITT,
        ttt: TargetTransferTag::RESERVED,
        numbers: NUMBERS,
        text: Bytes::new(),
    };
    vec![
        (
            TargetPdu::LoginResponse(last_of_login),
            "23870000 00000000 80212223 24250102 11223344 00000000 01020304 05060708 090a0b0c 00000000 00000000 00000000",
            b"",
        ),
        (
            TargetPdu::TextResponse(last_of_text),
            "24800000 00000000 00000000 00000000 11223344 ffffffff 01020304 05060708 090a0b0c 00000000 00000000 00000000",
            b"",
        ),
    ]
}

fn unasked() -> Vec<Variant> {
    let logout_request = AsyncMessage {
        lun: Lun::ZERO,
        numbers: NUMBERS,
        event: AsyncEvent::LOGOUT_REQUEST,
        vendor_code: 0,
        parameter1: 0,
        parameter2: 0,
        parameter3: 10,
        sense: Bytes::new(),
        event_data: Bytes::new(),
    };
    let reject = Reject {
        reason: RejectReason::DATA_DIGEST_ERROR,
        numbers: NUMBERS,
        data_sn: 0,
        data: Bytes::from_static(&[0x05; 48]),
    };
    vec![
        (
            TargetPdu::AsyncMessage(logout_request),
            "32800000 00000000 00000000 00000000 ffffffff 00000000 01020304 05060708 090a0b0c 01000000 0000000a 00000000",
            b"",
        ),
        (
            TargetPdu::Reject(reject),
            "3f800200 00000030 00000000 00000000 ffffffff 00000000 01020304 05060708 090a0b0c 00000000 00000000 00000000",
            &[0x05; 48],
        ),
    ]
}
