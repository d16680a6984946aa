//! Arbitrary PDUs of a target.

use arbitrary::{Result, Unstructured};
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, DataIn, InitiatorTaskTag, Isid, LoginResponse, LoginStatus, LogoutResponse,
    LogoutResponseCode, Lun, NopIn, R2t, Reject, RejectReason, ScsiResponse, ScsiResponseCode, ScsiStatus,
    SequenceNumbers, SerialNumber, Stage, TargetPdu, TargetTransferTag, TaskManagementResponse,
    TaskManagementResponseCode, TextResponse,
};

use crate::any_initiator_pdu::{any, bits, data, vendor};

/// Returns a PDU of a kind and with fields chosen by `source`, each field over its full range.
///
/// # Errors
/// If `source` has no bytes left.
pub fn any_target_pdu(source: &mut Unstructured<'_>) -> Result<TargetPdu> {
    Ok(match source.int_in_range(0..=10)? {
        0 => TargetPdu::NopIn(nop_in(source)?),
        1 => TargetPdu::ScsiResponse(scsi_response(source)?),
        2 => TargetPdu::TaskManagementResponse(task_management_response(source)?),
        3 => TargetPdu::LoginResponse(login_response(source)?),
        4 => TargetPdu::TextResponse(text_response(source)?),
        5 => TargetPdu::DataIn(data_in(source)?),
        6 => TargetPdu::LogoutResponse(logout_response(source)?),
        7 => TargetPdu::R2t(r2t(source)?),
        8 => TargetPdu::AsyncMessage(async_message(source)?),
        9 => TargetPdu::Reject(reject(source)?),
        _ => TargetPdu::Vendor(vendor(source, 0x3c)?),
    })
}

fn numbers(source: &mut Unstructured<'_>) -> Result<SequenceNumbers> {
    Ok(SequenceNumbers {
        stat_sn: SerialNumber(any(source)?),
        exp_cmd_sn: SerialNumber(any(source)?),
        max_cmd_sn: SerialNumber(any(source)?),
    })
}

fn nop_in(source: &mut Unstructured<'_>) -> Result<NopIn> {
    Ok(NopIn {
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        ttt: TargetTransferTag(any(source)?),
        numbers: numbers(source)?,
        data: data(source)?,
    })
}

fn scsi_response(source: &mut Unstructured<'_>) -> Result<ScsiResponse> {
    Ok(ScsiResponse {
        read_overflow: any(source)?,
        read_underflow: any(source)?,
        overflow: any(source)?,
        underflow: any(source)?,
        response: ScsiResponseCode(any(source)?),
        status: ScsiStatus(any(source)?),
        status_qualifier: any(source)?,
        itt: InitiatorTaskTag(any(source)?),
        snack_tag: any(source)?,
        numbers: numbers(source)?,
        exp_data_sn: SerialNumber(any(source)?),
        bidirectional_read_residual_count: any(source)?,
        residual_count: any(source)?,
        sense: data(source)?,
        response_data: data(source)?,
    })
}

fn task_management_response(source: &mut Unstructured<'_>) -> Result<TaskManagementResponse> {
    Ok(TaskManagementResponse {
        response: TaskManagementResponseCode(any(source)?),
        additional_information: any(source)?,
        itt: InitiatorTaskTag(any(source)?),
        numbers: numbers(source)?,
    })
}

fn login_response(source: &mut Unstructured<'_>) -> Result<LoginResponse> {
    Ok(LoginResponse {
        transit: any(source)?,
        continues: any(source)?,
        current_stage: Stage(bits(source, 2)?),
        next_stage: Stage(bits(source, 2)?),
        version_max: any(source)?,
        version_active: any(source)?,
        isid: Isid(any(source)?),
        tsih: any(source)?,
        itt: InitiatorTaskTag(any(source)?),
        numbers: numbers(source)?,
        status: LoginStatus(any(source)?),
        text: data(source)?,
    })
}

fn text_response(source: &mut Unstructured<'_>) -> Result<TextResponse> {
    Ok(TextResponse {
        is_final: any(source)?,
        continues: any(source)?,
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        ttt: TargetTransferTag(any(source)?),
        numbers: numbers(source)?,
        text: data(source)?,
    })
}

fn data_in(source: &mut Unstructured<'_>) -> Result<DataIn> {
    Ok(DataIn {
        is_final: any(source)?,
        acknowledge: any(source)?,
        overflow: any(source)?,
        underflow: any(source)?,
        has_status: any(source)?,
        status: ScsiStatus(any(source)?),
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        ttt: TargetTransferTag(any(source)?),
        numbers: numbers(source)?,
        data_sn: any(source)?,
        buffer_offset: any(source)?,
        residual_count: any(source)?,
        data: data(source)?,
    })
}

fn logout_response(source: &mut Unstructured<'_>) -> Result<LogoutResponse> {
    Ok(LogoutResponse {
        response: LogoutResponseCode(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        numbers: numbers(source)?,
        time2wait: any(source)?,
        time2retain: any(source)?,
    })
}

fn r2t(source: &mut Unstructured<'_>) -> Result<R2t> {
    Ok(R2t {
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        ttt: TargetTransferTag(any(source)?),
        numbers: numbers(source)?,
        r2t_sn: any(source)?,
        buffer_offset: any(source)?,
        desired_data_transfer_length: any(source)?,
    })
}

fn async_message(source: &mut Unstructured<'_>) -> Result<AsyncMessage> {
    Ok(AsyncMessage {
        lun: Lun(any(source)?),
        numbers: numbers(source)?,
        event: AsyncEvent(any(source)?),
        vendor_code: any(source)?,
        parameter1: any(source)?,
        parameter2: any(source)?,
        parameter3: any(source)?,
        sense: data(source)?,
        event_data: data(source)?,
    })
}

fn reject(source: &mut Unstructured<'_>) -> Result<Reject> {
    Ok(Reject {
        reason: RejectReason(any(source)?),
        numbers: numbers(source)?,
        data_sn: any(source)?,
        data: data(source)?,
    })
}
