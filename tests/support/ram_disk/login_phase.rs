//! The login of one connection (RFC 7143, 6.3).

use std::time::Duration;

use iscsi_login::{Nonce, target};
use iscsi_pdu::{
    InitiatorTaskTag, Isid, LoginRequest, LoginResponse, LoginStatus, SerialNumber, Stage, TargetNumbers,
};
use rand::TryRng as _;
use rand::rngs::SysRng;

use super::fault::Fault;
use super::portal::Portal;
use super::wire::Wire;

/// How long an initiator may take to log in.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A login that reached full feature phase.
pub(crate) struct LoggedIn {
    pub(crate) completed: target::Completed,
    /// Connection identifier the initiator gave.
    pub(crate) cid: u16,
    /// Initiator part of the session identifier.
    pub(crate) isid: Isid,
}

/// Runs the login to its end, whichever it is.
pub(super) async fn log_in(wire: &mut Wire, portal: &Portal) -> Result<LoggedIn, Fault> {
    match tokio::time::timeout(TIME_LIMIT, exchange(wire, portal)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Fault::LoginTimeout),
    }
}

async fn exchange(wire: &mut Wire, portal: &Portal) -> Result<LoggedIn, Fault> {
    let accounts = portal.accounts();
    let mut login = target::Login::new(target::Config {
        accounts: &accounts,
        discovery: portal.config.discovery.as_authentication(),
        algorithms: &portal.config.algorithms,
        offer: portal.config.feasible_offer(),
        portal_group_tag: portal.config.portal_group_tag,
        tsih: portal.next_tsih(),
        stat_sn: portal.config.first_stat_sn,
        nonce: Nonce::from_random(random_octets()?),
    });
    let mut header = None;
    loop {
        let request = receive(wire).await?;
        header = Some(Header::judge(header, &request)?);
        if request.tsih != 0 {
            return refuse_to_join(wire, &request).await;
        }
        match login.receive(&request) {
            target::Step::Send(next, response) => {
                login = next;
                send(wire, &mut header, response).await?;
            }
            target::Step::Complete(response, completed) => {
                send(wire, &mut header, response).await?;
                return Ok(LoggedIn { completed: *completed, cid: request.cid, isid: request.isid });
            }
            target::Step::Refuse(response, refusal) => {
                send(wire, &mut header, response).await?;
                return Err(refusal.into());
            }
        }
    }
}

async fn receive(wire: &mut Wire) -> Result<LoginRequest, Fault> {
    let raw = wire.receive().await?.ok_or_else(|| Fault::Io(std::io::ErrorKind::UnexpectedEof.into()))?;
    Ok(LoginRequest::decode(raw)?)
}

async fn send(wire: &mut Wire, header: &mut Option<Header>, response: LoginResponse) -> Result<(), Fault> {
    if let Some(header) = header {
        header.exp_stat_sn = Some(response.numbers.stat_sn.next());
    }
    wire.send(response.encode()).await
}

/// A further connection, or a session to go on with: there is neither here.
async fn refuse_to_join(wire: &mut Wire, request: &LoginRequest) -> Result<LoggedIn, Fault> {
    let status = LoginStatus::SESSION_DOES_NOT_EXIST;
    let response = LoginResponse {
        transit: false,
        continues: false,
        current_stage: request.current_stage,
        next_stage: Stage(0),
        version_max: 0,
        version_active: 0,
        isid: request.isid,
        tsih: request.tsih,
        itt: request.itt,
        numbers: TargetNumbers::default(),
        status,
        text: bytes::Bytes::new(),
    };
    wire.send(response.encode()).await?;
    Err(target::Refusal { status, reason: "sessions have one connection here".to_owned() }.into())
}

/// What has to stay the same through all requests of a login.
#[derive(Clone, Copy)]
struct Header {
    isid: Isid,
    itt: InitiatorTaskTag,
    cid: u16,
    cmd_sn: SerialNumber,
    /// What the next request has to acknowledge.
    exp_stat_sn: Option<SerialNumber>,
}

impl Header {
    /// RFC 7143, 6.3 and 11.12: one task tag, one CID, one ISID and one `CmdSN` for the whole login; every request after
    /// the first acknowledges the response before it; C and T exclude each other; version 0.
    fn judge(earlier: Option<Self>, request: &LoginRequest) -> Result<Self, Fault> {
        let LoginRequest { isid, itt, cid, cmd_sn, .. } = *request;
        let found = Self { isid, itt, cid, cmd_sn, exp_stat_sn: None };
        if request.version_min > 0 {
            return Err(Fault::violation("login for a version other than 0 (11.12.4)"));
        }
        if request.continues && request.transit {
            return Err(Fault::violation("Login Request with both C and T (11.12.2)"));
        }
        if !itt.is_valid() {
            return Err(Fault::violation("login with the reserved task tag (11.2.1.8)"));
        }
        let Some(earlier) = earlier else { return Ok(found) };
        if (isid, itt, cid, cmd_sn) != (earlier.isid, earlier.itt, earlier.cid, earlier.cmd_sn) {
            return Err(Fault::violation("ISID, task tag, CID or CmdSN changed during a login (6.3)"));
        }
        if earlier.exp_stat_sn.is_some_and(|expected| expected != request.exp_stat_sn) {
            return Err(Fault::violation("Login Request does not acknowledge the last StatSN (11.12.9)"));
        }
        Ok(found)
    }
}

/// Random octets of the operating system, for one login attempt.
fn random_octets() -> Result<[u8; Nonce::LENGTH], Fault> {
    let mut octets = [0; Nonce::LENGTH];
    SysRng.try_fill_bytes(&mut octets).map_err(|error| Fault::NoRandomOctets(error.to_string()))?;
    Ok(octets)
}
