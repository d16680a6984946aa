//! Logins over several portals.

use std::collections::BTreeMap;

use iscsi_login::TargetAuthError;
use iscsi_pdu::{LoginStatus, TextWriter};

use super::*;

/// Portals by their port: some redirect, some cannot be connected to, and all others accept logins without
/// authentication.
#[derive(Default)]
struct Network {
    redirects: BTreeMap<u16, &'static [u16]>,
    unreachable: &'static [u16],
    /// Sent behind each redirection.
    behind: &'static [u8],
}

impl Network {
    fn new(redirects: impl IntoIterator<Item = (u16, &'static [u16])>) -> Self {
        Self { redirects: redirects.into_iter().collect(), ..Self::default() }
    }

    /// The portals at which the login began, in order, and its end.
    fn log_in(&self, fixture: &Fixture) -> (Vec<u16>, Result<LoggedIn, Error>) {
        let mut ports = Vec::new();
        let end = self.drive(fixture, &mut ports);
        (ports, end)
    }

    fn drive(&self, fixture: &Fixture, ports: &mut Vec<u16>) -> Result<LoggedIn, Error> {
        let mut exchange = fixture.exchange();
        loop {
            let port = exchange.portal().port;
            ports.push(port);
            let number = u8::try_from(ports.len()).unwrap();
            exchange.begin(draw(number), BEGAN)?;
            if self.unreachable.contains(&port) {
                exchange.unreachable(&refused())?;
                continue;
            }
            assert!(matches!(exchange.connected(BEGAN), Next::Write));
            let request = request_in(exchange.outgoing());
            // LOG-11, LOG-20: one ISID throughout, and a new login at each portal.
            assert_eq!(request.isid, fixture.settings().isid);
            assert_eq!((request.cmd_sn, request.exp_stat_sn), (draw(number).cmd_sn, SerialNumber(0)));
            assert!(matches!(send(&mut exchange), Ok(Next::Read)));
            match receive(&mut exchange, &self.answer(fixture, port, &request))? {
                Next::Begin => {}
                Next::Complete(complete) => return Ok(complete.0),
                _ => panic!("neither redirected nor complete"),
            }
        }
    }

    fn answer(&self, fixture: &Fixture, port: u16, request: &LoginRequest) -> Vec<u8> {
        match self.redirects.get(&port) {
            Some(to) => [&bytes_of(&redirect(request, to)), self.behind].concat(),
            None => bytes_of(&accept(fixture, request)),
        }
    }
}

fn refused() -> io::Error {
    io::ErrorKind::ConnectionRefused.into()
}

fn redirect(request: &LoginRequest, to: &[u16]) -> LoginResponse {
    let addresses = to.iter().map(|port| format!("10.0.0.1:{port}"));
    redirect_to(request, addresses)
}

fn redirect_to(request: &LoginRequest, addresses: impl IntoIterator<Item = String>) -> LoginResponse {
    let text = |text: TextWriter, address: String| text.pair("TargetAddress", address);
    let text = addresses.into_iter().fold(TextWriter::new(), text).finish().unwrap();
    let status = LoginStatus::MOVED_TEMPORARILY;
    LoginResponse { status, text, ..target::answer(request, SerialNumber(0)) }
}

#[test]
fn log_30_a_chain_of_redirections() {
    let fixture = Fixture::open();
    let network = Network::new([(1, &[2][..]), (2, &[3])]);
    let (ports, logged_in) = network.log_in(&fixture);
    let logged_in = logged_in.unwrap();
    assert_eq!((ports, logged_in.portal), (vec![1, 2, 3], portal(3)));
    assert_eq!(logged_in.redirect_kind, Some(RedirectKind::Temporarily));
    let (ports, logged_in) = Network::default().log_in(&fixture);
    let logged_in = logged_in.unwrap();
    assert_eq!((ports, logged_in.portal, logged_in.redirect_kind), (vec![1], portal(1), None));
}

/// Five redirections are followed, and a sixth is not.
#[test]
fn log_30_the_limit_of_redirections() {
    let fixture = Fixture::open();
    let ways: [(u16, &[u16]); 6] = [(1, &[2]), (2, &[3]), (3, &[4]), (4, &[5]), (5, &[6]), (6, &[7])];
    let (ports, end) = Network::new(ways[..5].iter().copied()).log_in(&fixture);
    assert_eq!((ports, end.map(|logged_in| logged_in.portal)), ((1..=6).collect(), Ok(portal(6))));
    let (ports, end) = Network::new(ways).log_in(&fixture);
    assert_eq!((ports, end), ((1..=6).collect(), Err(Error::RedirectLoop { hops: 6, portal: portal(7) })));
}

#[test]
fn log_30_a_loop_of_redirections() {
    let (ports, end) = Network::new([(1, &[2][..]), (2, &[1])]).log_in(&Fixture::open());
    assert_eq!((ports, end), (vec![1, 2], Err(Error::RedirectLoop { hops: 2, portal: portal(1) })));
}

#[test]
fn log_31_a_portal_that_is_not_allowed() {
    let mut fixture = Fixture::open();
    fixture.config.redirect_to = Some(vec![portal(3)]);
    let (ports, end) = Network::new([(1, &[2, 4][..])]).log_in(&fixture);
    assert_eq!((ports, end), (vec![1], Err(Error::RedirectRefused { portal: portal(2) })));
    let (ports, end) = Network::new([(1, &[2, 3][..])]).log_in(&fixture);
    assert_eq!((ports, end.map(|logged_in| logged_in.portal)), (vec![1, 3], Ok(portal(3))));
}

/// The second address of a redirection is tried when the first is unreachable; with the last, the login fails.
#[test]
fn log_30_another_address_when_one_is_unreachable() {
    let fixture = Fixture::open();
    let network = Network { unreachable: &[2], ..Network::new([(1, &[2, 3][..])]) };
    let (ports, end) = network.log_in(&fixture);
    assert_eq!((ports, end.map(|logged_in| logged_in.portal)), (vec![1, 2, 3], Ok(portal(3))));
    let reason = refused().to_string();
    let network = Network { unreachable: &[2, 3], ..Network::new([(1, &[2, 3][..])]) };
    let (ports, end) = network.log_in(&fixture);
    let dead = |portal| Err(Error::Connect { portal, reason: reason.clone() });
    assert_eq!((ports, end), (vec![1, 2, 3], dead(portal(3))));
    let network = Network { unreachable: &[1], ..Network::default() };
    assert_eq!(network.log_in(&fixture), (vec![1], dead(portal(1))));
}

/// What a portal sends behind its redirection does not reach the login at the next one.
#[test]
fn log_30_bytes_behind_a_redirection_are_dropped() {
    let network = Network { behind: &[0xff; 100], ..Network::new([(1, &[2][..])]) };
    let (ports, end) = network.log_in(&Fixture::open());
    assert_eq!((ports, end.map(|logged_in| logged_in.portal)), (vec![1, 2], Ok(portal(2))));
}

/// LOG-31: mutual CHAP is required at every portal; the second one here skips it.
#[test]
fn log_31_a_redirection_does_not_lower_the_requirement() {
    let fixture = Fixture::mutual();
    let mut exchange = fixture.connected();
    let request = request_in(exchange.outgoing());
    assert!(send(&mut exchange).is_ok());
    assert!(matches!(receive(&mut exchange, &bytes_of(&redirect(&request, &[2]))), Ok(Next::Begin)));
    exchange.begin(draw(2), BEGAN).unwrap();
    assert!(matches!(exchange.connected(BEGAN), Next::Write));
    let request = request_in(exchange.outgoing());
    assert!(send(&mut exchange).is_ok());
    let open = target::answer(&request, SerialNumber(0));
    let open = LoginResponse { transit: true, next_stage: Stage::OPERATIONAL, ..open };
    let error = TargetAuthError::Skipped { next: Stage::OPERATIONAL }.into();
    let ended = error_of(receive(&mut exchange, &bytes_of(&open)));
    assert_eq!(ended, Error::Login { portal: portal(2), stage: Stage::SECURITY, error });
}

/// The deviations of all portals are in the result, in order and once each.
#[test]
fn log_30_deviations_of_each_portal_are_kept() {
    let fixture = Fixture::open();
    let mut exchange = fixture.exchange();
    let mut observed = Vec::new();
    for (number, address) in [(1, "10.0.0.1:2"), (2, "10.0.0.1:3"), (3, "")] {
        exchange.begin(draw(number), BEGAN).unwrap();
        assert!(matches!(exchange.connected(BEGAN), Next::Write));
        let request = request_in(exchange.outgoing());
        assert!(send(&mut exchange).is_ok());
        let response = if number == 3 {
            LoginResponse { tsih: 0, ..accept(&fixture, &request) }
        } else {
            redirect_to(&request, [format!("{number}:0:malformed"), address.to_owned()])
        };
        if let Next::Complete(complete) = receive(&mut exchange, &bytes_of(&response)).unwrap() {
            let (logged_in, _) = *complete;
            observed.extend(logged_in.tolerance.into_observed());
            assert_eq!(logged_in.completed.deviations.len(), 1);
        }
    }
    let ids: Vec<_> = observed.iter().map(|observed| observed.deviation.id).collect();
    assert_eq!(ids, ["record-unusable", "record-unusable", "tsih-zero"]);
}
