//! Redirection: the target is elsewhere (RFC 7143, 11.13.5 and 13.8).

use iscsi_pdu::{LoginResponse, LoginStatus, TargetAddress, TextKeys};

use crate::error::ProtocolViolation;
use crate::received_keys::ReceivedKeys;
use crate::tolerance::address_detail;
use crate::{Deviation, ObservedDeviation, Tolerance};

/// Where to log in instead, from scratch, with the same target name and the same authentication (LOG-31).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Moved for good, by the target's own word.
    pub permanent: bool,
    /// The target had authenticated itself before it sent this. Otherwise anybody on the way may have sent it.
    pub target_authenticated: bool,
    /// At least one address, in the target's order.
    pub addresses: Vec<TargetAddress>,
    /// Harmless deviations of the target that were tolerated so far, as in [`Completed`](super::Completed).
    pub deviations: Vec<ObservedDeviation>,
}

impl Redirect {
    pub(super) fn from_response(
        response: &LoginResponse,
        target_authenticated: bool,
        tolerance: &mut Tolerance,
    ) -> Result<Self, ProtocolViolation> {
        let texts = ReceivedKeys::new(TextKeys::parse(&response.text)?).take_all("TargetAddress");
        let mut addresses = Vec::with_capacity(texts.len());
        let mut unusable = Vec::new();
        for text in texts {
            match tolerance.read_address(text) {
                Ok(address) => addresses.push(address),
                Err(violation) => unusable.push((text, violation)),
            }
        }
        if let (true, Some((_, violation))) = (addresses.is_empty(), unusable.first()) {
            return Err(violation.clone());
        }
        for (text, violation) in unusable {
            let detail = format!("{}: {violation}", address_detail(text));
            tolerance.tolerate(&Deviation::RECORD_UNUSABLE, detail, violation)?;
        }
        if addresses.is_empty() {
            return Err(ProtocolViolation::RedirectWithoutAddress);
        }
        let permanent = response.status == LoginStatus::MOVED_PERMANENTLY;
        let deviations = tolerance.observed().to_vec();
        Ok(Self { permanent, target_authenticated, addresses, deviations })
    }
}
