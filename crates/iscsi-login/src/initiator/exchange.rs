//! What is the same in every state: headers, numbers, the target's declarations.

use bytes::Bytes;
use iscsi_pdu::{
    LoginRequest, LoginResponse, SerialNumber, Stage, TargetAddress, TextAssembler, parse_number,
};

use super::{Authenticated, Completed, Config, Outgoing, Redirect};
use crate::error::{NotAuthenticated, Violation};
use crate::received_keys::ReceivedKeys;
use crate::{Authentication, ChapAlgorithm, LoginError, MAX_TEXT, Misuse, Parameters, TargetAuthenticated};

/// Exchanges after which a login that does not end is given up; real ones take one to ten.
const MAX_EXCHANGES: u32 = 64;

/// The login's common thread.
pub(super) struct Exchange<'a> {
    pub(super) config: Config<'a>,
    /// Set by the CHAP states, read when the login completes.
    pub(super) algorithm: Option<ChapAlgorithm>,
    pub(super) proof: Option<TargetAuthenticated>,
    stage: Stage,
    /// The transition asked for by the last request.
    requested: Option<Stage>,
    /// The transition that the last piece of [`Self::unsent`] is to ask for.
    transit_to: Option<Stage>,
    /// What did not fit the last request.
    unsent: Bytes,
    exp_stat_sn: SerialNumber,
    round_trips: u32,
    assembler: TextAssembler,
    version_active: Option<u8>,
    target_portal_group_tag: Option<u16>,
    target_alias: Option<String>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(config: Config<'a>) -> Self {
        Self {
            config,
            algorithm: None,
            proof: None,
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
    pub(super) fn request(&mut self, outgoing: Outgoing) -> Result<LoginRequest, Misuse> {
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
    ) -> Result<Option<LoginRequest>, Violation> {
        if self.unsent.is_empty() {
            return Ok(None);
        }
        if response.continues || !response.text.is_empty() {
            return Err(Violation::AnswerToHalfAText { length: response.text.len() });
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

    /// LOG-37: the status comes before everything else; in a refusal the other fields mean nothing.
    pub(super) fn judge_status(&self, response: &LoginResponse) -> Result<Option<Redirect>, LoginError> {
        self.judge_identity(response)?;
        match response.status.class() {
            0 => Ok(None),
            1 => Redirect::from_response(response).map(Some).map_err(LoginError::from),
            2 | 3 => Err(LoginError::Refused { stage: self.stage, status: response.status }),
            class => expect_equal("Status-Class", class, 0, "classes above 3 are reserved (11.13.5)")
                .map(|()| None)
                .map_err(LoginError::from),
        }
    }

    /// LOG-38: the response belongs to this login.
    fn judge_identity(&self, response: &LoginResponse) -> Result<(), Violation> {
        if response.itt == self.config.itt {
            return Ok(());
        }
        Err(Violation::Header {
            field: "Initiator Task Tag",
            received: response.itt.0,
            expected: self.config.itt.0,
            rule: "one tag for the whole login (6.3)",
        })
    }

    /// Version, stages and flags of a response with status 0000 (LOG-07, LOG-14, LOG-15, TXT-14).
    pub(super) fn judge_header(&mut self, response: &LoginResponse) -> Result<(), LoginError> {
        if self.round_trips > MAX_EXCHANGES {
            return Err(Violation::TooManyExchanges { limit: MAX_EXCHANGES }.into());
        }
        let version = *self.version_active.get_or_insert(response.version_active);
        expect_equal("Version-active", response.version_active, 0, "0x00 is the only version (11.12.4)")?;
        expect_equal("Version-active", response.version_active, version, "the same all along (11.13.2)")?;
        expect_equal("CSG", response.current_stage.0, self.stage.0, "the stage of the request (6.3)")?;
        if response.transit {
            self.judge_transit(response)?;
        }
        self.exp_stat_sn = response.numbers.stat_sn.next();
        Ok(())
    }

    fn judge_transit(&self, response: &LoginResponse) -> Result<(), LoginError> {
        expect_equal("C", u8::from(response.continues), 0, "text that goes on cannot end a stage (6.2)")?;
        let Some(requested) = self.requested else {
            return Err(self.unasked_transit(response.next_stage));
        };
        if response.next_stage == requested {
            return Ok(());
        }
        if self.stage == Stage::SECURITY && response.next_stage > requested {
            return Err(NotAuthenticated::Skipped { next: response.next_stage }.into());
        }
        expect_equal("NSG", response.next_stage.0, requested.0, "not beyond the stage asked for (6.3)")
            .map_err(Into::into)
    }

    /// A transition nobody asked for would skip the rest of the authentication (LOG-15, CHP-23).
    fn unasked_transit(&self, next: Stage) -> LoginError {
        if self.stage == Stage::SECURITY {
            return NotAuthenticated::Skipped { next }.into();
        }
        let rule = "only when the request had it (6.3)";
        Violation::Header { field: "T", received: 1, expected: 0, rule }.into()
    }

    /// Joins split text; `None` while more is to come.
    pub(super) fn join(&mut self, response: &LoginResponse) -> Result<Option<Bytes>, Violation> {
        Ok(self.assembler.push(response.text.clone(), response.continues)?)
    }

    /// What the target may declare in any stage.
    pub(super) fn take_facts(&mut self, keys: &mut ReceivedKeys<'_>) -> Result<(), Violation> {
        if let Some(alias) = keys.take("TargetAlias")? {
            self.target_alias = Some(alias.to_owned());
        }
        if let Some(tag) = keys.take("TargetPortalGroupTag")? {
            self.target_portal_group_tag = Some(parse_tag(tag)?);
        }
        for address in keys.take_all("TargetAddress") {
            address.parse::<TargetAddress>().map_err(Violation::Address)?;
        }
        keys.take("X#NodeArchitecture").map(drop)
    }

    /// The only way into full feature phase: the policy is met, or there is none (CHP-23, CHP-24).
    pub(super) fn complete(
        self,
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
                return Err(NotAuthenticated::Skipped { next: Stage::FULL_FEATURE }.into());
            }
        };
        if response.tsih == 0 {
            let rule = "a new session gets an identifier other than 0 (11.13.3)";
            return Err(Violation::Header { field: "TSIH", received: 0, expected: 1, rule }.into());
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
        })
    }
}

fn expect_equal(
    field: &'static str,
    received: u8,
    expected: u8,
    rule: &'static str,
) -> Result<(), Violation> {
    if received == expected {
        return Ok(());
    }
    Err(Violation::Header { field, received: received.into(), expected: expected.into(), rule })
}

fn parse_tag(text: &str) -> Result<u16, Violation> {
    const KEY: &str = "TargetPortalGroupTag";
    let number = parse_number(text).map_err(|error| Violation::Value { key: KEY, error })?;
    u16::try_from(number).map_err(|_| Violation::Rule { key: KEY, rule: "16 bits (13.9)" })
}
