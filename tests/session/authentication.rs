//! CHAP over TCP: logins that succeed, logins that are refused, and the order in which credentials apply.

use std::sync::Arc;

use iscsi_initiator::{
    Authenticated, AuthenticationMode, AuthenticationRequest, Error, Fault, Initiator, Portal, Session,
};
use iscsi_pdu::LoginStatus;
use iscsi_secrets::{
    ForwardCredential, IscsiName, MemoryStore, ReverseCredential, Scope, Secret, SecretStore as _,
};
use iscsi_tests::ram_disk::{self, Account, Credentials, RamDisk, Running, Target};
use iscsi_tests::scripted_target::{Script, ScriptedTarget, login};

use crate::stage::{config, initiator, initiator_with, open_config, target_name};

pub(crate) const FORWARD: &[u8] = b"forward-secret";
pub(crate) const REVERSE: &[u8] = b"reverse-secret";

pub(crate) fn forward(bytes: &[u8]) -> Arc<ForwardCredential> {
    let secret = Secret::from_bytes(bytes).unwrap();
    Arc::new(ForwardCredential::new(Some("host".to_owned()), secret).unwrap())
}

pub(crate) fn reverse(bytes: &[u8]) -> Arc<ReverseCredential> {
    let secret = Secret::from_bytes(bytes).unwrap();
    Arc::new(ReverseCredential::new(Some("disk".to_owned()), secret).unwrap())
}

/// A request for one-way CHAP with this secret.
pub(crate) fn one_way(forward_secret: &[u8]) -> AuthenticationRequest {
    AuthenticationRequest {
        mode: AuthenticationMode::Chap,
        forward: Some(forward(forward_secret)),
        reverse: None,
    }
}

/// A request for mutual CHAP with these secrets.
pub(crate) fn mutual(forward_secret: &[u8], reverse_secret: &[u8]) -> AuthenticationRequest {
    let (forward, reverse) = (Some(forward(forward_secret)), Some(reverse(reverse_secret)));
    AuthenticationRequest { mode: AuthenticationMode::Mutual, forward, reverse }
}

pub(crate) async fn log_in(
    scripted: &ScriptedTarget,
    request: &AuthenticationRequest,
) -> Result<Session, Error> {
    let portal: Portal = scripted.portal().to_string().parse().unwrap();
    initiator().login(&target_name(), &portal, request).await
}

pub(crate) fn accounts(forward_secret: &[u8], reverse_secret: &[u8]) -> Credentials {
    Credentials::Mutual {
        initiator: Account::new("host", forward_secret),
        target: Account::new("disk", reverse_secret),
    }
}

pub(crate) async fn target(credentials: Credentials) -> (Running, Portal) {
    let target = Target { credentials, ..Target::new(target_name()) };
    let running = RamDisk::serve(ram_disk::Config { targets: vec![target], ..open_config() }).await.unwrap();
    let portal = running.portal().to_string().parse().unwrap();
    (running, portal)
}

#[tokio::test]
async fn chp_01_one_way_and_mutual() {
    let (_running, portal) = target(Credentials::Chap(Account::new("host", FORWARD))).await;
    let session = initiator().login(&target_name(), &portal, &one_way(FORWARD)).await.unwrap();
    assert!(matches!(session.details().completed.authenticated, Authenticated::Initiator { .. }));
    let (_running, portal) = target(accounts(FORWARD, REVERSE)).await;
    let session = initiator().login(&target_name(), &portal, &mutual(FORWARD, REVERSE)).await.unwrap();
    assert!(matches!(session.details().completed.authenticated, Authenticated::Mutual(_)));
    let error = initiator().login(&target_name(), &portal, &one_way(FORWARD)).await.err().unwrap();
    assert_eq!(error.fault(), Fault::CredentialsRefused);
}

/// Bytes that text formats, shells and URLs treat in their own way, in both directions.
#[tokio::test]
async fn chp_11_secrets_of_any_bytes() {
    let secrets: [&[u8]; 6] = [
        b"\0twelve bytes",
        b"\xff\xfe\x00\x80 not utf-8",
        b"100%41 @#?&=/:+;",
        b"  blanks  around  ",
        b"line\nanother\r\n\t",
        &[0; 12],
    ];
    for (number, forward_secret) in secrets.into_iter().enumerate() {
        let reverse_secret = secrets[(number + 1) % secrets.len()];
        let (_running, portal) = target(accounts(forward_secret, reverse_secret)).await;
        let session = initiator()
            .login(&target_name(), &portal, &mutual(forward_secret, reverse_secret))
            .await
            .unwrap();
        session.logout().await.unwrap();
        let shortened = [reverse_secret, b"\n"].concat();
        let error = initiator()
            .login(&target_name(), &portal, &mutual(forward_secret, &shortened))
            .await
            .err()
            .unwrap();
        assert_eq!(error.fault(), Fault::TargetNotAuthenticated, "{number}");
    }
}

/// Discovery neither uses what the store knows about a target, nor does a target get what is for discovery.
#[tokio::test]
async fn chp_30_discovery_has_its_own_credentials() {
    let served = ram_disk::Config {
        targets: vec![Target { credentials: accounts(FORWARD, REVERSE), ..Target::new(target_name()) }],
        discovery: accounts(b"discovery-forward", b"discovery-reverse"),
        ..open_config()
    };
    let running = RamDisk::serve(served).await.unwrap();
    let portal: Portal = running.portal().to_string().parse().unwrap();
    let initiator = initiator_with(store_for_target());
    let automatic = AuthenticationRequest::default();
    let refused = initiator.discover(&portal, &automatic).await.unwrap_err();
    assert!(matches!(refused.fault(), Fault::CredentialsRefused | Fault::LoginRefused), "{refused}");
    let own = mutual(b"discovery-forward", b"discovery-reverse");
    assert_eq!(initiator.discover(&portal, &own).await.unwrap().targets.len(), 1);
    let impostor = initiator.discover(&portal, &mutual(b"discovery-forward", REVERSE)).await.unwrap_err();
    assert_eq!(impostor.fault(), Fault::TargetNotAuthenticated);
    initiator.login(&target_name(), &portal, &automatic).await.unwrap().logout().await.unwrap();
}

/// A store that knows both secrets of the target.
pub(crate) fn store_for_target() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let name = IscsiName::new(target_name().as_str()).unwrap();
    let forward_secret =
        ForwardCredential::new(Some("host".to_owned()), Secret::from_bytes(FORWARD).unwrap()).unwrap();
    store.set_forward(name.clone().into(), forward_secret).unwrap();
    let reverse_secret =
        ReverseCredential::new(Some("disk".to_owned()), Secret::from_bytes(REVERSE).unwrap()).unwrap();
    store.set_reverse(Scope::Target(name), reverse_secret).unwrap();
    store
}

/// Each ends the connection at once: three requests, one connection, no second try.
#[tokio::test]
async fn chp_15_chp_19_chp_20_chp_25_nothing_follows_a_failure() {
    let cases = [
        ("nothing", Script::omits_chap_response(), Fault::TargetNotAuthenticated),
        ("full feature phase", Script::completes_without_chap_response(), Fault::TargetNotAuthenticated),
        ("a name alone", Script::sends_chap_name_only(), Fault::Protocol),
        ("a wrong response", Script::sends_wrong_chap_response(), Fault::TargetNotAuthenticated),
        (
            "the initiator's own secret",
            Script::authenticates_with_secret("disk", FORWARD),
            Fault::TargetNotAuthenticated,
        ),
        ("our own response", Script::reflects_response(), Fault::TargetNotAuthenticated),
        ("another name", Script::authenticates_with_secret("other", REVERSE), Fault::TargetNotAuthenticated),
        (
            "refusal",
            Script::refuses_chap_response(LoginStatus::AUTHENTICATION_FAILURE),
            Fault::CredentialsRefused,
        ),
    ];
    for (what, script, fault) in cases {
        let scripted = ScriptedTarget::serve(script).await.unwrap();
        let error = log_in(&scripted, &mutual(FORWARD, REVERSE)).await.err().unwrap();
        assert_eq!(error.fault(), fault, "{what}: {error}");
        scripted.all_closed().await;
        assert_eq!((scripted.received().len(), scripted.connections()), (3, 1), "{what}");
    }
}

/// "CHAP required" is not talked out of it.
#[tokio::test]
async fn chp_23_targets_that_skip_authentication_are_left() {
    let scripts = [
        Script::new().answer_login(login::straight_to_full_feature),
        Script::new().answer_login(login::straight_to_operational),
        Script::new().answer_login(login::method("None")),
        Script::new().answer_login(login::method("Reject")),
    ];
    for script in scripts {
        let scripted = ScriptedTarget::serve(script).await.unwrap();
        let error = log_in(&scripted, &one_way(FORWARD)).await.err().unwrap();
        assert_eq!(error.fault(), Fault::TargetNotAuthenticated, "{error}");
        scripted.all_closed().await;
        assert_eq!(scripted.received().len(), 1);
    }
}

/// Without a name of its own a credential goes under the initiator's.
#[tokio::test]
async fn chp_29_the_initiator_name_is_the_default() {
    let name = config().initiator_name;
    let (_running, portal) = target(Credentials::Chap(Account::new(name.as_str(), FORWARD))).await;
    let nameless = ForwardCredential::new(None, Secret::from_bytes(FORWARD).unwrap()).unwrap();
    let request = AuthenticationRequest { forward: Some(Arc::new(nameless)), ..one_way(FORWARD) };
    let initiator = Initiator::new(config(), Arc::new(MemoryStore::new()));
    initiator.login(&target_name(), &portal, &request).await.unwrap().logout().await.unwrap();
}
