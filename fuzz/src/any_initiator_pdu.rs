//! Arbitrary PDUs of an initiator.

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;
use iscsi_pdu::{
    AdditionalHeader, AdditionalHeaders, AhsType, Bhs, DataOut, InitiatorPdu, InitiatorTaskTag, Isid,
    LoginRequest, LogoutReason, LogoutRequest, Lun, NopOut, RawPdu, ScsiCommand, SerialNumber, Snack,
    SnackType, Stage, TargetTransferTag, TaskAttribute, TaskManagementFunction, TaskManagementRequest,
    TextRequest,
};

/// Returns a PDU of a kind and with fields chosen by `source`, each field over its full range.
///
/// # Errors
/// If `source` has no bytes left.
pub fn any_initiator_pdu(source: &mut Unstructured<'_>) -> Result<InitiatorPdu> {
    Ok(match source.int_in_range(0..=8)? {
        0 => InitiatorPdu::NopOut(nop_out(source)?),
        1 => InitiatorPdu::ScsiCommand(scsi_command(source)?),
        2 => InitiatorPdu::TaskManagementRequest(task_management_request(source)?),
        3 => InitiatorPdu::LoginRequest(login_request(source)?),
        4 => InitiatorPdu::TextRequest(text_request(source)?),
        5 => InitiatorPdu::DataOut(data_out(source)?),
        6 => InitiatorPdu::LogoutRequest(logout_request(source)?),
        7 => InitiatorPdu::Snack(snack(source)?),
        _ => InitiatorPdu::Vendor(vendor(source, 0x1c)?),
    })
}

pub(crate) fn any<'a, Value: Arbitrary<'a>>(source: &mut Unstructured<'a>) -> Result<Value> {
    source.arbitrary()
}

/// Returns an unsigned number of this many bits.
pub(crate) fn bits(source: &mut Unstructured<'_>, count: u32) -> Result<u8> {
    Ok(source.arbitrary::<u8>()? & (0xff >> (8 - count)))
}

/// Returns up to 600 bytes: longer than any header, with every padding.
pub(crate) fn data(source: &mut Unstructured<'_>) -> Result<Bytes> {
    let length = source.int_in_range(0..=600)?.min(source.len());
    Ok(Bytes::copy_from_slice(source.bytes(length)?))
}

/// Returns a vendor-specific PDU with one of the three opcodes from `first` on.
pub(crate) fn vendor(source: &mut Unstructured<'_>, first: u8) -> Result<RawPdu> {
    let mut bytes: [u8; 48] = any(source)?;
    bytes[0] = bytes[0] & 0xc0 | (first + source.int_in_range(0..=2)?);
    let data = data(source)?;
    let length = u32::try_from(data.len()).expect("at most 600").to_be_bytes();
    bytes[4..8].copy_from_slice(&length);
    Ok(RawPdu::with_data(Bhs::from_bytes(bytes), data))
}

fn nop_out(source: &mut Unstructured<'_>) -> Result<NopOut> {
    Ok(NopOut {
        immediate: any(source)?,
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        ttt: TargetTransferTag(any(source)?),
        cmd_sn: SerialNumber(any(source)?),
        exp_stat_sn: SerialNumber(any(source)?),
        data: data(source)?,
    })
}

fn scsi_command(source: &mut Unstructured<'_>) -> Result<ScsiCommand> {
    Ok(ScsiCommand {
        immediate: any(source)?,
        is_final: any(source)?,
        read: any(source)?,
        write: any(source)?,
        attribute: TaskAttribute(bits(source, 3)?),
        priority: bits(source, 4)?,
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        expected_data_transfer_length: any(source)?,
        cmd_sn: SerialNumber(any(source)?),
        exp_stat_sn: SerialNumber(any(source)?),
        cdb: any(source)?,
        additional_headers: additional_headers(source)?,
        data: data(source)?,
    })
}

/// Returns at most three additional headers, of known and unknown types.
fn additional_headers(source: &mut Unstructured<'_>) -> Result<AdditionalHeaders> {
    let mut headers = Vec::new();
    for _ in 0..bits(source, 2)? {
        let length = source.int_in_range(1..=300)?;
        let body: Vec<u8> = (0..length).map(|_| any(source)).collect::<Result<_>>()?;
        headers.push(AdditionalHeader { ahs_type: AhsType(any(source)?), body: body.into() });
    }
    Ok(AdditionalHeaders::from_headers(&headers).expect("900 bytes and their padding fit"))
}

fn task_management_request(source: &mut Unstructured<'_>) -> Result<TaskManagementRequest> {
    Ok(TaskManagementRequest {
        immediate: any(source)?,
        function: TaskManagementFunction(bits(source, 7)?),
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        referenced_task_tag: InitiatorTaskTag(any(source)?),
        cmd_sn: SerialNumber(any(source)?),
        exp_stat_sn: SerialNumber(any(source)?),
        ref_cmd_sn: SerialNumber(any(source)?),
        exp_data_sn: SerialNumber(any(source)?),
    })
}

fn login_request(source: &mut Unstructured<'_>) -> Result<LoginRequest> {
    Ok(LoginRequest {
        transit: any(source)?,
        continues: any(source)?,
        current_stage: Stage(bits(source, 2)?),
        next_stage: Stage(bits(source, 2)?),
        version_max: any(source)?,
        version_min: any(source)?,
        isid: Isid(any(source)?),
        tsih: any(source)?,
        itt: InitiatorTaskTag(any(source)?),
        cid: any(source)?,
        cmd_sn: SerialNumber(any(source)?),
        exp_stat_sn: SerialNumber(any(source)?),
        text: data(source)?,
    })
}

fn text_request(source: &mut Unstructured<'_>) -> Result<TextRequest> {
    Ok(TextRequest {
        immediate: any(source)?,
        is_final: any(source)?,
        continues: any(source)?,
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        ttt: TargetTransferTag(any(source)?),
        cmd_sn: SerialNumber(any(source)?),
        exp_stat_sn: SerialNumber(any(source)?),
        text: data(source)?,
    })
}

fn data_out(source: &mut Unstructured<'_>) -> Result<DataOut> {
    Ok(DataOut {
        is_final: any(source)?,
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        ttt: TargetTransferTag(any(source)?),
        exp_stat_sn: SerialNumber(any(source)?),
        data_sn: any(source)?,
        buffer_offset: any(source)?,
        data: data(source)?,
    })
}

fn logout_request(source: &mut Unstructured<'_>) -> Result<LogoutRequest> {
    Ok(LogoutRequest {
        immediate: any(source)?,
        reason: LogoutReason(bits(source, 7)?),
        itt: InitiatorTaskTag(any(source)?),
        cid: any(source)?,
        cmd_sn: SerialNumber(any(source)?),
        exp_stat_sn: SerialNumber(any(source)?),
    })
}

fn snack(source: &mut Unstructured<'_>) -> Result<Snack> {
    Ok(Snack {
        snack_type: SnackType(bits(source, 4)?),
        lun: Lun(any(source)?),
        itt: InitiatorTaskTag(any(source)?),
        transfer_or_snack_tag: any(source)?,
        exp_stat_sn: SerialNumber(any(source)?),
        beg_run: any(source)?,
        run_length: any(source)?,
    })
}
