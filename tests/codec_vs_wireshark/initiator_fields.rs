//! The fields of an initiator's PDUs under the names that the dissector gives them.
//!
//! Each struct is taken apart without `..`: a field that is new does not compile until it is compared.

use iscsi_pdu::{
    AdditionalHeader, AdditionalHeaders, AhsType, DataOut, InitiatorPdu, LoginRequest, LogoutRequest, NopOut,
    RawPdu, ScsiCommand, Snack, TaskManagementRequest, TextRequest,
};

use crate::samples::Pairs;
use crate::shown::Shown;

/// The fields after those that all PDUs share.
pub(crate) fn fields(shown: &mut Shown, pdu: &InitiatorPdu, pairs: &Pairs) {
    match pdu {
        InitiatorPdu::NopOut(pdu) => nop_out(shown, pdu),
        InitiatorPdu::ScsiCommand(pdu) => scsi_command(shown, pdu),
        InitiatorPdu::TaskManagementRequest(pdu) => task_management_request(shown, pdu),
        InitiatorPdu::LoginRequest(pdu) => login_request(shown, pdu, pairs),
        InitiatorPdu::TextRequest(pdu) => text_request(shown, pdu, pairs),
        InitiatorPdu::DataOut(pdu) => data_out(shown, pdu),
        InitiatorPdu::LogoutRequest(pdu) => logout_request(shown, pdu),
        InitiatorPdu::Snack(pdu) => snack(shown, pdu),
        InitiatorPdu::Vendor(raw) => {
            shown.number("iscsi.I", raw.bhs.is_immediate());
            vendor(shown, raw);
        }
        other => panic!("a kind of PDU that the comparison does not know: {other:?}"),
    }
}

/// A vendor's PDU of either direction: the RFC gives its header no fields but those that all PDUs share.
pub(crate) fn vendor(shown: &mut Shown, RawPdu { bhs: _, ahs, data }: &RawPdu) {
    assert_eq!(*ahs, None, "only SCSI Commands have additional headers");
    shown.padded("iscsi.vendorspecificdata", data);
}

fn nop_out(shown: &mut Shown, pdu: &NopOut) {
    let NopOut { immediate, lun, itt, ttt, cmd_sn, exp_stat_sn, data } = pdu;
    shown.number("iscsi.I", *immediate);
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.targettransfertag", ttt.0);
    shown.number("iscsi.cmdsn", cmd_sn.0);
    shown.number("iscsi.expstatsn", exp_stat_sn.0);
    shown.padded("iscsi.pingdata", data);
}

fn scsi_command(shown: &mut Shown, pdu: &ScsiCommand) {
    let ScsiCommand {
        immediate,
        is_final,
        read,
        write,
        attribute,
        // RFC 7144 came after the dissector, which refuses a PDU that has one.
        priority: _,
        lun,
        itt,
        expected_data_transfer_length,
        cmd_sn,
        exp_stat_sn,
        cdb,
        additional_headers,
        data,
    } = pdu;
    shown.number("iscsi.I", *immediate);
    shown.flags(
        &[
            ("iscsi.scsicommand.F", 0x80, *is_final),
            ("iscsi.scsicommand.R", 0x40, *read),
            ("iscsi.scsicommand.W", 0x20, *write),
        ],
        attribute.0,
    );
    shown.number("iscsi.scsicommand.attr", attribute.0);
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.scsicommand.expecteddatatransferlength", *expected_data_transfer_length);
    shown.number("iscsi.cmdsn", cmd_sn.0);
    shown.number("iscsi.expstatsn", exp_stat_sn.0);
    cdb_16(shown, cdb);
    ahs(shown, additional_headers);
    shown.padded("iscsi.immediatedata", data);
    shown.unit_of_command(Some(*lun));
    if !data.is_empty() {
        // The data is dissected as that of its command.
        shown.unit_of_command(Some(*lun));
        shown.number("scsi_sbc.opcode", cdb[0]);
    }
}

/// READ (16) or WRITE (16) (SBC-3, 5.16 and 5.41), the only commands among the samples.
fn cdb_16(shown: &mut Shown, cdb: &[u8; 16]) {
    shown.number("scsi_sbc.opcode", cdb[0]);
    shown.bytes("scsi_sbc.rdwr16.lba", &cdb[2..10]);
    shown.number("scsi_sbc.rdwr12.xferlen", cdb[10..14].try_into().map(u32::from_be_bytes).unwrap());
}

fn ahs(shown: &mut Shown, headers: &AdditionalHeaders) {
    for AdditionalHeader { ahs_type, body } in headers.iter() {
        shown.number("iscsi.ahs.length", body.len() as u64);
        shown.number("iscsi.ahs.type", ahs_type.0);
        match ahs_type {
            AhsType::EXTENDED_CDB => shown.bytes("iscsi.ahs.extended_cdb", &body[1..]),
            AhsType::BIDIRECTIONAL_READ_LENGTH => {
                let length = body[1..5].try_into().map(u32::from_be_bytes).unwrap();
                shown.number("iscsi.ahs.bidir.length", length);
            }
            _ => shown.bytes("iscsi.ahs.unknown_blob", &body),
        }
    }
}

fn task_management_request(shown: &mut Shown, pdu: &TaskManagementRequest) {
    let TaskManagementRequest {
        immediate,
        function,
        lun,
        itt,
        referenced_task_tag,
        cmd_sn,
        exp_stat_sn,
        ref_cmd_sn,
        // The dissector has no line for bytes 36 to 39 of this PDU.
        exp_data_sn: _,
    } = pdu;
    shown.number("iscsi.I", *immediate);
    shown.number("iscsi.taskmanfun.function", function.0);
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.taskmanfun.referencedtasktag", referenced_task_tag.0);
    shown.number("iscsi.cmdsn", cmd_sn.0);
    shown.number("iscsi.expstatsn", exp_stat_sn.0);
    shown.number("iscsi.refcmdsn", ref_cmd_sn.0);
}

fn login_request(shown: &mut Shown, pdu: &LoginRequest, pairs: &Pairs) {
    let LoginRequest {
        transit,
        continues,
        current_stage,
        next_stage,
        version_max,
        version_min,
        isid,
        tsih,
        itt,
        cid,
        cmd_sn,
        exp_stat_sn,
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
    shown.number("iscsi.versionmin", *version_min);
    shown.isid(*isid);
    shown.number("iscsi.tsih", *tsih);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.cid", *cid);
    shown.number("iscsi.cmdsn", cmd_sn.0);
    shown.number("iscsi.expstatsn", exp_stat_sn.0);
    pairs.show(shown, text);
}

fn text_request(shown: &mut Shown, pdu: &TextRequest, pairs: &Pairs) {
    let TextRequest { immediate, is_final, continues, lun, itt, ttt, cmd_sn, exp_stat_sn, text } = pdu;
    shown.number("iscsi.I", *immediate);
    shown.flags(&[("iscsi.text.F", 0x80, *is_final), ("iscsi.text.C", 0x40, *continues)], 0);
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.targettransfertag", ttt.0);
    shown.number("iscsi.cmdsn", cmd_sn.0);
    shown.number("iscsi.expstatsn", exp_stat_sn.0);
    pairs.show(shown, text);
}

fn data_out(shown: &mut Shown, pdu: &DataOut) {
    let DataOut {
        is_final,
        lun,
        itt,
        ttt,
        exp_stat_sn,
        data_sn,
        buffer_offset,
        // Goes to the SCSI dissector, which has no field for it. Length and data digest tell of it.
        data: _,
    } = pdu;
    shown.flags(&[("iscsi.scsidata.F", 0x80, *is_final)], 0);
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.targettransfertag", ttt.0);
    shown.number("iscsi.expstatsn", exp_stat_sn.0);
    shown.number("iscsi.datasn", *data_sn);
    shown.number("iscsi.bufferOffset", *buffer_offset);
}

fn logout_request(shown: &mut Shown, pdu: &LogoutRequest) {
    let LogoutRequest { immediate, reason, itt, cid, cmd_sn, exp_stat_sn } = pdu;
    shown.number("iscsi.I", *immediate);
    shown.number("iscsi.logout.reason", reason.0);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.cid", *cid);
    shown.number("iscsi.cmdsn", cmd_sn.0);
    shown.number("iscsi.expstatsn", exp_stat_sn.0);
}

fn snack(shown: &mut Shown, pdu: &Snack) {
    let Snack { snack_type, lun, itt, transfer_or_snack_tag, exp_stat_sn, beg_run, run_length } = pdu;
    shown.number("iscsi.snack.type", snack_type.0);
    shown.lun(*lun);
    shown.number("iscsi.initiatortasktag", itt.0);
    shown.number("iscsi.targettransfertag", *transfer_or_snack_tag);
    shown.number("iscsi.expstatsn", exp_stat_sn.0);
    shown.number("iscsi.snack.begrun", *beg_run);
    shown.number("iscsi.snack.runlength", *run_length);
}
