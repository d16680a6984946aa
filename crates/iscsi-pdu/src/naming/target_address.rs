//! `TargetAddress` values (RFC 7143, 13.8).

use alloc::string::String;
use core::fmt;
use core::net::IpAddr;

use super::portal::{AddressError, Portal, parse_address};

/// An address of a target: `host[:port][,portal-group-tag]`, IPv6 addresses in brackets
/// ([RFC 7143, section 13.8](https://www.rfc-editor.org/rfc/rfc7143#section-13.8)).
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
    /// Portal group tag; absent in a redirection.
    pub portal_group_tag: Option<u16>,
}

impl TargetAddress {
    /// Returns the portal of this address, which was received from the portal `asked`.
    ///
    /// The unspecified addresses `0.0.0.0` and `::`, which some targets send, mean the host of `asked`, never the local
    /// host.
    #[must_use]
    pub fn portal(&self, asked: &Portal) -> Portal {
        let host = if self.is_unspecified() { &asked.host } else { &self.host };
        Portal { host: host.clone(), port: self.port }
    }

    /// Returns `true` for `0.0.0.0` and `::`, in any notation.
    #[must_use]
    pub fn is_unspecified(&self) -> bool {
        let address = self.host.split_once('%').map_or(self.host.as_str(), |(address, _)| address);
        address.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_unspecified())
    }

    /// Returns `true` for a link-local address (`169.254.0.0/16`, `fe80::/10`).
    ///
    /// On another link such an address is unreachable or belongs to another host, and an IPv6 address needs a zone of
    /// the local host.
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
        let (Portal { host, port }, portal_group_tag) = parse_address(text)?;
        Ok(Self { host, port, portal_group_tag })
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

#[cfg(test)]
mod tests {
    use super::{AddressError, TargetAddress};
    use std::format;
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

    /// Resolvers would read these names as addresses, `0` and `0x0` as the local host.
    #[test]
    fn dis_06_numbers_that_are_no_ipv4_address_are_no_hosts() {
        for host in [
            "0",
            "0.0",
            "0x0",
            "127.1",
            "0x7f000001",
            "0x",
            "10.0.0.1.",
            "1.2.3.4.5",
            "host.7",
            "256.1.1.1",
            "a.0X1F",
        ] {
            assert_eq!(host.parse::<TargetAddress>(), Err(AddressError::Host), "{host}");
        }
        for host in ["10.0.0.1", "0.0.0.0", "a1", "7a", "host.x7", "0xg", "host.0xg", "host7."] {
            assert!(host.parse::<TargetAddress>().is_ok(), "{host}");
        }
    }

    #[test]
    fn dis_06_host_names_are_labels_with_dots_between_them() {
        let label = "a".repeat(50);
        let longest = [&*label, &label, &label, &label, &"a".repeat(49)].join(".");
        assert_eq!(longest.len(), 253);
        for host in ["a_b.c-d.", "Host.example", &longest] {
            assert_eq!(host.parse::<TargetAddress>().map(|address| address.host).as_deref(), Ok(host));
        }
        let too_long = format!("{longest}a");
        for host in [".", "..", "a..", ".a", "a..b", "a+b", &too_long] {
            assert_eq!(host.parse::<TargetAddress>(), Err(AddressError::Host), "{host}");
        }
    }

    #[test]
    fn dis_06_unspecified_addresses_mean_the_portal_that_was_asked() {
        let asked = "target.example:3260".parse().unwrap();
        for (address, portal) in [
            ("0.0.0.0:3261,1", "target.example:3261"),
            ("[::]:3260,1", "target.example:3260"),
            ("[0:0::0]:3260,1", "target.example:3260"),
            ("[::ffff:0.0.0.0]:3260,1", "target.example:3260"),
            ("[::%eth0]:3260,1", "target.example:3260"),
            ("0.0.0.1:3260,1", "0.0.0.1:3260"),
            ("[::1]:3260,1", "[::1]:3260"),
        ] {
            let address: TargetAddress = address.parse().unwrap();
            assert_eq!(address.portal(&asked).to_string(), portal);
            assert_eq!(address.is_unspecified(), portal.starts_with("target"), "{address}");
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
