//! The exchange of requests and responses.

use bytes::Bytes;
use iscsi_pdu::{
    InitiatorTaskTag, Isid, LoginRequest, LoginResponse, LoginStatus, SequenceNumbers, SerialNumber, Stage,
    TextAssembler, TextKeys, TextWriter,
};

use super::answer::{Answer, Next, operational};
use super::opening::Opening;
use super::security::{self, Security};
use super::state::State;
use super::{Config, Refusal, Step};
use crate::received_keys::ReceivedKeys;
use crate::{MAX_TEXT, ProtocolViolation};

/// Commands that an initiator may send at once after the login.
const WINDOW: u32 = 64;

/// A login under way, waiting for the initiator's next request.
#[must_use = "a login that is dropped was given up"]
pub struct Login<'a> {
    config: Config<'a>,
    state: State<'a>,
    assembler: TextAssembler,
    /// What did not fit the last response.
    unsent: Bytes,
    stat_sn: SerialNumber,
    /// What the first request said once and for all.
    identity: Option<Identity>,
}

/// Fields that are the same in every request of a login (6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    itt: InitiatorTaskTag,
    isid: Isid,
    cid: u16,
    cmd_sn: SerialNumber,
}

impl<'a> Login<'a> {
    /// Waits for the first request of a connection.
    pub fn new(config: Config<'a>) -> Self {
        Self {
            config,
            state: State::First,
            assembler: TextAssembler::default(),
            unsent: Bytes::new(),
            stat_sn: config.stat_sn,
            identity: None,
        }
    }

    /// Takes the initiator's next request.
    pub fn receive(mut self, request: &LoginRequest) -> Step<'a> {
        if let Err(refusal) = self.check_header(request) {
            return self.refuse(request, refusal);
        }
        if !self.unsent.is_empty() {
            return self.go_on_sending(request);
        }
        let joined = match self.assembler.push(request.text.clone(), request.continues) {
            Ok(Some(text)) => text,
            Ok(None) => {
                let response = self.response(request, LoginStatus::SUCCESS, Bytes::new());
                return Step::Send(self, response);
            }
            Err(error) => return self.refuse(request, ProtocolViolation::from(error).into()),
        };
        let state = std::mem::replace(&mut self.state, State::First);
        let answer = state
            .check_stages(request)
            .and_then(|()| TextKeys::parse(&joined).map_err(|error| ProtocolViolation::from(error).into()))
            .and_then(|pairs| self.dispatch(state, request, ReceivedKeys::new(pairs)));
        match answer {
            Ok(answer) => self.follow(answer, request),
            Err(refusal) => self.refuse(request, refusal),
        }
    }

    /// Headers of a new session whose fields do not change under way.
    fn check_header(&mut self, request: &LoginRequest) -> Result<(), Refusal> {
        let LoginRequest { itt, isid, cid, cmd_sn, .. } = *request;
        let identity = Identity { itt, isid, cid, cmd_sn };
        if *self.identity.get_or_insert(identity) != identity {
            return Err(Refusal::new(
                LoginStatus::INITIATOR_ERROR,
                "tag, ISID, CID or CmdSN changed during the login",
            ));
        }
        match (request.version_min, request.tsih, request.transit && request.continues) {
            (1.., ..) => Err(Refusal::new(LoginStatus::UNSUPPORTED_VERSION, "version 0x00 is the only one")),
            (_, 1.., _) => {
                Err(Refusal::new(LoginStatus::SESSION_DOES_NOT_EXIST, "sessions have one connection here"))
            }
            (.., true) => {
                Err(Refusal::new(LoginStatus::INITIATOR_ERROR, "text that goes on cannot end a stage"))
            }
            _ => Ok(()),
        }
    }

    fn dispatch(
        &self,
        state: State<'a>,
        request: &LoginRequest,
        mut keys: ReceivedKeys<'_>,
    ) -> Result<Answer<'a>, Refusal> {
        match state {
            State::First => {
                let opening = Opening::take(&self.config, &mut keys)?;
                let mut text = TextWriter::new();
                if !opening.is_discovery() {
                    text.push("TargetPortalGroupTag", self.config.portal_group_tag);
                }
                if request.current_stage == Stage::OPERATIONAL {
                    security::check_may_skip(opening.authentication)?;
                    let negotiation = self.config.negotiation(&opening);
                    return operational(opening, negotiation, request, keys, text);
                }
                Security::open(&self.config, opening, request, keys, text)
            }
            State::Security(opening, security) => security.receive(&self.config, opening, request, keys),
            State::Operational(opening, negotiation) => {
                operational(opening, negotiation, request, keys, TextWriter::new())
            }
        }
    }

    fn follow(mut self, answer: Answer<'a>, request: &LoginRequest) -> Step<'a> {
        let text = match answer.text.finish() {
            Ok(text) => text,
            Err(error) => {
                let refusal = Refusal::new(LoginStatus::TARGET_ERROR, error.to_string());
                return self.refuse(request, refusal);
            }
        };
        if text.len() > MAX_TEXT {
            self.state = answer.next.without_transition();
            self.unsent = text;
            return self.next_piece(request);
        }
        match answer.next {
            Next::Stay(state) => {
                self.state = state;
                let response = self.response(request, LoginStatus::SUCCESS, text);
                Step::Send(self, response)
            }
            Next::Transit(opening) => {
                let negotiation = self.config.negotiation(&opening);
                self.state = State::Operational(opening, negotiation);
                let response = self.granting(request, text);
                Step::Send(self, response)
            }
            Next::Complete(opening, negotiation) => match negotiation.finish() {
                Ok(parameters) => {
                    let response = LoginResponse { tsih: self.config.tsih, ..self.granting(request, text) };
                    let completed = opening.complete(parameters, request.cmd_sn, self.stat_sn);
                    Step::Complete(response, Box::new(completed))
                }
                Err(violation) => self.refuse(request, violation.into()),
            },
        }
    }

    /// A response that grants the transition asked for.
    fn granting(&mut self, request: &LoginRequest, text: Bytes) -> LoginResponse {
        let response = self.response(request, LoginStatus::SUCCESS, text);
        LoginResponse { transit: true, next_stage: request.next_stage, ..response }
    }

    /// The next piece of a text that was split, for an empty request (TXT-15, TXT-16).
    fn go_on_sending(self, request: &LoginRequest) -> Step<'a> {
        if request.continues || !request.text.is_empty() {
            let violation = ProtocolViolation::AnswerToHalfAText { length: request.text.len() };
            return self.refuse(request, violation.into());
        }
        self.next_piece(request)
    }

    fn next_piece(mut self, request: &LoginRequest) -> Step<'a> {
        let piece = self.unsent.split_to(self.unsent.len().min(MAX_TEXT));
        let mut response = self.response(request, LoginStatus::SUCCESS, piece);
        response.continues = !self.unsent.is_empty();
        Step::Send(self, response)
    }

    fn refuse(mut self, request: &LoginRequest, refusal: Refusal) -> Step<'a> {
        Step::Refuse(self.response(request, refusal.status, Bytes::new()), refusal)
    }

    fn response(&mut self, request: &LoginRequest, status: LoginStatus, text: Bytes) -> LoginResponse {
        let stat_sn = self.stat_sn;
        self.stat_sn = stat_sn.next();
        LoginResponse { status, text, ..answer(request, stat_sn) }
    }
}

/// A response that stays in the stage of the request and says nothing: what all others have in common.
#[must_use]
pub const fn answer(request: &LoginRequest, stat_sn: SerialNumber) -> LoginResponse {
    LoginResponse {
        transit: false,
        continues: false,
        current_stage: request.current_stage,
        next_stage: Stage(0),
        version_max: 0,
        version_active: 0,
        isid: request.isid,
        tsih: request.tsih,
        itt: request.itt,
        numbers: SequenceNumbers {
            stat_sn,
            exp_cmd_sn: request.cmd_sn,
            max_cmd_sn: request.cmd_sn.plus(WINDOW - 1),
        },
        status: LoginStatus::SUCCESS,
        text: Bytes::new(),
    }
}
