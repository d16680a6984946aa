//! One attempt to log in over a new connection.

use std::time::{Duration, Instant};

use iscsi_login::initiator::{self, CompletedLogin, Login, Redirect, SessionType, Step};
use iscsi_login::{ConfigError, LoginError, Nonce};
use iscsi_pdu::{InitiatorTaskTag, Isid, LoginRequest, LoginResponse, Portal, SerialNumber, Stage};

use super::connection::Connection;
use crate::config::Config;
use crate::error::{Error, LoginStep};
use crate::login::{Credentials, LoginProgress, LoginTimes, OwnChallenge, is_own_challenge};
use crate::random;

/// Connection identifier of the leading connection.
const LEADING_CID: u16 = 0;

/// The parameters of a login at one portal.
pub(crate) struct LoginAttempt<'a> {
    pub(crate) config: &'a Config,
    pub(crate) session_type: SessionType<'a>,
    pub(crate) isid: Isid,
    pub(crate) portal: &'a Portal,
    pub(crate) credentials: &'a Credentials,
    pub(crate) progress: &'a LoginProgress,
}

/// The outcome of an attempt that did not fail.
#[allow(clippy::large_enum_variant, reason = "matched at once and never stored")]
pub(crate) enum LoginOutcome {
    /// The login is complete, and the connection is in full feature phase.
    Complete(Connection, CompletedLogin, LoginTimes),
    /// The target redirected the login; the connection is closed.
    Redirect(Redirect),
}

/// Connects and exchanges PDUs until the login is over. The caller limits the time.
///
/// # Cancel safety
/// A future that is dropped closes the connection.
pub(crate) async fn log_in(attempt: &LoginAttempt<'_>) -> Result<LoginOutcome, Error> {
    let Drawn { challenge, cmd_sn } = Drawn::new()?;
    // Settings and secrets are checked, and the first request is encoded, before connecting.
    let (mut login, mut request) =
        Login::start(login_config(attempt, &challenge, cmd_sn)).map_err(refused_settings)?;
    let mut clock = Stopwatch::start();
    let mut connection = Connection::connect(attempt.portal).await?;
    let mut times = LoginTimes { connect: clock.lap(), ..LoginTimes::default() };
    loop {
        let stage = login.stage();
        attempt.progress.reach(LoginStep::Negotiating(stage));
        let response = exchange(&mut connection, &request)
            .await
            .map_err(|error| without_response(error, attempt.portal, stage))?;
        times.add(stage, clock.lap());
        let step = login.receive(&response).map_err(|error| failed(attempt, stage, error))?;
        (login, request) = match step {
            Step::Send(login, request) => (login, request),
            Step::Redirect(redirect) => return Ok(LoginOutcome::Redirect(redirect)),
            Step::Complete(completed) => {
                let parameters = &completed.parameters;
                connection.enter_full_feature(parameters.digests, parameters.max_recv_data_segment_length);
                return Ok(LoginOutcome::Complete(connection, completed, times));
            }
        };
    }
}

/// Measures consecutive intervals.
struct Stopwatch(Instant);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now())
    }

    fn lap(&mut self) -> Duration {
        let began = std::mem::replace(&mut self.0, Instant::now());
        self.0 - began
    }
}

/// Sends a Login Request and decodes the response; anything but a Login Response is an error (LOG-02).
async fn exchange(connection: &mut Connection, request: &LoginRequest) -> Result<LoginResponse, Error> {
    let raw = connection.exchange(request.encode()).await?;
    let response = LoginResponse::decode(raw)?;
    tracing::debug!(
        portal = %connection.portal(),
        stage = %response.current_stage,
        transit = response.transit,
        status = %response.status,
        "login response"
    );
    Ok(response)
}

/// The random values of a login.
struct Drawn {
    challenge: OwnChallenge,
    cmd_sn: SerialNumber,
}

impl Drawn {
    /// Draws both values in one call of the operating system.
    fn new() -> Result<Self, Error> {
        let [challenge @ .., a, b, c, d] = random::bytes::<{ Nonce::LENGTH + 4 }>()?;
        let cmd_sn = SerialNumber(u32::from_be_bytes([a, b, c, d]));
        Ok(Self { challenge: OwnChallenge::from_random(challenge), cmd_sn })
    }
}

fn login_config<'a>(
    attempt: &LoginAttempt<'a>,
    challenge: &OwnChallenge,
    cmd_sn: SerialNumber,
) -> initiator::LoginConfig<'a> {
    initiator::LoginConfig {
        initiator_name: &attempt.config.initiator_name,
        initiator_alias: attempt.config.alias.as_deref(),
        session_type: attempt.session_type,
        isid: attempt.isid,
        cid: LEADING_CID,
        itt: InitiatorTaskTag(0),
        cmd_sn,
        authentication: attempt.credentials.as_authentication(),
        algorithms: &attempt.config.algorithms,
        offer: attempt.config.offer,
        strictness: attempt.config.strictness,
        nonce: challenge.nonce(),
        is_own_challenge: &is_own_challenge,
    }
}

/// Adds the stage to the error of a target that closed the connection, or sent something other than a Login Response.
fn without_response(error: Error, portal: &Portal, stage: Stage) -> Error {
    match error {
        Error::ConnectionLost { portal, reason } => Error::ClosedDuringLogin { portal, stage, reason },
        Error::Protocol(error) => Error::MalformedDuringLogin { portal: portal.clone(), stage, error },
        other => other,
    }
}

const fn refused_settings(error: ConfigError) -> Error {
    Error::Credentials(error)
}

fn failed(attempt: &LoginAttempt<'_>, stage: Stage, error: LoginError) -> Error {
    Error::Login { portal: attempt.portal.clone(), stage, error }
}
