//! Bytes that the comparison cannot check: every byte of every header is changed in turn, and a change that makes no
//! difference has to be in the table of blind spots.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use fastrand::Rng;
use iscsi_pdu::{BHS_LENGTH, Digests, TargetPdu};

use crate::comparison::compare;
use crate::disagreements::DISSECTOR_DISAGREES;
use crate::record::ScratchRecord;
use crate::samples::{OPCODES, Pdu, Sample};
use crate::written::{Written, connection};

/// Opcode, bytes, and their meaning. The test fails for a byte that is missing here, and for a byte listed here in which
/// a change is detected.
const BLIND_SPOTS: [(u8, RangeInclusive<usize>, &str); 21] = [
    (0x01, 33..=33, "flags in the CDB, which the dissector shows bit by bit"),
    (0x01, 46..=47, "group number and control in the CDB, which the dissector shows bit by bit"),
    (0x02, 36..=39, "ExpDataSN, for which it has no line"),
    (0x02, 40..=47, "reserved"),
    (0x03, 22..=23, "reserved"),
    (0x03, 32..=47, "reserved"),
    (0x06, 22..=23, "reserved"),
    (0x1c, 1..=3, "the vendor's"),
    (0x1c, 8..=47, "the vendor's"),
    (0x1d, 1..=3, "the vendor's"),
    (0x1d, 8..=47, "the vendor's"),
    (0x1e, 1..=3, "the vendor's"),
    (0x1e, 8..=47, "the vendor's"),
    (0x20, 36..=47, "reserved"),
    (0x21, 20..=23, "the SNACK tag, for which it has no line"),
    (0x3c, 1..=3, "the vendor's"),
    (0x3c, 8..=47, "the vendor's"),
    (0x3d, 1..=3, "the vendor's"),
    (0x3d, 8..=47, "the vendor's"),
    (0x3e, 1..=3, "the vendor's"),
    (0x3e, 8..=47, "the vendor's"),
];

/// `TotalAHSLength` and `DataSegmentLength`, which are not changed: a PDU with another end cannot be compared.
const LENGTHS: Range<usize> = 4..8;

#[test]
fn blind_spots_are_known() {
    let mut rng = Rng::with_seed(4);
    let mut scratch = ScratchRecord::create();
    let mut written = Vec::new();
    let mut unseen = BTreeSet::new();
    for opcode in OPCODES {
        let sample = with_all_fields(opcode, &mut rng);
        for at in (0..BHS_LENGTH).filter(|at| !LENGTHS.contains(at)) {
            damage(&mut scratch, &mut written, sample.clone(), at);
            unseen.insert((written.last().unwrap().frame, opcode, at));
        }
    }
    let seen = compare(&scratch.dissection(), &written, DISSECTOR_DISAGREES).differences;
    let seen: BTreeSet<u64> = seen.iter().map(|difference| difference.frame).collect();
    unseen.retain(|(frame, ..)| !seen.contains(frame));
    let unseen: Vec<_> = unseen.into_iter().map(|(_, opcode, at)| (opcode, at)).collect();
    let known = BLIND_SPOTS.into_iter().flat_map(|(opcode, bytes, _)| bytes.map(move |at| (opcode, at)));
    assert_eq!(unseen, known.collect::<Vec<_>>());
}

/// Writes a damaged PDU on a connection of its own, since the dissector may lose the PDU after one that it does not
/// understand.
fn damage(scratch: &mut ScratchRecord, written: &mut Vec<Written>, sample: Sample, at: usize) {
    let digests = Digests::default();
    written.extend(connection(&mut scratch.record, digests, Vec::new()));
    written.push(Written::damaged(&mut scratch.record, sample, digests, |bytes| bytes[at] ^= 1));
}

/// A sample with every field of its kind: a Data-In without A and S has fewer.
fn with_all_fields(opcode: u8, rng: &mut Rng) -> Sample {
    let has_all = |sample: &Sample| match &sample.pdu {
        Pdu::Target(TargetPdu::DataIn(data_in)) => data_in.acknowledge && data_in.has_status,
        _ => true,
    };
    std::iter::repeat_with(|| Sample::any_of(opcode, rng)).find(has_all).unwrap()
}
