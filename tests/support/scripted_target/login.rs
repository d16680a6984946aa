//! Login Responses that violate the protocol, each a function of the request it answers.
//!
//! They are meant for [`Script::answer_login`](super::Script::answer_login); those that need several exchanges are
//! constructors of [`Script`](super::Script).

use iscsi_login::target;
use iscsi_pdu::{LoginRequest, LoginResponse, LoginStatus, Stage, TextWriter};

/// A response that stays in the stage of the request and says nothing; the base of all others.
#[must_use]
pub const fn plain(request: &LoginRequest) -> LoginResponse {
    // The first request acknowledges nothing; each later one says what comes next.
    target::answer(request, request.exp_stat_sn)
}

/// A Login Response with these keys.
#[must_use]
pub fn with_text(request: &LoginRequest, text: TextWriter) -> LoginResponse {
    LoginResponse { text: text.finish().expect("pairs"), ..plain(request) }
}

/// A Login Response with these keys and a transition to `next`; into full feature phase with a session identifier.
#[must_use]
pub fn with_transition(request: &LoginRequest, next: Stage, text: TextWriter) -> LoginResponse {
    let tsih = u16::from(next == Stage::FULL_FEATURE);
    LoginResponse { transit: true, next_stage: next, tsih, ..with_text(request, text) }
}

/// A refusal, or a redirection without an address.
pub fn status(status: LoginStatus) -> impl Fn(&LoginRequest) -> LoginResponse + Send + Sync + 'static {
    move |request| LoginResponse { status, ..plain(request) }
}

/// A redirection to `address`, a value of `TargetAddress`.
pub fn redirect(
    status: LoginStatus,
    address: impl Into<String>,
) -> impl Fn(&LoginRequest) -> LoginResponse + Send + Sync + 'static {
    let address = address.into();
    move |request| {
        let text = TextWriter::new().pair("TargetAddress", &address);
        LoginResponse { status, ..with_text(request, text) }
    }
}

/// Full feature phase at once, whatever was asked for.
#[must_use]
pub fn straight_to_full_feature(request: &LoginRequest) -> LoginResponse {
    with_transition(request, Stage::FULL_FEATURE, TextWriter::new())
}

/// The operational stage at once, without a word about authentication.
#[must_use]
pub fn straight_to_operational(request: &LoginRequest) -> LoginResponse {
    with_transition(request, Stage::OPERATIONAL, TextWriter::new())
}

/// `AuthMethod` with this value.
pub fn method(value: &'static str) -> impl Fn(&LoginRequest) -> LoginResponse + Send + Sync + 'static {
    move |request| {
        with_text(request, TextWriter::new().pair("TargetPortalGroupTag", 1).pair("AuthMethod", value))
    }
}

/// The header of a Login Response that announces 2^24 - 1 bytes of text.
pub(super) fn enormous_segment() -> Vec<u8> {
    let mut bytes = vec![0; 48];
    if let Some(head) = bytes.get_mut(..8) {
        head.copy_from_slice(&[0x23, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff]);
    }
    bytes
}
