//! Tests of the choice of credentials, by request, store and settings.

use iscsi_secrets::{MemoryStore, Scope, Secret};

use super::*;

const TARGET: &str = "iqn.2001-04.com.example:disk";

fn target() -> IscsiName {
    IscsiName::new(TARGET).unwrap()
}

fn portal() -> Portal {
    "192.0.2.1".parse().unwrap()
}

fn forward(secret: &str) -> ForwardCredential {
    ForwardCredential::new(None, Secret::from_bytes(secret.as_bytes()).unwrap()).unwrap()
}

fn reverse(secret: &str) -> ReverseCredential {
    ReverseCredential::new(Some("disk".to_owned()), Secret::from_bytes(secret.as_bytes()).unwrap()).unwrap()
}

fn request(mode: AuthenticationMode) -> AuthenticationRequest {
    AuthenticationRequest { mode, ..AuthenticationRequest::default() }
}

fn config() -> Config {
    Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap()
}

/// The credentials of one login to the target, with the content of this store.
fn choose(
    store: &Arc<MemoryStore>,
    request: &AuthenticationRequest,
    config: &Config,
) -> Result<Credentials, Error> {
    choose_for(&CredentialScope::Target(target()), store, request, config)
}

fn choose_for(
    scope: &CredentialScope,
    store: &Arc<MemoryStore>,
    request: &AuthenticationRequest,
    config: &Config,
) -> Result<Credentials, Error> {
    let secrets = Secrets { store: Arc::clone(store) as Arc<dyn SecretStore>, is_given: true };
    Credentials::of(scope, request, &secrets, store.snapshot(), config)
}

/// The kind of authentication, with the secrets of both directions.
fn shown(credentials: &Credentials) -> (&'static str, String, String) {
    let kind = match credentials.as_authentication() {
        Authentication::None => "none",
        Authentication::IfAsked(_) => "if asked",
        Authentication::Chap(_) => "chap",
        Authentication::Mutual(..) => "mutual",
    };
    let text = |secret: Option<&Secret>| {
        secret.map(|secret| secret.expose_secret().escape_ascii().to_string()).unwrap_or_default()
    };
    let forward = text(credentials.forward.as_deref().map(ForwardCredential::secret));
    (kind, forward, text(credentials.reverse.as_deref().map(ReverseCredential::secret)))
}

/// A store with the forward credential, the reverse one, or a cleared one.
fn store(has_forward: bool, has_reverse: bool, is_cleared: bool) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    let scope = Scope::Target(target());
    if has_forward {
        store.set_forward(scope.clone(), forward("stored-forward")).unwrap();
    }
    if has_reverse || is_cleared {
        store.set_reverse(scope.clone(), reverse("stored-reverse")).unwrap();
    }
    if is_cleared {
        store.clear_reverse(scope).unwrap();
    }
    Arc::new(store)
}

/// CHP-24: each mode with each content of the store.
#[test]
fn chp_24_modes_and_stored_credentials() {
    use AuthenticationMode::{Automatic, Chap, IfAsked, Mutual, None};
    let kind = |mode, stored: (bool, bool, bool)| {
        choose(&store(stored.0, stored.1, stored.2), &request(mode), &config())
            .map_or("refused", |credentials| shown(&credentials).0)
    };
    let nothing = (false, false, false);
    let (forward, both, reverse) = ((true, false, false), (true, true, false), (false, true, false));
    let cleared = (true, false, true);
    for (stored, expected) in [
        (nothing, ["none", "none", "none", "refused", "refused"]),
        (forward, ["chap", "none", "if asked", "chap", "refused"]),
        (both, ["mutual", "none", "if asked", "chap", "mutual"]),
        (reverse, ["refused", "none", "none", "refused", "refused"]),
        (cleared, ["refused", "none", "if asked", "chap", "refused"]),
    ] {
        let found = [Automatic, None, IfAsked, Chap, Mutual].map(|mode| kind(mode, stored));
        assert_eq!(found, expected, "{stored:?}");
    }
}

/// Given credentials take precedence, and only those that are missing come from the store.
#[test]
fn given_credentials_take_precedence_over_stored_ones() {
    use AuthenticationMode::{Chap, IfAsked, Mutual, None};
    let store = store(true, true, false);
    let given = |mode, forward_secret: Option<&str>, reverse_secret: Option<&str>| {
        let request = AuthenticationRequest {
            mode,
            forward: forward_secret.map(|secret| Arc::new(forward(secret))),
            reverse: reverse_secret.map(|secret| Arc::new(reverse(secret))),
        };
        let (kind, forward, reverse) = shown(&choose(&store, &request, &config()).unwrap());
        (kind, forward, reverse, request.takes_from_store())
    };
    let text = str::to_owned;
    let (one, other) = (Some("given-forward"), Some("given-reverse"));
    assert_eq!(given(Mutual, one, other), ("mutual", text("given-forward"), text("given-reverse"), false));
    assert_eq!(
        given(Mutual, one, Option::None),
        ("mutual", text("given-forward"), text("stored-reverse"), true)
    );
    assert_eq!(
        given(Mutual, Option::None, other),
        ("mutual", text("stored-forward"), text("given-reverse"), true)
    );
    assert_eq!(given(Chap, one, Option::None), ("chap", text("given-forward"), text(""), false));
    assert_eq!(given(IfAsked, Option::None, other), ("if asked", text("stored-forward"), text(""), true));
    assert_eq!(given(None, Option::None, Option::None), ("none", text(""), text(""), false));
}

/// A store that cannot be read fails a login that needs it, and is reported after any other.
#[test]
fn unreadable_stores() {
    let of = |request: &AuthenticationRequest| {
        let secrets = Secrets { store: Arc::new(MemoryStore::new()), is_given: true };
        let error = iscsi_secrets::FileStore::open("/dev/null").err().unwrap();
        let scope = CredentialScope::Target(target());
        (Credentials::of(&scope, request, &secrets, Err(error.clone()), &config()), error)
    };
    let (credentials, error) = of(&request(AuthenticationMode::None));
    assert_eq!(credentials.ok().and_then(|credentials| credentials.unread_store()), Some(error));
    let (refused, error) = of(&request(AuthenticationMode::Automatic));
    assert_eq!(refused.err(), Some(Error::Secrets(error)));
    let credentials =
        choose(&store(false, false, false), &request(AuthenticationMode::None), &config()).unwrap();
    assert_eq!(credentials.unread_store(), None);
}

/// The stricter of store and setting counts, for targets and for discoveries.
#[test]
fn requirements_of_store_and_settings() {
    use Requirement::{Chap, Mutual, None};
    let (store, mut config) = (store(true, false, false), config());
    store.set_forward(Scope::Portal(portal()), forward("portal-forward")).unwrap();
    let scopes = [CredentialScope::Target(target()), CredentialScope::Portal(portal())];
    for (policy, setting, required) in [
        (Option::None, None, Option::None),
        (Option::None, Chap, Option::None),
        (Option::None, Mutual, Some((Mutual, false))),
        (Some(Chap), None, Option::None),
        (Some(Mutual), None, Some((Mutual, true))),
        (Some(Mutual), Mutual, Some((Mutual, true))),
        (Some(Chap), Mutual, Some((Mutual, false))),
    ] {
        config.require = setting;
        store.require(Scope::Global, policy).unwrap();
        store.require(Scope::Discovery, policy).unwrap();
        for scope in &scopes {
            let found = match choose_for(scope, &store, &request(AuthenticationMode::Chap), &config) {
                Err(Error::BelowRequirement { planned: Chap, required, set_for }) => {
                    Some((required, set_for.is_some()))
                }
                Err(error) => panic!("{error}"),
                Ok(_) => Option::None,
            };
            assert_eq!(found, required, "{policy:?}, {setting:?}");
        }
    }
}

/// Only what is certain to take place counts: CHAP that the target has to ask for is none.
#[test]
fn if_asked_counts_as_no_authentication() {
    let (store, mut config) = (store(true, false, false), config());
    config.require = Requirement::Chap;
    let error = choose(&store, &request(AuthenticationMode::IfAsked), &config).err();
    let (planned, required) = (Requirement::None, Requirement::Chap);
    assert_eq!(error, Some(Error::BelowRequirement { planned, required, set_for: None }));
}

/// CHP-33: a secret that is used in the other direction elsewhere is refused, unless that is allowed.
#[test]
fn chp_33_secrets_that_are_used_in_both_directions() {
    let other = Scope::Target("iqn.2001-04.com.example:other".parse().unwrap());
    let refused = |store: &Arc<MemoryStore>, config: &Config| {
        let credentials = choose(store, &request(AuthenticationMode::Automatic), config);
        matches!(credentials.err(), Some(Error::SharedSecret { .. }))
    };
    let expected_elsewhere = store(true, false, false);
    expected_elsewhere.set_reverse(other.clone(), reverse("stored-forward")).unwrap();
    let used_elsewhere = store(true, true, false);
    used_elsewhere.set_forward(other, forward("stored-reverse")).unwrap();
    let mut allowed = config();
    allowed.allow_shared_secret = true;
    for store in [expected_elsewhere, used_elsewhere] {
        assert!(refused(&store, &config()));
        assert!(!refused(&store, &allowed));
    }
    assert!(!refused(&store(true, true, false), &config()));
    // One secret for both directions of this login: the login refuses it, whatever is allowed.
    let same = store(true, false, false);
    same.set_reverse(Scope::Target(target()), reverse("stored-forward")).unwrap();
    assert!(!refused(&same, &config()));
}

/// The reason for a session without authentication, which only such a session has.
#[test]
fn reasons_for_no_authentication() {
    let reason = |store: &Arc<MemoryStore>, mode, is_given| {
        let secrets = Secrets { store: Arc::clone(store) as Arc<dyn SecretStore>, is_given };
        let scope = CredentialScope::Target(target());
        let credentials =
            Credentials::of(&scope, &request(mode), &secrets, store.snapshot(), &config()).unwrap();
        credentials.why_unauthenticated(&Authenticated::None)
    };
    let (empty, full) = (store(false, false, false), store(true, false, false));
    let elsewhere = Arc::new(MemoryStore::new());
    elsewhere.set_forward(Scope::Portal(portal()), forward("portal-forward")).unwrap();
    let no_secret = |is_empty| Some(Unauthenticated::NoSecret { store: StoreOrigin::Memory, is_empty });
    assert_eq!(reason(&empty, AuthenticationMode::Automatic, true), no_secret(true));
    assert_eq!(reason(&elsewhere, AuthenticationMode::Automatic, true), no_secret(false));
    assert_eq!(reason(&empty, AuthenticationMode::Automatic, false), Some(Unauthenticated::NoStore));
    assert_eq!(reason(&full, AuthenticationMode::IfAsked, true), Some(Unauthenticated::NotAsked));
    assert_eq!(reason(&full, AuthenticationMode::None, true), None);
    let credentials = choose(&full, &request(AuthenticationMode::Automatic), &config()).unwrap();
    let initiator = Authenticated::Initiator { algorithm: iscsi_login::ChapAlgorithm::Md5 };
    assert_eq!(credentials.why_unauthenticated(&initiator), None);
}

/// Names: the stored one, else the initiator name.
#[test]
fn names_of_both_directions() {
    let store = store(true, true, false);
    let credentials = choose(&store, &request(AuthenticationMode::Automatic), &config()).unwrap();
    let Authentication::Mutual(forward, reverse) = credentials.as_authentication() else {
        panic!("not mutual")
    };
    assert_eq!((forward.name, reverse.name), ("iqn.2001-04.com.example:host", Some("disk")));
}
