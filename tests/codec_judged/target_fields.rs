//! What the dissector has to show for a target's PDU. A new field of a struct does not compile until it is here.

use iscsi_pdu::{
    AsyncMessage, DataIn, LoginResponse, LogoutResponse, NopIn, R2t, Reject, ScsiResponse, TargetPdu,
    TaskManagementResponse, TextResponse,
};

use crate::shown::{
    Shown, decimal, flag, hex, lun as shown_lun, numbers as shown_numbers, octets, only_if,
    text as shown_text,
};

const ITT: &str = "iscsi.initiatortasktag";
const TTT: &str = "iscsi.targettransfertag";

pub(crate) fn target_fields(pdu: &TargetPdu) -> Vec<Shown> {
    match pdu {
        TargetPdu::NopIn(pdu) => nop_in(pdu),
        TargetPdu::ScsiResponse(pdu) => scsi_response(pdu),
        TargetPdu::TaskManagementResponse(pdu) => task_management_response(pdu),
        TargetPdu::LoginResponse(pdu) => login_response(pdu),
        TargetPdu::TextResponse(pdu) => text_response(pdu),
        TargetPdu::DataIn(pdu) => data_in(pdu),
        TargetPdu::LogoutResponse(pdu) => logout_response(pdu),
        TargetPdu::R2t(pdu) => r2t(pdu),
        TargetPdu::AsyncMessage(pdu) => async_message(pdu),
        TargetPdu::Reject(pdu) => reject(pdu),
        // Nothing is known of it but its length.
        _ => vec![],
    }
}

fn nop_in(pdu: &NopIn) -> Vec<Shown> {
    let NopIn { lun, itt, ttt, numbers, data } = pdu;
    let mut shown = vec![
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        hex(TTT, ttt.0.to_be_bytes()),
        octets("iscsi.pingdata", data),
    ];
    shown.extend(shown_numbers(*numbers));
    shown
}

fn scsi_response(pdu: &ScsiResponse) -> Vec<Shown> {
    let ScsiResponse { read_overflow, read_underflow, overflow, underflow, response, status, .. } = pdu;
    let ScsiResponse { status_qualifier: _, itt, snack_tag: _, numbers, exp_data_sn, .. } = pdu;
    let ScsiResponse { bidirectional_read_residual_count, residual_count, sense, response_data, .. } = pdu;
    let mut shown = vec![
        flag("iscsi.scsiresponse.o", *read_overflow),
        flag("iscsi.scsiresponse.u", *read_underflow),
        flag("iscsi.scsiresponse.O", *overflow),
        flag("iscsi.scsiresponse.U", *underflow),
        hex("iscsi.scsiresponse.response", [response.0]),
        hex("iscsi.scsiresponse.status", [status.0]),
        hex(ITT, itt.0.to_be_bytes()),
        hex("iscsi.expdatasn", exp_data_sn.0.to_be_bytes()),
        decimal("iscsi.scsiresponse.bidireadresidualcount", *bidirectional_read_residual_count),
        decimal("iscsi.scsiresponse.residualcount", *residual_count),
    ];
    if status.0 == 2 && !(sense.is_empty() && response_data.is_empty()) {
        shown.push(decimal("iscsi.scsiresponse.senselength", u64::try_from(sense.len()).unwrap()));
    }
    shown.extend(shown_numbers(*numbers));
    shown
}

fn task_management_response(pdu: &TaskManagementResponse) -> Vec<Shown> {
    let TaskManagementResponse { response, additional_information: _, itt, numbers } = pdu;
    let mut shown = vec![hex("iscsi.taskmanfun.response", [response.0]), hex(ITT, itt.0.to_be_bytes())];
    shown.extend(shown_numbers(*numbers));
    shown
}

fn login_response(pdu: &LoginResponse) -> Vec<Shown> {
    let LoginResponse { transit, continues, current_stage, next_stage, version_max, version_active, .. } =
        pdu;
    let LoginResponse { isid, tsih, itt, numbers, status, text, .. } = pdu;
    let mut shown = vec![
        flag("iscsi.login.T", *transit),
        flag("iscsi.login.C", *continues),
        hex("iscsi.login.csg", [current_stage.0]),
        only_if(*transit, hex("iscsi.login.nsg", [next_stage.0])),
        hex("iscsi.versionmax", [*version_max]),
        hex("iscsi.versionactive", [*version_active]),
        octets("iscsi.isid", &isid.0),
        hex("iscsi.tsih", tsih.to_be_bytes()),
        hex(ITT, itt.0.to_be_bytes()),
        hex("iscsi.login.status", status.0.to_be_bytes()),
        shown_text(text),
    ];
    shown.extend(shown_numbers(*numbers));
    shown
}

fn text_response(pdu: &TextResponse) -> Vec<Shown> {
    let TextResponse { is_final, continues, lun, itt, ttt, numbers, text } = pdu;
    let mut shown = vec![
        flag("iscsi.text.F", *is_final),
        flag("iscsi.text.C", *continues),
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        hex(TTT, ttt.0.to_be_bytes()),
        shown_text(text),
    ];
    shown.extend(shown_numbers(*numbers));
    shown
}

fn data_in(pdu: &DataIn) -> Vec<Shown> {
    let DataIn { is_final, acknowledge, overflow, underflow, has_status, status, lun, itt, ttt, .. } = pdu;
    let DataIn { numbers, data_sn, buffer_offset, residual_count, data: _, .. } = pdu;
    let mut shown = vec![
        flag("iscsi.scsidata.F", *is_final),
        flag("iscsi.scsidata.A", *acknowledge),
        flag("iscsi.scsidata.O", *overflow),
        flag("iscsi.scsidata.U", *underflow),
        flag("iscsi.scsidata.S", *has_status),
        // Both mean something only where an acknowledgement is asked for (11.7.4).
        only_if(*acknowledge, hex(TTT, ttt.0.to_be_bytes())),
        hex(ITT, itt.0.to_be_bytes()),
        decimal("iscsi.datasn", *data_sn),
        decimal("iscsi.bufferOffset", *buffer_offset),
        decimal("iscsi.scsidata.readresidualcount", *residual_count),
        only_if(*has_status, hex("iscsi.scsiresponse.status", [status.0])),
    ];
    if *acknowledge {
        shown.push(shown_lun(*lun));
    }
    shown.extend(shown_numbers(*numbers));
    shown
}

fn logout_response(pdu: &LogoutResponse) -> Vec<Shown> {
    let LogoutResponse { response, itt, numbers, time2wait, time2retain } = pdu;
    let mut shown = vec![
        hex("iscsi.logout.response", [response.0]),
        hex(ITT, itt.0.to_be_bytes()),
        hex("iscsi.time2wait", time2wait.to_be_bytes()),
        hex("iscsi.time2retain", time2retain.to_be_bytes()),
    ];
    shown.extend(shown_numbers(*numbers));
    shown
}

fn r2t(pdu: &R2t) -> Vec<Shown> {
    let R2t { lun, itt, ttt, numbers, r2t_sn, buffer_offset, desired_data_transfer_length } = pdu;
    let mut shown = vec![
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        hex(TTT, ttt.0.to_be_bytes()),
        decimal("iscsi.r2tsn", *r2t_sn),
        decimal("iscsi.bufferOffset", *buffer_offset),
        decimal("iscsi.desireddatalength", *desired_data_transfer_length),
    ];
    shown.extend(shown_numbers(*numbers));
    shown
}

fn async_message(pdu: &AsyncMessage) -> Vec<Shown> {
    let AsyncMessage { lun, numbers, event, vendor_code, parameter1, parameter2, parameter3, .. } = pdu;
    let AsyncMessage { sense: _, event_data, .. } = pdu;
    let mut shown = vec![
        shown_lun(*lun),
        hex("iscsi.asyncevent", [event.0]),
        hex("iscsi.eventvendorcode", [*vendor_code]),
        hex("iscsi.parameter1", parameter1.to_be_bytes()),
        hex("iscsi.parameter2", parameter2.to_be_bytes()),
        hex("iscsi.parameter3", parameter3.to_be_bytes()),
        octets("iscsi.asynceventdata", event_data),
    ];
    shown.extend(shown_numbers(*numbers));
    shown
}

fn reject(pdu: &Reject) -> Vec<Shown> {
    let Reject { reason, numbers, data_sn, data: _ } = pdu;
    let mut shown = vec![hex("iscsi.reject.reason", [reason.0]), decimal("iscsi.datasn", *data_sn)];
    shown.extend(shown_numbers(*numbers));
    shown
}
