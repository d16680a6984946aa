//! Parsing of the answer to `SendTargets` (RFC 7143, appendix C).

use std::collections::BTreeMap;

use iscsi_pdu::{IscsiName, MalformedPair, TargetAddress, TextKeys};

use crate::deviation::Deviation;
use crate::discovered_targets::{AddressDeviation, DiscoveredTarget, DiscoveredTargets, UnusableRecord};
use crate::error::ProtocolViolation;
use crate::received_address::ReceivedAddress;
use crate::tolerance::{ObservedDeviation, Strictness, address_detail};

/// The most unusable records of an answer that are kept.
const MAX_UNUSABLE: usize = 256;

/// Parses the records of an answer, each a name followed by its addresses
/// ([RFC 7143, appendix C](https://www.rfc-editor.org/rfc/rfc7143#appendix-C)).
///
/// With [`Strictness::Tolerant`] one malformed record does not hide the others.
///
/// ```
/// use iscsi_login::Strictness;
/// let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,1\0TargetName=disk/1\0";
/// let found = iscsi_login::parse_send_targets(text, Strictness::Tolerant)?;
/// assert_eq!(found.targets[0].addresses[0].to_string(), "10.0.0.5:3260,1");
/// assert_eq!(found.unusable[0].text, "TargetName=disk/1");
/// assert!(iscsi_login::parse_send_targets(text, Strictness::Strict).is_err());
/// # Ok::<(), iscsi_login::ProtocolViolation>(())
/// ```
///
/// # Errors
/// [`ProtocolViolation`] for an answer that refuses `SendTargets` or exceeds a limit ([`DiscoveredTargets::MAX_TARGETS`],
/// [`DiscoveredTarget::MAX_ADDRESSES`]). With [`Strictness::Strict`] also for other keys, an address before any name, or a name
/// or address that breaks its grammar (DIS-09).
pub fn parse_send_targets(
    text: &[u8],
    strictness: Strictness,
) -> Result<DiscoveredTargets, ProtocolViolation> {
    let mut records = Records::new(strictness);
    for pair in TextKeys::parse_each(text) {
        match pair {
            Ok(("TargetName", value)) => records.open(value)?,
            Ok(("TargetAddress", value)) => records.add_address(value)?,
            Ok((key @ "SendTargets", _)) => return Err(unexpected(key)),
            Ok((key, value)) => records.add_unusable(format!("{key}={value}"), unexpected(key))?,
            Err(MalformedPair { text, error }) => {
                records.add_unusable(text.escape_ascii().to_string(), error.into())?;
            }
        }
    }
    Ok(records.found)
}

fn unexpected(key: &str) -> ProtocolViolation {
    ProtocolViolation::UnexpectedKey { key: key.to_owned(), step: "a SendTargets answer" }
}

/// The records parsed so far.
struct Records {
    found: DiscoveredTargets,
    strictness: Strictness,
    places: BTreeMap<IscsiName, usize>,
    current: Current,
    /// The number of unusable records kept, including those of targets.
    unusable: usize,
}

/// The record to which the next address belongs.
#[derive(Clone, Copy)]
enum Current {
    /// No record: there was no name yet.
    Nothing,
    /// The target at this index.
    Target(usize),
    /// A record without a usable name. The index is beyond the end if the record was not kept.
    Unusable(usize),
}

impl Records {
    fn new(strictness: Strictness) -> Self {
        Self {
            found: DiscoveredTargets::default(),
            strictness,
            places: BTreeMap::new(),
            current: Current::Nothing,
            unusable: 0,
        }
    }

    /// Begins the record of a name, or continues the earlier one of the same name (DIS-10).
    fn open(&mut self, text: &str) -> Result<(), ProtocolViolation> {
        const KEY: &str = "TargetName";
        let name = match IscsiName::new(text) {
            Ok(name) => name,
            Err(error) => {
                self.current = Current::Unusable(self.found.unusable.len());
                return self
                    .add_unusable(format!("{KEY}={text}"), ProtocolViolation::Name { key: KEY, error });
            }
        };
        let deviation = name.check_grammar().err();
        if let (Some(error), true) = (deviation, self.is_strict()) {
            return self
                .add_unusable(format!("{KEY}={text}"), ProtocolViolation::Grammar { key: KEY, error });
        }
        let known = self.places.get(&name).copied();
        let detail = deviation.map(|error| format!("{KEY}={text:?}: {error}"));
        let place = known.map_or_else(|| self.add_target(name, detail), Ok)?;
        self.current = Current::Target(place);
        Ok(())
    }

    fn add_target(&mut self, name: IscsiName, detail: Option<String>) -> Result<usize, ProtocolViolation> {
        let (targets, limit) = (&mut self.found.targets, DiscoveredTargets::MAX_TARGETS);
        if targets.len() == limit {
            return Err(ProtocolViolation::TooManyTargets { limit });
        }
        let place = targets.len();
        self.places.insert(name.clone(), place);
        let observed = detail.map(|detail| ObservedDeviation::new(&Deviation::NAME_GRAMMAR, detail));
        targets.push(DiscoveredTarget::new(name, observed));
        Ok(place)
    }

    fn add_address(&mut self, text: &str) -> Result<(), ProtocolViolation> {
        const KEY: &str = "TargetAddress";
        let place = match self.current {
            Current::Target(place) => place,
            Current::Nothing => return self.add_unusable(format!("{KEY}={text}"), unexpected(KEY)),
            Current::Unusable(place) => {
                if let Some(record) = self.found.unusable.get_mut(place) {
                    record.append(KEY, text);
                }
                return Ok(());
            }
        };
        match ReceivedAddress::read(text) {
            Ok(ReceivedAddress::Regular(address)) => self.keep_address(place, address, text, &[])?,
            Ok(ReceivedAddress::Deviating { address, deviations, .. }) if !self.is_strict() => {
                self.keep_address(place, address, text, &deviations)?;
            }
            Ok(ReceivedAddress::Deviating { error, .. }) | Err(error) => {
                return self.add_unusable(format!("{KEY}={text}"), ProtocolViolation::Address(error));
            }
        }
        Ok(())
    }

    /// Keeps an address, once for each portal group tag (DIS-07, DIS-10).
    fn keep_address(
        &mut self,
        place: usize,
        address: TargetAddress,
        text: &str,
        deviations: &[&'static Deviation],
    ) -> Result<(), ProtocolViolation> {
        let Some(target) = self.found.targets.get_mut(place) else { return Ok(()) };
        if target.addresses.contains(&address) {
            return Ok(());
        }
        let limit = DiscoveredTarget::MAX_ADDRESSES;
        if target.addresses.len() == limit {
            return Err(ProtocolViolation::TooManyAddresses { target: target.name.clone(), limit });
        }
        target.has_address = true;
        target.deviations.extend(deviations.iter().map(|deviation| AddressDeviation {
            address: address.clone(),
            observed: ObservedDeviation::new(deviation, address_detail(text)),
        }));
        target.addresses.push(address);
        Ok(())
    }

    /// Keeps an unusable record, with its target if it has one.
    fn add_unusable(&mut self, text: String, reason: ProtocolViolation) -> Result<(), ProtocolViolation> {
        let record = UnusableRecord::new(text, reason);
        if self.is_strict() {
            return Err(record.into());
        }
        let target = match self.current {
            Current::Target(place) => self.found.targets.get_mut(place),
            Current::Nothing | Current::Unusable(_) => None,
        };
        let unusable = match target {
            Some(target) => {
                // A malformed pair may have been an address; a pair with another key was not.
                target.has_address |= !matches!(record.reason, ProtocolViolation::UnexpectedKey { .. });
                &mut target.unusable
            }
            None => &mut self.found.unusable,
        };
        if self.unusable < MAX_UNUSABLE {
            self.unusable += 1;
            unusable.push(record);
        } else {
            self.found.more_unusable += 1;
        }
        Ok(())
    }

    fn is_strict(&self) -> bool {
        self.strictness == Strictness::Strict
    }
}

#[cfg(test)]
mod tests;
