//! PDUs of an initiator with other flags, without data, and with data of every padding; bytes from the figures of RFC
//! 7143, section 11.

use bytes::Bytes;
use iscsi_pdu::{
    AdditionalHeader, AdditionalHeaders, AhsType, DataOut, InitiatorPdu, InitiatorTaskTag, Isid,
    LoginRequest, LogoutReason, LogoutRequest, Lun, NopOut, ScsiCommand, SerialNumber, Snack, SnackType,
    Stage, TargetTransferTag, TaskAttribute, TextRequest,
};

use crate::sample::{CMD_SN, EXP_STAT_SN, ITT, LUN, TTT, data};

/// A PDU, its header in twelve words, and the bytes after the header.
type Variant = (InitiatorPdu, &'static str, &'static [u8]);

pub(crate) fn initiator_variants() -> Vec<Variant> {
    [nop_outs(), scsi_commands(), login_requests(), text_requests(), data_outs(), others()].concat()
}

fn nop_outs() -> Vec<Variant> {
    let ping = NopOut {
        immediate: false,
        lun: Lun::ZERO,
        itt: ITT,
        ttt: TargetTransferTag::RESERVED,
        cmd_sn: CMD_SN,
        exp_stat_sn: EXP_STAT_SN,
        data: Bytes::new(),
    };
    let echo =
        NopOut { immediate: true, lun: LUN, itt: InitiatorTaskTag::RESERVED, ttt: TTT, ..ping.clone() };
    vec![
        (
            InitiatorPdu::NopOut(ping),
            "00800000 00000000 00000000 00000000 11223344 ffffffff 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
            b"",
        ),
        (
            InitiatorPdu::NopOut(echo),
            "40800000 00000000 f1f2f3f4 f5f6f7f8 ffffffff 55667788 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
            b"",
        ),
    ]
}

fn scsi_commands() -> Vec<Variant> {
    let write = ScsiCommand {
        immediate: true,
        is_final: false,
        read: false,
        write: true,
        attribute: TaskAttribute::SIMPLE,
        priority: 0,
        lun: LUN,
        itt: ITT,
        expected_data_transfer_length: 0x0000_0800,
        cmd_sn: CMD_SN,
        exp_stat_sn: EXP_STAT_SN,
        cdb: *b"\x2a\0\0\0\0\x07\0\0\x04\0\0\0\0\0\0\0",
        additional_headers: AdditionalHeaders::NONE,
        data: data("four"),
    };
    let read = ScsiCommand {
        immediate: false,
        is_final: true,
        read: true,
        write: false,
        attribute: TaskAttribute::ACA,
        priority: 0xf,
        data: Bytes::new(),
        ..write.clone()
    };
    let both_headers = ScsiCommand { additional_headers: two_headers(), data: data("123"), ..read.clone() };
    vec![
        (
            InitiatorPdu::ScsiCommand(write),
            "41210000 00000004 f1f2f3f4 f5f6f7f8 11223344 00000800 99aabbcc ddeeff01 2a000000 00070000 04000000 00000000",
            b"four",
        ),
        (
            InitiatorPdu::ScsiCommand(read),
            "01c4f000 00000000 f1f2f3f4 f5f6f7f8 11223344 00000800 99aabbcc ddeeff01 2a000000 00070000 04000000 00000000",
            b"",
        ),
        (
            InitiatorPdu::ScsiCommand(both_headers),
            "01c4f000 04000003 f1f2f3f4 f5f6f7f8 11223344 00000800 99aabbcc ddeeff01 2a000000 00070000 04000000 00000000",
            b"\0\x05\x02\0\x10\x20\x30\x40\0\x03\x01\0\xa8\xa9\0\x00123\0",
        ),
    ]
}

/// A bidirectional read length, then a CDB of 18 bytes.
fn two_headers() -> AdditionalHeaders {
    let header = |ahs_type, body| AdditionalHeader { ahs_type, body: Bytes::from_static(body) };
    AdditionalHeaders::from_headers(&[
        header(AhsType::BIDIRECTIONAL_READ_LENGTH, b"\0\x10\x20\x30\x40"),
        header(AhsType::EXTENDED_CDB, b"\0\xa8\xa9"),
    ])
    .unwrap()
}

fn login_requests() -> Vec<Variant> {
    let split = LoginRequest {
        transit: false,
        continues: true,
        current_stage: Stage::SECURITY,
        next_stage: Stage::SECURITY,
        version_max: 0,
        version_min: 0,
        isid: Isid([0x80, 0x21, 0x22, 0x23, 0x24, 0x25]),
        tsih: 0,
        itt: ITT,
        cid: 1,
        cmd_sn: CMD_SN,
        exp_stat_sn: SerialNumber(0),
        text: data("AuthM"),
    };
    vec![(
        InitiatorPdu::LoginRequest(split),
        "43400000 00000005 80212223 24250000 11223344 00010000 99aabbcc 00000000 00000000 00000000 00000000 00000000",
        b"AuthM\0\0\0",
    )]
}

fn text_requests() -> Vec<Variant> {
    let empty = TextRequest {
        immediate: false,
        is_final: true,
        continues: false,
        lun: LUN,
        itt: ITT,
        ttt: TTT,
        cmd_sn: CMD_SN,
        exp_stat_sn: EXP_STAT_SN,
        text: Bytes::new(),
    };
    let split = TextRequest {
        is_final: false,
        continues: true,
        lun: Lun::ZERO,
        ttt: TargetTransferTag::RESERVED,
        text: data("SendTa"),
        ..empty.clone()
    };
    vec![
        (
            InitiatorPdu::TextRequest(empty),
            "04800000 00000000 f1f2f3f4 f5f6f7f8 11223344 55667788 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
            b"",
        ),
        (
            InitiatorPdu::TextRequest(split),
            "04400000 00000006 00000000 00000000 11223344 ffffffff 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
            b"SendTa\0\0",
        ),
    ]
}

fn data_outs() -> Vec<Variant> {
    let unsolicited = DataOut {
        is_final: false,
        lun: Lun::ZERO,
        itt: ITT,
        ttt: TargetTransferTag::RESERVED,
        exp_stat_sn: EXP_STAT_SN,
        data_sn: 0,
        buffer_offset: 0x400,
        data: data("1234567"),
    };
    vec![(
        InitiatorPdu::DataOut(unsolicited),
        "05000000 00000007 00000000 00000000 11223344 ffffffff 00000000 ddeeff01 00000000 00000000 00000400 00000000",
        b"1234567\0",
    )]
}

fn others() -> Vec<Variant> {
    let logout = LogoutRequest {
        immediate: false,
        reason: LogoutReason::CLOSE_SESSION,
        itt: ITT,
        cid: 0,
        cmd_sn: CMD_SN,
        exp_stat_sn: EXP_STAT_SN,
    };
    let snack = Snack {
        snack_type: SnackType::STATUS,
        lun: Lun::ZERO,
        itt: InitiatorTaskTag::RESERVED,
        transfer_or_snack_tag: u32::MAX,
        exp_stat_sn: EXP_STAT_SN,
        beg_run: 0xddee_ff01,
        run_length: 2,
    };
    vec![
        (
            InitiatorPdu::LogoutRequest(logout),
            "06800000 00000000 00000000 00000000 11223344 00000000 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
            b"",
        ),
        (
            InitiatorPdu::Snack(snack),
            "10810000 00000000 00000000 00000000 ffffffff ffffffff 00000000 ddeeff01 00000000 00000000 ddeeff01 00000002",
            b"",
        ),
    ]
}
