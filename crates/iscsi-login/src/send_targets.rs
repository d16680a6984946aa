//! The answer to `SendTargets` (RFC 7143, appendix C).

use std::collections::{HashMap, HashSet};

use iscsi_pdu::{IscsiName, MalformedPair, TargetAddress, TextKeys};

use crate::discovered_targets::{AddressDeviation, DiscoveredTarget, DiscoveredTargets, UnusableRecord};
use crate::error::Violation;
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
/// # Ok::<(), iscsi_login::Violation>(())
/// ```
///
/// # Errors
/// [`Violation`] for an answer that refuses the question, and, if this is strict, for other keys, an address before any
/// name, or a name or address that breaks its grammar (DIS-09).
pub fn parse_send_targets(text: &[u8], strictness: Strictness) -> Result<DiscoveredTargets, Violation> {
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

fn unexpected(key: &str) -> Violation {
    Violation::UnexpectedKey { key: key.to_owned(), step: "a SendTargets answer" }
}

/// Records read so far. Duplicates are found by hash: an answer may be megabytes.
struct Records {
    found: DiscoveredTargets,
    strictness: Strictness,
    places: HashMap<IscsiName, usize>,
    /// Addresses of each place.
    addresses: HashSet<(usize, TargetAddress)>,
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
            addresses: HashSet::new(),
            current: Current::Nothing,
            unusable: 0,
        }
    }

    /// Begins the record of this name, or goes on with the earlier one of the same name (DIS-10).
    fn open(&mut self, text: &str) -> Result<(), Violation> {
        const KEY: &str = "TargetName";
        let name = match IscsiName::new(text) {
            Ok(name) => name,
            Err(error) => {
                let place = (self.unusable < MAX_UNUSABLE).then_some(self.found.unusable.len());
                self.current = Current::Unusable(place);
                return self.add_unusable(format!("{KEY}={text}"), Violation::Name { key: KEY, error });
            }
        };
        let odd = name.check_grammar().err();
        if let (Some(error), true) = (odd, self.is_strict()) {
            return self.add_unusable(format!("{KEY}={text}"), Violation::Grammar { key: KEY, error });
        }
        let targets = &mut self.found.targets;
        let place = *self.places.entry(name.clone()).or_insert(targets.len());
        if place == targets.len() {
            let odd = odd.map(|error| {
                ObservedDeviation::new(&Deviation::NAME_GRAMMAR, format!("{KEY}={text:?}: {error}"))
            });
            targets.push(DiscoveredTarget::new(name, odd));
        }
        self.current = Current::Target(place);
        Ok(())
    }

    fn add_address(&mut self, text: &str) -> Result<(), Violation> {
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
            Ok(ReceivedAddress::Regular(address)) => self.keep_address(place, address, text, &[]),
            Ok(ReceivedAddress::Deviating { address, deviations, .. }) if !self.is_strict() => {
                self.keep_address(place, address, text, &deviations);
            }
            Ok(ReceivedAddress::Deviating { error, .. }) | Err(error) => {
                return self.add_unusable(format!("{KEY}={text}"), Violation::Address(error));
            }
        }
        Ok(())
    }

    /// Keeps the address, once for each tag it comes with (DIS-07, DIS-10).
    fn keep_address(&mut self, place: usize, address: TargetAddress, text: &str, odd: &[&'static Deviation]) {
        let is_new = self.addresses.insert((place, address.clone()));
        if let (true, Some(target)) = (is_new, self.found.targets.get_mut(place)) {
            target.has_address = true;
            target.deviations.extend(odd.iter().map(|deviation| AddressDeviation {
                address: address.clone(),
                observed: ObservedDeviation::new(deviation, address_detail(text)),
            }));
            target.addresses.push(address);
        }
    }

    /// Keeps what cannot be used, with the target in whose record it stands.
    fn add_unusable(&mut self, text: String, reason: Violation) -> Result<(), Violation> {
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
                target.has_address |= !matches!(record.reason, Violation::UnexpectedKey { .. });
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
mod tests {
    use std::collections::HashSet;

    use super::{MAX_UNUSABLE, parse_send_targets};
    use crate::{DiscoveredTarget, DiscoveredTargets, Strictness};

    /// An answer by the letter.
    fn parse(text: &[u8]) -> Vec<DiscoveredTarget> {
        let found = parse_send_targets(text, Strictness::Strict).unwrap();
        assert_eq!((found.unusable.len(), found.deviations()), (0, Vec::new()));
        found.targets
    }

    fn parse_odd(text: &[u8]) -> DiscoveredTargets {
        parse_send_targets(text, Strictness::Tolerant).unwrap()
    }

    /// The vector with a target that has no address.
    #[test]
    fn dis_04_dis_05_records() {
        let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,1\0\
            TargetAddress=[2001:db8::5]:3260,1\0TargetName=iqn.2001-04.com.example:b\0";
        let targets = parse(text);
        assert_eq!(targets.len(), 2);
        assert_eq!(targets[0].addresses.len(), 2);
        assert!(targets[1].addresses.is_empty());
        assert!(parse(b"").is_empty());
    }

    /// DIS-10: duplicates are merged, order kept.
    #[test]
    fn dis_10_duplicates_are_merged() {
        let record = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5,1\0";
        let targets = parse(&record.repeat(2));
        assert_eq!((targets.len(), targets[0].addresses.len()), (1, 1));
    }

    /// Addresses of every form, in the target's order; a target that is named again goes on where it was.
    #[test]
    fn dis_06_dis_10_forms_of_addresses() {
        let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=[2001:db8::5]:3261,1\0\
            TargetAddress=[fe80::1%eth0],1\0TargetAddress=disk.example.com,0x2\0\
            TargetName=iqn.2001-04.com.example:b\0TargetAddress=10.0.0.5,1\0\
            TargetName=iqn.2001-04.com.example:a\0TargetAddress=[fe80::1%eth0]:3260,1\0TargetAddress=10.0.0.5,1\0";
        let targets = parse(text);
        let addresses = |place: usize| -> Vec<String> {
            targets[place].addresses.iter().map(ToString::to_string).collect()
        };
        assert_eq!(targets.len(), 2);
        let of_a =
            ["[2001:db8::5]:3261,1", "[fe80::1%eth0]:3260,1", "disk.example.com:3260,2", "10.0.0.5:3260,1"];
        assert_eq!(
            (addresses(0), addresses(1)),
            (of_a.map(str::to_owned).to_vec(), vec!["10.0.0.5:3260,1".to_owned()])
        );
    }

    /// DIS-07: tags are kept, and a portal in two groups is told.
    #[test]
    fn dis_07_portal_groups() {
        let text =
            b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5,1\0TargetAddress=10.0.0.5,2\0\
            TargetAddress=10.0.0.6,2\0";
        let targets = parse(text);
        let tags: Vec<_> = targets[0].addresses.iter().map(|address| address.portal_group_tag).collect();
        assert_eq!(tags, [Some(1), Some(2), Some(2)]);
        assert_eq!(targets[0].portals_in_several_groups(), HashSet::from([("10.0.0.5", 3260)]));
    }

    /// DIS-09: foreign keys, orphaned addresses and hostile names are errors.
    #[test]
    fn dis_09_malformed_answers() {
        let bad: [&[u8]; 4] = [
            b"TargetAddress=10.0.0.5,1\0",
            b"TargetName=iqn.2001-04.com.example:a\0TargetAlias=x\0",
            b"TargetName=../../etc/passwd\0",
            b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:99999,1\0",
        ];
        for text in bad {
            assert!(parse_send_targets(text, Strictness::Strict).is_err(), "{}", text.escape_ascii());
        }
    }

    /// DIS-09: an answer that refuses the question is no record.
    #[test]
    fn dis_09_a_refused_question_is_an_error_in_any_case() {
        for strictness in [Strictness::Strict, Strictness::Tolerant] {
            assert!(parse_send_targets(b"SendTargets=Reject\0", strictness).is_err());
        }
    }

    /// One malformed record of each kind between two good ones: both are found, and its text and reason are told.
    #[test]
    fn dis_09_one_malformed_record_does_not_hide_the_others() {
        let cases: [(&[u8], &str, &str); 6] = [
            (
                b"TargetName=disk/1\0TargetAddress=10.0.0.6,1\0",
                "TargetName=disk/1 TargetAddress=10.0.0.6,1",
                "iSCSI",
            ),
            (b"TargetName\0", "TargetName", "="),
            (b"targetName=x\0", "targetName=x", "key"),
            (b"TargetAlias=x\0", "TargetAlias=x", "no place in a SendTargets answer"),
            (b"TargetAddress=\x1b[2J\0", "TargetAddress=\\x1b[2J", "control character"),
            (b"TargetAddress=\xff\0", "TargetAddress=\\xff", "UTF-8"),
        ];
        for (odd, shown, reason) in cases {
            let (first, last) = (
                b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5,1\0",
                b"TargetName=iqn.2001-04.com.example:b\0TargetAddress=10.0.0.5,1\0",
            );
            let text = [first, odd, last].concat();
            let found = parse_odd(&text);
            assert!(parse_send_targets(&text, Strictness::Strict).is_err(), "{shown}");
            assert_eq!(found.targets.len(), 2, "{shown}");
            assert!(found.targets.iter().all(|target| target.addresses.len() == 1), "{shown}");
            let unusable: Vec<_> = found.targets.iter().flat_map(|target| &target.unusable).collect();
            let record = found.unusable.iter().chain(unusable).next().unwrap();
            assert_eq!(record.text, shown);
            assert!(record.reason.to_string().contains(reason), "{}", record.reason);
            let observed = found.deviations();
            assert_eq!((observed.len(), observed[0].deviation.id), (1, "record-unusable"));
        }
    }

    /// A cut off answer: the last pair is not taken for a name.
    #[test]
    fn dis_09_an_unterminated_record_is_unusable() {
        let found = parse_odd(b"TargetName=iqn.2001-04.com.example:a\0TargetName=iqn.2001-04.com.exa");
        assert_eq!((found.targets.len(), found.targets[0].unusable.len()), (1, 1));
        assert_eq!(found.targets[0].unusable[0].text, "TargetName=iqn.2001-04.com.exa");
    }

    /// An address before any name belongs to nobody, one behind an unusable name to that record.
    #[test]
    fn dis_09_addresses_without_a_target() {
        let found =
            parse_odd(b"TargetAddress=10.0.0.4,1\0TargetName=/x\0TargetAlias=y\0TargetAddress=10.0.0.5,1\0");
        let texts: Vec<_> = found.unusable.iter().map(|record| record.text.as_str()).collect();
        let expected =
            ["TargetAddress=10.0.0.4,1", "TargetName=/x TargetAddress=10.0.0.5,1", "TargetAlias=y"];
        assert_eq!((texts, found.targets.len()), (expected.to_vec(), 0));
    }

    /// DIS-05: only a target without any address is at the portal that was asked.
    #[test]
    fn dis_05_an_unusable_address_is_not_the_portal_asked() {
        let cases: [(&[u8], bool); 5] = [
            (b"", true),
            (b"TargetAlias=disk\0", true),
            (b"TargetAddress=10.0.0.5:0,1\0", false),
            (b"TargetAddress=10.0.0.5,1\0", false),
            (b"TargetAddress=\xff\0", false),
        ];
        for (rest, is_there) in cases {
            let found = parse_odd(&[b"TargetName=iqn.2001-04.com.example:a\0", rest].concat());
            assert_eq!(found.targets[0].is_at_the_portal_asked(), is_there, "{}", rest.escape_ascii());
        }
    }

    /// A name outside the grammar is kept as it is and told once; by the letter it is refused.
    #[test]
    fn names_outside_the_grammar() {
        for (name, rule) in [
            ("iqn.2004-04.com.example:my_target", "a character other than"),
            ("iqn.2015-1.workgroup:raid", "date of the iqn. name"),
            ("iqn.2004-04.com.example:a ", "a character other than"),
            ("disk1", "neither iqn., eui. nor naa."),
        ] {
            let text = format!("TargetName={name}\0TargetAddress=10.0.0.5,1\0TargetName={name}\0");
            let found = parse_odd(text.as_bytes());
            assert_eq!((found.targets.len(), found.targets[0].name.as_str()), (1, name));
            assert_eq!((found.targets[0].addresses.len(), found.unusable.len()), (1, 0));
            let observed = found.deviations();
            assert_eq!((observed.len(), observed[0].deviation.id), (1, "name-grammar"));
            assert!(observed[0].detail.starts_with(&format!("TargetName={name:?}: ")), "{observed:?}");
            assert!(observed[0].detail.contains(rule), "{observed:?}");
            let error = parse_send_targets(text.as_bytes(), Strictness::Strict).unwrap_err().to_string();
            assert!(
                error.contains(&format!("record \"TargetName={name}\"")) && error.contains(rule),
                "{error}"
            );
        }
    }

    /// Odd forms are told with the address that they mean, once.
    #[test]
    fn dis_06_odd_addresses_are_told() {
        let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,-1 \0\
            TargetAddress=10.0.0.5:3260,-1 \0TargetAddress=10.0.0.6,1\0TargetAddress=10.0.0.6,1 \0";
        let found = parse_odd(text);
        assert!(parse_send_targets(text, Strictness::Strict).is_err());
        let target = &found.targets[0];
        assert_eq!((target.addresses.len(), target.unusable.len()), (2, 0));
        let told: Vec<_> = target
            .deviations
            .iter()
            .map(|odd| (odd.address.to_string(), odd.observed.deviation.id, odd.observed.detail.as_str()))
            .collect();
        let detail = "TargetAddress=\"10.0.0.5:3260,-1 \"";
        let of = |id| ("10.0.0.5:3260".to_owned(), id, detail);
        assert_eq!(told, [of("address-trailing-blank"), of("address-tag-negative")]);
    }

    /// Texts are cut, and so is their number.
    #[test]
    fn unusable_records_are_bounded() {
        let record = |name: &str| {
            let text = format!("TargetName=/{name}\0TargetAddress=x\0");
            parse_odd(text.as_bytes()).unusable.swap_remove(0).text
        };
        assert_eq!(
            record(&"x".repeat(1024 - 28)),
            format!("TargetName=/{} TargetAddress=x", "x".repeat(996))
        );
        assert_eq!(record(&"x".repeat(1024 - 27)), format!("TargetName=/{}", "x".repeat(997)));
        assert_eq!(record(&"x".repeat(1024 - 12)).len(), 1024);
        assert_eq!(record(&"x".repeat(1024 - 11)), format!("TargetName=/{}…", "x".repeat(1009)));
        assert_eq!(record(&"ä".repeat(3000)), format!("TargetName=/{}…", "ä".repeat(504)));
        let mut text = b"TargetName=/x\0".repeat(MAX_UNUSABLE);
        assert_eq!(parse_odd(&text).more_unusable, 0);
        text.extend_from_slice(
            b"TargetName=/y\0TargetAddress=10.0.0.5,1\0TargetName=iqn.2001-04.com.example:a\0",
        );
        let found = parse_odd(&text);
        assert_eq!((found.unusable.len(), found.more_unusable, found.targets.len()), (MAX_UNUSABLE, 1, 1));
        assert!(found.unusable.iter().all(|record| record.text == "TargetName=/x"));
        text.extend_from_slice(b"TargetAddress=\0");
        let found = parse_odd(&text);
        assert_eq!(found.more_unusable, 2);
        assert!(!found.targets[0].is_at_the_portal_asked(), "what is not kept still counts");
    }
}
