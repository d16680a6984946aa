//! One PDU of every kind that an initiator sends.

use iscsi_pdu::{
    AdditionalHeaders, Bhs, DataOut, InitiatorPdu, InitiatorTaskTag, Isid, LoginRequest, LogoutReason,
    LogoutRequest, NopOut, RawPdu, ScsiCommand, SerialNumber, Snack, SnackType, Stage, TaskAttribute,
    TaskManagementFunction, TaskManagementRequest, TextRequest,
};

use crate::sample::{CMD_SN, EXP_STAT_SN, ITT, LUN, TTT, data};

/// Samples in which all bytes of all fields are different.
pub(crate) fn initiator_pdus() -> Vec<InitiatorPdu> {
    let (lun, itt, ttt, cmd_sn, exp_stat_sn) = (LUN, ITT, TTT, CMD_SN, EXP_STAT_SN);
    vec![
        InitiatorPdu::NopOut(NopOut {
            immediate: true,
            lun,
            itt,
            ttt,
            cmd_sn,
            exp_stat_sn,
            data: data("ping!"),
        }),
        InitiatorPdu::ScsiCommand(ScsiCommand {
            immediate: false,
            is_final: true,
            read: true,
            write: true,
            attribute: TaskAttribute::ORDERED,
            priority: 9,
            lun,
            itt,
            expected_data_transfer_length: 0x0d0e_0f10,
            cmd_sn,
            exp_stat_sn,
            cdb: *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
            additional_headers: AdditionalHeaders::extended_cdb(&[7; 17]).unwrap(),
            data: data("immediate"),
        }),
        InitiatorPdu::TaskManagementRequest(TaskManagementRequest {
            immediate: true,
            function: TaskManagementFunction::ABORT_TASK,
            lun,
            itt,
            referenced_task_tag: InitiatorTaskTag(0x1112_1314),
            cmd_sn,
            exp_stat_sn,
            ref_cmd_sn: SerialNumber(0x2122_2324),
            exp_data_sn: SerialNumber(0x3132_3334),
        }),
        InitiatorPdu::LoginRequest(LoginRequest {
            transit: true,
            continues: false,
            current_stage: Stage::OPERATIONAL,
            next_stage: Stage::FULL_FEATURE,
            version_max: 1,
            version_min: 2,
            isid: Isid([1, 2, 3, 4, 5, 6]),
            tsih: 0x4142,
            itt,
            cid: 0x5152,
            cmd_sn,
            exp_stat_sn,
            text: data("A=1\0"),
        }),
        InitiatorPdu::TextRequest(TextRequest {
            immediate: true,
            is_final: true,
            continues: false,
            lun,
            itt,
            ttt,
            cmd_sn,
            exp_stat_sn,
            text: data("SendTargets=All\0"),
        }),
        InitiatorPdu::DataOut(DataOut {
            is_final: true,
            lun,
            itt,
            ttt,
            exp_stat_sn,
            data_sn: 0x6162_6364,
            buffer_offset: 0x7172_7374,
            data: data("12"),
        }),
        InitiatorPdu::LogoutRequest(LogoutRequest {
            immediate: true,
            reason: LogoutReason::REMOVE_CONNECTION_FOR_RECOVERY,
            itt,
            cid: 0x8182,
            cmd_sn,
            exp_stat_sn,
        }),
        InitiatorPdu::Snack(Snack {
            snack_type: SnackType::R_DATA,
            lun,
            itt,
            transfer_or_snack_tag: 0x9192_9394,
            exp_stat_sn,
            beg_run: 0xa1a2_a3a4,
            run_length: 0xb1b2_b3b4,
        }),
        InitiatorPdu::Vendor(RawPdu::with_data(Bhs::from_bytes([0x1d; 48]), data("vendor"))),
    ]
}
