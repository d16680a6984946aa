//! Whole logins as bytes, against the target's side of `iscsi-login`.

mod ends;
mod pieces;
mod redirects;
mod time;

use std::sync::Arc;

use bytes::Bytes;
use iscsi_login::PreparedOffer;
use iscsi_login::initiator::SessionType;
use iscsi_login::target::{self, Account, TargetConfig};
use iscsi_login::{
    Authentication, ChapAlgorithm, DigestPreference, ForwardCredentialRef, ForwardSecret, Nonce, Offer,
    ReverseCredentialRef, ReverseSecret,
};
use iscsi_pdu::{Decoder, InitiatorTaskTag, IscsiName, Isid, SerialNumber};
use iscsi_secrets::{ForwardCredential, MemoryStore, ReverseCredential, Secret, SecretStore as _};

use super::*;
use crate::config::Config;
use crate::login::{AuthenticationMode, AuthenticationRequest, CredentialScope, Credentials, Secrets};

const FORWARD: &[u8] = b"secret-of-the-host";
const REVERSE: &[u8] = b"secret-of-the-disk";
const BOTH: Digests = Digests { header: true, data: true };
/// The time at which each login begins, and its limit.
const BEGAN: Duration = Duration::from_secs(1000);
const LIMIT: Duration = Duration::from_secs(30);

fn portal(port: u16) -> Portal {
    Portal { host: "10.0.0.1".to_owned(), port }
}

/// The random values of a login at the n-th portal.
fn draw(number: u8) -> Draw {
    Draw { nonce: Nonce::from_random([number; Nonce::LENGTH]), cmd_sn: SerialNumber(number.into()) }
}

/// The values that a login borrows. Digests are offered and accepted.
struct Fixture {
    config: Config,
    offer: PreparedOffer,
    target: IscsiName,
    credentials: Credentials,
    first: Portal,
}

impl Fixture {
    fn new(mode: AuthenticationMode) -> Self {
        Self::with_reverse_secret(mode, REVERSE)
    }

    fn with_reverse_secret(mode: AuthenticationMode, reverse: &[u8]) -> Self {
        let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
        config.login_timeout = LIMIT;
        config.offer.header_digest = DigestPreference::PreferCrc32c;
        config.offer.data_digest = DigestPreference::PreferCrc32c;
        let target: IscsiName = "iqn.2001-04.com.example:disk".parse().unwrap();
        let secret = |bytes| Secret::from_bytes(bytes).unwrap();
        let request = AuthenticationRequest {
            mode,
            forward: Some(Arc::new(ForwardCredential::new(Some("host".into()), secret(FORWARD)).unwrap())),
            reverse: Some(Arc::new(ReverseCredential::new(Some("disk".into()), secret(reverse)).unwrap())),
        };
        let store = Arc::new(MemoryStore::new());
        let snapshot = store.snapshot();
        let secrets = Secrets { store, is_given: false };
        let scope = CredentialScope::Target(target.clone());
        let credentials = Credentials::of(&scope, &request, &secrets, snapshot, &config).unwrap();
        Self { offer: config.offer.into(), config, target, credentials, first: portal(1) }
    }

    fn open() -> Self {
        Self::new(AuthenticationMode::None)
    }

    fn mutual() -> Self {
        Self::new(AuthenticationMode::Mutual)
    }

    fn settings(&self) -> LoginSettings<'_> {
        LoginSettings {
            config: &self.config,
            offer: &self.offer,
            session_type: SessionType::Normal(&self.target),
            isid: Isid::from_random([1, 2, 3], 4),
            credentials: &self.credentials,
            reinstates: false,
            is_own_challenge: &|_| false,
        }
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange::new(self.settings(), &self.first, BEGAN)
    }

    /// A login that is connected to its first portal, and has its first request to send.
    fn connected(&self) -> Exchange<'_> {
        let mut exchange = self.exchange();
        exchange.begin(draw(1), BEGAN).unwrap();
        assert!(matches!(exchange.connected(BEGAN), Next::Write));
        exchange
    }

    /// A login that waits for the response to its first request.
    fn waiting(&self) -> Exchange<'_> {
        let mut exchange = self.connected();
        assert!(matches!(send(&mut exchange), Ok(Next::Read)));
        exchange
    }

    fn accounts(&self, authentication: Authentication<'static>) -> [Account<'_>; 1] {
        [Account { name: &self.target, authentication }]
    }
}

const fn mutual() -> Authentication<'static> {
    let forward = ForwardCredentialRef { name: "host", secret: ForwardSecret::new(FORWARD) };
    Authentication::Mutual(
        forward,
        ReverseCredentialRef { name: Some("disk"), secret: ReverseSecret::new(REVERSE) },
    )
}

/// The target's side of a login.
fn target_login() -> target::Login {
    target::Login::new(7, SerialNumber(50), Nonce::from_random([200; Nonce::LENGTH]))
}

fn target_config<'a>(accounts: &'a [Account<'a>]) -> TargetConfig<'a> {
    let mut offer = Offer::default();
    offer.header_digest = DigestPreference::AcceptCrc32c;
    offer.data_digest = DigestPreference::AcceptCrc32c;
    TargetConfig {
        accounts,
        discovery: Authentication::None,
        algorithms: &ChapAlgorithm::ALL,
        offer,
        portal_group_tag: 1,
    }
}

/// The response of a target that requires no authentication.
fn accept(fixture: &Fixture, request: &LoginRequest) -> LoginResponse {
    let accounts = fixture.accounts(Authentication::None);
    match target_login().receive(&target_config(&accounts), request) {
        target::Step::Complete(response, _) => response,
        _ => panic!("not complete: {request:?}"),
    }
}

/// Decodes a whole request.
fn request_in(bytes: &[u8]) -> LoginRequest {
    let mut bytes = BytesMut::from(bytes);
    let raw = Decoder::new(8192).decode(&mut bytes).unwrap().unwrap();
    assert!(bytes.is_empty());
    LoginRequest::decode(raw).unwrap()
}

fn encoded(raw: RawPdu, digests: Digests) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    EncodedPdu::new(raw, digests).unwrap().append_to(&mut bytes);
    bytes.to_vec()
}

fn bytes_of(response: &LoginResponse) -> Vec<u8> {
    encoded(response.encode(), Digests::default())
}

/// Writes the whole request.
fn send(exchange: &mut Exchange<'_>) -> Result<Next, Error> {
    exchange.sent(exchange.outgoing().len(), BEGAN)
}

fn receive(exchange: &mut Exchange<'_>, bytes: &[u8]) -> Result<Next, Error> {
    exchange.space().extend_from_slice(bytes);
    exchange.received(BEGAN)
}

/// The error of a step that has to fail.
fn error_of(step: Result<Next, Error>) -> Error {
    step.err().expect("an error")
}

/// The requests and responses of a login by mutual CHAP, with its result.
struct Recording {
    requests: Vec<Vec<u8>>,
    responses: Vec<Vec<u8>>,
    logged_in: LoggedIn,
}

fn record(fixture: &Fixture) -> Recording {
    let accounts = fixture.accounts(mutual());
    let (config, mut login) = (target_config(&accounts), Some(target_login()));
    let (mut requests, mut responses) = (Vec::new(), Vec::new());
    let mut exchange = fixture.connected();
    loop {
        requests.push(exchange.outgoing().to_vec());
        assert!(matches!(send(&mut exchange), Ok(Next::Read)));
        let request = request_in(&requests[requests.len() - 1]);
        let response = match login.take().unwrap().receive(&config, &request) {
            target::Step::Send(next, response) => {
                login = Some(next);
                response
            }
            target::Step::Complete(response, _) => response,
            target::Step::Refuse(_, refusal) => panic!("{refusal}"),
        };
        responses.push(bytes_of(&response));
        match receive(&mut exchange, &responses[responses.len() - 1]).unwrap() {
            Next::Write => {}
            Next::Complete(complete) => return Recording { requests, responses, logged_in: complete.0 },
            _ => panic!("neither another request nor the end"),
        }
    }
}

/// The replay of a recording, to an exchange that is connected.
#[derive(Clone)]
struct Replay<'a> {
    exchange: Exchange<'a>,
    recording: &'a Recording,
    /// The number of responses that were passed completely, and of bytes of the next one.
    answered: usize,
    offset: usize,
}

impl<'a> Replay<'a> {
    fn new(fixture: &'a Fixture, recording: &'a Recording) -> Self {
        Self { exchange: fixture.connected(), recording, answered: 0, offset: 0 }
    }

    /// Passes at most this many bytes in the direction in which the login waits.
    fn step(&mut self, most: usize) -> Option<(LoggedIn, Inbox)> {
        let next = match self.exchange.next() {
            Next::Write => self.write(most),
            Next::Read => self.read(most),
            _ => panic!("neither writes nor reads"),
        };
        match next {
            Next::Complete(complete) => Some(*complete),
            _ => None,
        }
    }

    fn write(&mut self, most: usize) -> Next {
        let rest = self.exchange.outgoing();
        assert!(self.recording.requests[self.answered].ends_with(rest));
        self.exchange.sent(rest.len().min(most), BEGAN).unwrap()
    }

    fn read(&mut self, most: usize) -> Next {
        let response = &self.recording.responses[self.answered];
        let end = self.offset.saturating_add(most).min(response.len());
        let piece = &response[self.offset..end];
        self.offset = end % response.len();
        self.answered += usize::from(end == response.len());
        receive(&mut self.exchange, piece).unwrap()
    }

    /// Passes whole requests and the rest of the responses; the result is the recorded one.
    fn finish(mut self) {
        let steps = 2 * self.recording.requests.len();
        let (logged_in, inbox) = (0..steps).find_map(|_| self.step(usize::MAX)).expect("an end");
        assert_eq!(logged_in, self.recording.logged_in);
        assert_eq!(self.answered, self.recording.responses.len());
        assert!(inbox.is_empty());
    }
}
