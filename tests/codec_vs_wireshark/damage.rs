//! Checks of the comparison itself: after one byte is changed, it names the field that the byte belongs to.

use fastrand::Rng;
use iscsi_pdu::{BHS_LENGTH, Digests, Opcode};

use crate::comparison::compare;
use crate::disagreements::DISSECTOR_DISAGREES;
use crate::record::ScratchRecord;
use crate::samples::{OPCODES, Sample};
use crate::written::{Written, connection};

/// Opcode, a byte, and the field that ends with this byte.
const DAMAGE: [(u8, usize, &str); 26] = [
    (0x00, 27, "iscsi.cmdsn"),
    (0x01, 23, "iscsi.scsicommand.expecteddatatransferlength"),
    (0x02, 35, "iscsi.refcmdsn"),
    (0x03, 21, "iscsi.cid"),
    (0x03, BHS_LENGTH, "iscsi.keyvalue"),
    (0x04, 23, "iscsi.targettransfertag"),
    (0x05, 15, "scsi.lun"),
    (0x06, 31, "iscsi.expstatsn"),
    (0x10, 47, "iscsi.snack.runlength"),
    (0x1c, BHS_LENGTH, "iscsi.vendorspecificdata"),
    (0x1d, BHS_LENGTH, "iscsi.vendorspecificdata"),
    (0x1e, BHS_LENGTH, "iscsi.vendorspecificdata"),
    (0x20, 19, "iscsi.initiatortasktag"),
    (0x21, 47, "iscsi.scsiresponse.residualcount"),
    (0x22, 27, "iscsi.statsn"),
    (0x23, 37, "iscsi.login.status"),
    (0x24, 31, "iscsi.expcmdsn"),
    (0x24, BHS_LENGTH, "iscsi.keyvalue"),
    (0x25, 43, "iscsi.bufferOffset"),
    (0x26, 41, "iscsi.time2wait"),
    (0x31, 39, "iscsi.r2tsn"),
    (0x32, 43, "iscsi.parameter3"),
    (0x3c, BHS_LENGTH, "iscsi.vendorspecificdata"),
    (0x3d, BHS_LENGTH, "iscsi.vendorspecificdata"),
    (0x3e, BHS_LENGTH, "iscsi.vendorspecificdata"),
    (0x3f, 35, "iscsi.maxcmdsn"),
];

/// A sample long enough to contain the damaged byte.
fn sample(opcode: u8, at: usize, rng: &mut Rng) -> Sample {
    let reaches = |sample: &Sample| at < BHS_LENGTH || !sample.encode().data.is_empty();
    std::iter::repeat_with(|| Sample::any_of(opcode, rng)).find(reaches).unwrap()
}

#[test]
fn a_damaged_byte_is_found_in_its_field() {
    let mut rng = Rng::with_seed(2);
    let mut scratch = ScratchRecord::create();
    let mut written = connection(&mut scratch.record, Digests::default(), Vec::new());
    for (opcode, at, _) in DAMAGE {
        let sample = sample(opcode, at, &mut rng);
        written.push(Written::damaged(&mut scratch.record, sample, Digests::default(), |bytes| {
            bytes[at] ^= 1;
        }));
    }
    let differences = compare(&scratch.dissection(), &written, DISSECTOR_DISAGREES).differences;
    let found: Vec<_> = differences.iter().map(|found| (found.opcode, found.field.as_str())).collect();
    assert_eq!(found, DAMAGE.map(|(opcode, _, field)| (Opcode(opcode), field)), "{differences:?}");
}

#[test]
fn every_kind_of_pdu_is_damaged() {
    assert!(OPCODES.iter().all(|opcode| DAMAGE.iter().any(|(damaged, ..)| damaged == opcode)));
}

/// Damages one bit of the header digest in one PDU, and one bit of the data digest in another.
#[test]
fn a_damaged_digest_is_bad() {
    let both = Digests { header: true, data: true };
    let mut rng = Rng::with_seed(3);
    let mut scratch = ScratchRecord::create();
    connection(&mut scratch.record, both, Vec::new());
    for from_the_end in [false, true] {
        let sample = sample(0x00, BHS_LENGTH, &mut rng);
        Written::damaged(&mut scratch.record, sample, both, |bytes| {
            let at = if from_the_end { bytes.len() - 1 } else { BHS_LENGTH };
            bytes[at] ^= 1;
        });
    }
    let details = scratch.dissection().details("iscsi.opcode == 0x00");
    let lines = |digest, verdict| {
        details.lines().filter(|line| line.contains(digest) && line.contains(verdict)).count()
    };
    assert_eq!((lines("HeaderDigest: ", "(Good"), lines("HeaderDigest: ", "(Bad")), (2, 1));
    assert_eq!((lines("DataDigest: ", "(Good"), lines("DataDigest: ", "(Bad")), (2, 1));
}
