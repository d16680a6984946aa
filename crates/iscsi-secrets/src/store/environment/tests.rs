use crate::vds::object_id;
use std::collections::HashMap;
use std::ffi::OsStr;

use super::*;
use crate::secret_file_error::SecretFileFault;
use crate::vds::HResult;
use crate::{IscsiName, Requirement, ReverseLookup, Secret, SharedSecret, VdsServiceIscsi};

fn store(variables: &[(&'static str, &'static [u8])]) -> EnvironmentStore {
    use std::os::unix::ffi::OsStrExt;
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    EnvironmentStore::reading(move |name| Some(OsStr::from_bytes(variables.get(name)?).to_owned()))
}

fn target() -> IscsiName {
    IscsiName::new("iqn.2001-04.com.example:a").unwrap()
}

fn fault(store: &EnvironmentStore) -> (SecretOrigin, SecretFileFault) {
    match store.snapshot().err().unwrap() {
        StoreError::SecretFile(error) => (error.origin, error.fault),
        error => panic!("{error}"),
    }
}

#[test]
fn both_directions_hold_for_every_target_and_for_no_discovery() {
    let store = store(&[
        (EnvironmentStore::USERNAME, b"us\xc3\xa9r"),
        (EnvironmentStore::PASSWORD, b"\xff%secret\n"),
        (EnvironmentStore::TARGET_USERNAME, b"target"),
        (EnvironmentStore::TARGET_PASSWORD, b"target-secret"),
    ]);
    let forward = store.forward(&target()).unwrap().unwrap();
    assert_eq!(
        (forward.name(), forward.secret().expose_secret()),
        (Some("us\u{e9}r"), &b"\xff%secret\n"[..])
    );
    let reverse = store.reverse(&target()).unwrap();
    let reverse = reverse.known().unwrap();
    assert_eq!((reverse.name(), reverse.secret().expose_secret()), (Some("target"), &b"target-secret"[..]));
    let scopes: Vec<Scope> = store.entries().unwrap().into_iter().map(|entry| entry.scope).collect();
    assert_eq!(scopes, [Scope::Global]);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let store = store(&[
        (EnvironmentStore::USERNAME, b""),
        (EnvironmentStore::PASSWORD, b"a-secret"),
        (EnvironmentStore::TARGET_USERNAME, b""),
        (EnvironmentStore::TARGET_PASSWORD, b""),
    ]);
    assert_eq!(store.forward(&target()).unwrap().unwrap().name(), None);
    assert!(matches!(store.reverse(&target()), Ok(ReverseLookup::Unknown)));
}

#[test]
fn nothing_set_is_nothing_known() {
    assert_eq!(store(&[]).entries(), Ok(Vec::new()));
}

#[test]
fn a_user_name_without_its_password_is_an_error() {
    for (name, secret) in [
        (EnvironmentStore::USERNAME, EnvironmentStore::PASSWORD),
        (EnvironmentStore::TARGET_USERNAME, EnvironmentStore::TARGET_PASSWORD),
    ] {
        let error = StoreError::IncompleteCredential { found: name.to_owned(), missing: secret.to_owned() };
        assert_eq!(store(&[(name, b"user"), (secret, b"")]).snapshot().err(), Some(error));
    }
}

#[test]
fn each_direction_can_be_read_without_the_other() {
    let name =
        |credential: Option<Arc<ForwardCredential>>| credential.map(|found| found.name().map(str::to_owned));
    let incomplete = store(&[
        (EnvironmentStore::USERNAME, b"user"),
        (EnvironmentStore::PASSWORD, b"a-secret"),
        (EnvironmentStore::TARGET_USERNAME, b"target"),
    ]);
    assert_eq!(name(incomplete.forward_credential().unwrap()), Some(Some("user".to_owned())));
    assert!(matches!(incomplete.reverse_credential(), Err(StoreError::IncompleteCredential { .. })));
    let other = store(&[
        (EnvironmentStore::USERNAME, b"user"),
        (EnvironmentStore::TARGET_USERNAME, b"t\xe4rget"),
        (EnvironmentStore::TARGET_PASSWORD, b"target-secret"),
    ]);
    assert!(matches!(other.forward_credential(), Err(StoreError::IncompleteCredential { .. })));
    // A value that is not a name must not be read as "any name".
    assert!(matches!(other.reverse_credential(), Err(StoreError::SecretFile(_))));
    let set = store(&[(EnvironmentStore::TARGET_PASSWORD, b"target-secret")]);
    assert_eq!(name(set.forward_credential().unwrap()), None);
    assert!(matches!(set.reverse_credential(), Ok(ReverseLookup::Known(_))));
    assert!(matches!(store(&[]).reverse_credential(), Ok(ReverseLookup::Unknown)));
}

#[test]
fn what_cannot_be_a_name_or_a_secret_is_an_error_that_names_the_variable() {
    const LONG: &[u8] = &[b'x'; 256];
    let cases: [(&'static str, &'static [u8], SecretFileFault); 5] = [
        (EnvironmentStore::USERNAME, b"\xff", SecretFileFault::NotAName),
        (EnvironmentStore::USERNAME, b"two\nlines", SecretFileFault::NotAName),
        (EnvironmentStore::TARGET_USERNAME, LONG, SecretFileFault::NotAName),
        (EnvironmentStore::PASSWORD, LONG, SecretFileFault::TooLong),
        (EnvironmentStore::TARGET_PASSWORD, LONG, SecretFileFault::TooLong),
    ];
    for (variable, value, expected) in cases {
        let (forward, reverse) = (EnvironmentStore::PASSWORD, EnvironmentStore::TARGET_PASSWORD);
        let store = store(&[(forward, b"secret"), (reverse, b"secret"), (variable, value)]);
        assert_eq!(fault(&store), (SecretOrigin::Variable(variable), expected));
        assert!(
            store
                .snapshot()
                .err()
                .unwrap()
                .to_string()
                .starts_with(&format!("operator: variable {variable}"))
        );
    }
}

#[test]
fn every_read_sees_the_environment_as_it_is() {
    use std::sync::Mutex;
    let value = Arc::new(Mutex::new("first-secret"));
    let seen = Arc::clone(&value);
    let store = EnvironmentStore::reading(move |name| {
        (name == EnvironmentStore::PASSWORD).then(|| OsString::from(*seen.lock().unwrap()))
    });
    let before = store.snapshot().unwrap();
    *value.lock().unwrap() = "second-secret";
    let secret = |snapshot: &StoreSnapshot| {
        snapshot.forward(&target()).unwrap().unwrap().secret().expose_secret().to_vec()
    };
    assert_eq!(secret(&before), b"first-secret");
    assert_eq!(secret(&store.snapshot().unwrap()), b"second-secret");
}

#[test]
fn nothing_can_be_changed_and_targets_are_refused_first() {
    let store = store(&[(EnvironmentStore::PASSWORD, b"a-secret")]);
    let target_specific = Change::ClearReverse(Scope::Target(target()));
    assert_eq!(store.apply(target_specific), Err(StoreError::TargetSpecificNotSupported));
    for change in [
        Change::Require(Scope::Target(target()), Some(Requirement::Chap)),
        Change::ClearReverse(Scope::Global),
        Change::RenewForwardSecret(Scope::Target(target()), Secret::from_bytes(b"another").unwrap()),
    ] {
        assert_eq!(store.apply(change), Err(StoreError::ReadOnly));
    }
}

#[test]
fn through_vds_targets_are_not_supported_and_the_global_secret_is_write_protected() {
    let service = VdsServiceIscsi::new(Arc::new(store(&[])), "iqn.2001-04.com.example:initiator");
    let set = |id| {
        HResult::of(&service.set_initiator_shared_secret(Some(&SharedSecret::of(b"twelve-bytes")), id)).bits()
    };
    assert_eq!(set(object_id(&target())), 0x8004_2706); // VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED
    assert_eq!(set(uuid::Uuid::nil()), 0x8007_0013); // ERROR_WRITE_PROTECT
}

/// The variables are unset where tests run, so this reads another one.
#[test]
fn the_process_environment_is_what_new_reads() {
    let store = EnvironmentStore::new();
    assert_eq!((store.lookup)("PATH"), env::var_os("PATH"));
}
