//! The initiator's and the target's side with random settings and randomly split texts: both agree on every value and on the
//! authentication, or both fail.

use iscsi_login::initiator::{self, Authenticated, SessionType};
use iscsi_login::{
    Authentication, ChapAlgorithm, DigestPreference, ForwardCredentialRef, ForwardSecret, Nonce, Offer,
    ReverseCredentialRef, ReverseSecret, Strictness, target,
};
use iscsi_pdu::{InitiatorTaskTag, Isid, LoginRequest, LoginResponse, SerialNumber};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::strategy::ValueTree as _;

use crate::scripted::names;

/// The settings of one side.
#[derive(Clone, Debug)]
struct Side {
    policy: Policy,
    /// The two secrets as this side knows them.
    forward: Vec<u8>,
    reverse: Vec<u8>,
    algorithms: Vec<ChapAlgorithm>,
    offer: Offer,
    nonce: [u8; Nonce::LENGTH],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    None,
    IfAsked,
    Chap,
    Mutual,
}

impl Side {
    fn authentication(&self) -> Authentication<'_> {
        let forward = ForwardCredentialRef { name: "host", secret: ForwardSecret::new(&self.forward) };
        let reverse = ReverseCredentialRef { name: Some("disk"), secret: ReverseSecret::new(&self.reverse) };
        match self.policy {
            Policy::None => Authentication::None,
            Policy::IfAsked => Authentication::IfAsked(forward),
            Policy::Chap => Authentication::Chap(forward),
            Policy::Mutual => Authentication::Mutual(forward, reverse),
        }
    }
}

/// The places where texts are split, used in turn.
type Cuts = Vec<Index>;

struct Wire {
    cuts: std::iter::Cycle<std::vec::IntoIter<Index>>,
}

impl Wire {
    fn cut(&mut self, length: usize) -> usize {
        self.cuts.next().map_or(0, |cut| cut.index(length + 1))
    }

    /// Delivers a request in two pieces.
    fn hand_to_target(
        &mut self,
        portal: target::Login,
        config: &target::TargetConfig<'_>,
        request: &LoginRequest,
    ) -> target::Step {
        if request.continues || request.text.is_empty() {
            return portal.receive(config, request);
        }
        let at = self.cut(request.text.len());
        let text = request.text.slice(..at);
        let first = LoginRequest { transit: false, continues: true, text, ..request.clone() };
        match portal.receive(config, &first) {
            target::Step::Send(portal, response) => {
                assert!(response.text.is_empty() && !response.transit && !response.continues);
                let rest = LoginRequest { text: request.text.slice(at..), ..request.clone() };
                portal.receive(config, &rest)
            }
            other => other,
        }
    }

    /// Delivers a response, in two pieces unless it ends a stage.
    fn hand_to_initiator<'a>(
        &mut self,
        login: initiator::Login<'a>,
        response: &LoginResponse,
    ) -> Result<initiator::Step<'a>, iscsi_login::LoginError> {
        if response.continues || response.transit || response.text.is_empty() {
            return login.receive(response);
        }
        let at = self.cut(response.text.len());
        let first = LoginResponse { continues: true, text: response.text.slice(..at), ..response.clone() };
        match login.receive(&first)? {
            initiator::Step::Send(login, request) => {
                assert!(request.text.is_empty() && !request.transit && !request.continues);
                login.receive(&LoginResponse { text: response.text.slice(at..), ..response.clone() })
            }
            _ => panic!("an incomplete text ended the login"),
        }
    }
}

type Ended = (Option<initiator::CompletedLogin>, Option<target::AcceptedLogin>);

fn log_in(initiator: &Side, target: &Side, discovery: bool, cuts: Cuts) -> Ended {
    let accounts = [target::Account { name: names().1, authentication: target.authentication() }];
    let mut portal = target::Login::new(77, SerialNumber(u32::MAX), Nonce::from_random(target.nonce));
    let config = target::TargetConfig {
        accounts: &accounts,
        discovery: target.authentication(),
        algorithms: &target.algorithms,
        offer: target.offer,
        portal_group_tag: 1,
    };
    let offer = initiator.offer.into();
    let started = initiator::Login::start(initiator::LoginConfig {
        initiator_name: names().0,
        initiator_alias: None,
        session_type: if discovery { SessionType::Discovery } else { SessionType::Normal(names().1) },
        isid: Isid::from_random([1, 2, 3], 4),
        cid: 0,
        itt: InitiatorTaskTag(7),
        cmd_sn: SerialNumber(1000),
        reinstates: false,
        authentication: initiator.authentication(),
        algorithms: &initiator.algorithms,
        offer: &offer,
        strictness: Strictness::Strict,
        nonce: Nonce::from_random(initiator.nonce),
        is_own_challenge: &|_| false,
    });
    // One secret for both directions is refused before anything is sent.
    let Ok((mut login, mut request)) = started else { return (None, None) };
    let mut wire = Wire { cuts: cuts.into_iter().cycle() };
    loop {
        let (response, target) = match wire.hand_to_target(portal, &config, &request) {
            target::Step::Send(next, response) => {
                portal = next;
                match wire.hand_to_initiator(login, &response) {
                    Ok(initiator::Step::Send(next, next_request)) => (login, request) = (next, next_request),
                    Ok(_) => panic!("the initiator completed, the target did not"),
                    // The connection closes: the target fails as well.
                    Err(_) => return (None, None),
                }
                continue;
            }
            target::Step::Complete(response, completed) => (response, Some(*completed)),
            target::Step::Refuse(response, _) => (response, None),
        };
        return match wire.hand_to_initiator(login, &response) {
            Ok(initiator::Step::Complete(completed)) => (Some(completed), target),
            Ok(_) => panic!("the target completed, the initiator did not"),
            Err(_) => (None, target),
        };
    }
}

fn digest() -> impl Strategy<Value = DigestPreference> {
    use DigestPreference::{AcceptCrc32c, Crc32c, None, PreferCrc32c};
    select(vec![None, Crc32c, PreferCrc32c, AcceptCrc32c])
}

fn offer() -> impl Strategy<Value = Offer> {
    let flags = any::<[bool; 4]>();
    let lengths = (512..16_777_216_u32, 512..16_777_216_u32, 512..16_777_216_u32);
    let counts = (1..65_536_u32, 0..3601_u32, 0..3601_u32);
    (digest(), digest(), flags, lengths, counts).prop_map(|(header, data, flags, lengths, counts)| {
        let mut offer = Offer::default();
        (offer.header_digest, offer.data_digest) = (header, data);
        let parameters = &mut offer.parameters;
        [parameters.initial_r2t, parameters.immediate_data, ..] = flags;
        parameters.max_recv_data_segment_length = lengths.0;
        parameters.max_burst_length = lengths.1.max(lengths.2);
        parameters.first_burst_length = lengths.1.min(lengths.2);
        parameters.max_outstanding_r2t = u16::try_from(counts.0).unwrap();
        parameters.default_time2wait = u16::try_from(counts.1).unwrap();
        parameters.default_time2retain = u16::try_from(counts.2).unwrap();
        offer
    })
}

fn secret() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 12..=255)
}

fn algorithms() -> impl Strategy<Value = Vec<ChapAlgorithm>> {
    subsequence(ChapAlgorithm::ALL.to_vec(), 1..=4).prop_shuffle()
}

/// A side that knows these secrets, or sometimes others.
fn side(forward: Vec<u8>, reverse: Vec<u8>) -> impl Strategy<Value = Side> {
    let policy = select(vec![Policy::None, Policy::IfAsked, Policy::Chap, Policy::Mutual]);
    let forward = prop_oneof![8 => Just(forward), 1 => secret()];
    let reverse = prop_oneof![8 => Just(reverse), 1 => secret()];
    (policy, forward, reverse, algorithms(), offer(), any::<[u8; 32]>(), any::<u8>()).prop_map(
        |(policy, forward, reverse, algorithms, offer, challenge, identifier)| {
            let mut nonce = [identifier; Nonce::LENGTH];
            nonce[1..].copy_from_slice(&challenge);
            Side { policy, forward, reverse, algorithms, offer, nonce }
        },
    )
}

fn sides() -> impl Strategy<Value = (Side, Side)> {
    (secret(), secret())
        .prop_flat_map(|(forward, reverse)| (side(forward.clone(), reverse.clone()), side(forward, reverse)))
}

/// Checks two sides that both reached full feature phase.
fn check(
    initiator: &Side,
    target: &Side,
    completed: &initiator::CompletedLogin,
    other: &target::AcceptedLogin,
) {
    let mut mirrored = other.parameters;
    std::mem::swap(&mut mirrored.max_recv_data_segment_length, &mut mirrored.max_send_data_segment_length);
    assert_eq!(completed.parameters, mirrored);
    assert_eq!((completed.tsih, completed.exp_stat_sn), (77, other.stat_sn));
    check_functions(&initiator.offer, &target.offer, &completed.parameters);
    let authenticated = (other.initiator_authenticated, other.target_authenticated);
    match &completed.authenticated {
        Authenticated::None => assert_eq!(authenticated, (false, false)),
        Authenticated::Initiator { .. } => assert_eq!(authenticated, (true, false)),
        Authenticated::Mutual(_) => assert_eq!(authenticated, (true, true)),
    }
    let at_least = |policy| match policy {
        Policy::None | Policy::IfAsked => (false, false),
        Policy::Chap => (true, false),
        Policy::Mutual => (true, true),
    };
    for (policy, side) in [(initiator.policy, "initiator"), (target.policy, "target")] {
        let (initiator, target) = at_least(policy);
        assert!(authenticated.0 >= initiator && authenticated.1 >= target, "less than the {side} requires");
    }
    assert!(!authenticated.0 || initiator.forward == target.forward);
    assert!(!authenticated.1 || initiator.reverse == target.reverse);
}

/// Checks that each result follows from both offers by the rule of its key (RFC 7143, 13).
fn check_functions(initiator: &Offer, target: &Offer, agreed: &iscsi_login::Parameters) {
    let (a, b) = (&initiator.parameters, &target.parameters);
    assert_eq!(agreed.default_time2wait, a.default_time2wait.max(b.default_time2wait));
    assert_eq!(agreed.default_time2retain, a.default_time2retain.min(b.default_time2retain));
    assert_eq!(agreed.max_recv_data_segment_length, a.max_recv_data_segment_length);
    assert_eq!(agreed.max_send_data_segment_length, b.max_recv_data_segment_length);
    // A discovery session leaves the others at their defaults.
    let discovery = iscsi_login::Parameters::default();
    if agreed.max_outstanding_r2t != discovery.max_outstanding_r2t {
        assert_eq!(agreed.max_outstanding_r2t, a.max_outstanding_r2t.min(b.max_outstanding_r2t));
        assert_eq!(agreed.max_burst_length, a.max_burst_length.min(b.max_burst_length));
        let first = a.first_burst_length.min(b.first_burst_length);
        assert_eq!(agreed.first_burst_length, first.min(agreed.max_burst_length));
        assert_eq!(agreed.initial_r2t, a.initial_r2t || b.initial_r2t);
        assert_eq!(agreed.immediate_data, a.immediate_data && b.immediate_data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_ends_agree_or_both_fail(
        (initiator, target) in sides(),
        discovery in any::<bool>(),
        cuts in proptest::collection::vec(any::<Index>(), 1..5),
    ) {
        match log_in(&initiator, &target, discovery, cuts) {
            (Some(completed), Some(other)) => check(&initiator, &target, &completed, &other),
            (None, None) => {}
            (completed, other) => panic!("only one side completed: {completed:?} {other:?}"),
        }
    }
}

/// Sides with equal settings always agree, so the property above is not vacuous.
#[test]
fn equal_offers_agree() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..200 {
        let (initiator, _) = sides().new_tree(&mut runner).unwrap().current();
        let mut target = initiator.clone();
        target.nonce[1] ^= 1;
        let (completed, other) = log_in(&initiator, &target, false, vec![]);
        assert_eq!(completed.is_some(), other.is_some());
        assert!(completed.is_some() || initiator.forward == initiator.reverse, "{initiator:?}");
    }
}
