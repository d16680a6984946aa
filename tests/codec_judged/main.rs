//! The codec before an independent judge: random valid PDUs are written to a capture file, and the iSCSI dissector of
//! Wireshark has to show every field as it was set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod capture_file;
mod comparison;
mod completeness;
mod disagreement;
mod initiator_fields;
mod judged;
mod sessions;
mod shown;
mod target_fields;
mod valid;

use std::collections::BTreeMap;
use std::path::Path;

use capture_file::CaptureFile;
use comparison::{Difference, compare};
use disagreement::{DISSECTOR_DISAGREES, DISSECTOR_REFUSES};
use iscsi_pdu::{Digests, InitiatorPdu, TargetPdu, WirePdu};
use judged::Judged;
use sessions::{DIGESTS, OFF, agreement, sessions};

/// A session in a file: an agreement on digests, then these PDUs with them. Login PDUs have none (RFC 7143, 13.1).
fn write(path: &Path, pdus: Vec<Judged>, digests: Digests) -> Vec<(Judged, Digests)> {
    let mut file = CaptureFile::create(path);
    let in_order = agreement(&pdus, digests).into_iter().chain(pdus);
    let written: Vec<_> =
        in_order.map(|pdu| if pdu.is_login() { (pdu, OFF) } else { (pdu, digests) }).collect();
    for (pdu, digests) in &written {
        file.push(pdu, *digests);
    }
    written
}

#[test]
fn the_dissector_shows_what_was_set() {
    let folder = tempfile::tempdir().unwrap();
    let mut unused: Vec<_> = DISSECTOR_DISAGREES.iter().collect();
    for (pdus, digests) in sessions().into_iter().zip(DIGESTS) {
        every_kind_is_there(&pdus);
        let file = folder.path().join("session.pcap");
        let written = write(&file, pdus, digests);
        let differences = compare(&file, &written);
        unused.retain(|entry| !differences.iter().any(|difference| entry.explains(difference)));
        let open: Vec<_> = differences
            .iter()
            .filter(|difference| !DISSECTOR_DISAGREES.iter().any(|entry| entry.explains(difference)))
            .collect();
        let kinds: BTreeMap<_, _> = open.iter().map(|open| ((open.pdu, open.field), open)).collect();
        assert!(open.is_empty(), "{digests:?}: {} differences, such as {kinds:#?}", open.len());
    }
    let unused: Vec<_> = unused.iter().map(|entry| (entry.pdu, entry.field, entry.decided_by)).collect();
    assert_eq!(unused, [], "the dissector agrees by now");
}

fn every_kind_is_there(pdus: &[Judged]) {
    let mut kinds: BTreeMap<u8, usize> = BTreeMap::new();
    for pdu in pdus {
        *kinds.entry(pdu.encode().bhs.opcode().0).or_default() += 1;
    }
    let named: Vec<_> = kinds.iter().filter(|(kind, _)| iscsi_pdu::Opcode(**kind).name().is_some()).collect();
    assert_eq!(named.len(), 18, "{kinds:?}");
    assert!(named.iter().all(|(_, count)| **count >= 20), "{kinds:?}");
}

/// The judge can fail: one bit changed on its way, and the one field with it.
#[test]
fn a_changed_bit_is_shown_in_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.pcap");
    for kind in first_of_each_kind() {
        let (at, field) = match &kind {
            Judged::Target(TargetPdu::AsyncMessage(_) | TargetPdu::Reject(_)) => (27, "iscsi.statsn"),
            _ => (19, "iscsi.initiatortasktag"),
        };
        let mut octets = WirePdu::new(kind.encode(), OFF).unwrap().parts().concat();
        octets[at] ^= 2;
        CaptureFile::create(&file).push_octets(kind.side(), &octets);
        let differences = compare(&file, &[(kind.clone(), OFF)]);
        let fields: Vec<_> = differences.iter().map(|difference| difference.field).collect();
        assert_eq!(fields, [field], "{kind:?}");
    }
}

/// Those that have a tag or a status number of their own.
fn first_of_each_kind() -> Vec<Judged> {
    let [pdus, ..] = sessions();
    let mut kinds = BTreeMap::new();
    for pdu in pdus {
        let untagged = match &pdu {
            Judged::Initiator(InitiatorPdu::Snack(pdu)) => !pdu.itt.is_valid(),
            Judged::Initiator(InitiatorPdu::Vendor(_)) | Judged::Target(TargetPdu::Vendor(_)) => true,
            _ => false,
        };
        if !untagged {
            kinds.entry(pdu.encode().bhs.opcode().0).or_insert(pdu);
        }
    }
    kinds.into_values().collect()
}

/// These are ours to send all the same; an entry that the dissector accepts by now has to go.
#[test]
fn the_dissector_refuses_what_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.pcap");
    for (change, decided_by) in DISSECTOR_REFUSES {
        let refused = first_of_each_kind().into_iter().find_map(change).unwrap();
        CaptureFile::create(&file).push(&refused, OFF);
        let differences: Vec<Difference> = compare(&file, &[(refused, OFF)]);
        let opcode = differences.iter().find(|difference| difference.field == "iscsi.opcode");
        assert!(opcode.is_some_and(|opcode| opcode.shown.is_empty()), "it is taken by now: {decided_by}");
    }
}
