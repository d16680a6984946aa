//! The initiator's half against the target's half, with nothing in between.

use iscsi_login::initiator::{self, Authenticated, Completed};
use iscsi_login::{
    Authentication, ChapAlgorithm, DigestPreference, ForwardCredential, ForwardSecret, LoginError, Offer,
    target,
};
use iscsi_pdu::{LoginStatus, SerialNumber};

use crate::scripted::{config, forward, mutual, names, nonce, reverse};

/// How a login between the halves ended on either side.
type Ended = (Result<Completed, LoginError>, Option<target::Completed>);

fn log_in(ours: initiator::Config<'static>, theirs: Authentication<'static>, offer: Offer) -> Ended {
    let account = target::Account { name: names().1, authentication: theirs };
    let accounts = [account];
    let mut random = [9; iscsi_login::Nonce::LENGTH];
    random[0] = 200;
    let mut portal = target::Login::new(target::Config {
        accounts: &accounts,
        discovery: Authentication::None,
        algorithms: &ChapAlgorithm::ALL,
        offer,
        portal_group_tag: 1,
        tsih: 77,
        stat_sn: SerialNumber(u32::MAX),
        nonce: iscsi_login::Nonce::from_random(random),
    });
    let (mut login, mut request) = initiator::Login::start(ours).unwrap();
    loop {
        let response = match portal.receive(&request) {
            target::Step::Send(next, response) => {
                portal = next;
                response
            }
            target::Step::Complete(response, theirs) => return (last(login, &response), Some(*theirs)),
            target::Step::Refuse(response, _) => return (last(login, &response), None),
        };
        match login.receive(&response) {
            Ok(initiator::Step::Send(next, next_request)) => (login, request) = (next, next_request),
            Ok(_) => panic!("the initiator is done and the target is not"),
            Err(error) => return (Err(error), None),
        }
    }
}

fn last(login: initiator::Login<'_>, response: &iscsi_pdu::LoginResponse) -> Result<Completed, LoginError> {
    match login.receive(response)? {
        initiator::Step::Complete(completed) => Ok(completed),
        _ => panic!("the target is done and the initiator is not"),
    }
}

/// Both ends agree on every value and on who authenticated whom.
#[test]
fn both_halves_agree() {
    let mut digests = Offer::default();
    digests.header_digest = DigestPreference::AcceptCrc32c;
    digests.data_digest = DigestPreference::AcceptCrc32c;
    for authentication in [Authentication::None, Authentication::Chap(forward()), mutual()] {
        let mut ours = config(authentication);
        ours.offer.header_digest = DigestPreference::PreferCrc32c;
        let (ours, theirs) = log_in(ours, authentication, digests);
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        assert!(ours.parameters.digests.header && !ours.parameters.digests.data);
        let mut mirrored = theirs.parameters;
        std::mem::swap(
            &mut mirrored.max_recv_data_segment_length,
            &mut mirrored.max_send_data_segment_length,
        );
        assert_eq!(ours.parameters, mirrored);
        assert_eq!((ours.tsih, ours.exp_stat_sn, ours.cmd_sn), (77, theirs.stat_sn, theirs.cmd_sn));
        let proved = (theirs.initiator_authenticated, theirs.target_authenticated);
        match ours.authenticated {
            Authenticated::None => assert_eq!(proved, (false, false)),
            Authenticated::Initiator { .. } => assert_eq!(proved, (true, false)),
            Authenticated::Mutual(_) => assert_eq!(proved, (true, true)),
        }
    }
}

/// Every algorithm carries a mutual login.
#[test]
fn each_algorithm() {
    for algorithm in ChapAlgorithm::ALL {
        let algorithms: &'static [ChapAlgorithm] = vec![algorithm, ChapAlgorithm::Md5].leak();
        let ours = initiator::Config { algorithms, nonce: nonce(), ..config(mutual()) };
        let (ours, _) = log_in(ours, mutual(), Offer::default());
        let Authenticated::Mutual(proof) = ours.unwrap().authenticated else { panic!("not mutual") };
        assert_eq!(proof.algorithm(), algorithm);
    }
}

/// Unequal demands: both fail, or both agree on what was proved; never one alone.
#[test]
fn unequal_demands() {
    let wrong = ForwardCredential { secret: ForwardSecret::new(b"not-the-secret-1"), ..forward() };
    let refused = |ours, theirs| match log_in(config(ours), theirs, Offer::default()) {
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
