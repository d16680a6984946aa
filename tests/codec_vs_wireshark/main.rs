//! The codec against an independent decoder, the iSCSI dissector of Wireshark.
//!
//! Random PDUs of all kinds and in both directions are encoded and written as packets to a pcap file. For every PDU each
//! field of the dissector is compared: it has to be present with the value that was set, or absent if it was not set.
//! `disagreements` and `refusals` list the differences and the rule of RFC 7143 that decides each; `blind_spots` lists
//! the header bytes that the dissector does not show.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod blind_spots;
mod comparison;
mod damage;
mod disagreements;
mod dissector_fields;
mod initiator_fields;
mod initiator_rules;
mod opening;
mod record;
mod refusals;
mod samples;
mod shown;
mod target_fields;
mod target_rules;
mod written;

use std::collections::BTreeSet;

use fastrand::Rng;
use iscsi_pdu::{Digests, Opcode};
use iscsi_tests::external_targets::Dissection;

use comparison::compare;
use disagreements::DISSECTOR_DISAGREES;
use dissector_fields::{NEVER_SHOWN, NOT_COMPARED, fields_to_compare};
use record::ScratchRecord;
use refusals::DISSECTOR_REFUSES;
use samples::Sample;
use written::{Written, connection, every_setting};

/// The seed of the random samples; any other would do.
const SEED: u64 = 0x7143;

/// The number of samples per opcode and setting of the digests.
fn samples_each() -> usize {
    if std::env::var_os("ISCSI_TESTS_LONG").is_some() { 400 } else { 20 }
}

#[test]
fn every_field_reads_as_it_was_set() {
    let mut scratch = ScratchRecord::create();
    let written = every_setting(&mut scratch.record, samples_each(), &mut Rng::with_seed(SEED));
    let dissection = scratch.dissection();
    let comparison = compare(&dissection, &written, DISSECTOR_DISAGREES);
    let differences = &comparison.differences;
    assert!(differences.is_empty(), "seed {SEED:#x}: {} differences: {differences:#?}", differences.len());
    assert_eq!(dissection.malformed(), Vec::<String>::new(), "seed {SEED:#x}");
    for (place, known) in DISSECTOR_DISAGREES.iter().enumerate() {
        let (opcode, field, rule) = (known.opcode, known.field, known.rule);
        assert!(comparison.met.contains(&place), "{opcode:?}, {field}: no disagreement any more ({rule})");
    }
}

/// The dissector computes the digests by itself and says whether they are right.
#[test]
fn digests_are_good() {
    let mut scratch = ScratchRecord::create();
    let written = every_setting(&mut scratch.record, 5, &mut Rng::with_seed(SEED));
    let headers = written.iter().filter_map(Written::header_digest).count();
    let data = written.iter().filter(|written| is_data_digest_checked(written)).count();
    let details = scratch.dissection().details("iscsi");
    assert_eq!(details.matches("(Good CRC32)").count(), headers + data, "seed {SEED:#x}");
    assert_eq!(details.matches("(Bad CRC32").count(), 0, "seed {SEED:#x}");
}

/// True if the PDU has a data digest and the dissector checks it.
///
/// The dissector takes the data digest of a Reject for the header digest of the rejected header, which has the same CRC.
/// It expects no header digest of a rejected Login Request, nor on a connection without header digests.
fn is_data_digest_checked(written: &Written) -> bool {
    let rejected = written.sample.rejected.as_ref().map(|rejected| rejected.encode().bhs.opcode());
    written.data_digest().is_some()
        && match written.sample.opcode() {
            Opcode::ASYNC_MESSAGE => false,
            Opcode::REJECT => written.digests.header && rejected != Some(Opcode::LOGIN_REQUEST),
            _ => true,
        }
}

#[test]
fn every_field_of_the_dissector_is_compared_or_explained() {
    let mut scratch = ScratchRecord::create();
    let written = every_setting(&mut scratch.record, 20, &mut Rng::with_seed(SEED));
    let mut unseen: BTreeSet<String> = fields_to_compare().into_iter().collect();
    for field in written.iter().flat_map(|written| written.shown().fields().collect::<Vec<_>>()) {
        unseen.remove(field);
    }
    let never: BTreeSet<String> = NEVER_SHOWN.iter().map(|&(field, _)| field.to_owned()).collect();
    assert_eq!(unseen, never, "fields without a value, and those that are said to have none");
    let all = Dissection::field_names("iscsi");
    for (field, reason) in NOT_COMPARED {
        assert!(all.iter().any(|name| name == field), "there is no {field} ({reason})");
    }
}

/// Each refused PDU is on a connection of its own, where the dissector reads all other PDUs.
#[test]
fn what_samples_avoid_is_refused() {
    let mut rng = Rng::with_seed(SEED);
    let mut scratch = ScratchRecord::create();
    let (mut taken, mut refused) = (BTreeSet::new(), Vec::new());
    for refusal in DISSECTOR_REFUSES {
        let opening = connection(&mut scratch.record, Digests::default(), Vec::new());
        taken.extend(opening.iter().map(|written| written.frame));
        let mut sample = Sample::any_of(refusal.opcode.0, &mut rng);
        (refusal.with_it)(&mut sample.pdu);
        let written = Written::new(&mut scratch.record, sample, Digests::default());
        refused.push((written.frame, refusal.rule));
    }
    let rows = scratch.dissection().fields("iscsi", &["frame.number"]);
    let frames: BTreeSet<u64> = rows.iter().map(|row| row[0][0].parse().unwrap()).collect();
    let read: Vec<_> = refused.iter().filter(|(frame, _)| frames.contains(frame)).collect();
    assert!(read.is_empty(), "not refused any more: {read:?}");
    assert_eq!(frames, taken);
}
