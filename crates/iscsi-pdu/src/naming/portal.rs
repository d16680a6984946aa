//! Network portals and the syntax of their addresses (RFC 7143, 2.2 and 13.8).

use alloc::format;
use alloc::string::{String, ToString as _};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::text::parse_number;

/// The well-known port of iSCSI.
const DEFAULT_PORT: u16 = 3260;

/// A network portal: host and TCP port of a target, written `host[:port]` with IPv6 addresses in brackets and 3260 as
/// default port ([RFC 7143, section 2.2](https://www.rfc-editor.org/rfc/rfc7143#section-2.2)).
///
/// The host keeps its spelling. Portals are compared, ordered and hashed by their [identity](Self::identity).
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
    /// Returns the form that all spellings of this portal share: an address as in RFC 5952, or a name in lower case
    /// without a final dot, and the port.
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
        match parse_address(text) {
            Ok((portal, None)) => Ok(portal),
            // A portal group tag belongs to a discovered address, not to a portal that a user enters.
            Ok((_, Some(_))) => Err(PortalError(AddressError::Host)),
            Err(error) => Err(PortalError(error)),
        }
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

/// An error in a text that should be a [`Portal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortalError(AddressError);

impl fmt::Display for PortalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a portal (host[:port], IPv6 in brackets): {}", self.0)
    }
}

impl core::error::Error for PortalError {}

/// Parses `host[:port][,portal-group-tag]`.
pub(super) fn parse_address(text: &str) -> Result<(Portal, Option<u16>), AddressError> {
    let (address, portal_group_tag) = match text.split_once(',') {
        Some((address, tag)) => (address, Some(number(tag).ok_or(AddressError::PortalGroupTag)?)),
        None => (text, None),
    };
    let (host, port) = split_port(address)?;
    let port = port.map_or(Some(DEFAULT_PORT), number).filter(|port| *port != 0).ok_or(AddressError::Port)?;
    Ok((Portal { host: check_host(host)?, port }, portal_group_tag))
}

/// Parses a port or a portal group tag: a 16-bit number in decimal or hex.
fn number(text: &str) -> Option<u16> {
    parse_number(text).ok().and_then(|number| u16::try_from(number).ok())
}

/// Splits off the port; the host keeps its brackets.
fn split_port(address: &str) -> Result<(&str, Option<&str>), AddressError> {
    if !address.starts_with('[') {
        return Ok(address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))));
    }
    let end = address.find(']').ok_or(AddressError::Host)? + 1;
    match address.split_at(end) {
        (host, "") => Ok((host, None)),
        (host, rest) => Ok((host, Some(rest.strip_prefix(':').ok_or(AddressError::Host)?))),
    }
}

/// Checks a host: an IPv6 address in brackets, optionally with a zone, an IPv4 address, or a name of labels and dots.
/// Returns it without brackets.
fn check_host(host: &str) -> Result<String, AddressError> {
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let (address, zone) = literal.split_once('%').unwrap_or((literal, "0"));
        let zone_fits = !zone.is_empty()
            && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        return match address.parse::<Ipv6Addr>() {
            Ok(_) if zone_fits => Ok(literal.to_string()),
            _ => Err(AddressError::Host),
        };
    }
    let mut labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let fits = host.len() <= 253
        && labels.all(is_label)
        && (!ends_in_a_number(host) || host.parse::<Ipv4Addr>().is_ok());
    if fits { Ok(host.to_string()) } else { Err(AddressError::Host) }
}

/// Returns `true` for a label of a host name. Underscores are not allowed by the standard, but are in use.
fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Returns `true` if the last label is a number. No domain name ends so, but resolvers read `0` or `0x7f.1` as IPv4
/// addresses.
fn ends_in_a_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host).to_ascii_lowercase();
    let digits = last.strip_prefix("0x").unwrap_or(&last);
    let radix_fits = |digit: u8| {
        if digits.len() < last.len() { digit.is_ascii_hexdigit() } else { digit.is_ascii_digit() }
    };
    last == "0x" || (!digits.is_empty() && digits.bytes().all(radix_fits))
}

/// An error in a text that should be the address of a portal
/// ([RFC 7143, section 13.8](https://www.rfc-editor.org/rfc/rfc7143#section-13.8)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// The host is missing or malformed.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
    /// The portal group tag is not a number from 0 to 65535.
    PortalGroupTag,
}

impl fmt::Display for AddressError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Host => "host of the target address is missing or malformed",
            Self::Port => "port of the target address is not a number from 1 to 65535",
            Self::PortalGroupTag => "portal group tag is not a number from 0 to 65535",
        })
    }
}

impl core::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::Portal;
    use core::hash::{Hash as _, Hasher as _};
    use std::collections::BTreeSet;
    use std::hash::DefaultHasher;
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
            assert!((portal(one) < portal(other)) != (portal(one) > portal(other)));
            assert_ne!(hash(&portal(one)), hash(&portal(other)));
        }
    }

    fn hash(portal: &Portal) -> u64 {
        let mut hasher = DefaultHasher::new();
        portal.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn texts_that_name_no_portal() {
        for text in ["", ":3260", "host:0", "a b", "host,1", "2001:db8::1", "[::1", "host:x"] {
            let error = text.parse::<Portal>().unwrap_err();
            assert!(error.to_string().starts_with("not a portal"), "{text}");
        }
    }
}
