//! What an answer to `SendTargets` says: targets, and records that cannot be used (RFC 7143, appendix C).

use std::collections::HashSet;
use std::fmt::Write as _;

use iscsi_pdu::{IscsiName, TargetAddress};

use crate::error::ProtocolViolation;
use crate::{Deviation, ObservedDeviation, Strictness, Tolerance};

/// Most bytes that are kept of the text of one.
const MAX_TEXT: usize = 1024;
/// The end of a text that was longer.
const CUT: &str = "…";

/// The targets of a `SendTargets` answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiscoveredTargets {
    /// The targets, in the order in which they are first named.
    pub targets: Vec<DiscoveredTarget>,
    /// Malformed records that belong to none of the targets.
    pub unusable: Vec<UnusableRecord>,
    /// How many more records are malformed: of all of them, those of targets included, 256 are kept.
    pub more_unusable: usize,
    /// Harmless deviations of the login of the session that asked; those of the records are with their targets.
    pub login_deviations: Vec<ObservedDeviation>,
}

/// A target and where it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiscoveredTarget {
    /// Its name, byte for byte as the target gave it.
    pub name: IscsiName,
    /// Its addresses without duplicates, in the target's order.
    pub addresses: Vec<TargetAddress>,
    /// Which rule the name breaks, if it is outside the grammar of its type.
    pub name_deviation: Option<ObservedDeviation>,
    /// Which of the addresses came in an odd form, and in which.
    pub deviations: Vec<AddressDeviation>,
    /// Addresses, and pairs of other kinds, that cannot be used.
    pub unusable: Vec<UnusableRecord>,
    /// An address was given, usable or not.
    pub(crate) has_address: bool,
}

/// An address that came in an odd form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressDeviation {
    /// The address that it means.
    pub address: TargetAddress,
    /// What is odd about it, with its text.
    pub observed: ObservedDeviation,
}

/// A malformed record, or a part of one. It holds text of the target, to be escaped before it reaches a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableRecord {
    /// Its pairs between blanks, as they were received but for bytes that are not UTF-8 text, which are escaped; at most 1024
    /// bytes.
    pub text: String,
    /// What is wrong with it.
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

    /// Adds a pair behind the one that made the record unusable, if there is room for it.
    pub(crate) fn append(&mut self, key: &str, value: &str) {
        if self.text.len() + " =".len() + key.len() + value.len() <= MAX_TEXT {
            // Writing to a growing text cannot fail.
            let _ = write!(self.text, " {key}={value}");
        }
    }

    /// The row of the table that it is.
    #[must_use]
    pub fn observed(&self) -> ObservedDeviation {
        ObservedDeviation::new(&Deviation::RECORD_UNUSABLE, format!("{}: {}", self.reason, self.text))
    }
}

/// For an initiator that tolerates no unusable record.
impl From<UnusableRecord> for ProtocolViolation {
    fn from(UnusableRecord { text, reason }: UnusableRecord) -> Self {
        Self::Record { text, reason: Box::new(reason) }
    }
}

impl DiscoveredTargets {
    /// Most targets that an answer may name.
    pub const MAX_TARGETS: usize = 10_000;

    /// Every harmless deviation: those of the login, then those of the records; at most four of each row of the table.
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
    /// Most addresses that an answer may give it, not counting duplicates.
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

    /// The target came without any address, usable or not: it is at the portal that was asked (DIS-05).
    #[must_use]
    pub const fn is_at_the_portal_asked(&self) -> bool {
        !self.has_address
    }

    /// Portals, host and port, that come with several portal group tags. Some targets do so; their tags say nothing
    /// (DIS-07).
    #[must_use]
    pub fn portals_in_several_groups(&self) -> HashSet<(&str, u16)> {
        let mut seen = HashSet::new();
        let portals = self.addresses.iter().map(|address| (address.host.as_str(), address.port));
        portals.filter(|portal| !seen.insert(*portal)).collect()
    }
}
