//! Values of `TargetAddress`, in the form of RFC 7143, 13.8, and in the deviating forms that targets use.

use std::net::Ipv6Addr;

use iscsi_pdu::{AddressError, TargetAddress};

use crate::deviation::Deviation;

/// An address received from a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReceivedAddress {
    /// In the form of the RFC.
    Regular(TargetAddress),
    /// In another, unambiguous form.
    Deviating {
        /// The address meant.
        address: TargetAddress,
        /// The deviations of its form.
        deviations: Vec<&'static Deviation>,
        /// The error in terms of the RFC.
        error: AddressError,
    },
}

impl ReceivedAddress {
    /// Parses an address.
    pub(crate) fn read(text: &str) -> Result<Self, AddressError> {
        match text.parse() {
            Ok(address) => Ok(Self::Regular(address)),
            Err(error) => {
                let (rewritten, deviations) = rewrite(text);
                let address = rewritten.parse().map_err(|_| error)?;
                Ok(Self::Deviating { address, deviations, error })
            }
        }
    }
}

/// Rewrites an address into the form of the RFC where that is unambiguous.
fn rewrite(text: &str) -> (String, Vec<&'static Deviation>) {
    let mut deviations = Vec::new();
    let trimmed = text.trim_end_matches(' ');
    if trimmed != text {
        deviations.push(&Deviation::ADDRESS_TRAILING_BLANK);
    }
    let (portal, tag) = trimmed.split_once(',').map_or((trimmed, None), |(portal, tag)| (portal, Some(tag)));
    let tag = tag.filter(|tag| {
        *tag != "-1" || {
            deviations.push(&Deviation::ADDRESS_TAG_NEGATIVE);
            false
        }
    });
    let portal = rewrite_portal(portal, &mut deviations);
    (tag.map_or_else(|| portal.clone(), |tag| format!("{portal},{tag}")), deviations)
}

fn rewrite_portal(portal: &str, deviations: &mut Vec<&'static Deviation>) -> String {
    if let Some(bracketed) = bracketed(portal) {
        deviations.push(&Deviation::ADDRESS_IPV6_UNBRACKETED);
        return bracketed;
    }
    match portal.strip_suffix(':') {
        // With another colon it is a port or a malformed IPv6 address, not a missing port.
        Some(host) if host.starts_with('[') || !host.contains(':') => {
            deviations.push(&Deviation::ADDRESS_PORT_MISSING);
            host.to_owned()
        }
        _ => portal.to_owned(),
    }
}

/// Adds the brackets of an IPv6 address with or without a port; `None` where it could be read both ways.
fn bracketed(portal: &str) -> Option<String> {
    let whole = is_ipv6(portal).then(|| format!("[{portal}]"));
    let with_port = portal
        .rsplit_once(':')
        .filter(|(address, port)| is_ipv6(address) && port.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|(address, port)| format!("[{address}]:{port}"));
    // `2001:db8::5:3260` is an address, and also an address with a port: neither reading is safe.
    match (whole, with_port) {
        (Some(portal), None) | (None, Some(portal)) => Some(portal),
        _ => None,
    }
}

/// Whether a text is an IPv6 address, with or without a zone.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, ""));
    address.parse::<Ipv6Addr>().is_ok() && !zone.contains(':')
}

#[cfg(test)]
mod tests {
    use super::{AddressError, ReceivedAddress};

    /// The address meant, and the ids of its deviations.
    fn read(text: &str) -> Result<(String, Vec<&'static str>), AddressError> {
        Ok(match ReceivedAddress::read(text)? {
            ReceivedAddress::Regular(address) => (address.to_string(), Vec::new()),
            ReceivedAddress::Deviating { address, deviations, .. } => {
                (address.to_string(), deviations.iter().map(|deviation| deviation.id).collect())
            }
        })
    }

    #[test]
    fn dis_06_unambiguous_deviating_forms() {
        const BLANK: &str = "address-trailing-blank";
        const TAG: &str = "address-tag-negative";
        const PORT: &str = "address-port-missing";
        const BRACKETS: &str = "address-ipv6-unbracketed";
        let cases: [(&str, &str, &[&str]); 17] = [
            ("10.0.0.1:3261,1", "10.0.0.1:3261,1", &[]),
            ("10.0.0.1:3261,-1", "10.0.0.1:3261", &[TAG]),
            ("10.0.0.1:3261,1 ", "10.0.0.1:3261,1", &[BLANK]),
            ("10.0.0.1  ", "10.0.0.1:3260", &[BLANK]),
            ("10.0.0.1:,1", "10.0.0.1:3260,1", &[PORT]),
            ("disk.example.com:", "disk.example.com:3260", &[PORT]),
            ("[2001:db8::5]:,1", "[2001:db8::5]:3260,1", &[PORT]),
            ("2001:db8::5,1", "[2001:db8::5]:3260,1", &[BRACKETS]),
            ("2001:db8::", "[2001:db8::]:3260", &[BRACKETS]),
            ("::1,1", "[::1]:3260,1", &[BRACKETS]),
            ("2001:db8:0:0:0:0:0:5,1", "[2001:db8:0:0:0:0:0:5]:3260,1", &[BRACKETS]),
            ("2001:db8:0:0:0:0:0:5:3261,1", "[2001:db8:0:0:0:0:0:5]:3261,1", &[BRACKETS]),
            ("2001:db8::5:a,1", "[2001:db8::5:a]:3260,1", &[BRACKETS]),
            ("fe80::1%eth0,1", "[fe80::1%eth0]:3260,1", &[BRACKETS]),
            ("fe80::1%eth0:3261,1", "[fe80::1%eth0]:3261,1", &[BRACKETS]),
            ("10.0.0.1:,-1 ", "10.0.0.1:3260", &[BLANK, TAG, PORT]),
            ("2001:db8::5,-1 ", "[2001:db8::5]:3260", &[BLANK, TAG, BRACKETS]),
        ];
        for (text, meant, ids) in cases {
            assert_eq!(read(text), Ok((meant.to_owned(), ids.to_vec())), "{text:?}");
        }
    }

    /// Ambiguous forms, and forms that no deviation covers.
    #[test]
    fn dis_06_forms_that_stay_unusable() {
        let cases = [
            ("2001:db8::5:3260,1", AddressError::Port),
            ("2001:db8::5:,1", AddressError::Port),
            ("2001:db8::5:99999,1", AddressError::Port),
            ("10.0.0.1:0,1", AddressError::Port),
            ("10.0.0.1:-1,1", AddressError::Port),
            ("10.0.0.1:3260 ,1", AddressError::Port),
            ("10.0.0.1:3260:,1", AddressError::Port),
            ("disk:example:,1", AddressError::Port),
            ("10.0.0.1,-2", AddressError::PortalGroupTag),
            ("10.0.0.1,", AddressError::PortalGroupTag),
            ("10.0.0.1,-1,1", AddressError::PortalGroupTag),
            ("10.0.0.1,65536", AddressError::PortalGroupTag),
            (" 10.0.0.1,1", AddressError::Host),
            (":,1", AddressError::Port),
            ("", AddressError::Host),
            (" ", AddressError::Host),
            ("a b,1", AddressError::Host),
        ];
        for (text, error) in cases {
            assert_eq!(read(text), Err(error), "{text:?}");
        }
    }
}
