//! The target's side of a login with an initiator that sends arbitrary requests and knows no secret.

use bytes::Bytes;
use iscsi_login::target::{Account, Completed, Config, Login, Step};
use iscsi_login::{
    Authentication, ChapAlgorithm, ForwardCredential, ForwardSecret, Nonce, Offer, ReverseCredential,
    ReverseSecret,
};
use iscsi_pdu::{InitiatorTaskTag, IscsiName, Isid, LoginRequest, LoginResponse, SerialNumber, Stage};

/// Length of the longest text in a Login PDU, independent of declarations (RFC 7143, 13.12).
const MAX_TEXT: usize = 8192;

/// Reads from the input: the policy (one byte), then requests: stages and flags (one byte), other mistakes in the
/// header (one byte), a length, and text of that length. The target does not admit the initiator if the policy requires
/// authentication, and never reports it as authenticated.
///
/// # Panics
/// If the target does.
pub fn login_target(data: &[u8]) {
    let Some((&policy, mut rest)) = data.split_first() else { return };
    let name = IscsiName::new("iqn.2001-04.com.example:disk").expect("a name");
    let authentication = authentication(policy);
    let accounts = [Account { name: &name, authentication }];
    let mut login = Login::new(config(&accounts));
    let mut stat_sn = SerialNumber(u32::MAX);
    while let Some((&[flags, mistakes, length], text)) = rest.split_first_chunk::<3>() {
        let (text, behind) = text.split_at(text.len().min(usize::from(length) * 4));
        rest = behind;
        let request = request(flags, mistakes, text);
        let step = login.receive(&request);
        let response = match &step {
            Step::Send(_, response) | Step::Complete(response, _) | Step::Refuse(response, _) => response,
        };
        judge(response, &request, stat_sn);
        stat_sn = stat_sn.next();
        login = match step {
            Step::Send(next, _) => next,
            Step::Complete(response, completed) => return check_admission(policy, &response, &completed),
            Step::Refuse(response, _) => return assert!(!response.transit && response.text.is_empty()),
        };
    }
}

/// Checks that the answer is well-formed, whatever the request.
fn judge(response: &LoginResponse, request: &LoginRequest, stat_sn: SerialNumber) {
    assert_eq!((response.itt, response.isid, response.numbers.stat_sn), (request.itt, request.isid, stat_sn));
    assert!(response.text.len() <= MAX_TEXT && !(response.transit && response.continues));
    assert!(!response.transit || (request.transit && response.next_stage == request.next_stage));
}

fn check_admission(policy: u8, response: &LoginResponse, completed: &Completed) {
    assert!(!demands_a_proof(policy), "let in without a proof");
    assert!(
        !completed.initiator_authenticated && !completed.target_authenticated,
        "authenticated without a secret"
    );
    assert!(response.transit && response.next_stage == Stage::FULL_FEATURE && response.tsih == 77);
}

const fn demands_a_proof(policy: u8) -> bool {
    matches!(policy % 4, 2 | 3)
}

fn authentication(policy: u8) -> Authentication<'static> {
    let forward = ForwardCredential { name: "host", secret: ForwardSecret::new(b"what-nobody-knows") };
    let reverse = ReverseCredential { name: Some("disk"), secret: ReverseSecret::new(b"what-we-can-prove") };
    match policy % 4 {
        0 => Authentication::None,
        1 => Authentication::IfAsked(forward),
        2 => Authentication::Chap(forward),
        _ => Authentication::Mutual(forward, reverse),
    }
}

/// Discovery has the policy of the target.
fn config<'a>(accounts: &'a [Account<'a>; 1]) -> Config<'a> {
    Config {
        accounts,
        discovery: accounts[0].authentication,
        algorithms: &ChapAlgorithm::ALL,
        offer: Offer::default(),
        portal_group_tag: 1,
        tsih: 77,
        stat_sn: SerialNumber(u32::MAX),
        nonce: Nonce::from_random([7; Nonce::LENGTH]),
    }
}

/// Returns a request whose header is correct unless `mistakes` request otherwise.
fn request(flags: u8, mistakes: u8, text: &[u8]) -> LoginRequest {
    let wrong = |bit: u8| mistakes >> bit & 1;
    LoginRequest {
        transit: flags & 0x80 != 0,
        continues: flags & 0x40 != 0,
        current_stage: Stage(flags >> 2 & 3),
        next_stage: Stage(flags & 3),
        version_max: wrong(0),
        version_min: wrong(1),
        isid: Isid::from_random([1, 2, 3], wrong(2).into()),
        tsih: wrong(3).into(),
        itt: InitiatorTaskTag(wrong(4).into()),
        cid: wrong(5).into(),
        cmd_sn: SerialNumber(wrong(6).into()),
        exp_stat_sn: SerialNumber(wrong(7).into()),
        text: Bytes::copy_from_slice(text),
    }
}
