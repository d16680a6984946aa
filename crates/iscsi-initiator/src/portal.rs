//! Network portals: where to connect to.

use std::fmt;

use iscsi_pdu::TargetAddress;
use iscsi_secrets::{PortalName, PortalNameError};

/// Host and TCP port of a portal. `host[:port]`, port 3260 by default, IPv6 addresses in brackets.
///
/// ```
/// use iscsi_initiator::Portal;
/// let portal: Portal = "[2001:db8::1]".parse()?;
/// assert_eq!(portal.to_string(), "[2001:db8::1]:3260");
/// # Ok::<(), iscsi_initiator::PortalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Portal {
    /// Domain name, IPv4 or IPv6 address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// A text that names no portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a portal (host[:port], IPv6 in brackets): {0}")]
pub struct PortalError(iscsi_pdu::AddressError);

impl std::str::FromStr for Portal {
    type Err = PortalError;

    fn from_str(text: &str) -> Result<Self, PortalError> {
        let address: TargetAddress = text.parse().map_err(PortalError)?;
        // A portal group tag belongs to a discovered address, not to a portal somebody types.
        if address.portal_group_tag.is_some() {
            return Err(PortalError(iscsi_pdu::AddressError::Host));
        }
        Ok(Self::from(&address))
    }
}

impl From<&TargetAddress> for Portal {
    fn from(address: &TargetAddress) -> Self {
        Self { host: address.host.clone(), port: address.port }
    }
}

/// The name under which a secret store keeps what a discovery at the portal takes: its text in lower case.
impl TryFrom<&Portal> for PortalName {
    type Error = PortalNameError;

    fn try_from(portal: &Portal) -> Result<Self, PortalNameError> {
        Self::new(portal.to_string().to_ascii_lowercase())
    }
}

impl fmt::Display for Portal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}
