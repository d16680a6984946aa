//! The initiator's and the target's side of a login, connected directly.

use iscsi_login::initiator::{self, Authenticated, CompletedLogin, LoginConfig};
use iscsi_login::{
    Authentication, ChapAlgorithm, DigestPreference, ForwardCredentialRef, ForwardSecret, LoginError, Offer,
    target,
};
use iscsi_pdu::{LoginStatus, SerialNumber};

use crate::scripted::{config, forward, mutual, names, nonce, prepared, reverse};

/// The end of a login on either side.
type Ended = (Result<CompletedLogin, LoginError>, Option<target::AcceptedLogin>);

fn log_in(
    initiator: initiator::LoginConfig<'static>,
    target: Authentication<'static>,
    offer: Offer,
) -> Ended {
    let account = target::Account { name: names().1, authentication: target };
    let accounts = [account];
    let mut random = [9; iscsi_login::Nonce::LENGTH];
    random[0] = 200;
    let nonce = iscsi_login::Nonce::from_random(random);
    let mut portal = target::Login::new(77, SerialNumber(u32::MAX), nonce);
    let config = target::TargetConfig {
        accounts: &accounts,
        discovery: Authentication::None,
        algorithms: &ChapAlgorithm::ALL,
        offer,
        portal_group_tag: 1,
    };
    let (mut login, mut request) = initiator::Login::start(initiator).unwrap();
    loop {
        let response = match portal.receive(&config, &request) {
            target::Step::Send(next, response) => {
                portal = next;
                response
            }
            target::Step::Complete(response, target) => return (last(login, &response), Some(*target)),
            target::Step::Refuse(response, _) => return (last(login, &response), None),
        };
        match receive_twice(login, &response) {
            Ok(initiator::Step::Send(next, next_request)) => (login, request) = (next, next_request),
            Ok(_) => panic!("the initiator is done and the target is not"),
            Err(error) => return (Err(error), None),
        }
    }
}

/// Takes a response, and checks that a clone of the login takes it in the same way.
fn receive_twice<'a>(
    login: initiator::Login<'a>,
    response: &iscsi_pdu::LoginResponse,
) -> Result<initiator::Step<'a>, LoginError> {
    let described = |step: &Result<initiator::Step<'_>, LoginError>| match step {
        Ok(initiator::Step::Send(login, request)) => format!("{login:?} sends {request:?}"),
        Ok(initiator::Step::Complete(completed)) => format!("{completed:?}"),
        Ok(initiator::Step::Redirect(redirect)) => format!("{redirect:?}"),
        Err(error) => format!("{error:?}"),
    };
    let clone = login.clone();
    let step = login.receive(response);
    assert_eq!(described(&clone.receive(response)), described(&step));
    step
}

fn last(
    login: initiator::Login<'_>,
    response: &iscsi_pdu::LoginResponse,
) -> Result<CompletedLogin, LoginError> {
    match receive_twice(login, response)? {
        initiator::Step::Complete(completed) => Ok(completed),
        _ => panic!("the target is done and the initiator is not"),
    }
}

/// Both sides agree on every value and on the authentication.
#[test]
fn both_sides_agree() {
    let mut digests = Offer::default();
    digests.header_digest = DigestPreference::AcceptCrc32c;
    digests.data_digest = DigestPreference::AcceptCrc32c;
    for authentication in [Authentication::None, Authentication::Chap(forward()), mutual()] {
        let mut offer = Offer::default();
        offer.header_digest = DigestPreference::PreferCrc32c;
        let initiator = LoginConfig { offer: prepared(offer), ..config(authentication) };
        let (initiator, target) = log_in(initiator, authentication, digests);
        let (initiator, target) = (initiator.unwrap(), target.unwrap());
        assert!(initiator.parameters.digests.header && !initiator.parameters.digests.data);
        let mut mirrored = target.parameters;
        std::mem::swap(
            &mut mirrored.max_recv_data_segment_length,
            &mut mirrored.max_send_data_segment_length,
        );
        assert_eq!(initiator.parameters, mirrored);
        assert_eq!(
            (initiator.tsih, initiator.exp_stat_sn, initiator.cmd_sn),
            (77, target.stat_sn, target.cmd_sn)
        );
        let authenticated = (target.initiator_authenticated, target.target_authenticated);
        match initiator.authenticated {
            Authenticated::None => assert_eq!(authenticated, (false, false)),
            Authenticated::Initiator { .. } => assert_eq!(authenticated, (true, false)),
            Authenticated::Mutual(_) => assert_eq!(authenticated, (true, true)),
        }
    }
}

/// Mutual CHAP works with each algorithm.
#[test]
fn each_algorithm() {
    for algorithm in ChapAlgorithm::ALL {
        let algorithms: &'static [ChapAlgorithm] = vec![algorithm, ChapAlgorithm::Md5].leak();
        let initiator = initiator::LoginConfig { algorithms, nonce: nonce(), ..config(mutual()) };
        let (initiator, _) = log_in(initiator, mutual(), Offer::default());
        let Authenticated::Mutual(evidence) = initiator.unwrap().authenticated else { panic!("not mutual") };
        assert_eq!(evidence.algorithm(), algorithm);
    }
}

/// Different requirements: both sides fail, never one alone.
#[test]
fn different_requirements() {
    let wrong = ForwardCredentialRef { secret: ForwardSecret::new(b"not-the-secret-1"), ..forward() };
    let refused = |initiator, target| match log_in(config(initiator), target, Offer::default()) {
        (Err(LoginError::Refused { status, .. }), None) => status,
        _ => panic!("not refused"),
    };
    let failure = LoginStatus::AUTHENTICATION_FAILURE;
    assert_eq!(refused(Authentication::Chap(wrong), Authentication::Chap(forward())), failure);
    assert_eq!(refused(Authentication::None, mutual()), failure);
    assert_eq!(refused(Authentication::Chap(forward()), mutual()), failure);
    assert_eq!(refused(mutual(), Authentication::Chap(forward())), failure);
    assert_eq!(refused(mutual(), Authentication::None), failure);
    assert_eq!(reverse().name, Some("disk"));
}
