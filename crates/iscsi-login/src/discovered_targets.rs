//! The targets and the unusable records of an answer to `SendTargets` (RFC 7143, appendix C).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use iscsi_pdu::{IscsiName, TargetAddress};

use crate::deviation::Deviation;
use crate::error::ProtocolViolation;
use crate::tolerance::{ObservedDeviation, Strictness, Tolerance};

/// The most bytes kept of the text of an unusable record.
const MAX_TEXT: usize = 1024;
/// The mark at the end of a text that was cut.
const CUT: &str = "…";

/// The targets of a `SendTargets` answer
/// ([RFC 7143, appendix C](https://www.rfc-editor.org/rfc/rfc7143#appendix-C)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiscoveredTargets {
    /// The targets, in the order in which the answer first names them.
    pub targets: Vec<DiscoveredTarget>,
    /// Malformed records that belong to no target.
    pub unusable: Vec<UnusableRecord>,
    /// The number of further malformed records: 256 are kept, including those of targets.
    pub more_unusable: usize,
    /// Harmless deviations of the discovery session's login; those of the records are with their targets.
    pub login_deviations: Vec<ObservedDeviation>,
}

/// A target and its addresses
/// ([RFC 7143, appendix C](https://www.rfc-editor.org/rfc/rfc7143#appendix-C)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiscoveredTarget {
    /// Its name, byte for byte as received.
    pub name: IscsiName,
    /// Its addresses without duplicates, in the order of the answer.
    pub addresses: Vec<TargetAddress>,
    /// The rule that the name breaks, if it is outside the grammar of its type.
    pub name_deviation: Option<ObservedDeviation>,
    /// Addresses in a deviating form.
    pub deviations: Vec<AddressDeviation>,
    /// Addresses, and pairs of other kinds, that cannot be used.
    pub unusable: Vec<UnusableRecord>,
    /// Whether an address was given, usable or not.
    pub(crate) has_address: bool,
}

/// An address in a deviating form
/// ([RFC 7143, section 13.8](https://www.rfc-editor.org/rfc/rfc7143#section-13.8)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressDeviation {
    /// The address meant.
    pub address: TargetAddress,
    /// The deviation, with the text received.
    pub observed: ObservedDeviation,
}

/// A malformed record, or a part of one
/// ([RFC 7143, appendix C](https://www.rfc-editor.org/rfc/rfc7143#appendix-C)).
///
/// It contains text from the target, which must be escaped before it reaches a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableRecord {
    /// Its pairs, separated by blanks, as received, except that bytes that are not UTF-8 are escaped; at most 1024 bytes.
    pub text: String,
    /// The rule that it breaks.
    pub reason: ProtocolViolation,
}

impl UnusableRecord {
    pub(crate) fn new(mut text: String, reason: ProtocolViolation) -> Self {
        if text.len() > MAX_TEXT {
            text.truncate(text.floor_char_boundary(MAX_TEXT - CUT.len()));
            text.push_str(CUT);
        }
        text.shrink_to_fit();
        Self { text, reason }
    }

    /// Appends a pair of the same record, if it fits the limit.
    pub(crate) fn append(&mut self, key: &str, value: &str) {
        if self.text.len() + " =".len() + key.len() + value.len() <= MAX_TEXT {
            // Writing to a growing text cannot fail.
            let _ = write!(self.text, " {key}={value}");
        }
    }

    /// The record as an observed deviation.
    #[must_use]
    pub fn observed(&self) -> ObservedDeviation {
        ObservedDeviation::new(&Deviation::RECORD_UNUSABLE, format!("{}: {}", self.reason, self.text))
    }
}

/// The error of an initiator that does not tolerate unusable records.
impl From<UnusableRecord> for ProtocolViolation {
    fn from(UnusableRecord { text, reason }: UnusableRecord) -> Self {
        Self::Record { text, reason: Box::new(reason) }
    }
}

impl DiscoveredTargets {
    /// The most targets that an answer may name.
    pub const MAX_TARGETS: usize = 10_000;

    /// All harmless deviations: those of the login, then those of the records, at most four of each row of the table.
    #[must_use]
    pub fn deviations(&self) -> Vec<ObservedDeviation> {
        let mut all = Tolerance::new(Strictness::Tolerant);
        self.login_deviations.iter().cloned().for_each(|observed| all.record(observed));
        for target in &self.targets {
            target.name_deviation.iter().for_each(|observed| all.record(observed.clone()));
            target.deviations.iter().for_each(|deviation| all.record(deviation.observed.clone()));
            target.unusable.iter().for_each(|record| all.record(record.observed()));
        }
        self.unusable.iter().for_each(|record| all.record(record.observed()));
        all.into_observed()
    }
}

impl DiscoveredTarget {
    /// The most addresses that an answer may give one target, not counting duplicates.
    pub const MAX_ADDRESSES: usize = 128;

    pub(crate) const fn new(name: IscsiName, name_deviation: Option<ObservedDeviation>) -> Self {
        Self {
            name,
            name_deviation,
            addresses: Vec::new(),
            deviations: Vec::new(),
            unusable: Vec::new(),
            has_address: false,
        }
    }

    /// Whether the answer gave no address, usable or not: the target is then at the portal that sent the answer (DIS-05).
    #[must_use]
    pub const fn is_at_the_portal_asked(&self) -> bool {
        !self.has_address
    }

    /// Portals (host and port) listed with several portal group tags (DIS-07). Some targets do so; their tags are meaningless.
    #[must_use]
    pub fn portals_in_several_groups(&self) -> BTreeSet<(&str, u16)> {
        let mut seen = BTreeSet::new();
        let portals = self.addresses.iter().map(|address| (address.host.as_str(), address.port));
        portals.filter(|portal| !seen.insert(*portal)).collect()
    }
}
