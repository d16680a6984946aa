//! Field values that RFC 7143 allows an initiator, except those that the dissector does not read (see `refusals`).

use bytes::Bytes;
use fastrand::Rng;
use iscsi_pdu::{
    AdditionalHeader, AdditionalHeaders, AhsType, InitiatorPdu, InitiatorTaskTag, LoginRequest, LogoutReason,
    Lun, ScsiCommand, Snack, SnackType, Stage, TaskManagementFunction,
};

use crate::samples::Pairs;

/// Brings random fields within the rules.
pub(crate) fn obey(pdu: &mut InitiatorPdu, rng: &mut Rng, pairs: &Pairs) {
    match pdu {
        InitiatorPdu::NopOut(pdu) => pdu.lun = lun(rng),
        InitiatorPdu::ScsiCommand(pdu) => scsi_command(pdu, rng),
        InitiatorPdu::TaskManagementRequest(pdu) => {
            pdu.function = TaskManagementFunction(rng.u8(1..=8));
            pdu.lun = lun(rng);
        }
        InitiatorPdu::LoginRequest(pdu) => login_request(pdu, rng, pairs),
        InitiatorPdu::TextRequest(pdu) => {
            (pdu.is_final, pdu.continues) = final_or_continued(rng);
            pdu.lun = lun(rng);
            pdu.text = pairs.written();
        }
        InitiatorPdu::DataOut(pdu) => pdu.lun = lun(rng),
        InitiatorPdu::LogoutRequest(pdu) => pdu.reason = LogoutReason(rng.u8(0..=2)),
        InitiatorPdu::Snack(pdu) => snack(pdu, rng),
        _ => {}
    }
}

/// 11.10.1 and 11.10.2: F and C exclude each other. The dissector wants one of them.
pub(crate) fn final_or_continued(rng: &mut Rng) -> (bool, bool) {
    let is_final = rng.bool();
    (is_final, !is_final)
}

/// 11.12.1 to 11.12.3: T, C, CSG and NSG. T and C exclude each other, stage 2 does not exist, and T leads to a later
/// stage.
pub(crate) fn stages(rng: &mut Rng) -> (bool, bool, Stage, Stage) {
    const TRANSITS: [(Stage, Stage); 3] = [
        (Stage::SECURITY, Stage::OPERATIONAL),
        (Stage::SECURITY, Stage::FULL_FEATURE),
        (Stage::OPERATIONAL, Stage::FULL_FEATURE),
    ];
    let (current, next) = TRANSITS[rng.usize(..3)];
    let transit = rng.bool();
    (transit, !transit && rng.bool(), current, next)
}

/// Four levels by peripheral or flat space addressing (SAM-5, 4.7.7.2 and 4.7.7.3).
pub(crate) fn lun(rng: &mut Rng) -> Lun {
    Lun(std::array::from_fn(|at| if at % 2 == 0 { rng.u8(..) & 0x7f } else { rng.u8(1..) }))
}

fn scsi_command(pdu: &mut ScsiCommand, rng: &mut Rng) {
    // 11.3.1: at least one of W and F is set.
    pdu.is_final |= !pdu.write;
    pdu.lun = lun(rng);
    pdu.priority = 0;
    // 11.3.1: data that is expected has a direction.
    if !pdu.read && !pdu.write {
        pdu.expected_data_transfer_length = 0;
    }
    if !pdu.write {
        pdu.data = Bytes::new();
    }
    pdu.cdb[0] = if pdu.read { 0x88 } else { 0x8a };
    if rng.bool() || !pdu.additional_headers.iter().all(|header| is_right(&header)) {
        pdu.additional_headers = known_headers(rng);
    }
}

/// 11.2.2.4: the read length has one size.
fn is_right(header: &AdditionalHeader) -> bool {
    header.ahs_type != AhsType::BIDIRECTIONAL_READ_LENGTH || header.body.len() == 5
}

/// One or both that the RFC defines (11.2.2.3 and 11.2.2.4).
fn known_headers(rng: &mut Rng) -> AdditionalHeaders {
    let mut headers = Vec::new();
    if rng.bool() {
        headers.push(header(AhsType::BIDIRECTIONAL_READ_LENGTH, 4, rng));
    }
    if headers.is_empty() || rng.bool() {
        headers.push(header(AhsType::EXTENDED_CDB, rng.usize(1..=200), rng));
    }
    AdditionalHeaders::from_headers(&headers).unwrap()
}

/// A reserved byte, then so many by chance.
fn header(ahs_type: AhsType, length: usize, rng: &mut Rng) -> AdditionalHeader {
    let mut body = vec![0; 1 + length];
    rng.fill(&mut body[1..]);
    AdditionalHeader { ahs_type, body: body.into() }
}

fn login_request(pdu: &mut LoginRequest, rng: &mut Rng, pairs: &Pairs) {
    (pdu.transit, pdu.continues, pdu.current_stage, pdu.next_stage) = stages(rng);
    pdu.text = pairs.written();
}

/// 11.16.1 and 11.16.4: four types, two of which are not about one task.
fn snack(pdu: &mut Snack, rng: &mut Rng) {
    pdu.snack_type = SnackType(rng.u8(0..=3));
    pdu.lun = lun(rng);
    if [SnackType::STATUS, SnackType::DATA_ACK].contains(&pdu.snack_type) {
        pdu.itt = InitiatorTaskTag::RESERVED;
    }
}
