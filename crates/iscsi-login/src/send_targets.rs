//! The answer to `SendTargets` (RFC 7143, appendix C).

use std::collections::{HashMap, HashSet};

use iscsi_pdu::{IscsiName, TargetAddress, TextKeys};

use crate::error::Violation;

/// A target and where it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveredTarget {
    /// Its name, octet for octet as the target gave it.
    pub name: IscsiName,
    /// Its addresses without duplicates, in the target's order; none means the portal that was asked (DIS-05).
    pub addresses: Vec<TargetAddress>,
}

impl DiscoveredTarget {
    /// Portals, host and port, that come with several portal group tags. Some targets do so; their tags say nothing
    /// (DIS-07).
    #[must_use]
    pub fn portals_in_several_groups(&self) -> HashSet<(&str, u16)> {
        let mut seen = HashSet::new();
        let portals = self.addresses.iter().map(|address| (address.host.as_str(), address.port));
        portals.filter(|portal| !seen.insert(*portal)).collect()
    }
}

/// Reads the records of an answer: a name, then its addresses.
///
/// ```
/// let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,1\0";
/// let targets = iscsi_login::parse_send_targets(text)?;
/// assert_eq!(targets[0].addresses[0].to_string(), "10.0.0.5:3260,1");
/// # Ok::<(), iscsi_login::Violation>(())
/// ```
///
/// # Errors
/// [`Violation`] for other keys, an address before any name, or a name or address that breaks its grammar (DIS-09).
pub fn parse_send_targets(text: &[u8]) -> Result<Vec<DiscoveredTarget>, Violation> {
    let mut records = Records::default();
    for (key, value) in TextKeys::parse(text)?.iter() {
        match key {
            "TargetName" => records.open(value)?,
            "TargetAddress" => records.add_address(value)?,
            _ => return Err(Violation::UnexpectedKey { key: key.to_owned(), step: STEP }),
        }
    }
    Ok(records.targets)
}

const STEP: &str = "a SendTargets answer";

/// Records read so far. Duplicates are found by hash: an answer may be megabytes.
#[derive(Default)]
struct Records {
    targets: Vec<DiscoveredTarget>,
    places: HashMap<IscsiName, usize>,
    /// Addresses of each place.
    addresses: HashSet<(usize, TargetAddress)>,
    /// Where the next address belongs.
    current: Option<usize>,
}

impl Records {
    /// Begins the record of this name, or goes on with the earlier one of the same name (DIS-10).
    fn open(&mut self, name: &str) -> Result<(), Violation> {
        let name = IscsiName::new(name).map_err(|error| Violation::Name { key: "TargetName", error })?;
        let place = *self.places.entry(name.clone()).or_insert(self.targets.len());
        if place == self.targets.len() {
            self.targets.push(DiscoveredTarget { name, addresses: Vec::new() });
        }
        self.current = Some(place);
        Ok(())
    }

    /// Keeps the address, once for each tag it comes with (DIS-07, DIS-10).
    fn add_address(&mut self, value: &str) -> Result<(), Violation> {
        let address: TargetAddress = value.parse().map_err(Violation::Address)?;
        let orphan = || Violation::UnexpectedKey { key: "TargetAddress".to_owned(), step: STEP };
        let current = self.current.ok_or_else(orphan)?;
        if self.addresses.insert((current, address.clone())) {
            self.targets.get_mut(current).ok_or_else(orphan)?.addresses.push(address);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::parse_send_targets;

    /// The vector with a target that has no address.
    #[test]
    fn dis_04_dis_05_records() {
        let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,1\0\
            TargetAddress=[2001:db8::5]:3260,1\0TargetName=iqn.2001-04.com.example:b\0";
        let targets = parse_send_targets(text).unwrap();
        assert_eq!(targets.len(), 2);
        assert_eq!(targets[0].addresses.len(), 2);
        assert!(targets[1].addresses.is_empty());
        assert!(parse_send_targets(b"").unwrap().is_empty());
    }

    /// DIS-10: duplicates are merged, order kept.
    #[test]
    fn dis_10_duplicates_are_merged() {
        let record = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5,1\0";
        let targets = parse_send_targets(&record.repeat(2)).unwrap();
        assert_eq!((targets.len(), targets[0].addresses.len()), (1, 1));
    }

    /// Addresses of every form, in the target's order; a target that is named again goes on where it was.
    #[test]
    fn dis_06_dis_10_forms_of_addresses() {
        let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=[2001:db8::5]:3261,1\0\
            TargetAddress=[fe80::1%eth0],1\0TargetAddress=disk.example.com,0x2\0\
            TargetName=iqn.2001-04.com.example:b\0TargetAddress=10.0.0.5,1\0\
            TargetName=iqn.2001-04.com.example:a\0TargetAddress=[fe80::1%eth0]:3260,1\0TargetAddress=10.0.0.5,1\0";
        let targets = parse_send_targets(text).unwrap();
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
        let targets = parse_send_targets(text).unwrap();
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
            assert!(parse_send_targets(text).is_err(), "{}", text.escape_ascii());
        }
    }
}
