//! What was written beside what the dissector shows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use iscsi_pdu::{BHS_LENGTH, Digests, InitiatorPdu, TargetPdu, WirePdu};
use iscsi_tests::lab::Dissection;

use crate::capture_file::TARGET;
use crate::initiator_fields::initiator_fields;
use crate::judged::Judged;
use crate::shown::{Shown, decimal, hex};
use crate::target_fields::target_fields;

/// One field of one PDU that is not shown as it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) pdu: &'static str,
    pub(crate) field: &'static str,
    pub(crate) set: Vec<String>,
    pub(crate) shown: Vec<String>,
}

/// Fields that may come again behind their own: in the header inside a Reject (whose digest is read as that header's), or
/// where the dissector of SCSI repeats them.
const REPEATED: [&str; 13] = [
    "iscsi.headerdigest32",
    "iscsi.opcode",
    "iscsi.I",
    "iscsi.totalahslength",
    "iscsi.datasegmentlength",
    "iscsi.initiatortasktag",
    "iscsi.targettransfertag",
    "iscsi.cmdsn",
    "iscsi.expstatsn",
    "scsi.lun",
    "iscsi.flags",
    "scsi.spc.opcode",
    "iscsi.scsiresponse.status",
];

/// Every field that the dissector has to show for a PDU with these digests.
pub(crate) fn fields(pdu: &Judged, digests: Digests) -> Vec<Shown> {
    let raw = pdu.encode();
    let mut fields = vec![hex("iscsi.opcode", [raw.bhs.opcode().0])];
    let words = raw.ahs.as_ref().map_or(0, Bytes::len) / 4;
    if !matches!(pdu, Judged::Target(TargetPdu::TaskManagementResponse(_))) {
        fields.push(decimal("iscsi.totalahslength", u64::try_from(words).unwrap()));
        fields.push(decimal("iscsi.datasegmentlength", u64::try_from(raw.data.len()).unwrap()));
    }
    fields.extend(match pdu {
        Judged::Initiator(pdu) => initiator_fields(pdu),
        Judged::Target(pdu) => target_fields(pdu),
    });
    let is_vendors =
        matches!(pdu, Judged::Initiator(InitiatorPdu::Vendor(_)) | Judged::Target(TargetPdu::Vendor(_)));
    if !is_vendors {
        fields.extend(digest_fields(pdu, digests));
    }
    fields
}

fn digest_fields(pdu: &Judged, digests: Digests) -> Vec<Shown> {
    let raw = pdu.encode();
    let (ahs, has_data) = (raw.ahs.as_ref().map_or(0, Bytes::len), !raw.data.is_empty());
    let octets = WirePdu::new(raw, digests).unwrap().parts().concat();
    let mut fields = Vec::new();
    if digests.header {
        fields.push(hex("iscsi.headerdigest32", &octets[BHS_LENGTH + ahs..][..4]));
    }
    if digests.data && has_data {
        fields.push(hex("iscsi.datadigest32", &octets[octets.len() - 4..]));
    }
    fields
}

/// Compares the packets of a capture, each a PDU, with what was written into them.
pub(crate) fn compare(file: &Path, pdus: &[(Judged, Digests)]) -> Vec<Difference> {
    let expected: Vec<_> = pdus.iter().map(|(pdu, digests)| fields(pdu, *digests)).collect();
    let names: BTreeSet<_> = expected.iter().flatten().map(|(field, _)| *field).collect();
    let names: Vec<_> = names.into_iter().collect();
    let dissection = Dissection::of(file, TARGET);
    assert_eq!(dissection.malformed(), Vec::<String>::new());
    let rows = dissection.fields("tcp.len > 0", &names);
    assert_eq!(rows.len(), pdus.len(), "PDUs and packets");
    let rows = rows.into_iter().map(|row| names.iter().copied().zip(row).collect::<BTreeMap<_, _>>());
    let compared = rows.zip(pdus).zip(expected);
    compared.flat_map(|((row, (pdu, _)), expected)| differences(pdu, &row, expected)).collect()
}

fn differences(
    pdu: &Judged,
    row: &BTreeMap<&'static str, Vec<String>>,
    expected: Vec<Shown>,
) -> Vec<Difference> {
    let name = pdu.encode().bhs.opcode().name().unwrap_or("vendor");
    let judge = |(field, set): Shown| {
        let mut shown = row.get(field).cloned().unwrap_or_default();
        if REPEATED.contains(&field) {
            shown.truncate(1);
        }
        (shown != set).then_some(Difference { pdu: name, field, set, shown })
    };
    expected.into_iter().filter_map(judge).collect()
}
