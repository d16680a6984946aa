//! Redirection: the target is elsewhere (RFC 7143, 11.13.5 and 13.8).

use iscsi_pdu::{LoginResponse, LoginStatus, TargetAddress, TextKeys};

use crate::error::Violation;
use crate::received_keys::ReceivedKeys;

/// Where to log in instead, from scratch, with the same target name and the same authentication (LOG-31).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Moved for good, by the target's own word.
    pub permanent: bool,
    /// The target had authenticated itself before it sent this. Otherwise anybody on the way may have sent it.
    pub target_authenticated: bool,
    /// At least one address, in the target's order.
    pub addresses: Vec<TargetAddress>,
}

impl Redirect {
    pub(super) fn from_response(
        response: &LoginResponse,
        target_authenticated: bool,
    ) -> Result<Self, Violation> {
        let pairs = TextKeys::parse(&response.text)?;
        let addresses = ReceivedKeys::new(pairs)
            .take_all("TargetAddress")
            .into_iter()
            .map(|address| address.parse().map_err(Violation::Address))
            .collect::<Result<Vec<_>, _>>()?;
        if addresses.is_empty() {
            return Err(Violation::RedirectWithoutAddress);
        }
        let permanent = response.status == LoginStatus::MOVED_PERMANENTLY;
        Ok(Self { permanent, target_authenticated, addresses })
    }
}
