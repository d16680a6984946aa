//! The fields of a target's PDUs under the names that the dissector gives them.
//!
//! Each struct is taken apart without `..`: a field that is new does not compile until it is compared.

use iscsi_pdu::{
    AsyncMessage, DataIn, LoginResponse, LogoutResponse, NopIn, R2t, Reject, ScsiResponse, ScsiStatus,
    TargetPdu, TaskManagementResponse, TextResponse,
};

use crate::initiator_fields::vendor;
use crate::samples::Pairs;
use crate::shown::Shown;

/// The fields after those that all PDUs share.
pub(crate) fn fields(shown: &mut Shown, pdu: &TargetPdu, pairs: &Pairs) {
    match pdu {
        TargetPdu::NopIn(pdu) => nop_in(shown, pdu),
        TargetPdu::ScsiResponse(pdu) => scsi_response(shown, pdu),
        TargetPdu::TaskManagementResponse(pdu) => task_management_response(shown, pdu),
        TargetPdu::LoginResponse(pdu) => login_response(shown, pdu, pairs),
        TargetPdu::TextResponse(pdu) => text_response(shown, pdu, pairs),
        TargetPdu::DataIn(pdu) => data_in(shown, pdu),
        TargetPdu::LogoutResponse(pdu) => logout_response(shown, pdu),
        TargetPdu::R2t(pdu) => r2t(shown, pdu),
        TargetPdu::AsyncMessage(pdu) => async_message(shown, pdu),
        TargetPdu::Reject(pdu) => reject(shown, pdu),
        TargetPdu::Vendor(raw) => vendor(shown, raw),
        other => panic!("a kind of PDU that the comparison does not know: {other:?}"),
    }
}

fn nop_in(shown: &mut Shown, pdu: &NopIn) {
    let NopIn { lun, itt, ttt, numbers, data } = pdu;
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.targettransfertag", ttt.0);
    shown.numbers(*numbers);
    shown.padded("iscsi.pingdata", data);
}

fn scsi_response(shown: &mut Shown, pdu: &ScsiResponse) {
    let ScsiResponse {
        read_overflow,
        read_underflow,
        overflow,
        underflow,
        response,
        status,
        // RFC 7144 came after the dissector, which refuses a PDU that has one.
        status_qualifier: _,
        itt,
        // The dissector has no line for bytes 20 to 23 of this PDU.
        snack_tag: _,
        numbers,
        exp_data_sn,
        bidirectional_read_residual_count,
        residual_count,
        sense,
        // Nor for what follows the sense data. Length and data digest tell of it.
        response_data: _,
    } = pdu;
    shown.flags(
        &[
            ("iscsi.scsiresponse.o", 0x10, *read_overflow),
            ("iscsi.scsiresponse.u", 0x08, *read_underflow),
            ("iscsi.scsiresponse.O", 0x04, *overflow),
            ("iscsi.scsiresponse.U", 0x02, *underflow),
        ],
        0x80,
    );
    shown.number("iscsi.scsiresponse.response", response.0);
    shown.number("iscsi.scsiresponse.status", status.0);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.numbers(*numbers);
    shown.number("iscsi.expdatasn", exp_data_sn.0);
    shown.number("iscsi.scsiresponse.bidireadresidualcount", *bidirectional_read_residual_count);
    shown.number("iscsi.scsiresponse.residualcount", *residual_count);
    shown.unit_of_command(None);
    if *status == ScsiStatus::CHECK_CONDITION {
        shown.number("iscsi.scsiresponse.senselength", sense.len() as u64);
        sense_data(shown, sense);
    }
}

/// Fixed-format sense data (SPC-4, 4.5.3).
fn sense_data(shown: &mut Shown, sense: &[u8]) {
    shown.number("scsi.sns.errtype", sense[0] & 0x7f);
    shown.number("scsi.sns.key", sense[2] & 0x0f);
    shown.number("scsi.sns.info", sense[3..7].try_into().map(u32::from_be_bytes).unwrap());
    shown.number("scsi.sns.addlen", sense[7]);
    shown.number("scsi.sns.ascascq", sense[12..14].try_into().map(u16::from_be_bytes).unwrap());
    shown.number("scsi.sns.fru", sense[14]);
}

fn task_management_response(shown: &mut Shown, pdu: &TaskManagementResponse) {
    let TaskManagementResponse {
        response,
        // RFC 7144 came after the dissector, which refuses a PDU that has some.
        additional_information: _,
        itt,
        numbers,
    } = pdu;
    shown.number("iscsi.taskmanfun.response", response.0);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.numbers(*numbers);
}

fn login_response(shown: &mut Shown, pdu: &LoginResponse, pairs: &Pairs) {
    let LoginResponse {
        transit,
        continues,
        current_stage,
        next_stage,
        version_max,
        version_active,
        isid,
        tsih,
        itt,
        numbers,
        status,
        text,
    } = pdu;
    shown.number("iscsi.login.T", *transit);
    shown.number("iscsi.login.C", *continues);
    shown.number("iscsi.login.csg", current_stage.0);
    // Without T it is reserved (11.12.3).
    if *transit {
        shown.number("iscsi.login.nsg", next_stage.0);
    }
    shown.number("iscsi.versionmax", *version_max);
    shown.number("iscsi.versionactive", *version_active);
    shown.isid(*isid);
    shown.number("iscsi.tsih", *tsih);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.numbers(*numbers);
    shown.number("iscsi.login.status", status.0);
    pairs.show(shown, text);
}

fn text_response(shown: &mut Shown, pdu: &TextResponse, pairs: &Pairs) {
    let TextResponse { is_final, continues, lun, itt, ttt, numbers, text } = pdu;
    shown.flags(&[("iscsi.text.F", 0x80, *is_final), ("iscsi.text.C", 0x40, *continues)], 0);
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.targettransfertag", ttt.0);
    shown.numbers(*numbers);
    pairs.show(shown, text);
}

fn data_in(shown: &mut Shown, pdu: &DataIn) {
    let DataIn {
        is_final,
        acknowledge,
        overflow,
        underflow,
        has_status,
        status,
        lun,
        itt,
        ttt,
        numbers,
        data_sn,
        buffer_offset,
        residual_count,
        // Goes to the SCSI dissector, which has no field for it. Length and data digest tell of it.
        data: _,
    } = pdu;
    shown.flags(
        &[
            ("iscsi.scsidata.F", 0x80, *is_final),
            ("iscsi.scsidata.A", 0x40, *acknowledge),
            ("iscsi.scsidata.O", 0x04, *overflow),
            ("iscsi.scsidata.U", 0x02, *underflow),
            ("iscsi.scsidata.S", 0x01, *has_status),
        ],
        0,
    );
    if *has_status {
        shown.number("iscsi.scsiresponse.status", status.0);
    }
    // Without A both are reserved (11.7.4).
    if *acknowledge {
        shown.lun(*lun);
        shown.number("iscsi.targettransfertag", ttt.0);
    }
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.numbers(*numbers);
    shown.number("iscsi.datasn", *data_sn);
    shown.number("iscsi.bufferOffset", *buffer_offset);
    shown.number("iscsi.scsidata.readresidualcount", *residual_count);
    if *has_status {
        shown.unit_of_command(None);
    }
}

fn logout_response(shown: &mut Shown, pdu: &LogoutResponse) {
    let LogoutResponse { response, itt, numbers, time2wait, time2retain } = pdu;
    shown.number("iscsi.logout.response", response.0);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.numbers(*numbers);
    shown.number("iscsi.time2wait", *time2wait);
    shown.number("iscsi.time2retain", *time2retain);
}

fn r2t(shown: &mut Shown, pdu: &R2t) {
    let R2t { lun, itt, ttt, numbers, r2t_sn, buffer_offset, desired_data_transfer_length } = pdu;
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.targettransfertag", ttt.0);
    shown.numbers(*numbers);
    shown.number("iscsi.r2tsn", *r2t_sn);
    shown.number("iscsi.bufferOffset", *buffer_offset);
    shown.number("iscsi.desireddatalength", *desired_data_transfer_length);
}

fn async_message(shown: &mut Shown, pdu: &AsyncMessage) {
    let AsyncMessage {
        lun,
        numbers,
        event,
        vendor_code,
        parameter1,
        parameter2,
        parameter3,
        sense,
        event_data,
    } = pdu;
    shown.lun(*lun);
    shown.numbers(*numbers);
    shown.number("iscsi.asyncevent", event.0);
    shown.number("iscsi.eventvendorcode", *vendor_code);
    shown.number("iscsi.parameter1", *parameter1);
    shown.number("iscsi.parameter2", *parameter2);
    shown.number("iscsi.parameter3", *parameter3);
    if !sense.is_empty() {
        shown.unit_of_command(None);
        sense_data(shown, sense);
    }
    shown.bytes("iscsi.asynceventdata", event_data);
    if !(sense.is_empty() && event_data.is_empty()) {
        // Behind SenseLength, sense data and event data.
        shown.padding(2 + sense.len() + event_data.len());
    }
}

/// The header that was rejected is dissected as a PDU of its own, behind these fields.
fn reject(shown: &mut Shown, pdu: &Reject) {
    let Reject { reason, numbers, data_sn, data: _ } = pdu;
    shown.number("iscsi.reject.reason", reason.0);
    shown.numbers(*numbers);
    shown.number("iscsi.datasn", *data_sn);
}
