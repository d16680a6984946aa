//! `TargetAddress` values (RFC 7143, 13.8).

use alloc::string::{String, ToString};
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};

use crate::parse_number;

/// The well-known port of iSCSI.
const DEFAULT_PORT: u16 = 3260;

/// Where a target can be reached: `host[:port][,portal-group-tag]`, IPv6 in brackets.
///
/// ```
/// use iscsi_pdu::TargetAddress;
/// let address: TargetAddress = "[2001:db8::1],65".parse()?;
/// assert_eq!((address.port, address.portal_group_tag), (3260, Some(65)));
/// # Ok::<(), iscsi_pdu::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetAddress {
    /// Domain name, IPv4 or IPv6 address, without brackets.
    pub host: String,
    /// TCP port, never 0.
    pub port: u16,
    /// Portal group tag; absent in a redirect.
    pub portal_group_tag: Option<u16>,
}

impl TargetAddress {
    /// Is it an address of one link only (`169.254.0.0/16`, `fe80::/10`)? From elsewhere it leads nowhere, or to another host,
    /// and an IPv6 one says nothing without a zone of one's own.
    #[must_use]
    pub fn is_link_local(&self) -> bool {
        let address = self.host.split_once('%').map_or(self.host.as_str(), |(address, _)| address);
        match address.parse() {
            Ok(IpAddr::V4(address)) => address.is_link_local(),
            Ok(IpAddr::V6(address)) => address.is_unicast_link_local(),
            Err(_) => false,
        }
    }
}

impl core::str::FromStr for TargetAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (address, portal_group_tag) = match text.split_once(',') {
            Some((address, tag)) => (address, Some(number(tag).ok_or(AddressError::PortalGroupTag)?)),
            None => (text, None),
        };
        let (host, port) = split_port(address)?;
        let port =
            port.map_or(Some(DEFAULT_PORT), number).filter(|port| *port != 0).ok_or(AddressError::Port)?;
        Ok(Self { host: check_host(host)?, port, portal_group_tag })
    }
}

impl fmt::Display for TargetAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)?;
        } else {
            write!(formatter, "{}:{}", self.host, self.port)?;
        }
        self.portal_group_tag.map_or(Ok(()), |tag| write!(formatter, ",{tag}"))
    }
}

/// Port and tag are numbers of 16 bits, decimal or hex.
fn number(text: &str) -> Option<u16> {
    parse_number(text).ok().and_then(|number| u16::try_from(number).ok())
}

/// Splits the port off; the host keeps its brackets.
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

/// A bracketed IPv6 address (a zone may follow), or a name or IPv4 address of letters, digits, `-`, `.`.
fn check_host(host: &str) -> Result<String, AddressError> {
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let (address, zone) = literal.split_once('%').unwrap_or((literal, "0"));
        let zone_fits = !zone.is_empty()
            && zone.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(&octet));
        return match address.parse::<Ipv6Addr>() {
            Ok(_) if zone_fits => Ok(literal.to_string()),
            _ => Err(AddressError::Host),
        };
    }
    let fits = (1..=253).contains(&host.len())
        && host.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(&octet));
    if fits { Ok(host.to_string()) } else { Err(AddressError::Host) }
}

/// Why a text is not a target address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// No host, an unclosed bracket, or characters no host name has.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
    /// The portal group tag is no number from 0 to 65535.
    PortalGroupTag,
}

impl fmt::Display for AddressError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Host => "target address without a usable host",
            Self::Port => "port of a target address is no number from 1 to 65535",
            Self::PortalGroupTag => "portal group tag is no number from 0 to 65535",
        })
    }
}

impl core::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::TargetAddress;
    use std::string::ToString;

    /// DIS-06: the vectors of target addresses.
    #[test]
    fn dis_06_address_forms() {
        let good = [
            ("10.0.0.1:5003,1", "10.0.0.1", 5003, Some(1)),
            ("10.0.0.1,1", "10.0.0.1", 3260, Some(1)),
            ("[2001:db8::1]:3261,65", "2001:db8::1", 3261, Some(65)),
            ("[2001:db8::1],65", "2001:db8::1", 3260, Some(65)),
            ("[2001:db8::1]", "2001:db8::1", 3260, None),
            ("[fe80::1%eth0]:3260,1", "fe80::1%eth0", 3260, Some(1)),
            ("storage.example.com:860,0", "storage.example.com", 860, Some(0)),
            ("10.0.0.1,0x1", "10.0.0.1", 3260, Some(1)),
            ("10.0.0.1:0xcbc,1", "10.0.0.1", 3260, Some(1)),
        ];
        for (text, host, port, tag) in good {
            let address: TargetAddress = text.parse().unwrap();
            assert_eq!(
                (address.host.as_str(), address.port, address.portal_group_tag),
                (host, port, tag),
                "{text}"
            );
            assert_eq!(address.to_string().parse(), Ok(address), "{text}");
        }
        let bad = [
            "2001:db8::1,1",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "[10.0.0.1]",
            ":3260,1",
            "10.0.0.1:,1",
            "10.0.0.1:0,1",
            "10.0.0.1:65536,1",
            "10.0.0.1:3260,65536",
            "10.0.0.1:3260,",
            "",
            "a b,1",
            "[fe80::1%]",
            "[fe80::1%e/0]",
        ];
        for text in bad {
            assert!(text.parse::<TargetAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn dis_06_link_local_addresses() {
        for (address, link_local) in [
            ("169.254.0.1,1", true),
            ("[fe80::1%eth0]:3260,1", true),
            ("[febf::1],1", true),
            ("[fec0::1],1", false),
            ("10.0.0.1,1", false),
            ("fe80.example,1", false),
        ] {
            assert_eq!(address.parse::<TargetAddress>().unwrap().is_link_local(), link_local, "{address}");
        }
    }
}
