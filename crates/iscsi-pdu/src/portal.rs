//! Network portals: where a connection leads (RFC 7143, 2.1 and 13.8).

use alloc::format;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::IpAddr;

use crate::{AddressError, TargetAddress};

/// Host and TCP port of a portal: `host[:port]`, port 3260 by default, IPv6 addresses in brackets.
///
/// The host keeps its spelling. Comparing, ordering and hashing portals goes by their [identity](Self::identity).
///
/// ```
/// use iscsi_pdu::Portal;
/// let portal: Portal = "[2001:DB8:0::1]".parse()?;
/// assert_eq!(portal.to_string(), "[2001:DB8:0::1]:3260");
/// assert_eq!(portal, "[2001:db8::1]:3260".parse()?);
/// # Ok::<(), iscsi_pdu::PortalError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Portal {
    /// Domain name, IPv4 or IPv6 address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Portal {
    /// The one form of all spellings of this portal: addresses as RFC 5952 writes them, names in lower case and without a
    /// final dot, and the port.
    #[must_use]
    pub fn identity(&self) -> String {
        with_port(&canonical_host(&self.host), self.port)
    }
}

fn canonical_host(host: &str) -> String {
    let (address, zone) = host.split_at_checked(host.find('%').unwrap_or(host.len())).unwrap_or((host, ""));
    address.parse::<IpAddr>().map_or_else(
        |_| host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
        |address| format!("{address}{zone}"),
    )
}

fn with_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl core::str::FromStr for Portal {
    type Err = PortalError;

    fn from_str(text: &str) -> Result<Self, PortalError> {
        let address: TargetAddress = text.parse().map_err(PortalError)?;
        // A portal group tag belongs to a discovered address, not to a portal somebody types.
        if address.portal_group_tag.is_some() {
            return Err(PortalError(AddressError::Host));
        }
        Ok(Self { host: address.host, port: address.port })
    }
}

impl PartialEq for Portal {
    fn eq(&self, other: &Self) -> bool {
        self.port == other.port
            && (self.host == other.host || canonical_host(&self.host) == canonical_host(&other.host))
    }
}

impl Eq for Portal {}

impl Hash for Portal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl Ord for Portal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl PartialOrd for Portal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Portal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&with_port(&self.host, self.port))
    }
}

/// A text that names no portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortalError(AddressError);

impl fmt::Display for PortalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a portal (host[:port], IPv6 in brackets): {}", self.0)
    }
}

impl core::error::Error for PortalError {}

#[cfg(test)]
mod tests {
    use super::Portal;
    use std::collections::BTreeSet;
    use std::string::ToString as _;

    fn portal(text: &str) -> Portal {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_portal_are_one_portal() {
        for (spelling, other, identity) in [
            ("Host.Example", "host.example.:3260", "host.example:3260"),
            ("[2001:DB8:0:0::7]:3261", "[2001:db8::7]:3261", "[2001:db8::7]:3261"),
            ("[FE80::1%Eth0]", "[fe80::1%Eth0]:3260", "[fe80::1%Eth0]:3260"),
            ("192.0.2.7", "192.0.2.7:3260", "192.0.2.7:3260"),
        ] {
            assert_eq!(portal(spelling), portal(other));
            assert_eq!([spelling, other].map(|text| portal(text).identity()), [identity, identity]);
            assert_eq!(BTreeSet::from([spelling, other].map(portal)).len(), 1);
        }
        assert_eq!(portal("Host.Example").to_string(), "Host.Example:3260");
    }

    #[test]
    fn other_hosts_ports_and_zones_are_other_portals() {
        for (one, other) in [
            ("host", "hosts"),
            ("host:3260", "host:3261"),
            ("[fe80::1%a]", "[fe80::1%b]"),
            ("192.0.2.7", "192.0.2.8"),
        ] {
            assert_ne!(portal(one), portal(other));
            assert_ne!(portal(one).cmp(&portal(other)), std::cmp::Ordering::Equal);
        }
    }

    #[test]
    fn texts_that_name_no_portal() {
        for text in ["", ":3260", "host:0", "a b", "host,1", "2001:db8::1", "[::1", "host:x"] {
            let error = text.parse::<Portal>().unwrap_err();
            assert!(error.to_string().starts_with("not a portal"), "{text}");
        }
    }
}
