//! Nothing that the dissector knows is left out without a reason.

use std::collections::BTreeSet;

use iscsi_tests::lab::Dissection;

use crate::comparison::fields;
use crate::sessions::{ON, sessions};

/// Fields of the dissector that are not compared.
const LEFT_OUT: [(&str, &str); 24] = [
    ("iscsi.request_frame", "made by the dissector"),
    ("iscsi.time", "made by the dissector"),
    ("iscsi.data_in_frame", "made by the dissector"),
    ("iscsi.data_out_frame", "made by the dissector"),
    ("iscsi.response_frame", "made by the dissector"),
    ("iscsi.ahs.unknown_blob", "the content of an unknown header, whose type and length are compared"),
    ("iscsi.padding", "zeros, by tests/codec"),
    ("iscsi.vendorspecificdata", "not shown by this version"),
    ("iscsi.X", "of a draft"),
    ("iscsi.flags", "the octet whose bits are compared"),
    ("iscsi.scsicommand.crn", "of a draft"),
    ("iscsi.isid8", "of a draft"),
    ("iscsi.isid.type", "of a draft"),
    ("iscsi.isid.namingauthority", "of a draft"),
    ("iscsi.isid.qualifier", "of a draft"),
    ("iscsi.isid.t", "a part of iscsi.isid"),
    ("iscsi.isid.a", "a part of iscsi.isid"),
    ("iscsi.isid.b", "a part of iscsi.isid"),
    ("iscsi.isid.c", "a part of iscsi.isid"),
    ("iscsi.isid.d", "a part of iscsi.isid"),
    ("iscsi.tsid", "of a draft"),
    ("iscsi.login.X", "of a draft"),
    ("iscsi.keyvalue.invalid", "an alarm of the dissector"),
    ("iscsi.opcode.invalid", "an alarm of the dissector"),
];

#[test]
fn every_field_is_compared_or_left_out_for_a_reason() {
    let compared: BTreeSet<_> =
        sessions().into_iter().flatten().flat_map(|pdu| fields(&pdu, ON)).map(|(field, _)| field).collect();
    let known = Dissection::fields_of("iscsi");
    let left_out: BTreeSet<_> = LEFT_OUT.iter().map(|(field, _)| *field).collect();
    let forgotten: Vec<_> = known
        .iter()
        .filter(|field| !compared.contains(field.as_str()) && !left_out.contains(field.as_str()))
        .collect();
    assert!(forgotten.is_empty(), "neither compared nor left out: {forgotten:?}");
    let needless: Vec<_> = left_out
        .iter()
        .filter(|field| compared.contains(*field) || !known.iter().any(|known| known == *field))
        .collect();
    assert!(needless.is_empty(), "left out needlessly: {needless:?}");
}
