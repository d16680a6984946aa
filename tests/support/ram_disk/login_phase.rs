//! The login of one connection (RFC 7143, 6.3).

use std::time::Duration;

use iscsi_login::{Nonce, target};
use iscsi_pdu::{Isid, LoginRequest, LoginResponse};
use rand::TryRng as _;
use rand::rngs::SysRng;

use super::fault::Fault;
use super::managed::initiator_name;
use super::portal::Portal;
use super::wire::Wire;

/// The time limit for a login.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Makes another response of the one that this portal would send to a request.
pub(crate) type ChangeResponse = dyn Fn(&LoginRequest, LoginResponse) -> LoginResponse + Send + Sync;

/// A login that reached full feature phase.
pub(crate) struct LoggedIn {
    pub(crate) completed: target::AcceptedLogin,
    /// Connection identifier the initiator gave.
    pub(crate) cid: u16,
    /// Initiator part of the session identifier.
    pub(crate) isid: Isid,
}

/// Runs the login to its end, whichever it is.
pub(super) async fn log_in(
    wire: &mut Wire,
    portal: &Portal,
    change: &ChangeResponse,
) -> Result<LoggedIn, Fault> {
    match tokio::time::timeout(TIME_LIMIT, exchange(wire, portal, change)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Fault::LoginTimeout),
    }
}

async fn exchange(wire: &mut Wire, portal: &Portal, change: &ChangeResponse) -> Result<LoggedIn, Fault> {
    let mut request = receive(wire).await?;
    let managed = portal.managed(&initiator_name(&request))?;
    let accounts = portal.accounts(&managed);
    let config = target::TargetConfig {
        accounts: &accounts,
        discovery: portal.config.discovery.as_authentication(),
        algorithms: &portal.config.algorithms,
        offer: portal.config.feasible_offer(),
        portal_group_tag: portal.config.portal_group_tag,
    };
    let nonce = Nonce::from_random(random_bytes()?);
    let mut login = target::Login::new(portal.next_tsih(), portal.config.first_stat_sn, nonce);
    loop {
        match login.receive(&config, &request) {
            target::Step::Send(next, response) => {
                login = next;
                wire.send(change(&request, response).encode()).await?;
                request = receive(wire).await?;
            }
            target::Step::Complete(response, completed) => {
                wire.send(change(&request, response).encode()).await?;
                return Ok(LoggedIn { completed: *completed, cid: request.cid, isid: request.isid });
            }
            target::Step::Refuse(response, refusal) => {
                wire.send(response.encode()).await?;
                return Err(refusal.into());
            }
        }
    }
}

async fn receive(wire: &mut Wire) -> Result<LoginRequest, Fault> {
    let raw = wire.receive().await?.ok_or_else(|| Fault::Io(std::io::ErrorKind::UnexpectedEof.into()))?;
    Ok(LoginRequest::decode(raw)?)
}

/// Random bytes of the operating system, for one login attempt.
fn random_bytes() -> Result<[u8; Nonce::LENGTH], Fault> {
    let mut bytes = [0; Nonce::LENGTH];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| Fault::NoRandomBytes(error.to_string()))?;
    Ok(bytes)
}
