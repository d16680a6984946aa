//! The initiator's side of a mutual login against arbitrary answers.

use bytes::Bytes;
use iscsi_login::initiator::{Login, LoginConfig, SessionType, Step};
use iscsi_login::{
    Authentication, ChapAlgorithm, ForwardCredentialRef, ForwardSecret, Nonce, Offer, PreparedOffer,
    ReverseCredentialRef, ReverseSecret, Strictness, target,
};
use iscsi_pdu::{
    InitiatorTaskTag, IscsiName, Isid, LoginRequest, LoginResponse, LoginStatus, SerialNumber, Stage,
};

/// Each answer is three bytes of header, a length, and that much text. The login never completes, with or without tolerance,
/// since the answers cannot contain the right response.
///
/// # Panics
/// When it does complete.
pub fn login(data: &[u8]) {
    for strictness in [Strictness::Strict, Strictness::Tolerant] {
        log_in(data, strictness);
    }
}

fn log_in(data: &[u8], strictness: Strictness) {
    let name = IscsiName::new("iqn.2001-04.com.example:host").expect("a name");
    let offer = Offer::default().into();
    let (mut login, mut request) = Login::start(config(&name, &offer, strictness)).expect("usable settings");
    let mut rest = data;
    while let Some((&[flags, class, detail, length], text)) = rest.split_first_chunk::<4>() {
        let (text, behind) = text.split_at(text.len().min(usize::from(length) * 4));
        rest = behind;
        match login.receive(&answer(&request, flags, [class, detail], text)) {
            Ok(Step::Send(next, next_request)) => (login, request) = (next, next_request),
            Ok(Step::Complete(_)) => panic!("full feature phase without a right response"),
            Ok(Step::Redirect(_)) | Err(_) => return,
        }
    }
}

fn config<'a>(name: &'a IscsiName, offer: &'a PreparedOffer, strictness: Strictness) -> LoginConfig<'a> {
    LoginConfig {
        initiator_name: name,
        initiator_alias: None,
        session_type: SessionType::Normal(name),
        isid: Isid::from_random([1, 2, 3], 4),
        cid: 0,
        itt: InitiatorTaskTag(0),
        cmd_sn: SerialNumber(1),
        reinstates: false,
        authentication: Authentication::Mutual(
            ForwardCredentialRef { name: "host", secret: ForwardSecret::new(b"forward-secret-01") },
            ReverseCredentialRef { name: None, secret: ReverseSecret::new(b"reverse-secret-02") },
        ),
        algorithms: &ChapAlgorithm::ALL,
        offer,
        strictness,
        nonce: Nonce::from_random([7; Nonce::LENGTH]),
        is_own_challenge: &|_| false,
    }
}

/// A response with a valid header, except for `flags`.
fn answer(request: &LoginRequest, flags: u8, status: [u8; 2], text: &[u8]) -> LoginResponse {
    LoginResponse {
        transit: flags & 0x80 != 0,
        continues: flags & 0x40 != 0,
        current_stage: if flags & 0x20 == 0 { request.current_stage } else { Stage(flags >> 2 & 3) },
        next_stage: Stage(flags & 3),
        tsih: 1,
        status: LoginStatus(u16::from_be_bytes(status)),
        text: Bytes::copy_from_slice(text),
        ..target::answer(request, SerialNumber(0))
    }
}
