//! What the dissector has to show for an initiator's PDU. A new field of a struct does not compile until it is here.

use iscsi_pdu::{
    AdditionalHeaders, AhsType, DataOut, InitiatorPdu, LoginRequest, LogoutRequest, NopOut, ScsiCommand,
    Snack, TaskManagementRequest, TextRequest,
};

use crate::shown::{Shown, decimal, flag, hex, lun as shown_lun, octets, only_if, text as shown_text};

const ITT: &str = "iscsi.initiatortasktag";
const TTT: &str = "iscsi.targettransfertag";
const CMD_SN: &str = "iscsi.cmdsn";
const EXP_STAT_SN: &str = "iscsi.expstatsn";

pub(crate) fn initiator_fields(pdu: &InitiatorPdu) -> Vec<Shown> {
    match pdu {
        InitiatorPdu::NopOut(pdu) => nop_out(pdu),
        InitiatorPdu::ScsiCommand(pdu) => scsi_command(pdu),
        InitiatorPdu::TaskManagementRequest(pdu) => task_management_request(pdu),
        InitiatorPdu::LoginRequest(pdu) => login_request(pdu),
        InitiatorPdu::TextRequest(pdu) => text_request(pdu),
        InitiatorPdu::DataOut(pdu) => data_out(pdu),
        InitiatorPdu::LogoutRequest(pdu) => logout_request(pdu),
        InitiatorPdu::Snack(pdu) => snack(pdu),
        // Nothing is known of it but its length.
        _ => vec![],
    }
}

fn nop_out(pdu: &NopOut) -> Vec<Shown> {
    let NopOut { immediate, lun, itt, ttt, cmd_sn, exp_stat_sn, data } = pdu;
    vec![
        flag("iscsi.I", *immediate),
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        hex(TTT, ttt.0.to_be_bytes()),
        decimal(CMD_SN, cmd_sn.0),
        decimal(EXP_STAT_SN, exp_stat_sn.0),
        octets("iscsi.pingdata", data),
    ]
}

fn scsi_command(pdu: &ScsiCommand) -> Vec<Shown> {
    let ScsiCommand { immediate, is_final, read, write, attribute, priority: _, lun, itt, .. } = pdu;
    let ScsiCommand { expected_data_transfer_length, cmd_sn, exp_stat_sn, .. } = pdu;
    let ScsiCommand { cdb, additional_headers, data, .. } = pdu;
    let mut shown = vec![
        flag("iscsi.I", *immediate),
        flag("iscsi.scsicommand.F", *is_final),
        flag("iscsi.scsicommand.R", *read),
        flag("iscsi.scsicommand.W", *write),
        hex("iscsi.scsicommand.attr", [attribute.0]),
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        decimal("iscsi.scsicommand.expecteddatatransferlength", *expected_data_transfer_length),
        decimal(CMD_SN, cmd_sn.0),
        decimal(EXP_STAT_SN, exp_stat_sn.0),
        hex("scsi.spc.opcode", [cdb[0]]),
        octets("iscsi.immediatedata", data),
    ];
    shown.extend(additional(additional_headers));
    shown
}

fn additional(headers: &AdditionalHeaders) -> Vec<Shown> {
    let headers: Vec<_> = headers.iter().collect();
    let each = |field, value: &dyn Fn(&iscsi_pdu::AdditionalHeader) -> String| {
        (field, headers.iter().map(value).collect::<Vec<_>>())
    };
    let of_kind = |field, kind: fn(AhsType) -> bool, value: fn(&[u8]) -> String| {
        let of_kind = headers.iter().filter(|header| kind(header.ahs_type));
        (field, of_kind.map(|header| value(&header.body)).collect::<Vec<_>>())
    };
    vec![
        each("iscsi.ahs.type", &|header| header.ahs_type.0.to_string()),
        each("iscsi.ahs.length", &|header| header.body.len().to_string()),
        of_kind(
            "iscsi.ahs.bidir.length",
            |kind| kind == AhsType::BIDIRECTIONAL_READ_LENGTH,
            |octets| u32::from_be_bytes(octets[1..].try_into().unwrap()).to_string(),
        ),
        of_kind(
            "iscsi.ahs.extended_cdb",
            |kind| kind == AhsType::EXTENDED_CDB,
            |octets| ::hex::encode(&octets[1..]),
        ),
    ]
}

fn task_management_request(pdu: &TaskManagementRequest) -> Vec<Shown> {
    let TaskManagementRequest { immediate, function, lun, itt, referenced_task_tag, .. } = pdu;
    let TaskManagementRequest { cmd_sn, exp_stat_sn, ref_cmd_sn, exp_data_sn: _, .. } = pdu;
    vec![
        flag("iscsi.I", *immediate),
        hex("iscsi.taskmanfun.function", [function.0]),
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        hex("iscsi.taskmanfun.referencedtasktag", referenced_task_tag.0.to_be_bytes()),
        decimal(CMD_SN, cmd_sn.0),
        decimal(EXP_STAT_SN, exp_stat_sn.0),
        decimal("iscsi.refcmdsn", ref_cmd_sn.0),
    ]
}

fn login_request(pdu: &LoginRequest) -> Vec<Shown> {
    let LoginRequest { transit, continues, current_stage, next_stage, version_max, version_min, .. } = pdu;
    let LoginRequest { isid, tsih, itt, cid, cmd_sn, exp_stat_sn, text, .. } = pdu;
    vec![
        flag("iscsi.login.T", *transit),
        flag("iscsi.login.C", *continues),
        hex("iscsi.login.csg", [current_stage.0]),
        only_if(*transit, hex("iscsi.login.nsg", [next_stage.0])),
        hex("iscsi.versionmax", [*version_max]),
        hex("iscsi.versionmin", [*version_min]),
        octets("iscsi.isid", &isid.0),
        hex("iscsi.tsih", tsih.to_be_bytes()),
        hex(ITT, itt.0.to_be_bytes()),
        hex("iscsi.cid", cid.to_be_bytes()),
        decimal(CMD_SN, cmd_sn.0),
        decimal(EXP_STAT_SN, exp_stat_sn.0),
        shown_text(text),
    ]
}

fn text_request(pdu: &TextRequest) -> Vec<Shown> {
    let TextRequest { immediate, is_final, continues, lun, itt, ttt, cmd_sn, exp_stat_sn, text } = pdu;
    vec![
        flag("iscsi.I", *immediate),
        flag("iscsi.text.F", *is_final),
        flag("iscsi.text.C", *continues),
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        hex(TTT, ttt.0.to_be_bytes()),
        decimal(CMD_SN, cmd_sn.0),
        decimal(EXP_STAT_SN, exp_stat_sn.0),
        shown_text(text),
    ]
}

fn data_out(pdu: &DataOut) -> Vec<Shown> {
    let DataOut { is_final, lun, itt, ttt, exp_stat_sn, data_sn, buffer_offset, data: _ } = pdu;
    vec![
        flag("iscsi.scsidata.F", *is_final),
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        hex(TTT, ttt.0.to_be_bytes()),
        decimal(EXP_STAT_SN, exp_stat_sn.0),
        decimal("iscsi.datasn", *data_sn),
        decimal("iscsi.bufferOffset", *buffer_offset),
    ]
}

fn logout_request(pdu: &LogoutRequest) -> Vec<Shown> {
    let LogoutRequest { immediate, reason, itt, cid, cmd_sn, exp_stat_sn } = pdu;
    vec![
        flag("iscsi.I", *immediate),
        hex("iscsi.logout.reason", [reason.0]),
        hex(ITT, itt.0.to_be_bytes()),
        hex("iscsi.cid", cid.to_be_bytes()),
        decimal(CMD_SN, cmd_sn.0),
        decimal(EXP_STAT_SN, exp_stat_sn.0),
    ]
}

fn snack(pdu: &Snack) -> Vec<Shown> {
    let Snack { snack_type, lun, itt, transfer_or_snack_tag, exp_stat_sn, beg_run, run_length } = pdu;
    vec![
        decimal("iscsi.snack.type", snack_type.0),
        shown_lun(*lun),
        hex(ITT, itt.0.to_be_bytes()),
        hex(TTT, transfer_or_snack_tag.to_be_bytes()),
        decimal(EXP_STAT_SN, exp_stat_sn.0),
        hex("iscsi.snack.begrun", beg_run.to_be_bytes()),
        decimal("iscsi.snack.runlength", *run_length),
    ]
}
