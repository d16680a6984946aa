//! The target's side of a login, with the same key table and CHAP code as the initiator's side.
//!
//! It serves tests, demonstrations and fuzzing. Its policy is one account per target name, and one for discovery sessions.

mod admission;
mod states;

use bytes::Bytes;
use iscsi_pdu::{
    InitiatorTaskTag, Isid, LoginRequest, LoginResponse, LoginStatus, SequenceNumbers, SerialNumber, Stage,
    TextAssembler,
};

use crate::chap::Nonce;
use crate::error::ProtocolViolation;
use crate::login_text::{ReceivedKeys, UnsentText, check_request_for_more};
pub use admission::{AcceptedLogin, Account, Refusal, TargetConfig};
use states::{Answer, Next, State};

/// The number of commands that an initiator may send at once after the login.
const WINDOW: u32 = 64;

/// A login in progress, waiting for the initiator's next request.
///
/// It holds no secret: [`Login::receive`] borrows the settings with the accounts, which have to be the same for every request
/// of the login. A clone continues the same login with the same challenge, for simulations.
#[derive(Clone)]
#[must_use = "dropping a login abandons it"]
pub struct Login {
    state: State,
    tsih: u16,
    nonce: Nonce,
    assembler: TextAssembler,
    unsent: UnsentText,
    stat_sn: SerialNumber,
    /// The identity of the first request.
    identity: Option<Identity>,
}

/// The next step after a request.
#[must_use]
#[allow(clippy::large_enum_variant, reason = "matched at once and never stored")]
pub enum Step {
    /// Send the response and pass the next request to the login.
    Send(Login, LoginResponse),
    /// Send the response; full feature phase begins.
    Complete(LoginResponse, Box<AcceptedLogin>),
    /// Send the response and close the connection.
    Refuse(LoginResponse, Refusal),
}

/// The fields that are equal in all requests of a login (RFC 7143, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    itt: InitiatorTaskTag,
    isid: Isid,
    cid: u16,
    cmd_sn: SerialNumber,
}

impl Login {
    /// Creates a login that waits for the first request of a connection: with the session identifier to assign, not 0, the
    /// first status number, and fresh random bytes for the target's challenge.
    pub fn new(tsih: u16, stat_sn: SerialNumber, nonce: Nonce) -> Self {
        Self {
            state: State::First,
            tsih,
            nonce,
            assembler: TextAssembler::default(),
            unsent: UnsentText::default(),
            stat_sn,
            identity: None,
        }
    }

    /// Takes the initiator's next request.
    pub fn receive(mut self, config: &TargetConfig<'_>, request: &LoginRequest) -> Step {
        if let Err(refusal) = self.check_header(request) {
            return self.refuse(request, refusal);
        }
        if !self.unsent.is_empty() {
            return self.continue_text(request);
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
            .and_then(|()| {
                ReceivedKeys::parse(&joined).map_err(|error| ProtocolViolation::from(error).into())
            })
            .and_then(|keys| state.receive(config, &self.nonce, request, keys));
        match answer {
            Ok(answer) => self.follow(config, answer, request),
            Err(refusal) => self.refuse(request, refusal),
        }
    }

    /// Checks that the request belongs to this login, and the fields that a leading login of a new session fixes.
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
                Err(Refusal::new(LoginStatus::SESSION_DOES_NOT_EXIST, "a session has only one connection"))
            }
            (.., true) => {
                Err(Refusal::new(LoginStatus::INITIATOR_ERROR, "incomplete text cannot end a stage"))
            }
            _ => Ok(()),
        }
    }

    fn follow(mut self, config: &TargetConfig<'_>, answer: Answer, request: &LoginRequest) -> Step {
        let text = match answer.text.finish() {
            Ok(text) => text,
            Err(error) => {
                let refusal = Refusal::new(LoginStatus::TARGET_ERROR, error.to_string());
                return self.refuse(request, refusal);
            }
        };
        let mut unsent = UnsentText::new(text);
        let text = unsent.next_piece();
        if !unsent.is_empty() {
            self.state = answer.next.without_transition();
            self.unsent = unsent;
            return self.send_piece(request, text);
        }
        match answer.next {
            Next::Stay(state) => {
                self.state = state;
                let response = self.response(request, LoginStatus::SUCCESS, text);
                Step::Send(self, response)
            }
            Next::Transit(opening) => {
                let negotiation = config.negotiation(&opening);
                self.state = State::Operational(opening, negotiation);
                let response = self.granting(request, text);
                Step::Send(self, response)
            }
            Next::Complete(opening, negotiation) => match negotiation.finish() {
                Ok(parameters) => {
                    let response = LoginResponse { tsih: self.tsih, ..self.granting(request, text) };
                    let completed = opening.complete(parameters, request.cmd_sn, self.stat_sn);
                    Step::Complete(response, Box::new(completed))
                }
                Err(violation) => self.refuse(request, violation.into()),
            },
        }
    }

    /// A response that grants the requested transition.
    fn granting(&mut self, request: &LoginRequest, text: Bytes) -> LoginResponse {
        let response = self.response(request, LoginStatus::SUCCESS, text);
        LoginResponse { transit: true, next_stage: request.next_stage, ..response }
    }

    /// Sends the next piece of a text that did not fit one response (TXT-15, TXT-16).
    fn continue_text(mut self, request: &LoginRequest) -> Step {
        if let Err(violation) = check_request_for_more(&request.text, request.continues) {
            return self.refuse(request, violation.into());
        }
        let piece = self.unsent.next_piece();
        self.send_piece(request, piece)
    }

    fn send_piece(mut self, request: &LoginRequest, piece: Bytes) -> Step {
        let mut response = self.response(request, LoginStatus::SUCCESS, piece);
        response.continues = !self.unsent.is_empty();
        Step::Send(self, response)
    }

    fn refuse(mut self, request: &LoginRequest, refusal: Refusal) -> Step {
        Step::Refuse(self.response(request, refusal.status, Bytes::new()), refusal)
    }

    fn response(&mut self, request: &LoginRequest, status: LoginStatus, text: Bytes) -> LoginResponse {
        let stat_sn = self.stat_sn;
        self.stat_sn = stat_sn.next();
        LoginResponse { status, text, ..answer(request, stat_sn) }
    }
}

/// A response without text that stays in the stage of the request. All other responses are variations of it.
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
