//! The answer to `SendTargets` (RFC 7143, appendix C).

use std::collections::HashMap;

use iscsi_pdu::{IscsiName, MalformedPair, TargetAddress, TextKeys};

use crate::discovered_targets::{AddressDeviation, DiscoveredTarget, DiscoveredTargets, UnusableRecord};
use crate::error::ProtocolViolation;
use crate::received_address::ReceivedAddress;
use crate::tolerance::address_detail;
use crate::{Deviation, ObservedDeviation, Strictness};

/// Most unusable records of an answer that are kept.
const MAX_UNUSABLE: usize = 256;

/// Reads the records of an answer: a name, then its addresses. One malformed record does not hide the others, unless all
/// deviations are refused.
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
/// [`ProtocolViolation`] for an answer that refuses the question or exceeds a limit ([`DiscoveredTargets::MAX_TARGETS`],
/// [`DiscoveredTarget::MAX_ADDRESSES`]), and, if this is strict, for other keys, an address before any name, or a name or
/// address that breaks its grammar (DIS-09).
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

/// Records read so far.
struct Records {
    found: DiscoveredTargets,
    strictness: Strictness,
    places: HashMap<IscsiName, usize>,
    current: Current,
    /// Unusable records that are kept.
    unusable: usize,
}

/// Where the next address belongs.
#[derive(Clone, Copy)]
enum Current {
    /// To no name.
    Nothing,
    /// To the target of this place.
    Target(usize),
    /// To a record without a usable name, by its place among those that are kept.
    Unusable(Option<usize>),
}

impl Records {
    fn new(strictness: Strictness) -> Self {
        Self {
            found: DiscoveredTargets::default(),
            strictness,
            places: HashMap::new(),
            current: Current::Nothing,
            unusable: 0,
        }
    }

    /// Begins the record of this name, or goes on with the earlier one of the same name (DIS-10).
    fn open(&mut self, text: &str) -> Result<(), ProtocolViolation> {
        const KEY: &str = "TargetName";
        let name = match IscsiName::new(text) {
            Ok(name) => name,
            Err(error) => {
                let place = (self.unusable < MAX_UNUSABLE).then_some(self.found.unusable.len());
                self.current = Current::Unusable(place);
                return self
                    .add_unusable(format!("{KEY}={text}"), ProtocolViolation::Name { key: KEY, error });
            }
        };
        let odd = name.check_grammar().err();
        if let (Some(error), true) = (odd, self.is_strict()) {
            return self
                .add_unusable(format!("{KEY}={text}"), ProtocolViolation::Grammar { key: KEY, error });
        }
        let known = self.places.get(&name).copied();
        let detail = odd.map(|error| format!("{KEY}={text:?}: {error}"));
        let place = known.map_or_else(|| self.add_target(name, detail), Ok)?;
        self.current = Current::Target(place);
        Ok(())
    }

    fn add_target(&mut self, name: IscsiName, odd: Option<String>) -> Result<usize, ProtocolViolation> {
        let (targets, limit) = (&mut self.found.targets, DiscoveredTargets::MAX_TARGETS);
        if targets.len() == limit {
            return Err(ProtocolViolation::TooManyTargets { limit });
        }
        let place = targets.len();
        self.places.insert(name.clone(), place);
        let odd = odd.map(|detail| ObservedDeviation::new(&Deviation::NAME_GRAMMAR, detail));
        targets.push(DiscoveredTarget::new(name, odd));
        Ok(place)
    }

    fn add_address(&mut self, text: &str) -> Result<(), ProtocolViolation> {
        const KEY: &str = "TargetAddress";
        let place = match self.current {
            Current::Target(place) => place,
            Current::Nothing => return self.add_unusable(format!("{KEY}={text}"), unexpected(KEY)),
            Current::Unusable(place) => {
                if let Some(record) = place.and_then(|place| self.found.unusable.get_mut(place)) {
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

    /// Keeps the address, once for each tag it comes with (DIS-07, DIS-10).
    fn keep_address(
        &mut self,
        place: usize,
        address: TargetAddress,
        text: &str,
        odd: &[&'static Deviation],
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
        target.deviations.extend(odd.iter().map(|deviation| AddressDeviation {
            address: address.clone(),
            observed: ObservedDeviation::new(deviation, address_detail(text)),
        }));
        target.addresses.push(address);
        Ok(())
    }

    /// Keeps what cannot be used, with the target in whose record it stands.
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
                // A malformed pair may have been an address, one with another key was none.
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
