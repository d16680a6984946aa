//! The target's side of a login against arbitrary requests of an initiator that knows no secret.

use bytes::Bytes;
use iscsi_login::target::{AcceptedLogin, Account, Login, Step, TargetConfig};
use iscsi_login::{
    Authentication, ChapAlgorithm, ForwardCredentialRef, ForwardSecret, Nonce, Offer, ReverseCredentialRef,
    ReverseSecret,
};
use iscsi_pdu::{InitiatorTaskTag, IscsiName, Isid, LoginRequest, LoginResponse, SerialNumber, Stage};

/// The longest text of a Login PDU, whatever is declared (RFC 7143, 13.12).
const MAX_TEXT: usize = 8192;

/// The first byte selects the policy. Each request is one byte of stages and flags, one of other mistakes in the header, a
/// length, and that much text. A policy that requires CHAP accepts none, and no side counts as authenticated.
///
/// # Panics
/// When one does.
pub fn login_target(data: &[u8]) {
    let Some((&policy, mut rest)) = data.split_first() else { return };
    let name = IscsiName::new("iqn.2001-04.com.example:disk").expect("a name");
    let authentication = authentication(policy);
    let accounts = [Account { name: &name, authentication }];
    let config = config(&accounts);
    let mut stat_sn = SerialNumber(u32::MAX);
    let mut login = Login::new(77, stat_sn, Nonce::from_random([7; Nonce::LENGTH]));
    while let Some((&[flags, mistakes, length], text)) = rest.split_first_chunk::<3>() {
        let (text, behind) = text.split_at(text.len().min(usize::from(length) * 4));
        rest = behind;
        let request = request(flags, mistakes, text);
        let step = login.receive(&config, &request);
        let response = match &step {
            Step::Send(_, response) | Step::Complete(response, _) | Step::Refuse(response, _) => response,
        };
        check_response(response, &request, stat_sn);
        stat_sn = stat_sn.next();
        login = match step {
            Step::Send(next, _) => next,
            Step::Complete(response, completed) => return check_admission(policy, &response, &completed),
            Step::Refuse(response, _) => return assert!(!response.transit && response.text.is_empty()),
        };
    }
}

/// Checks that the response is well-formed, whatever the request.
fn check_response(response: &LoginResponse, request: &LoginRequest, stat_sn: SerialNumber) {
    assert_eq!((response.itt, response.isid, response.numbers.stat_sn), (request.itt, request.isid, stat_sn));
    assert!(response.text.len() <= MAX_TEXT && !(response.transit && response.continues));
    assert!(!response.transit || (request.transit && response.next_stage == request.next_stage));
}

fn check_admission(policy: u8, response: &LoginResponse, completed: &AcceptedLogin) {
    assert!(!requires_chap(policy), "accepted without authentication");
    assert!(
        !completed.initiator_authenticated && !completed.target_authenticated,
        "authenticated without a secret"
    );
    assert!(response.transit && response.next_stage == Stage::FULL_FEATURE && response.tsih == 77);
}

const fn requires_chap(policy: u8) -> bool {
    matches!(policy % 4, 2 | 3)
}

fn authentication(policy: u8) -> Authentication<'static> {
    let forward = ForwardCredentialRef { name: "host", secret: ForwardSecret::new(b"forward-secret-01") };
    let reverse =
        ReverseCredentialRef { name: Some("disk"), secret: ReverseSecret::new(b"reverse-secret-02") };
    match policy % 4 {
        0 => Authentication::None,
        1 => Authentication::IfAsked(forward),
        2 => Authentication::Chap(forward),
        _ => Authentication::Mutual(forward, reverse),
    }
}

/// Discovery sessions require the same authentication.
fn config<'a>(accounts: &'a [Account<'a>; 1]) -> TargetConfig<'a> {
    TargetConfig {
        accounts,
        discovery: accounts[0].authentication,
        algorithms: &ChapAlgorithm::ALL,
        offer: Offer::default(),
        portal_group_tag: 1,
    }
}

/// A request with a valid header, except for `mistakes`.
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
