//! Both sides of a login, connected by a wire that damages PDUs and splits texts.

mod demands;
mod mangling;
mod wire;

use arbitrary::Unstructured;
use iscsi_login::initiator::{self, Authenticated};
use iscsi_login::{Strictness, target};
use iscsi_pdu::{LoginRequest, LoginResponse};

use demands::Demands;
use mangling::Mangling;
use wire::Wire;

/// The number of exchanges after which a login is stuck; an undamaged login takes five.
const MAX_EXCHANGES: usize = 64;

/// The end of a login on either side; `None` for a side that failed or lost its peer.
struct Ended {
    initiator: Option<initiator::CompletedLogin>,
    target: Option<target::AcceptedLogin>,
}

/// Input: requirements and offers of both sides, then the damage, then the splits of texts. Both sides know the right secrets.
///
/// # Panics
/// When a side accepts less authentication than it requires, when a damaged response is accepted, when the sides disagree on
/// the authentication or on an undamaged value, or when an undamaged login fails without a reason or shows a deviation.
pub fn login_joined(data: &[u8]) {
    for strictness in [Strictness::Strict, Strictness::Tolerant] {
        join(data, strictness);
    }
}

fn join(data: &[u8], strictness: Strictness) {
    let mut bytes = Unstructured::new(data);
    let Ok((initiator, target)) =
        Demands::draw(&mut bytes).and_then(|initiator| Ok((initiator, Demands::draw(&mut bytes)?)))
    else {
        return;
    };
    let Ok(mangling) = Mangling::draw(&mut bytes) else { return };
    let mut wire = Wire::new(mangling, bytes);
    let ended = log_in(&initiator, &target, strictness, &mut wire);
    initiator.check_initiator(ended.initiator.as_ref());
    target.check_target(ended.target.as_ref());
    check_damage(&ended, &wire.mangling);
    if let Ended { initiator: Some(initiator), target: Some(target) } = &ended {
        check_agreement(initiator, target, &wire.mangling);
    }
    if wire.mangling.is_harmless() {
        // The target may complete alone: it has rejected a digest that the initiator requires.
        assert!(ended.initiator.is_none() || ended.target.is_some(), "only the initiator completed");
        assert!(ended.initiator.is_some() || !initiator.can_agree_with(&target), "failed without a reason");
        assert!(
            ended.initiator.is_none_or(|initiator| initiator.deviations.is_empty()),
            "the target deviates"
        );
    }
}

fn log_in(initiator: &Demands, target: &Demands, strictness: Strictness, wire: &mut Wire<'_>) -> Ended {
    let accounts =
        [target::Account { name: demands::target_name(), authentication: target.authentication() }];
    let config = target.target(&accounts);
    let mut portal = target.target_login();
    let (mut login, mut request) =
        initiator::Login::start(initiator.initiator(strictness)).expect("usable settings");
    let mut ended = Ended { initiator: None, target: None };
    for _ in 0..MAX_EXCHANGES {
        let Some((next, response)) = ask(portal, &config, &request, wire, &mut ended) else { return ended };
        match answer(login, &response, wire, &mut ended) {
            Some((next_login, next_request)) => (login, request) = (next_login, next_request),
            None => return ended,
        }
        match next {
            Some(next) => portal = next,
            None => return ended,
        }
    }
    panic!("the login does not end");
}

/// The target's answer to a request, and its login unless it ended; `None` when the connection is lost.
fn ask(
    mut portal: target::Login,
    config: &target::TargetConfig<'_>,
    request: &LoginRequest,
    wire: &mut Wire<'_>,
    ended: &mut Ended,
) -> Option<(Option<target::Login>, LoginResponse)> {
    let mut pieces = wire.split_request(request).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match portal.receive(config, &wire.carry_request(&piece)?) {
            target::Step::Send(next, response) if pieces.peek().is_some() => {
                wire::waits_for_more(&response).then_some(())?;
                portal = next;
            }
            target::Step::Send(next, response) => return Some((Some(next), response)),
            target::Step::Refuse(response, _) => return Some((None, response)),
            target::Step::Complete(response, completed) => {
                ended.target = Some(*completed);
                return Some((None, response));
            }
        }
    }
    None
}

/// The initiator's next request; `None` when its login ended or the connection is lost.
fn answer<'a>(
    mut login: initiator::Login<'a>,
    response: &LoginResponse,
    wire: &mut Wire<'_>,
    ended: &mut Ended,
) -> Option<(initiator::Login<'a>, LoginRequest)> {
    let mut pieces = wire.split_response(response).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match login.receive(&wire.carry_response(piece)?) {
            Ok(initiator::Step::Send(next, request)) if pieces.peek().is_some() => {
                wire::asks_for(pieces.peek()?, &request).then_some(())?;
                login = next;
            }
            Ok(initiator::Step::Send(next, request)) => return Some((next, request)),
            Ok(initiator::Step::Complete(completed)) => {
                ended.initiator = Some(completed);
                return None;
            }
            Ok(initiator::Step::Redirect(_)) | Err(_) => return None,
        }
    }
    None
}

/// Checks that a response does not authenticate its sender if it, or the challenge it answers, was damaged.
fn check_damage(ended: &Ended, mangling: &Mangling) {
    let target = ended.target.as_ref().is_some_and(|completed| completed.initiator_authenticated);
    assert!(!(mangling.initiator_response && target), "the target accepts a damaged response");
    let authenticated = ended.initiator.as_ref().map(|completed| &completed.authenticated);
    let mutual = matches!(authenticated, Some(Authenticated::Mutual(_)));
    assert!(!(mangling.target_response && mutual), "the initiator accepts a damaged response");
}

fn check_agreement(
    initiator: &initiator::CompletedLogin,
    target: &target::AcceptedLogin,
    mangling: &Mangling,
) {
    let authenticated = match initiator.authenticated {
        Authenticated::None => (false, false),
        Authenticated::Initiator { .. } => (true, false),
        Authenticated::Mutual(_) => (true, true),
    };
    assert_eq!(
        authenticated,
        (target.initiator_authenticated, target.target_authenticated),
        "authentication"
    );
    if mangling.parameters {
        return;
    }
    let mut mirrored = target.parameters;
    std::mem::swap(&mut mirrored.max_recv_data_segment_length, &mut mirrored.max_send_data_segment_length);
    assert_eq!(initiator.parameters, mirrored);
}
