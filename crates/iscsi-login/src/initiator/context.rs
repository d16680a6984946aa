//! The context of an initiator's login: settings, numbers and declarations, which outlive its states.

use std::fmt;

use bytes::Bytes;
use iscsi_pdu::{LoginRequest, LoginResponse, SerialNumber, Stage, TextAssembler, TextWriter, parse_number};

use super::LoginConfig;
use super::outcome::{Authenticated, CompletedLogin};
use crate::chap::ChapAlgorithm;
use crate::chap_exchange::TargetAuthenticated;
use crate::credentials::{Authentication, ConfigError};
use crate::deviation::Deviation;
use crate::error::{LoginError, ProtocolViolation, TargetAuthError};
use crate::login_key::{LoginKey, Pair};
use crate::login_text::{UnsentText, check_request_for_more};
use crate::negotiation::Negotiation;
use crate::parameters::Parameters;
use crate::tolerance::Tolerance;

/// The bytes of all requests of a usual login, so that their texts need memory once.
const TEXT_CAPACITY: usize = 1024;

/// The context of a login.
#[derive(Clone)]
pub(super) struct LoginContext<'a> {
    pub(super) config: LoginConfig<'a>,
    /// Set when the target has chosen it, read when the login completes.
    pub(super) algorithm: Option<ChapAlgorithm>,
    pub(super) target_authenticated: Option<TargetAuthenticated>,
    /// The operational keys, of which some may come in the security stage already.
    pub(super) negotiation: Negotiation,
    /// Tolerated deviations. The course of the login does not depend on them.
    pub(super) tolerance: Tolerance,
    pub(super) stage: Stage,
    /// The transition that the last request asked for.
    pub(super) requested: Option<Stage>,
    /// The transition that the last piece of [`Self::unsent`] asks for.
    transit_to: Option<Stage>,
    /// The text of the next request. All of them share its memory.
    pub(super) text: TextWriter,
    unsent: UnsentText,
    pub(super) exp_stat_sn: SerialNumber,
    pub(super) round_trips: u32,
    assembler: TextAssembler,
    pub(super) version_active: Option<u8>,
    target_portal_group_tag: Option<u16>,
    target_alias: Option<String>,
}

/// The declarations that came in a text, of those that it may have once.
#[derive(Default)]
pub(super) struct Seen {
    alias: bool,
    architecture: bool,
}

/// The stage of a request, and the transition that it asks for.
#[derive(Clone, Copy)]
pub(super) struct Outgoing {
    pub(super) stage: Stage,
    pub(super) transit_to: Option<Stage>,
}

/// Leaves out the settings, which contain the credentials, and the deviations.
impl fmt::Debug for LoginContext<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config: _, algorithm, target_authenticated, negotiation, tolerance: _, stage, .. } = self;
        let Self { requested, transit_to, unsent, exp_stat_sn, round_trips, assembler, .. } = self;
        let Self { version_active, target_portal_group_tag, target_alias, .. } = self;
        formatter
            .debug_struct("LoginContext")
            .field("algorithm", algorithm)
            .field("target_authenticated", target_authenticated)
            .field("negotiation", negotiation)
            .field("stage", stage)
            .field("requested", requested)
            .field("transit_to", transit_to)
            .field("unsent", unsent)
            .field("exp_stat_sn", exp_stat_sn)
            .field("round_trips", round_trips)
            .field("assembler", assembler)
            .field("version_active", version_active)
            .field("target_portal_group_tag", target_portal_group_tag)
            .field("target_alias", target_alias)
            .finish()
    }
}

impl<'a> LoginContext<'a> {
    pub(super) fn new(config: LoginConfig<'a>) -> Self {
        Self {
            config,
            algorithm: None,
            target_authenticated: None,
            negotiation: Negotiation::new(*config.offer.offer(), config.is_discovery()),
            tolerance: Tolerance::new(config.strictness),
            stage: Stage::SECURITY,
            requested: None,
            transit_to: None,
            text: TextWriter::with_capacity(TEXT_CAPACITY),
            unsent: UnsentText::default(),
            exp_stat_sn: SerialNumber(0),
            round_trips: 0,
            assembler: TextAssembler::default(),
            version_active: None,
            target_portal_group_tag: None,
            target_alias: None,
        }
    }

    pub(super) const fn stage(&self) -> Stage {
        self.stage
    }

    /// Creates the next request, with the text that was written.
    pub(super) fn request(&mut self, outgoing: Outgoing) -> Result<LoginRequest, ConfigError> {
        self.stage = outgoing.stage;
        self.transit_to = outgoing.transit_to;
        self.unsent = UnsentText::new(self.text.take()?);
        Ok(self.next_piece())
    }

    /// Creates a request with the next piece of the text; only the last piece may ask for a transition (TXT-14, LOG-22).
    fn next_piece(&mut self) -> LoginRequest {
        let piece = self.unsent.next_piece();
        self.requested = self.transit_to.filter(|_| self.unsent.is_empty());
        self.header(piece)
    }

    /// The next piece of a text that did not fit one request; `None` if the last request was complete.
    pub(super) fn continue_text(
        &mut self,
        response: &LoginResponse,
    ) -> Result<Option<LoginRequest>, ProtocolViolation> {
        if self.unsent.is_empty() {
            return Ok(None);
        }
        check_request_for_more(&response.text, response.continues)?;
        Ok(Some(self.next_piece()))
    }

    /// Asks for the rest of a text that the target split (TXT-15).
    pub(super) fn empty_request(&mut self) -> LoginRequest {
        self.requested = None;
        self.header(Bytes::new())
    }

    fn header(&mut self, text: Bytes) -> LoginRequest {
        self.round_trips += 1;
        LoginRequest {
            transit: self.requested.is_some(),
            continues: !self.unsent.is_empty(),
            current_stage: self.stage,
            // LOG-36: NSG is reserved, and sent as 0, without T.
            next_stage: self.requested.unwrap_or(Stage(0)),
            version_max: 0,
            version_min: 0,
            isid: self.config.isid,
            tsih: 0,
            itt: self.config.itt,
            cid: self.config.cid,
            cmd_sn: self.config.cmd_sn,
            exp_stat_sn: self.exp_stat_sn,
            text,
        }
    }

    /// Joins the pieces of a text; `None` while it is incomplete.
    pub(super) fn join(&mut self, response: &LoginResponse) -> Result<Option<Bytes>, ProtocolViolation> {
        Ok(self.assembler.push(response.text.clone(), response.continues)?)
    }

    /// Takes a declaration that a target may make in any stage; false for other pairs. `seen` has the declarations of this text.
    pub(super) fn take_declaration(
        &mut self,
        Pair { known, value, .. }: Pair<'_>,
        seen: &mut Seen,
    ) -> Result<bool, ProtocolViolation> {
        match known {
            Some(key @ LoginKey::TargetAlias) => {
                if self.is_first(&mut seen.alias, key)? {
                    self.target_alias = Some(value.to_owned());
                }
            }
            Some(key @ LoginKey::NodeArchitecture) => _ = self.is_first(&mut seen.architecture, key)?,
            Some(LoginKey::TargetPortalGroupTag) => self.take_tag(parse_tag(value)?)?,
            Some(LoginKey::TargetAddress) => _ = self.tolerance.read_address(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether a key comes for the first time in its text; repetitions are a deviation.
    fn is_first(&mut self, seen: &mut bool, key: LoginKey) -> Result<bool, ProtocolViolation> {
        let is_first = !std::mem::replace(seen, true);
        if !is_first {
            self.tolerance.tolerate(&Deviation::KEY_REPEATED, key.name(), duplicate(key.name()))?;
        }
        Ok(is_first)
    }

    fn take_tag(&mut self, tag: u16) -> Result<(), ProtocolViolation> {
        const KEY: &str = "TargetPortalGroupTag";
        let Some(first) = self.target_portal_group_tag else {
            self.target_portal_group_tag = Some(tag);
            return Ok(());
        };
        let detail = format!("{KEY}={tag} after {first}");
        self.tolerance.tolerate(&Deviation::PORTAL_GROUP_TAG_REPEATED, detail, duplicate(KEY))
    }

    /// The authentication that took place, which must be the required one (CHP-23, CHP-24).
    ///
    /// Every login that reaches full feature phase passes through here.
    fn authenticated(&mut self) -> Result<Authenticated, TargetAuthError> {
        // Fails closed: mutual CHAP has one arm that succeeds, and it needs the evidence, whatever states a login went
        // through. A state that is added later cannot open another way.
        match (self.config.authentication, self.algorithm, self.target_authenticated.take()) {
            (Authentication::None, ..) | (Authentication::IfAsked(_), None, _) => Ok(Authenticated::None),
            (Authentication::IfAsked(_) | Authentication::Chap(_), Some(algorithm), _) => {
                Ok(Authenticated::Initiator { algorithm })
            }
            (Authentication::Mutual(..), _, Some(evidence)) => Ok(Authenticated::Mutual(evidence)),
            (Authentication::Chap(_) | Authentication::Mutual(..), _, _) => {
                Err(TargetAuthError::Skipped { next: Stage::FULL_FEATURE })
            }
        }
    }

    /// Completes the login.
    pub(super) fn complete(
        mut self,
        parameters: Parameters,
        response: &LoginResponse,
    ) -> Result<CompletedLogin, LoginError> {
        let authenticated = self.authenticated()?;
        if response.tsih == 0 {
            let rule = "a new session gets an identifier other than 0 (11.13.3)";
            let violation = ProtocolViolation::HeaderValue { field: "TSIH", received: 0, rule };
            let detail = "TSIH 0 in the final Login Response";
            self.tolerance.tolerate(&Deviation::TSIH_ZERO, detail, violation)?;
        }
        Ok(CompletedLogin {
            parameters,
            authenticated,
            tsih: response.tsih,
            target_portal_group_tag: self.target_portal_group_tag,
            target_alias: self.target_alias,
            cmd_sn: self.config.cmd_sn,
            exp_stat_sn: self.exp_stat_sn,
            numbers: response.numbers,
            round_trips: self.round_trips,
            deviations: self.tolerance.into_observed(),
        })
    }
}

fn duplicate(key: &str) -> ProtocolViolation {
    ProtocolViolation::DuplicateKey { key: key.to_owned() }
}

fn parse_tag(text: &str) -> Result<u16, ProtocolViolation> {
    const KEY: &str = "TargetPortalGroupTag";
    let number = parse_number(text).map_err(|error| ProtocolViolation::Value { key: KEY, error })?;
    u16::try_from(number).map_err(|_| ProtocolViolation::Rule { key: KEY, rule: "16 bits (13.9)" })
}
