//! All calls to the store under test; no other module uses its API.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::LazyLock;

use iscsi_secrets::{
    Entry, ForwardCredential, IscsiName, KeySource, Requirement, ReverseCredential, ReverseLookup,
    ReverseState, Scope, Secret, SecretStore as _,
};
pub(crate) use iscsi_secrets::{FileStore, StoreError};

use crate::change::{Change, target};
use crate::credential::TestCredential;
use crate::held::{Held, Lookup, Reverse, Target};

/// The sealed file.
pub(crate) const DATABASE: &str = "secrets.db";

/// Its key.
pub(crate) const KEY: &str = "store.key";

const REQUIREMENTS: [Requirement; 3] = [Requirement::None, Requirement::Chap, Requirement::Mutual];

/// A way to open a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Creates a missing store, and completes an interrupted creation.
    Creating,
    /// Opens an existing store.
    Existing,
}

impl Opening {
    pub(crate) const BOTH: [Self; 2] = [Self::Creating, Self::Existing];

    pub(crate) fn open(self, directory: &Path) -> Result<FileStore, StoreError> {
        match self {
            Self::Creating => FileStore::open(directory),
            Self::Existing => FileStore::open_existing(directory),
        }
    }
}

/// Applies a change.
pub(crate) fn apply(store: &FileStore, change: Change) -> Result<(), StoreError> {
    match change {
        Change::Require(target, number) => {
            let requirement = REQUIREMENTS[usize::try_from(number % 3).unwrap()];
            store.require(scope(Some(target)), Some(requirement))
        }
        Change::SetForward(target, credential) => store.set_forward(scope(Some(target)), forward(credential)),
        Change::ClearForward(target) => store.clear_forward(scope(Some(target))),
        Change::SetReverse(target, credential) => store.set_reverse(scope(target), reverse(credential)),
        Change::ClearReverse(target) => store.clear_reverse(scope(target)),
        Change::InheritReverse(target) => store.inherit_reverse(scope(Some(target))),
    }
}

/// Reseals the store with a new key.
pub(crate) fn rekey(store: FileStore) -> Result<FileStore, StoreError> {
    store.rekey(KeySource::Adjacent)
}

/// The credential of this target.
pub(crate) fn lookup(store: &FileStore, target: &str) -> Result<Lookup, StoreError> {
    Ok(match store.reverse(&name(target))? {
        ReverseLookup::Unknown => Lookup::Unknown,
        ReverseLookup::Cleared => Lookup::Cleared,
        ReverseLookup::Known(credential) => {
            Lookup::Known(to_credential(credential.name(), credential.secret()))
        }
    })
}

/// Reads the whole store while there is no writer, and checks that its answers agree with each other.
pub(crate) fn read(store: &FileStore) -> Result<Held, StoreError> {
    let mut held = Held::default();
    for entry in store.entries()? {
        match &entry.scope {
            Scope::Global => held.global = known(lookup(store, &stranger())?),
            Scope::Target(name) => {
                _ = held.targets.insert(name.as_str().to_owned(), read_target(store, &entry, name)?);
            }
            Scope::Discovery | Scope::Portal(_) => panic!("nothing was stored for {}", entry.scope),
        }
    }
    for target in held.targets.keys().chain([&stranger()]) {
        assert_eq!(lookup(store, target)?, held.lookup(target), "{target}");
        assert_eq!(store.knows(&name(target))?, held.targets.contains_key(target), "{target}");
    }
    Ok(held)
}

fn read_target(store: &FileStore, entry: &Entry, name: &IscsiName) -> Result<Target, StoreError> {
    let forward =
        store.forward(name)?.map(|credential| to_credential(credential.name(), credential.secret()));
    let forward_name = forward.as_ref().and_then(|credential| credential.name.clone());
    assert_eq!((entry.forward_set, &entry.forward_name), (forward.is_some(), &forward_name), "{name}");
    let reverse = match (entry.reverse, lookup(store, name.as_str())?) {
        (ReverseState::Unbound, _) => Reverse::Unbound,
        (ReverseState::Cleared, _) => Reverse::Cleared(entry.reverse_name.clone()),
        (ReverseState::Set, Lookup::Known(credential)) if credential.name == entry.reverse_name => {
            Reverse::Set(credential)
        }
        (ReverseState::Set, other) => panic!("{name} is listed with a secret, and there is {other:?}"),
    };
    let place = |requirement| REQUIREMENTS.iter().zip(0..).find(|(known, _)| **known == requirement);
    let required = entry.requirement.map(|requirement| place(requirement).unwrap().1);
    Ok(Target { forward, reverse, required })
}

/// The error of the operating system, if it is one.
pub(crate) fn system_kind(error: &StoreError) -> Option<ErrorKind> {
    match error {
        StoreError::Io { kind, .. } => Some(*kind),
        _ => None,
    }
}

/// Whether the error means that there is no store.
pub(crate) fn is_missing(error: &StoreError) -> bool {
    matches!(error, StoreError::Missing { .. })
}

/// The names of all files in a directory, in order.
pub(crate) fn files(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// The names of the files of an undisturbed store.
pub(crate) static OWN_FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("store");
    let store = FileStore::open(&directory).unwrap();
    apply(&store, Change::numbered(0)).unwrap();
    files(&directory)
});

/// A target that no change names.
fn stranger() -> String {
    target("of-a-stranger")
}

fn known(lookup: Lookup) -> Option<TestCredential> {
    match lookup {
        Lookup::Known(credential) => Some(credential),
        Lookup::Unknown | Lookup::Cleared => None,
    }
}

fn name(target: &str) -> IscsiName {
    IscsiName::new(target).unwrap()
}

fn scope(target: Option<String>) -> Scope {
    target.map_or(Scope::Global, |target| Scope::Target(name(&target)))
}

fn to_credential(name: Option<&str>, secret: &Secret) -> TestCredential {
    TestCredential { name: name.map(str::to_owned), secret: secret.expose_secret().to_vec() }
}

fn forward(credential: TestCredential) -> ForwardCredential {
    ForwardCredential::new(credential.name, Secret::from_bytes(&credential.secret).unwrap()).unwrap()
}

fn reverse(credential: TestCredential) -> ReverseCredential {
    ReverseCredential::new(credential.name, Secret::from_bytes(&credential.secret).unwrap()).unwrap()
}
