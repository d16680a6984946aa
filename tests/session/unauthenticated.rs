//! Sessions without authentication: the library reports the reason, and no session is unauthenticated by accident.

use std::sync::Arc;

use iscsi_initiator::{
    Advice, AuthenticationMode, AuthenticationRequest, Error, Fault, Initiator, Portal, SessionDetails,
    StoreOrigin, Unauthenticated,
};
use iscsi_secrets::vds::object_id;
use iscsi_secrets::{
    Capabilities, Change, IscsiName, MemoryStore, Secret, SecretStore, StoreError, StoreSnapshot,
};
use iscsi_tests::ram_disk::{Account, Credentials, RamDisk};

use crate::authentication::{FORWARD, REVERSE, forward, mutual, one_way, store_for_target, target};
use crate::stage::{config, initiator, initiator_with, open_config, target_name};

/// A store that cannot be read.
struct Broken;

impl SecretStore for Broken {
    fn capabilities(&self) -> Capabilities {
        MemoryStore::new().capabilities()
    }

    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError> {
        Err(broken())
    }

    fn apply_all(&self, _: Vec<Change>) -> Result<(), StoreError> {
        Err(broken())
    }
}

fn broken() -> StoreError {
    StoreError::Damaged { path: "store/secrets.db".into() }
}

fn mode(mode: AuthenticationMode) -> AuthenticationRequest {
    AuthenticationRequest { mode, ..AuthenticationRequest::default() }
}

/// Logs in to a target that asks for nothing, and out again.
async fn details(initiator: &Initiator, request: &AuthenticationRequest) -> Result<SessionDetails, Error> {
    let (_running, portal) = target(Credentials::None).await;
    let session = initiator.login(&target_name(), &portal, request).await?;
    let details = session.details().clone();
    session.logout().await.unwrap();
    Ok(details)
}

#[tokio::test]
async fn the_reason_names_the_store_and_tells_an_empty_one_from_one_with_other_secrets() {
    let automatic = mode(AuthenticationMode::Automatic);
    let reason = |is_empty| Some(Unauthenticated::NoSecret { store: StoreOrigin::Memory, is_empty });
    assert_eq!(details(&initiator(), &automatic).await.unwrap().unauthenticated, reason(true));
    let store = Arc::new(MemoryStore::new());
    let other = IscsiName::new("iqn.2001-04.com.example:other").unwrap();
    store.renew_forward_secret(other.into(), Secret::from_bytes(FORWARD).unwrap()).unwrap();
    let found = details(&initiator_with(store), &automatic).await.unwrap();
    assert_eq!(found.unauthenticated, reason(false));
}

#[tokio::test]
async fn without_a_store_the_reason_is_that_there_is_none() {
    let initiator = Initiator::without_store(config());
    let found = details(&initiator, &mode(AuthenticationMode::Automatic)).await.unwrap();
    assert_eq!(found.unauthenticated, Some(Unauthenticated::NoStore));
}

#[tokio::test]
async fn a_target_that_does_not_ask_is_a_reason_too() {
    let request = AuthenticationRequest { mode: AuthenticationMode::IfAsked, ..one_way(FORWARD) };
    let found = details(&initiator(), &request).await.unwrap();
    assert_eq!(found.unauthenticated, Some(Unauthenticated::NotAsked));
    let (_running, portal) = target(Credentials::Chap(Account::new("host", FORWARD))).await;
    let session = initiator().login(&target_name(), &portal, &request).await.unwrap();
    assert_eq!(session.details().unauthenticated, None);
}

#[tokio::test]
async fn none_that_was_demanded_needs_no_reason() {
    let found = details(&initiator(), &mode(AuthenticationMode::None)).await.unwrap();
    assert_eq!((found.unauthenticated, found.unread_store), (None, None));
}

#[tokio::test]
async fn a_session_with_authentication_has_no_reason() {
    let (_running, portal) = target(Credentials::Chap(Account::new("host", FORWARD))).await;
    let session = initiator().login(&target_name(), &portal, &one_way(FORWARD)).await.unwrap();
    assert_eq!(session.details().unauthenticated, None);
}

#[tokio::test]
async fn a_discovery_without_authentication_has_its_reason() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let portal: Portal = running.portal().to_string().parse().unwrap();
    let initiator = initiator_with(store_for_target());
    let found = initiator.discover_with_details(&portal, &AuthenticationRequest::default()).await.unwrap();
    assert_eq!(found.found.targets.len(), 1);
    let reason = Unauthenticated::NoSecret { store: StoreOrigin::Memory, is_empty: false };
    assert_eq!(found.session.unauthenticated, Some(reason));
}

/// Nothing that an unauthenticated answer says gets into the store; what was named is known to the process.
#[tokio::test]
async fn discovery_writes_nothing_and_makes_targets_known() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let portal: Portal = running.portal().to_string().parse().unwrap();
    let store = Arc::new(MemoryStore::new());
    let initiator = initiator_with(store.clone());
    let before = store.snapshot().unwrap();
    let id = object_id(&target_name());
    let secret = iscsi_secrets::SharedSecret::of(b"twelve-bytes");
    assert!(initiator.remember_target_shared_secret(id, Some(&secret)).await.is_err());
    initiator.discover(&portal, &AuthenticationRequest::default()).await.unwrap();
    assert!(Arc::ptr_eq(&before, &store.snapshot().unwrap()), "the store was written");
    initiator.remember_target_shared_secret(id, Some(&secret)).await.unwrap();
    assert_eq!(store.entries().unwrap().len(), 1);
}

/// A source of secrets that cannot be read is never taken for empty.
#[tokio::test]
async fn an_unreadable_store_fails_every_login_that_needs_it() {
    let initiator = initiator_with(Arc::new(Broken));
    for request in [
        mode(AuthenticationMode::Automatic),
        mode(AuthenticationMode::IfAsked),
        mode(AuthenticationMode::Chap),
        mode(AuthenticationMode::Mutual),
        AuthenticationRequest { forward: Some(forward(FORWARD)), ..mode(AuthenticationMode::Automatic) },
    ] {
        assert_eq!(details(&initiator, &request).await.err(), Some(Error::Secrets(broken())));
    }
}

#[tokio::test]
async fn an_unreadable_store_fails_no_login_that_takes_nothing_from_it() {
    let initiator = initiator_with(Arc::new(Broken));
    let found = details(&initiator, &mode(AuthenticationMode::None)).await.unwrap();
    assert_eq!((found.unauthenticated, found.unread_store), (None, Some(broken())));
    let (_running, portal) = target(crate::authentication::accounts(FORWARD, REVERSE)).await;
    let session = initiator.login(&target_name(), &portal, &mutual(FORWARD, REVERSE)).await.unwrap();
    assert_eq!(session.details().unread_store, Some(broken()));
}

/// Status 0201 means something else to who offered nothing: there is no secret that could be checked.
#[tokio::test]
async fn a_refusal_without_credentials_does_not_speak_of_a_wrong_secret() {
    let (_running, portal) = target(Credentials::Chap(Account::new("host", FORWARD))).await;
    let refused = |request| {
        let portal = portal.clone();
        async move { initiator().login(&target_name(), &portal, &request).await.err().unwrap() }
    };
    let without = refused(mode(AuthenticationMode::Automatic)).await;
    assert_eq!(without.advice(), Some(Advice::CredentialsRequired), "{without:?}");
    assert_eq!(without.fault(), Fault::CredentialsRefused);
    let hint = without.hint().unwrap();
    assert!(!hint.contains("check") && hint.contains("credentials"), "{hint}");
    let wrong = refused(one_way(b"another-secret")).await;
    assert_eq!(wrong.advice(), Some(Advice::CheckCredentials), "{wrong:?}");
    assert!(wrong.hint().unwrap().contains("secret on both sides"));
}

#[tokio::test]
async fn credentials_that_are_given_need_no_store() {
    let (_running, portal) = target(crate::authentication::accounts(FORWARD, REVERSE)).await;
    let initiator = Initiator::without_store(config());
    let session = initiator.login(&target_name(), &portal, &mutual(FORWARD, REVERSE)).await.unwrap();
    session.logout().await.unwrap();
}

/// The example `mutual_login` of the library.
#[tokio::test]
async fn the_example_logs_in_mutually_with_nothing_but_two_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, secret: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, secret).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let initiator = Account::new("iqn.2001-04.com.example:host", FORWARD);
    let (_running, portal) =
        target(Credentials::Mutual { initiator, target: Account::new("disk", REVERSE) }).await;
    let log_in = |reverse: &[u8]| {
        let files = [file("forward", FORWARD), file("reverse", reverse)];
        let arguments = [portal.to_string(), target_name().to_string()].into_iter().chain(files);
        crate::mutual_login::log_in(arguments.collect())
    };
    log_in(REVERSE).await.unwrap();
    let error = log_in(b"not-the-secret").await.unwrap_err();
    assert_eq!(error.downcast::<Error>().unwrap().fault(), Fault::TargetNotAuthenticated);
}

/// Reading the secrets is part of the login, and so of its limit.
#[tokio::test]
async fn a_store_that_does_not_answer_takes_no_longer_than_the_login_may() {
    struct Slow;
    impl SecretStore for Slow {
        fn capabilities(&self) -> Capabilities {
            MemoryStore::new().capabilities()
        }

        fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError> {
            std::thread::sleep(std::time::Duration::from_secs(2));
            Err(broken())
        }

        fn apply_all(&self, _: Vec<Change>) -> Result<(), StoreError> {
            Err(broken())
        }
    }
    let mut config = config();
    config.login_timeout = std::time::Duration::from_millis(100);
    let initiator = Initiator::new(config, Arc::new(Slow));
    let began = std::time::Instant::now();
    let error = details(&initiator, &mode(AuthenticationMode::Automatic)).await.err().unwrap();
    assert!(matches!(error, Error::LoginTimeout { .. }), "{error:?}");
    assert!(began.elapsed() < std::time::Duration::from_millis(1500));
}
