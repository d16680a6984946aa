//! Parts that results share: remarks, tolerated deviations, and the reason for a missing authentication.

use std::{env, fmt};

use iscsi_initiator::{Error, ObservedDeviation, SessionDetails, StoreOrigin, Unauthenticated};
use iscsi_secrets::ForeignHome;
use serde::Serialize;

use crate::messages::warn;

/// Remarks on one result, in the order in which they arose.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Remarks(Vec<String>);

impl Remarks {
    pub(crate) fn add(&mut self, remark: impl Into<String>) {
        self.0.push(remark.into());
    }

    /// Returns the value of a call. An error becomes a remark on `what`, and is returned only if it ended the session.
    pub(crate) fn keep<T>(&mut self, what: &str, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        let error = match outcome {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error,
        };
        self.add(format!("{what}: {error}"));
        if error.leaves_session_open() { Ok(None) } else { Err(error) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Joins all remarks in one line.
    pub(crate) fn joined(&self) -> String {
        self.0.join("; ")
    }
}

/// A harmless deviation from RFC 7143 that was tolerated.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ShownDeviation {
    /// Its id in the table of deviations.
    id: &'static str,
    /// The section of RFC 7143 that the target violated.
    section: &'static str,
    /// The deviation in words.
    detail: String,
}

impl ShownDeviation {
    pub(crate) fn new(observed: &ObservedDeviation) -> Self {
        let deviation = observed.deviation;
        Self { id: deviation.id, section: deviation.section, detail: observed.detail.clone() }
    }
}

impl fmt::Display for ShownDeviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} (RFC 7143, {})", self.id, self.detail, self.section)
    }
}

/// The reason why a session has no authentication, although --auth none was not given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct UnauthenticatedReason {
    /// `no-secret`, `empty-store`, `missing-store`, `foreign-home`, `no-store` or `not-asked`.
    kind: &'static str,
    /// The store that was read, as `--store` names it.
    store: Option<String>,
    /// The reason in words.
    message: String,
}

/// Warns about a session without authentication, and about a store that could not be read.
pub(crate) fn tell_unauthenticated(details: &SessionDetails) {
    if let Some(UnauthenticatedReason { message, .. }) = UnauthenticatedReason::of(details) {
        warn(&format!("no authentication: {message} (--auth none accepts that)"));
    }
    if let Some(error) = &details.unread_store {
        warn(&format!(
            "cannot read the secret store, so its requirements and its other uses of these secrets are unknown: {error}"
        ));
    }
}

impl UnauthenticatedReason {
    /// Returns `None` for a session with authentication, and for one with --auth none.
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
        let place = name_of_store(store);
        let (kind, message) = match store {
            StoreOrigin::Missing { foreign_home: None, .. } => {
                ("missing-store", format!("there is no secret store in {place}"))
            }
            StoreOrigin::Missing { foreign_home: Some(home), .. } => {
                ("foreign-home", format!("there is no secret store in {place}, and {}", foreign_owner(home)))
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

/// Names a store as `--store` does.
fn name_of_store(store: &StoreOrigin) -> String {
    match store {
        StoreOrigin::Sealed(path) | StoreOrigin::Missing { path, .. } => path.display().to_string(),
        StoreOrigin::PlainFiles(path) => format!("dir:{}", path.display()),
        StoreOrigin::Environment => "env:".to_owned(),
        _ => "in memory".to_owned(),
    }
}

fn foreign_owner(ForeignHome { path, owner, user }: &ForeignHome) -> String {
    format!("{} belongs to user {owner}, not to user {user}, who runs this", path.display())
}

/// The user who runs this command by sudo.
fn user_behind_sudo() -> Option<String> {
    env::var("SUDO_USER").ok().filter(|user| !user.is_empty() && user != "root")
}

#[cfg(test)]
mod tests {
    use super::Remarks;
    use iscsi_initiator::Error;

    #[test]
    fn an_error_that_ends_the_session_is_remarked_and_returned() {
        let mut remarks = Remarks::default();
        assert_eq!(remarks.keep("size", Ok(7)), Ok(Some(7)));
        assert!(remarks.is_empty());
        let spared = Error::InvalidResponse { command: "INQUIRY", reason: "too short".to_owned() };
        assert_eq!(remarks.keep::<u8>("INQUIRY", Err(spared)), Ok(None));
        assert_eq!(remarks.keep::<u8>("size", Err(Error::LoggedOut)), Err(Error::LoggedOut));
        assert_eq!(remarks.iter().count(), 2);
        assert_eq!(
            remarks.joined(),
            "INQUIRY: unusable answer to INQUIRY: too short; size: the session is logged out"
        );
    }
}
