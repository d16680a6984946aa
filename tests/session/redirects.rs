//! Redirections over TCP: limits, and the condition under which one may be stored.

use iscsi_initiator::{AuthenticationRequest, Error, RedirectKind};
use iscsi_pdu::{LoginStatus, TextWriter};
use iscsi_tests::scripted_target::{Script, ScriptedTarget, login};

use crate::authentication::{FORWARD, REVERSE, accounts, log_in, mutual, target};
use crate::stage::ram_disk;

/// A permanent redirection before the target authenticated itself is followed, but reported as temporary, so that it is
/// not stored.
#[tokio::test]
async fn log_30_a_permanent_redirection_counts_only_from_an_authenticated_target() {
    const FOR_GOOD: LoginStatus = LoginStatus::MOVED_PERMANENTLY;
    let open = ram_disk().await;
    let scripted = ScriptedTarget::serve(
        Script::new().answer_login(login::redirect(FOR_GOOD, open.portal().to_string())),
    );
    let session = log_in(&scripted.await.unwrap(), &AuthenticationRequest::default()).await.unwrap();
    assert_eq!(session.details().redirect_kind, Some(RedirectKind::Temporarily));

    let (guarded, _) = target(accounts(FORWARD, REVERSE)).await;
    let elsewhere = guarded.portal().to_string();
    for (authenticated, moved) in [(false, RedirectKind::Temporarily), (true, RedirectKind::Permanently)] {
        let script = if authenticated {
            Script::authenticates_with_secret("disk", REVERSE)
        } else {
            Script::new().choose_chap()
        };
        let scripted =
            ScriptedTarget::serve(script.answer_login(login::redirect(FOR_GOOD, &elsewhere))).await.unwrap();
        let session = log_in(&scripted, &mutual(FORWARD, REVERSE)).await.unwrap();
        assert_eq!(session.details().redirect_kind, Some(moved), "authenticated: {authenticated}");
        session.logout().await.unwrap();
    }
}

/// One answer names 200 portals; the initiator does not try all of them.
#[tokio::test]
async fn log_30_most_addresses_of_a_long_redirection_are_not_tried() {
    let open = ram_disk().await;
    let redirected = |dead: usize, last: String| async move {
        let scripted = ScriptedTarget::serve(Script::new().answer_login(move |request| {
            let addresses = std::iter::repeat_n("127.0.0.1:1", dead).chain([last.as_str()]);
            let text = addresses.fold(TextWriter::new(), |text, address| text.pair("TargetAddress", address));
            let moved = login::status(LoginStatus::MOVED_TEMPORARILY)(request);
            iscsi_pdu::LoginResponse { text: text.finish().unwrap(), ..moved }
        }));
        log_in(&scripted.await.unwrap(), &AuthenticationRequest::default()).await
    };
    let portal = open.portal().to_string();
    let session = redirected(7, portal.clone()).await.unwrap();
    session.logout().await.unwrap();
    for dead in [8, 200] {
        let error = redirected(dead, portal.clone()).await.err();
        assert!(matches!(error, Some(Error::Connect { .. })), "{error:?}");
    }
    assert_eq!(open.report().normal_sessions, 1);
}

/// The unspecified address is not the local host, but the one that was asked.
#[tokio::test]
async fn log_30_an_unspecified_address_leads_back_to_the_portal_that_was_asked() {
    let open = ram_disk().await;
    let address = format!("0.0.0.0:{}", open.portal().port());
    let scripted = ScriptedTarget::serve(
        Script::new().answer_login(login::redirect(LoginStatus::MOVED_TEMPORARILY, address)),
    );
    let session = log_in(&scripted.await.unwrap(), &AuthenticationRequest::default()).await.unwrap();
    assert_eq!(session.details().portal.to_string(), open.portal().to_string());
    session.logout().await.unwrap();
}
