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

/// Number of exchanges after which a login counts as stuck. An undamaged login takes five, and damage is limited.
const MOST_EXCHANGES: usize = 64;

/// Outcome of a login on each side; `None` for a side that failed or did not finish.
struct Ended {
    ours: Option<initiator::Completed>,
    theirs: Option<target::Completed>,
}

/// Reads from the input: policies and offers of both sides, the damage, and the positions at which texts are split.
/// Both sides know the secrets.
///
/// # Panics
/// If a side completes with less authentication than it requires, or with more than the other side performed; if a
/// damaged proof authenticates; if the sides disagree on an undamaged value; or if an undamaged login fails without a
/// reason or shows a deviation.
pub fn login_joined(data: &[u8]) {
    for strictness in [Strictness::Strict, Strictness::Tolerant] {
        join(data, strictness);
    }
}

fn join(data: &[u8], strictness: Strictness) {
    let mut bytes = Unstructured::new(data);
    let Ok((ours, theirs)) =
        Demands::draw(&mut bytes).and_then(|ours| Ok((ours, Demands::draw(&mut bytes)?)))
    else {
        return;
    };
    let Ok(mangling) = Mangling::draw(&mut bytes) else { return };
    let mut wire = Wire::new(mangling, bytes);
    let ended = log_in(&ours, &theirs, strictness, &mut wire);
    ours.check_initiator(ended.ours.as_ref());
    theirs.check_target(ended.theirs.as_ref());
    check_damage(&ended, &wire.mangling);
    if let Ended { ours: Some(ours), theirs: Some(theirs) } = &ended {
        check_agreement(ours, theirs, &wire.mangling);
    }
    if wire.mangling.is_harmless() {
        // The reverse is possible: the target has already rejected a digest that the initiator requires.
        assert!(ended.ours.is_none() || ended.theirs.is_some(), "only the initiator completed");
        assert!(ended.ours.is_some() || !ours.can_agree_with(&theirs), "failed without a reason");
        assert!(ended.ours.is_none_or(|ours| ours.deviations.is_empty()), "the target deviates");
    }
}

fn log_in(ours: &Demands, theirs: &Demands, strictness: Strictness, wire: &mut Wire<'_>) -> Ended {
    let accounts =
        [target::Account { name: demands::target_name(), authentication: theirs.authentication() }];
    let mut portal = target::Login::new(theirs.target(&accounts));
    let (mut login, mut request) =
        initiator::Login::start(ours.initiator(strictness)).expect("usable settings");
    let mut ended = Ended { ours: None, theirs: None };
    for _ in 0..MOST_EXCHANGES {
        let Some((next, response)) = ask(portal, &request, wire, &mut ended) else { return ended };
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

/// Returns the target's answer to a request, and the target unless it has finished; `None` if the connection is lost.
fn ask<'a>(
    mut portal: target::Login<'a>,
    request: &LoginRequest,
    wire: &mut Wire<'_>,
    ended: &mut Ended,
) -> Option<(Option<target::Login<'a>>, LoginResponse)> {
    let mut pieces = wire.split_request(request).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match portal.receive(&wire.carry_request(&piece)?) {
            target::Step::Send(next, response) if pieces.peek().is_some() => {
                wire::waits_for_more(&response).then_some(())?;
                portal = next;
            }
            target::Step::Send(next, response) => return Some((Some(next), response)),
            target::Step::Refuse(response, _) => return Some((None, response)),
            target::Step::Complete(response, completed) => {
                ended.theirs = Some(*completed);
                return Some((None, response));
            }
        }
    }
    None
}

/// Returns the initiator's next request; `None` if it has finished or the connection is lost.
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
                ended.ours = Some(completed);
                return None;
            }
            Ok(initiator::Step::Redirect(_)) | Err(_) => return None,
        }
    }
    None
}

/// A response does not authenticate if it, or the challenge it answers, was damaged.
fn check_damage(ended: &Ended, mangling: &Mangling) {
    let theirs = ended.theirs.as_ref().is_some_and(|completed| completed.initiator_authenticated);
    assert!(!(mangling.initiators_proof && theirs), "the target believes a damaged proof");
    let authenticated = ended.ours.as_ref().map(|completed| &completed.authenticated);
    let mutual = matches!(authenticated, Some(Authenticated::Mutual(_)));
    assert!(!(mangling.targets_proof && mutual), "the initiator believes a damaged proof");
}

fn check_agreement(ours: &initiator::Completed, theirs: &target::Completed, mangling: &Mangling) {
    let proved = match ours.authenticated {
        Authenticated::None => (false, false),
        Authenticated::Initiator { .. } => (true, false),
        Authenticated::Mutual(_) => (true, true),
    };
    assert_eq!(proved, (theirs.initiator_authenticated, theirs.target_authenticated), "who proved what");
    if mangling.parameters {
        return;
    }
    let mut mirrored = theirs.parameters;
    std::mem::swap(&mut mirrored.max_recv_data_segment_length, &mut mirrored.max_send_data_segment_length);
    assert_eq!(ours.parameters, mirrored);
}
