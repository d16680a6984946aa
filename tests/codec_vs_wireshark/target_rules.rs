//! Field values that RFC 7143 allows a target, except those that the dissector does not read (see `refusals`).

use bytes::Bytes;
use fastrand::Rng;
use iscsi_pdu::{
    AsyncMessage, LoginResponse, LogoutResponseCode, RejectReason, ScsiResponse, ScsiStatus, TargetPdu,
    TaskManagementResponse, TaskManagementResponseCode,
};

use crate::initiator_rules::{final_or_continued, lun, stages};
use crate::samples::Pairs;

/// Brings random fields within the rules.
pub(crate) fn obey(pdu: &mut TargetPdu, rng: &mut Rng, pairs: &Pairs) {
    match pdu {
        TargetPdu::NopIn(pdu) => pdu.lun = lun(rng),
        TargetPdu::ScsiResponse(pdu) => scsi_response(pdu, rng),
        TargetPdu::TaskManagementResponse(pdu) => task_management_response(pdu, rng),
        TargetPdu::LoginResponse(pdu) => login_response(pdu, rng, pairs),
        TargetPdu::TextResponse(pdu) => {
            (pdu.is_final, pdu.continues) = final_or_continued(rng);
            pdu.lun = lun(rng);
            pdu.text = pairs.written();
        }
        TargetPdu::DataIn(pdu) => pdu.lun = lun(rng),
        TargetPdu::LogoutResponse(pdu) => pdu.response = LogoutResponseCode(rng.u8(0..=3)),
        TargetPdu::R2t(pdu) => pdu.lun = lun(rng),
        TargetPdu::AsyncMessage(pdu) => async_message(pdu, rng),
        TargetPdu::Reject(pdu) => pdu.reason = RejectReason(rng.u8(0x02..=0x0c)),
        _ => {}
    }
}

/// 11.4.2: a status of SAM. 11.4.7: sense data goes with CHECK CONDITION.
fn scsi_response(pdu: &mut ScsiResponse, rng: &mut Rng) {
    const STATUSES: [ScsiStatus; 4] =
        [ScsiStatus::GOOD, ScsiStatus::CHECK_CONDITION, ScsiStatus::BUSY, ScsiStatus::TASK_SET_FULL];
    pdu.status = STATUSES[rng.usize(..4)];
    pdu.status_qualifier = 0;
    pdu.sense = Bytes::new();
    if pdu.status == ScsiStatus::CHECK_CONDITION {
        pdu.sense = fixed_sense(rng);
    }
}

/// 18 bytes of fixed format, current error, without information specific to the key (SPC-4, 4.5.3).
fn fixed_sense(rng: &mut Rng) -> Bytes {
    let mut sense = [0; 18];
    rng.fill(&mut sense[2..15]);
    (sense[0], sense[7]) = (0x70, 10);
    Bytes::copy_from_slice(&sense)
}

fn task_management_response(pdu: &mut TaskManagementResponse, rng: &mut Rng) {
    let response = rng.u8(0..=7);
    pdu.response = TaskManagementResponseCode(if response == 7 { 255 } else { response });
    pdu.additional_information = [0; 3];
}

fn login_response(pdu: &mut LoginResponse, rng: &mut Rng, pairs: &Pairs) {
    (pdu.transit, pdu.continues, pdu.current_stage, pdu.next_stage) = stages(rng);
    pdu.text = pairs.written();
}

fn async_message(pdu: &mut AsyncMessage, rng: &mut Rng) {
    pdu.lun = lun(rng);
    pdu.sense = if rng.bool() { fixed_sense(rng) } else { Bytes::new() };
}
