//! Sessions without authentication that nobody asked for: said on standard error, and part of every result.

use std::env;

use iscsi_initiator::{SessionDetails, StoreOrigin, Unauthenticated};
use iscsi_secrets::ForeignHome;
use serde::Serialize;

use crate::failure::warn;

/// Why a session has no authentication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    /// `no-secret`, `empty-store`, `missing-store`, `foreign-home`, `no-store` or `not-asked`
    kind: &'static str,
    /// The store that was asked.
    store: Option<String>,
    message: String,
}

/// Says on standard error, in one line each, that a session has no authentication, and that the store was not read.
pub(crate) fn tell(details: &SessionDetails) {
    if let Some(Reason { message, .. }) = Reason::of(details) {
        warn(&format!("no authentication: {message} (--auth none accepts that)"));
    }
    if let Some(error) = &details.unread_store {
        warn(&format!(
            "whether the secret store requires authentication, or uses these secrets elsewhere, is not known: {error}"
        ));
    }
}

impl Reason {
    /// `None` for a session with authentication, and for one that was to have none.
    pub(crate) fn of(details: &SessionDetails) -> Option<Self> {
        let target = details
            .target
            .as_ref()
            .map_or_else(|| format!("discovery at {}", details.portal), ToString::to_string);
        Some(match details.unauthenticated.as_ref()? {
            Unauthenticated::NotAsked => Self::without_store("not-asked", "the target did not ask for it"),
            Unauthenticated::NoSecret { store, is_empty } => Self::no_secret(store, *is_empty, &target),
            _ => Self::without_store("no-store", "no secret store was given"),
        })
    }

    pub(crate) fn into_message(self) -> String {
        self.message
    }

    fn without_store(kind: &'static str, message: &str) -> Self {
        Self { kind, store: None, message: message.to_owned() }
    }

    fn no_secret(store: &StoreOrigin, is_empty: bool, target: &str) -> Self {
        let place = place(store);
        let (kind, message) = match store {
            StoreOrigin::Missing { foreign_home: None, .. } => {
                ("missing-store", format!("there is no secret store in {place}"))
            }
            StoreOrigin::Missing { foreign_home: Some(home), .. } => {
                ("foreign-home", format!("there is no secret store in {place}, and {}", of_another(home)))
            }
            _ if is_empty => ("empty-store", format!("the secret store {place} has no secret")),
            _ => ("no-secret", format!("the secret store {place} has no secret for {target}")),
        };
        let message = match user_behind_sudo() {
            Some(user) => format!("{message}; that of {user}, who runs this by sudo, is another one"),
            None => message,
        };
        Self { kind, store: Some(place), message }
    }
}

/// Where a store is, as it would be named by `--store`.
fn place(store: &StoreOrigin) -> String {
    match store {
        StoreOrigin::Sealed(path) | StoreOrigin::Missing { path, .. } => path.display().to_string(),
        StoreOrigin::PlainFiles(path) => format!("dir:{}", path.display()),
        StoreOrigin::Environment => "env:".to_owned(),
        _ => "in memory".to_owned(),
    }
}

fn of_another(ForeignHome { path, owner, user }: &ForeignHome) -> String {
    format!("{} belongs to user {owner}, not to user {user}, who runs this", path.display())
}

/// The user who became another one for this command.
fn user_behind_sudo() -> Option<String> {
    env::var("SUDO_USER").ok().filter(|user| !user.is_empty() && user != "root")
}
