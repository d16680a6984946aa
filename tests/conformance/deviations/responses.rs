//! Headers, redirections, and the bounds of what is reported.

use iscsi_login::initiator::{LoginConfig, Step};
use iscsi_login::{Deviation, LoginError, ProtocolViolation, Strictness};
use iscsi_pdu::{LoginResponse, LoginStatus, Stage};

use super::{answered, complete, discovery, ids, open};
use crate::scripted::{Play, answer, grant};

/// LOG-09: TSIH 0 is tolerated, and no other wrong header field.
#[test]
fn log_09_session_handles() {
    let completed =
        complete(Play::begin(open()).step(|request| LoginResponse { tsih: 0, ..grant(request, &[]) }));
    assert_eq!((completed.tsih, ids(&completed)), (0, vec!["tsih-zero"]));
    let changes: [fn(&mut LoginResponse); 5] = [
        |response| response.version_active = 1,
        |response| response.current_stage = Stage::SECURITY,
        |response| response.itt.0 += 1,
        |response| response.continues = true,
        |response| response.next_stage = Stage::OPERATIONAL,
    ];
    for change in changes {
        let error = Play::begin(open()).fails(|request| {
            let mut response = grant(request, &[]);
            change(&mut response);
            response
        });
        assert!(matches!(error, LoginError::Protocol(ProtocolViolation::Header { .. })), "{error}");
    }
}

/// LOG-30: addresses of a redirection in deviating forms; an unusable one does not hide the others.
#[test]
fn log_30_addresses_of_redirections() {
    let redirect = |addresses: &[&str], strictness| {
        let keys: Vec<_> = addresses.iter().map(|address| ("TargetAddress", *address)).collect();
        Play::begin(LoginConfig { strictness, ..open() }).step(|request| LoginResponse {
            status: LoginStatus::MOVED_TEMPORARILY,
            ..answer(request, &keys)
        })
    };
    let addresses = ["10.0.0.1:0", "10.0.0.2 ", "2001:db8::5", "10.0.0.3"];
    let Step::Redirect(redirected) = redirect(&addresses, Strictness::Tolerant).unwrap() else {
        panic!("not redirected")
    };
    let shown: Vec<_> = redirected.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["10.0.0.2:3260", "[2001:db8::5]:3260", "10.0.0.3:3260"]);
    let ids: Vec<_> = redirected.deviations.iter().map(|observed| observed.deviation.id).collect();
    assert_eq!(ids, ["address-trailing-blank", "address-ipv6-unbracketed", "record-unusable"]);
    assert!(redirected.deviations[2].detail.starts_with("TargetAddress=\"10.0.0.1:0\": "));
    let port = || LoginError::from(ProtocolViolation::Address(iscsi_pdu::AddressError::Port));
    assert_eq!(redirect(&["10.0.0.1:0"], Strictness::Tolerant).err(), Some(port()));
    assert_eq!(redirect(&["10.0.0.3", "10.0.0.1:0"], Strictness::Strict).err(), Some(port()));
    let nowhere = redirect(&[], Strictness::Tolerant).err();
    assert_eq!(nowhere, Some(ProtocolViolation::RedirectWithoutAddress.into()));
}

/// The report is bounded, however many deviations a target shows.
#[test]
fn reports_are_bounded() {
    let keys: Vec<String> = (0..100).map(|number| format!("X-com.example.key{}", number % 50)).collect();
    let pairs: Vec<_> = keys.iter().map(|key| (key.as_str(), "1")).collect();
    let completed = answered(open(), &pairs);
    assert_eq!(ids(&completed), [Deviation::KEY_BESIDE_TRANSITION.id; 4]);
    let again = answered(open(), &[pairs[0], pairs[0]]);
    assert_eq!(again.deviations.len(), 1, "nothing is reported twice");
    let name = "ä".repeat(500);
    let completed = answered(discovery(), &[("TargetName", &name)]);
    assert_eq!(completed.deviations[0].detail, format!("TargetName={}", "ä".repeat(122)));
}
