//! The login of one connection (RFC 7143, 6.3).

use std::sync::Arc;
use std::time::Duration;

use iscsi_login::Nonce;
use iscsi_login::target::{self, AcceptedLogin};
use iscsi_pdu::{LoginRequest, LoginResponse, RawPdu};
use zeroize::Zeroizing;

use super::credentials::initiator_name;
use super::fault::Fault;
use super::shared::Shared;
use super::{Config, Credentials};

/// The time limit for a login.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Random bytes that a connection takes: for the target's challenge, and for a secret that nobody knows.
pub(super) const RANDOM_BYTES: usize = Nonce::LENGTH + UNGUESSABLE;
const UNGUESSABLE: usize = 32;

/// A login in progress.
#[derive(Clone)]
pub(super) struct LoginPhase {
    login: Option<target::Login>,
    unguessable: Zeroizing<[u8; UNGUESSABLE]>,
    /// The credentials of each target that are managed, looked up with the first request.
    managed: Option<Arc<Vec<Option<Credentials>>>>,
}

/// The next step of a login.
pub(super) enum LoginStep {
    Send(LoginResponse),
    Complete(LoginResponse, Box<AcceptedLogin>),
    Refuse(LoginResponse, Fault),
}

impl LoginPhase {
    pub(super) fn new(shared: &mut Shared, random: &[u8; RANDOM_BYTES]) -> Self {
        let (mut nonce, mut unguessable) = ([0; Nonce::LENGTH], Zeroizing::new([0; UNGUESSABLE]));
        let (first, second) = random.split_at(Nonce::LENGTH);
        nonce.copy_from_slice(first);
        unguessable.copy_from_slice(second);
        let stat_sn = shared.config.first_stat_sn;
        let login = target::Login::new(shared.next_tsih(), stat_sn, Nonce::from_random(nonce));
        Self { login: Some(login), unguessable, managed: None }
    }

    pub(super) fn receive(
        &mut self,
        config: &Config,
        raw: RawPdu,
    ) -> Result<(LoginRequest, LoginStep), Fault> {
        let request = LoginRequest::decode(raw)?;
        let managed = Arc::clone(self.managed.get_or_insert_with(|| {
            let initiator = initiator_name(&request);
            let credentials = config.targets.iter().map(|target| &target.credentials);
            Arc::new(credentials.map(|own| own.managed(&initiator, &*self.unguessable)).collect())
        }));
        let accounts = accounts(config, &managed);
        let settings = target::TargetConfig {
            accounts: &accounts,
            discovery: config.discovery.as_authentication(),
            algorithms: &config.algorithms,
            offer: config.feasible_offer(),
            portal_group_tag: config.portal_group_tag,
        };
        let login =
            self.login.take().ok_or_else(|| Fault::violation("Login Request after a login (11.12)"))?;
        let step = match login.receive(&settings, &request) {
            target::Step::Send(next, response) => {
                self.login = Some(next);
                LoginStep::Send(allowing(config, &request, response))
            }
            target::Step::Complete(response, completed) => {
                LoginStep::Complete(allowing(config, &request, response), completed)
            }
            target::Step::Refuse(response, refusal) => LoginStep::Refuse(response, refusal.into()),
        };
        Ok((request, step))
    }
}

/// The accounts in the form that a login takes, in the order of the targets.
fn accounts<'a>(config: &'a Config, managed: &'a [Option<Credentials>]) -> Vec<target::Account<'a>> {
    let account = |(served, managed): (&'a super::Target, &'a Option<Credentials>)| target::Account {
        name: &served.name,
        authentication: managed.as_ref().unwrap_or(&served.credentials).as_authentication(),
    };
    config.targets.iter().zip(managed).map(account).collect()
}

/// The response with the command window of this target.
fn allowing(config: &Config, request: &LoginRequest, mut response: LoginResponse) -> LoginResponse {
    response.numbers.max_cmd_sn = request.cmd_sn.plus(config.window).minus(1);
    response
}
