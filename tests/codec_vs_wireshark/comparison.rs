//! Comparison of the values that the dissector shows with the values that were written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use iscsi_pdu::Opcode;
use iscsi_tests::external_targets::Dissection;

use crate::disagreements::Disagreement;
use crate::dissector_fields::fields_to_compare;
use crate::written::Written;

/// A field for which the dissector shows other values than expected.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) opcode: Opcode,
    pub(crate) frame: u64,
    pub(crate) field: String,
    pub(crate) expected: Vec<String>,
    pub(crate) shown: Vec<String>,
}

impl fmt::Debug for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { opcode, frame, field, expected, shown } = self;
        write!(formatter, "frame {frame}, {opcode:?}: {field} is {shown:?}, not {expected:?}")
    }
}

/// Each field that is compared, and its values.
type Fields = BTreeMap<String, Vec<String>>;

/// The fields shown of every PDU of a record, by the frame that completes it.
type Frames = BTreeMap<u64, Fields>;

/// The result of a comparison.
pub(crate) struct Comparison {
    /// The differences that nothing explains.
    pub(crate) differences: Vec<Difference>,
    /// The known disagreements that were met, by their place in the table.
    pub(crate) met: BTreeSet<usize>,
}

/// Compares the dissection of a record with the PDUs written to it.
pub(crate) fn compare(dissection: &Dissection, written: &[Written], known: &[Disagreement]) -> Comparison {
    let mut frames = frames(dissection);
    let mut comparison = Comparison { differences: Vec::new(), met: BTreeSet::new() };
    for written in written {
        let shown = frames.remove(&written.frame).unwrap_or_default();
        for difference in differences(written, &shown) {
            match known.iter().position(|known| known.explains(written, &difference)) {
                Some(place) => drop(comparison.met.insert(place)),
                None => comparison.differences.push(difference),
            }
        }
    }
    assert_eq!(frames, Frames::new(), "the dissector finds PDUs where none end");
    comparison
}

fn differences(written: &Written, row: &Fields) -> Vec<Difference> {
    let (opcode, frame, expected) = (written.sample.opcode(), written.frame, written.shown());
    let difference = |(field, shown): (&String, &Vec<String>)| {
        let (field, expected) = (field.clone(), expected.values(field).to_vec());
        (expected != *shown).then(|| Difference { opcode, frame, field, expected, shown: shown.clone() })
    };
    if row.is_empty() {
        let (field, expected) = ("iscsi".to_owned(), vec!["a PDU".to_owned()]);
        return vec![Difference { opcode, frame, field, expected, shown: Vec::new() }];
    }
    row.iter().filter_map(difference).collect()
}

fn frames(dissection: &Dissection) -> Frames {
    let fields = fields_to_compare();
    let mut names = vec!["frame.number"];
    names.extend(fields.iter().map(String::as_str));
    let rows = dissection.fields("iscsi", &names);
    rows.into_iter()
        .map(|row| {
            let mut cells = row.into_iter();
            let frame = cells.next().unwrap()[0].parse().unwrap();
            let values = cells.map(|values| values.iter().map(|value| plain(value)).collect());
            (frame, fields.iter().cloned().zip(values).collect())
        })
        .collect()
}

/// Numbers in decimal.
fn plain(value: &str) -> String {
    match value.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16)) {
        Some(Ok(number)) => number.to_string(),
        _ => value.to_owned(),
    }
}
