//! Outcomes of an initiator's login: full feature phase, or a redirection.

use iscsi_pdu::{LoginResponse, LoginStatus, SequenceNumbers, SerialNumber, TargetAddress};

use crate::chap::ChapAlgorithm;
use crate::chap_exchange::TargetAuthenticated;
use crate::deviation::Deviation;
use crate::error::ProtocolViolation;
use crate::login_key::{LoginKey, Pair};
use crate::login_text::ReceivedKeys;
use crate::parameters::Parameters;
use crate::tolerance::{ObservedDeviation, Tolerance, address_detail};

/// A login that reached full feature phase
/// ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompletedLogin {
    /// The agreed parameters.
    pub parameters: Parameters,
    /// The authentication that took place.
    pub authenticated: Authenticated,
    /// The target part of the session identifier.
    pub tsih: u16,
    /// The portal group of the connection, if the target declared it.
    pub target_portal_group_tag: Option<u16>,
    /// The target's description of itself, not to be trusted.
    pub target_alias: Option<String>,
    /// `CmdSN` of the first command.
    pub cmd_sn: SerialNumber,
    /// The next status number expected.
    pub exp_stat_sn: SerialNumber,
    /// The sequence numbers of the last response.
    pub numbers: SequenceNumbers,
    /// The number of requests, each with its response.
    pub round_trips: u32,
    /// The harmless deviations that were tolerated, at most four of each row of the table.
    pub deviations: Vec<ObservedDeviation>,
}

/// The authentication that took place in a login
/// ([RFC 7143, section 12.1](https://www.rfc-editor.org/rfc/rfc7143#section-12.1)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authenticated {
    /// None.
    None,
    /// The initiator authenticated itself to the target.
    Initiator {
        /// The algorithm of its response.
        algorithm: ChapAlgorithm,
    },
    /// The initiator and the target authenticated themselves to each other.
    Mutual(TargetAuthenticated),
}

/// A redirection: the initiator has to log in again at another address, with the same target name and the same authentication
/// (LOG-31; [RFC 7143, section 11.13.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.13.5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Whether the target says that it moved permanently.
    pub permanent: bool,
    /// Whether the target had authenticated itself before. Otherwise anyone on the network path may have sent the redirection.
    pub target_authenticated: bool,
    /// At least one address, in the order of the response.
    pub addresses: Vec<TargetAddress>,
    /// The harmless deviations that were tolerated, as in [`CompletedLogin`].
    pub deviations: Vec<ObservedDeviation>,
}

impl Redirect {
    pub(super) fn from_response(
        response: &LoginResponse,
        target_authenticated: bool,
        tolerance: &mut Tolerance,
    ) -> Result<Self, ProtocolViolation> {
        let (mut addresses, mut unusable) = (Vec::new(), Vec::new());
        for Pair { known, value: text, .. } in ReceivedKeys::parse(&response.text)?.rest() {
            if known != Some(LoginKey::TargetAddress) {
                continue;
            }
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
