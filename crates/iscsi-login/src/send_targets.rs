//! The answer to `SendTargets` (RFC 7143, appendix C).

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
    let mut targets: Vec<DiscoveredTarget> = Vec::new();
    let mut current = None;
    for (key, value) in TextKeys::parse(text)?.iter() {
        match (key, current) {
            ("TargetName", _) => current = Some(open_record(&mut targets, value)?),
            ("TargetAddress", Some(at)) => {
                let address = value.parse().map_err(Violation::Address)?;
                if let Some(target) =
                    targets.get_mut(at).filter(|target| !target.addresses.contains(&address))
                {
                    target.addresses.push(address);
                }
            }
            _ => return Err(Violation::UnexpectedKey { key: key.to_owned(), step: "a SendTargets answer" }),
        }
    }
    Ok(targets)
}

/// The place of the record of this name: a new one, or the earlier one of the same name (DIS-10).
fn open_record(targets: &mut Vec<DiscoveredTarget>, name: &str) -> Result<usize, Violation> {
    let name = IscsiName::received(name).map_err(|error| Violation::Name { key: "TargetName", error })?;
    if let Some(at) = targets.iter().position(|target| target.name == name) {
        return Ok(at);
    }
    targets.push(DiscoveredTarget { name, addresses: Vec::new() });
    Ok(targets.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::parse_send_targets;

    /// DIS-04, DIS-05: the vector with a target that has no address.
    #[test]
    fn dis_04_records() {
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
