//! The variety of the captures: they have to contain every kind of PDU, digest and peer to be a useful test.

use std::collections::BTreeSet;

use iscsi_pdu::{InitiatorPdu, Opcode, TargetPdu};

use crate::captured_pdus;
use crate::connection::Side;

/// Kinds of PDU that no peer could be made to send; `tests/codec` and `tests/codec_vs_wireshark` cover them.
const NEVER_CAPTURED: [Opcode; 3] = [Opcode::SNACK, Opcode::ASYNC_MESSAGE, Opcode::REJECT];

const KINDS: [Opcode; 18] = [
    Opcode::NOP_OUT,
    Opcode::SCSI_COMMAND,
    Opcode::TASK_MANAGEMENT_REQUEST,
    Opcode::LOGIN_REQUEST,
    Opcode::TEXT_REQUEST,
    Opcode::DATA_OUT,
    Opcode::LOGOUT_REQUEST,
    Opcode::SNACK,
    Opcode::NOP_IN,
    Opcode::SCSI_RESPONSE,
    Opcode::TASK_MANAGEMENT_RESPONSE,
    Opcode::LOGIN_RESPONSE,
    Opcode::TEXT_RESPONSE,
    Opcode::DATA_IN,
    Opcode::LOGOUT_RESPONSE,
    Opcode::R2T,
    Opcode::ASYNC_MESSAGE,
    Opcode::REJECT,
];

#[test]
fn every_other_kind_comes_from_each_target_and_its_peers() {
    for target in ["tgt", "istgt", "lio"] {
        let of_target = captured_pdus().filter(|(capture, _)| capture.split('-').next() == Some(target));
        let seen: BTreeSet<_> = of_target.map(|(_, pdu)| pdu.raw.bhs.opcode().0).collect();
        let missing: Vec<_> = KINDS.into_iter().filter(|kind| !seen.contains(&kind.0)).collect();
        assert_eq!(missing, NEVER_CAPTURED, "{target}");
    }
}

#[test]
fn every_peer_speaks() {
    let peers: BTreeSet<_> = captured_pdus().map(|(name, _)| name.rsplitn(2, '-').count()).collect();
    assert_eq!(peers, BTreeSet::from([2]), "names are TARGET-INITIATOR-SUBJECT");
    for initiator in ["libiscsi", "qemu", "kernel"] {
        assert!(captured_pdus().any(|(name, _)| name.split('-').nth(1) == Some(initiator)), "{initiator}");
    }
}

#[test]
fn digests_are_off_on_and_mixed() {
    let seen: BTreeSet<_> = captured_pdus().map(|(_, pdu)| (pdu.digests.header, pdu.digests.data)).collect();
    assert_eq!(seen, BTreeSet::from([(false, false), (true, false), (true, true)]));
}

#[test]
fn data_segments_need_every_number_of_pad_bytes() {
    let seen: BTreeSet<_> = captured_pdus().map(|(_, pdu)| pdu.raw.data.len() % 4).collect();
    assert_eq!(seen.len(), 4);
}

#[test]
fn rare_parts_occur() {
    let pdus: Vec<_> = captured_pdus().map(|(_, pdu)| pdu).collect();
    let initiators: Vec<_> = pdus.iter().filter(|pdu| pdu.side == Side::Initiator).collect();
    let of_initiators = initiators.iter().map(|pdu| InitiatorPdu::decode(pdu.raw.clone()).unwrap());
    let of_targets = pdus.iter().filter(|pdu| pdu.side == Side::Target);
    let of_targets = of_targets.map(|pdu| TargetPdu::decode(pdu.raw.clone()).unwrap());
    let long_cdb = |pdu: &InitiatorPdu| matches!(pdu, InitiatorPdu::ScsiCommand(command) if command.additional_headers.cdb_rest().is_some());
    let sense =
        |pdu: &TargetPdu| matches!(pdu, TargetPdu::ScsiResponse(response) if !response.sense.is_empty());
    assert!(of_initiators.into_iter().any(|pdu| long_cdb(&pdu)), "a CDB longer than 16 bytes");
    assert!(of_targets.into_iter().any(|pdu| sense(&pdu)), "sense data");
}
