//! One PDU of every kind that a target sends.

use iscsi_pdu::{
    AsyncEvent, AsyncMessage, Bhs, DataIn, Isid, LoginResponse, LoginStatus, LogoutResponse,
    LogoutResponseCode, NopIn, R2t, RawPdu, Reject, RejectReason, ScsiResponse, ScsiResponseCode, ScsiStatus,
    SerialNumber, Stage, TargetPdu, TaskManagementResponse, TaskManagementResponseCode, TextResponse,
};

use crate::sample::{ITT, LUN, NUMBERS, TTT, data};

/// Samples in which all bytes of all fields are different.
pub(crate) fn target_pdus() -> Vec<TargetPdu> {
    let (lun, itt, ttt, numbers) = (LUN, ITT, TTT, NUMBERS);
    vec![
        TargetPdu::NopIn(NopIn { lun, itt, ttt, numbers, data: data("pong") }),
        TargetPdu::ScsiResponse(ScsiResponse {
            read_overflow: true,
            read_underflow: false,
            overflow: false,
            underflow: true,
            response: ScsiResponseCode::COMPLETED,
            status: ScsiStatus::CHECK_CONDITION,
            status_qualifier: 0x1011,
            itt,
            snack_tag: 0x1213_1415,
            numbers,
            exp_data_sn: SerialNumber(0x2021_2223),
            bidirectional_read_residual_count: 0x3031_3233,
            residual_count: 0x4041_4243,
            sense: data("sense"),
            response_data: data("more"),
        }),
        TargetPdu::TaskManagementResponse(TaskManagementResponse {
            response: TaskManagementResponseCode::FUNCTION_REJECTED,
            additional_information: [1, 2, 3],
            itt,
            numbers,
        }),
        TargetPdu::LoginResponse(LoginResponse {
            transit: false,
            continues: true,
            current_stage: Stage::SECURITY,
            next_stage: Stage::OPERATIONAL,
            version_max: 3,
            version_active: 4,
            isid: Isid([6, 5, 4, 3, 2, 1]),
            tsih: 0x5051,
            itt,
            numbers,
            status: LoginStatus::OUT_OF_RESOURCES,
            text: data("B=2\0"),
        }),
        TargetPdu::TextResponse(TextResponse {
            is_final: false,
            continues: true,
            lun,
            itt,
            ttt,
            numbers,
            text: data("C"),
        }),
        TargetPdu::DataIn(DataIn {
            is_final: true,
            acknowledge: true,
            overflow: true,
            underflow: false,
            has_status: true,
            status: ScsiStatus::CONDITION_MET,
            lun,
            itt,
            ttt,
            numbers,
            data_sn: 0x6061_6263,
            buffer_offset: 0x7071_7273,
            residual_count: 0x8081_8283,
            data: data("read"),
        }),
        TargetPdu::LogoutResponse(LogoutResponse {
            response: LogoutResponseCode::CLEANUP_FAILED,
            itt,
            numbers,
            time2wait: 0x9091,
            time2retain: 0x9293,
        }),
        TargetPdu::R2t(R2t {
            lun,
            itt,
            ttt,
            numbers,
            r2t_sn: 0xa0a1_a2a3,
            buffer_offset: 0xb0b1_b2b3,
            desired_data_transfer_length: 0xc0c1_c2c3,
        }),
        TargetPdu::AsyncMessage(AsyncMessage {
            lun,
            numbers,
            event: AsyncEvent(250),
            vendor_code: 7,
            parameter1: 0xd0d1,
            parameter2: 0xd2d3,
            parameter3: 0xd4d5,
            sense: data("sense"),
            event_data: data("event"),
        }),
        TargetPdu::Reject(Reject {
            reason: RejectReason::LONG_OPERATION,
            numbers,
            data_sn: 0xe0e1_e2e3,
            data: data("bhs"),
        }),
        TargetPdu::Vendor(RawPdu::with_data(Bhs::from_bytes([0x3d; 48]), data("vendor"))),
    ]
}
