//! Requirements of the store and of the settings, and secrets that must not be used: a login that violates them is refused
//! before anything is sent.

use std::sync::Arc;

use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, Error, Fault, Initiator, Portal, Requirement, Scope, SecretUse,
};
use iscsi_secrets::{Change, Direction, IscsiName, MemoryStore, Secret, SecretStore as _};
use iscsi_tests::ram_disk::{Credentials, Running};

use crate::authentication::{FORWARD, REVERSE, accounts, forward, mutual, one_way, reverse, target};
use crate::stage::{config, target_name};

fn name() -> IscsiName {
    IscsiName::new(target_name().as_str()).unwrap()
}

fn scope() -> Scope {
    name().into()
}

fn other() -> Scope {
    IscsiName::new("iqn.2001-04.com.example:other").unwrap().into()
}

/// A store to which these changes were made.
fn store(changes: impl IntoIterator<Item = Change>) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    store.apply_all(changes.into_iter().collect()).unwrap();
    store
}

fn require(scope: Scope, requirement: Requirement) -> Change {
    Change::Require(scope, Some(requirement))
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::from_bytes(bytes).unwrap()
}

/// Both secrets of the target.
fn both() -> [Change; 2] {
    [
        Change::RenewForwardSecret(scope(), secret(FORWARD)),
        Change::RenewReverseSecret(scope(), secret(REVERSE)),
    ]
}

fn mode(mode: AuthenticationMode) -> AuthenticationRequest {
    AuthenticationRequest { mode, ..AuthenticationRequest::default() }
}

/// A target without authentication, and the initiator under test.
struct Stage {
    running: Running,
    portal: Portal,
    initiator: Initiator,
}

impl Stage {
    async fn new(store: Arc<MemoryStore>, setting: Requirement) -> Self {
        let (running, portal) = target(Credentials::None).await;
        let mut config = config();
        config.require = setting;
        Self { running, portal, initiator: Initiator::new(config, store) }
    }

    /// Fails before anything is connected to.
    async fn is_refused(&self, request: &AuthenticationRequest) -> Error {
        let before = self.running.report().connections;
        let error = self.initiator.login(&target_name(), &self.portal, request).await.err().unwrap();
        assert_eq!(self.running.report().connections, before, "{error}");
        error
    }

    /// Gets as far as the target, whatever that makes of it.
    async fn is_begun(&self, request: &AuthenticationRequest) {
        let before = self.running.report().connections;
        _ = self.initiator.login(&target_name(), &self.portal, request).await;
        assert_eq!(self.running.report().connections, before + 1);
    }
}

/// The policy of the target, that of all targets, and the setting.
async fn stages(required: Requirement) -> [Stage; 3] {
    let policy = |scope| store(both().into_iter().chain([require(scope, required)]));
    [
        Stage::new(policy(scope()), Requirement::None).await,
        Stage::new(policy(Scope::Global), Requirement::None).await,
        Stage::new(store(both()), required).await,
    ]
}

#[tokio::test]
async fn every_mode_below_the_policy_is_refused_and_every_other_is_begun() {
    use AuthenticationMode::{Automatic, Chap, IfAsked, Mutual, None};
    for (required, below, others) in [
        (Requirement::None, &[][..], &[None, IfAsked, Automatic, Chap, Mutual][..]),
        (Requirement::Chap, &[None, IfAsked], &[Automatic, Chap, Mutual]),
        (Requirement::Mutual, &[None, IfAsked, Chap], &[Automatic, Mutual]),
    ] {
        for stage in stages(required).await {
            for requested in below {
                let error = stage.is_refused(&mode(*requested)).await;
                assert!(matches!(error, Error::BelowRequirement { .. }), "{requested:?}: {error}");
                assert_eq!(error.fault(), Fault::TargetNotAuthenticated);
            }
            for requested in others {
                stage.is_begun(&mode(*requested)).await;
            }
        }
    }
}

#[tokio::test]
async fn without_secrets_a_policy_refuses_what_would_be_no_authentication() {
    let automatic = mode(AuthenticationMode::Automatic);
    let stage = Stage::new(store([require(Scope::Global, Requirement::Chap)]), Requirement::None).await;
    let expected = Error::BelowRequirement {
        planned: Requirement::None,
        required: Requirement::Chap,
        set_for: Some(Scope::Global),
    };
    assert_eq!(stage.is_refused(&automatic).await, expected);
    // One way where mutual is required, as after the global secret was cleared.
    let one =
        [Change::RenewForwardSecret(Scope::Global, secret(FORWARD)), require(scope(), Requirement::Mutual)];
    let stage = Stage::new(store(one), Requirement::None).await;
    let error = stage.is_refused(&automatic).await;
    let text = error.to_string();
    assert!(text.contains("mutual CHAP is required") && text.contains(target_name().as_str()), "{text}");
    assert!(text.ends_with("would have CHAP"), "{text}");
}

#[tokio::test]
async fn credentials_that_are_given_are_held_to_the_policy_too() {
    let stage = Stage::new(store([require(scope(), Requirement::Mutual)]), Requirement::None).await;
    assert!(matches!(stage.is_refused(&one_way(FORWARD)).await, Error::BelowRequirement { .. }));
    stage.is_begun(&mutual(FORWARD, REVERSE)).await;
}

#[tokio::test]
async fn the_stricter_of_store_and_setting_counts() {
    let policy = |requirement| store([require(scope(), requirement)]);
    let none = mode(AuthenticationMode::None);
    for (stored, setting, set_for) in [
        (Requirement::Chap, Requirement::None, Some(scope())),
        (Requirement::None, Requirement::Chap, None),
        (Requirement::Chap, Requirement::Chap, Some(scope())),
    ] {
        let stage = Stage::new(policy(stored), setting).await;
        let required = Requirement::Chap;
        let expected = Error::BelowRequirement { planned: Requirement::None, required, set_for };
        assert_eq!(stage.is_refused(&none).await, expected);
    }
    let without_store = {
        let mut config = config();
        config.require = Requirement::Chap;
        Initiator::without_store(config)
    };
    let (_running, portal) = target(Credentials::None).await;
    let error = without_store.login(&target_name(), &portal, &none).await.err().unwrap();
    assert!(error.hint().unwrap().contains("Config::require"), "{error}");
}

#[tokio::test]
async fn discoveries_have_a_policy_of_their_own() {
    let (running, portal) = target(Credentials::None).await;
    let initiator = |changes: Vec<Change>| Initiator::new(config(), store(changes));
    let discover = async |initiator: Initiator| {
        initiator.discover(&portal, &AuthenticationRequest::default()).await.map(|found| found.targets.len())
    };
    let targets_only = initiator(vec![require(Scope::Global, Requirement::Mutual)]);
    assert_eq!(discover(targets_only).await, Ok(1));
    let before = running.report().connections;
    let error = discover(initiator(vec![require(Scope::Discovery, Requirement::Chap)])).await.unwrap_err();
    assert!(matches!(error, Error::BelowRequirement { set_for: Some(Scope::Discovery), .. }), "{error}");
    assert_eq!(running.report().connections, before);
}

/// Logs in with a store that has a secret in another scope, and out again.
async fn reused(elsewhere: Change, request: &AuthenticationRequest, allowed: bool) -> Result<(), Error> {
    let (_running, portal) = target(accounts(FORWARD, REVERSE)).await;
    let mut config = config();
    config.allow_shared_secret = allowed;
    let initiator = Initiator::new(config, store([elsewhere]));
    initiator.login(&target_name(), &portal, request).await?.logout().await
}

#[tokio::test]
async fn chp_33_a_secret_used_towards_one_target_and_expected_from_another_is_refused() {
    let both = mutual(FORWARD, REVERSE);
    let cases = [
        (Change::RenewReverseSecret(other(), secret(FORWARD)), other(), Direction::Reverse),
        (Change::RenewForwardSecret(other(), secret(REVERSE)), other(), Direction::Forward),
        (Change::RenewReverseSecret(Scope::Discovery, secret(FORWARD)), Scope::Discovery, Direction::Reverse),
        (Change::RenewForwardSecret(Scope::Global, secret(REVERSE)), Scope::Global, Direction::Forward),
    ];
    for (elsewhere, scope, direction) in cases {
        let error = reused(elsewhere, &both, false).await.unwrap_err();
        assert_eq!(error, Error::SharedSecret { uses: vec![SecretUse { scope, direction }] });
        assert_eq!(error.fault(), Fault::Secrets);
    }
}

#[tokio::test]
async fn chp_28_one_secret_in_one_direction_is_no_reflection() {
    let both = mutual(FORWARD, REVERSE);
    reused(Change::RenewForwardSecret(other(), secret(FORWARD)), &both, false).await.unwrap();
    reused(Change::RenewReverseSecret(other(), secret(REVERSE)), &both, false).await.unwrap();
}

#[tokio::test]
async fn chp_33_what_is_shared_can_be_allowed_but_never_within_one_login() {
    let elsewhere = || Change::RenewReverseSecret(other(), secret(FORWARD));
    reused(elsewhere(), &mutual(FORWARD, REVERSE), true).await.unwrap();
    for allowed in [false, true] {
        let error = reused(elsewhere(), &mutual(FORWARD, FORWARD), allowed).await.unwrap_err();
        assert!(matches!(error, Error::Credentials(_)), "{error}");
    }
}

/// Stored secrets and given ones are compared, also if only the initiator authenticates itself.
#[tokio::test]
async fn chp_33_secrets_of_the_store_are_compared_like_those_given() {
    let (running, portal) = target(accounts(FORWARD, REVERSE)).await;
    let changes = [
        Change::RenewForwardSecret(scope(), secret(FORWARD)),
        Change::RenewReverseSecret(other(), secret(FORWARD)),
    ];
    let initiator = Initiator::new(config(), store(changes));
    for requested in [AuthenticationMode::Automatic, AuthenticationMode::Chap, AuthenticationMode::IfAsked] {
        let error = initiator.login(&target_name(), &portal, &mode(requested)).await.err().unwrap();
        assert!(matches!(error, Error::SharedSecret { .. }), "{error}");
    }
    assert_eq!(running.report().connections, 0);
    let given = AuthenticationRequest {
        mode: AuthenticationMode::Mutual,
        forward: Some(forward(b"another-secret")),
        reverse: Some(reverse(FORWARD)),
    };
    let error = initiator.login(&target_name(), &portal, &given).await.err().unwrap();
    assert!(matches!(error, Error::SharedSecret { .. }), "{error}");
}
