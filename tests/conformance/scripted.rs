//! A login against scripted answers.

use iscsi_login::initiator::{Login, LoginConfig, SessionType, Step};
use iscsi_login::{
    Authentication, ChapAlgorithm, ForwardCredentialRef, ForwardSecret, LoginError, Nonce, Offer,
    PreparedOffer, ReverseCredentialRef, ReverseSecret, Strictness, target,
};
use iscsi_pdu::{
    InitiatorTaskTag, IscsiName, Isid, LoginRequest, LoginResponse, SerialNumber, TextKeys, TextWriter,
};

pub(crate) const FORWARD: &[u8] = b"tgt-sets-this-01";
pub(crate) const REVERSE: &[u8] = b"ini-sets-this-02";

/// The target's challenge of the published exchange.
pub(crate) const CHALLENGE: [(&str, &str); 2] =
    [("CHAP_I", "33"), ("CHAP_C", "0xa1b2c3d4e5f60718293a4b5c6d7e8f90")];
/// The target's response to the initiator's challenge of the published exchange, for MD5.
pub(crate) const RESPONSE: [(&str, &str); 2] =
    [("CHAP_N", "disk"), ("CHAP_R", "0xc845274d8f66c33eb85b988fe7bc67c0")];

pub(crate) fn forward() -> ForwardCredentialRef<'static> {
    ForwardCredentialRef { name: "host", secret: ForwardSecret::new(FORWARD) }
}

pub(crate) fn reverse() -> ReverseCredentialRef<'static> {
    ReverseCredentialRef { name: Some("disk"), secret: ReverseSecret::new(REVERSE) }
}

pub(crate) fn mutual() -> Authentication<'static> {
    Authentication::Mutual(forward(), reverse())
}

/// Identifier 92 and the challenge of the published exchange.
pub(crate) fn nonce() -> Nonce {
    let mut bytes = [0; Nonce::LENGTH];
    bytes[0] = 92;
    let challenge = 0x0f1e_2d3c_4b5a_6978_8796_a5b4_c3d2_e1f0_u128.to_be_bytes();
    bytes[1..17].copy_from_slice(&challenge);
    bytes[17..].copy_from_slice(&challenge);
    Nonce::from_random(bytes)
}

/// Names that live as long as the test.
pub(crate) fn names() -> (&'static IscsiName, &'static IscsiName) {
    let name = |text: &str| -> &'static IscsiName { Box::leak(Box::new(text.parse().unwrap())) };
    (name("iqn.2001-04.com.example:host"), name("iqn.2001-04.com.example:disk"))
}

/// An offer that lives as long as the test.
pub(crate) fn prepared(offer: Offer) -> &'static PreparedOffer {
    Box::leak(Box::new(offer.into()))
}

/// Settings that refuse every deviation from RFC 7143.
pub(crate) fn config(authentication: Authentication<'static>) -> LoginConfig<'static> {
    let (initiator_name, target) = names();
    LoginConfig {
        initiator_name,
        initiator_alias: None,
        session_type: SessionType::Normal(target),
        isid: Isid::from_random([1, 2, 3], 4),
        cid: 0,
        itt: InitiatorTaskTag(7),
        cmd_sn: SerialNumber(1000),
        reinstates: false,
        authentication,
        algorithms: &ChapAlgorithm::ALL,
        offer: prepared(Offer::default()),
        strictness: Strictness::Strict,
        nonce: nonce(),
        is_own_challenge: &|_| false,
    }
}

/// A well-behaved answer to `request`: the same stage, no transition, status 0000.
pub(crate) fn answer(request: &LoginRequest, keys: &[(&str, &str)]) -> LoginResponse {
    let text = keys.iter().fold(TextWriter::new(), |text, (key, value)| text.pair(key, value));
    LoginResponse { text: text.finish().unwrap(), ..target::answer(request, request.exp_stat_sn) }
}

/// An answer that grants the requested transition.
pub(crate) fn grant(request: &LoginRequest, keys: &[(&str, &str)]) -> LoginResponse {
    LoginResponse { transit: true, next_stage: request.next_stage, tsih: 1, ..answer(request, keys) }
}

/// A login in which the test acts as the target.
pub(crate) struct Play {
    pub(crate) login: Login<'static>,
    pub(crate) request: LoginRequest,
}

impl Play {
    pub(crate) fn begin(config: LoginConfig<'static>) -> Self {
        let (login, request) = Login::start(config).unwrap();
        Self { login, request }
    }

    /// Continues after a step taken by hand.
    pub(crate) fn resume(login: Login<'static>, request: LoginRequest) -> Self {
        Self { login, request }
    }

    /// The keys of the request.
    pub(crate) fn keys(&self) -> Vec<(String, String)> {
        TextKeys::parse(&self.request.text)
            .unwrap()
            .iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect()
    }

    pub(crate) fn value(&self, key: &str) -> Option<String> {
        self.keys().into_iter().find(|pair| pair.0 == key).map(|pair| pair.1)
    }

    /// Answers and continues with the next request.
    pub(crate) fn on(self, answer: impl FnOnce(&LoginRequest) -> LoginResponse) -> Self {
        match self.step(answer).unwrap() {
            Step::Send(login, request) => Self { login, request },
            Step::Complete(_) => panic!("the login is complete"),
            Step::Redirect(_) => panic!("the login is redirected"),
        }
    }

    pub(crate) fn step(
        self,
        answer: impl FnOnce(&LoginRequest) -> LoginResponse,
    ) -> Result<Step<'static>, LoginError> {
        let response = answer(&self.request);
        self.login.receive(&response)
    }

    /// The error of the answer.
    pub(crate) fn fails(self, answer: impl FnOnce(&LoginRequest) -> LoginResponse) -> LoginError {
        match self.step(answer) {
            Err(error) => error,
            Ok(_) => panic!("the login goes on"),
        }
    }

    /// Up to the point where the target's challenge is due.
    pub(crate) fn at_challenge(authentication: Authentication<'static>) -> Self {
        Self::begin(config(authentication)).on(|request| answer(request, &[("AuthMethod", "CHAP")]))
    }

    /// Up to the point where the target's response is due.
    pub(crate) fn at_response(algorithm: &str) -> Self {
        let keys = [("CHAP_A", algorithm), CHALLENGE[0], CHALLENGE[1]];
        Self::at_challenge(mutual()).on(|request| answer(request, &keys))
    }

    /// Up to the point where the operational answers are due.
    pub(crate) fn at_parameters() -> Self {
        Self::begin(config(Authentication::None))
    }
}
