//! What is the same in every state: headers, numbers, the target's declarations.

use std::fmt;

use bytes::Bytes;
use iscsi_pdu::{LoginRequest, LoginResponse, SerialNumber, Stage, TextAssembler, parse_number};

use super::{Authenticated, Completed, Config, Outgoing};
use crate::early_values::EarlyValues;
use crate::error::{ProtocolViolation, TargetAuthError};
use crate::received_keys::ReceivedKeys;
use crate::{
    Authentication, ChapAlgorithm, ConfigError, Deviation, LoginError, MAX_TEXT, Parameters,
    TargetAuthenticated, Tolerance,
};

/// The login's common thread.
pub(super) struct Exchange<'a> {
    pub(super) config: Config<'a>,
    /// Set by the CHAP states, read when the login completes.
    pub(super) algorithm: Option<ChapAlgorithm>,
    pub(super) proof: Option<TargetAuthenticated>,
    /// Operational keys of the security stage.
    pub(super) early: EarlyValues,
    /// What was tolerated; the further course does not depend on it.
    pub(super) tolerance: Tolerance,
    pub(super) stage: Stage,
    /// The transition asked for by the last request.
    pub(super) requested: Option<Stage>,
    /// The transition that the last piece of [`Self::unsent`] is to ask for.
    transit_to: Option<Stage>,
    /// What did not fit the last request.
    unsent: Bytes,
    pub(super) exp_stat_sn: SerialNumber,
    pub(super) round_trips: u32,
    assembler: TextAssembler,
    pub(super) version_active: Option<u8>,
    target_portal_group_tag: Option<u16>,
    target_alias: Option<String>,
}

/// Where the login stands, without the credentials.
impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config: _, algorithm, proof, early, tolerance: _, stage, requested, .. } = self;
        let Self { transit_to, unsent, exp_stat_sn, round_trips, assembler, version_active, .. } = self;
        let Self { target_portal_group_tag, target_alias, .. } = self;
        formatter
            .debug_struct("Exchange")
            .field("algorithm", algorithm)
            .field("proof", proof)
            .field("early", early)
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

impl<'a> Exchange<'a> {
    pub(super) fn new(config: Config<'a>) -> Self {
        Self {
            config,
            algorithm: None,
            proof: None,
            early: EarlyValues::default(),
            tolerance: Tolerance::new(config.strictness),
            stage: Stage::SECURITY,
            requested: None,
            transit_to: None,
            unsent: Bytes::new(),
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

    /// The next request; fields that never change are filled in here.
    pub(super) fn request(&mut self, outgoing: Outgoing) -> Result<LoginRequest, ConfigError> {
        self.stage = outgoing.stage;
        self.transit_to = outgoing.transit_to;
        self.unsent = outgoing.text.finish()?;
        Ok(self.next_piece())
    }

    /// As much as a Login PDU holds; only the last piece may ask for a transition (TXT-14, LOG-22).
    fn next_piece(&mut self) -> LoginRequest {
        let piece = self.unsent.split_to(self.unsent.len().min(MAX_TEXT));
        self.requested = self.transit_to.filter(|_| self.unsent.is_empty());
        self.header(piece)
    }

    /// The next piece of a text that was split. Until its end the target has nothing to say (TXT-16).
    pub(super) fn go_on_sending(
        &mut self,
        response: &LoginResponse,
    ) -> Result<Option<LoginRequest>, ProtocolViolation> {
        if self.unsent.is_empty() {
            return Ok(None);
        }
        if response.continues || !response.text.is_empty() {
            return Err(ProtocolViolation::AnswerToHalfAText { length: response.text.len() });
        }
        Ok(Some(self.next_piece()))
    }

    /// TXT-15: asks for the rest of a text that the target split.
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
            // LOG-36: sent as 0 without T.
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

    /// Joins split text; `None` while more is to come.
    pub(super) fn join(&mut self, response: &LoginResponse) -> Result<Option<Bytes>, ProtocolViolation> {
        Ok(self.assembler.push(response.text.clone(), response.continues)?)
    }

    /// What the target may declare in any stage.
    pub(super) fn take_declarations(&mut self, keys: &mut ReceivedKeys<'_>) -> Result<(), ProtocolViolation> {
        if let Some(alias) = self.take_once(keys, "TargetAlias")? {
            self.target_alias = Some(alias.to_owned());
        }
        while let Some(tag) = keys.take_next("TargetPortalGroupTag") {
            self.take_tag(parse_tag(tag)?)?;
        }
        for address in keys.take_all("TargetAddress") {
            self.tolerance.read_address(address)?;
        }
        self.take_once(keys, "X#NodeArchitecture").map(drop)
    }

    /// The first value of a key that should come once.
    fn take_once<'k>(
        &mut self,
        keys: &mut ReceivedKeys<'k>,
        key: &str,
    ) -> Result<Option<&'k str>, ProtocolViolation> {
        let Some(first) = keys.take_next(key) else { return Ok(None) };
        while keys.take_next(key).is_some() {
            self.tolerance.tolerate(&Deviation::KEY_REPEATED, key, twice(key))?;
        }
        Ok(Some(first))
    }

    fn take_tag(&mut self, tag: u16) -> Result<(), ProtocolViolation> {
        const KEY: &str = "TargetPortalGroupTag";
        let Some(first) = self.target_portal_group_tag else {
            self.target_portal_group_tag = Some(tag);
            return Ok(());
        };
        let detail = format!("{KEY}={tag} after {first}");
        self.tolerance.tolerate(&Deviation::PORTAL_GROUP_TAG_REPEATED, detail, twice(KEY))
    }

    /// The only way into full feature phase: the policy is met, or there is none (CHP-23, CHP-24).
    pub(super) fn complete(
        mut self,
        parameters: Parameters,
        response: &LoginResponse,
    ) -> Result<Completed, LoginError> {
        let authenticated = match (self.config.authentication, self.algorithm, self.proof) {
            (Authentication::None, ..) | (Authentication::IfAsked(_), None, _) => Authenticated::None,
            (Authentication::IfAsked(_) | Authentication::Chap(_), Some(algorithm), _) => {
                Authenticated::Initiator { algorithm }
            }
            (Authentication::Mutual(..), _, Some(proof)) => Authenticated::Mutual(proof),
            (Authentication::Chap(_) | Authentication::Mutual(..), _, _) => {
                return Err(TargetAuthError::Skipped { next: Stage::FULL_FEATURE }.into());
            }
        };
        if response.tsih == 0 {
            let rule = "a new session gets an identifier other than 0 (11.13.3)";
            let violation = ProtocolViolation::HeaderValue { field: "TSIH", received: 0, rule };
            let detail = "TSIH 0 in the final Login Response";
            self.tolerance.tolerate(&Deviation::TSIH_ZERO, detail, violation)?;
        }
        Ok(Completed {
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

fn twice(key: &str) -> ProtocolViolation {
    ProtocolViolation::DuplicateKey { key: key.to_owned() }
}

fn parse_tag(text: &str) -> Result<u16, ProtocolViolation> {
    const KEY: &str = "TargetPortalGroupTag";
    let number = parse_number(text).map_err(|error| ProtocolViolation::Value { key: KEY, error })?;
    u16::try_from(number).map_err(|_| ProtocolViolation::Rule { key: KEY, rule: "16 bits (13.9)" })
}
