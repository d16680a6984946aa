//! Settings and secrets that differ between the logins of a world.

use std::sync::Arc;

use iscsi_initiator::engine::{CredentialScope, Credentials, Secrets};
use iscsi_initiator::{
    AuthenticationRequest, Config, Error, ForwardCredential, IscsiName, MemoryStore, Requirement,
    ReverseCredential, Scope, Secret, SecretStore as _,
};

use crate::ram_disk;

const FORWARD: &[u8] = b"secret-of-the-host";
const REVERSE: &[u8] = b"secret-of-the-disk";
const LATER_FORWARD: &[u8] = b"later-secret-of-the-host";
const LATER_REVERSE: &[u8] = b"later-secret-of-the-disk";

/// The settings of both sides from [`Event::Reconfigure`](super::Event::Reconfigure) on, where they differ from those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    /// The portal group of the target's portal; 1 at first.
    pub portal_group: u16,
    /// The authentication that the target takes part in; mutual at first.
    pub authentication: Requirement,
    /// The secrets.
    pub secrets: LaterSecrets,
    /// Whether the target has other parameters: the opposite of `InitialR2T` and `ImmediateData`, longer segments, shorter
    /// bursts, and a window of two commands.
    pub has_other_parameters: bool,
}

/// The secrets of both sides from some time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaterSecrets {
    /// Those of before.
    Same,
    /// Others, on both sides.
    Renewed,
    /// Others at the target, which the initiator does not know.
    RenewedAtTarget,
    /// The initiator's store has lost the secret of the target.
    ReverseForgotten,
}

impl Later {
    /// Nothing becomes otherwise.
    pub const SAME: Self = Self {
        portal_group: 1,
        authentication: Requirement::Mutual,
        secrets: LaterSecrets::Same,
        has_other_parameters: false,
    };

    /// Whether the initiator can log in with no less authentication than before.
    #[must_use]
    pub fn admits_login(&self) -> bool {
        self.authentication == Requirement::Mutual
            && matches!(self.secrets, LaterSecrets::Same | LaterSecrets::Renewed)
    }

    /// The secrets of the initiator and the target, as the initiator knows them.
    const fn known(self) -> (&'static [u8], Option<&'static [u8]>) {
        match self.secrets {
            LaterSecrets::Same | LaterSecrets::RenewedAtTarget => (FORWARD, Some(REVERSE)),
            LaterSecrets::Renewed => (LATER_FORWARD, Some(LATER_REVERSE)),
            LaterSecrets::ReverseForgotten => (FORWARD, None),
        }
    }

    /// What the target demands and proves.
    pub(super) fn accounts(self) -> ram_disk::Credentials {
        let (forward, reverse) = match self.secrets {
            LaterSecrets::Same | LaterSecrets::ReverseForgotten => (FORWARD, REVERSE),
            LaterSecrets::Renewed | LaterSecrets::RenewedAtTarget => (LATER_FORWARD, LATER_REVERSE),
        };
        let initiator = ram_disk::Account::new("host", forward);
        match self.authentication {
            Requirement::None => ram_disk::Credentials::None,
            Requirement::Chap => ram_disk::Credentials::Chap(initiator),
            Requirement::Mutual => {
                ram_disk::Credentials::Mutual { initiator, target: ram_disk::Account::new("disk", reverse) }
            }
        }
    }

    /// The credentials that the initiator takes from its store, held to the authentication that was reached before.
    ///
    /// # Errors
    /// They do not suffice for it.
    #[allow(clippy::expect_used, reason = "fixed values")]
    pub(super) fn credentials(
        self,
        target: &IscsiName,
        config: &Config,
        reached: Requirement,
    ) -> Result<Credentials, Error> {
        let secret = |bytes| Secret::from_bytes(bytes).expect("a secret");
        let (forward, reverse) = self.known();
        let store = Arc::new(MemoryStore::new());
        let scope = || Scope::Target(target.clone());
        let forward = ForwardCredential::new(Some("host".into()), secret(forward)).expect("a name");
        store.set_forward(scope(), forward).expect("a store in memory");
        if let Some(reverse) = reverse {
            let reverse = ReverseCredential::new(Some("disk".into()), secret(reverse)).expect("a name");
            store.set_reverse(scope(), reverse).expect("a store in memory");
        }
        let snapshot = store.snapshot();
        let secrets = Secrets { store, is_given: true };
        let scope = CredentialScope::Target(target.clone());
        let request = AuthenticationRequest::default();
        let mut credentials = Credentials::of(&scope, &request, &secrets, snapshot, config)?;
        credentials.demand(reached)?;
        Ok(credentials)
    }
}

impl Default for Later {
    fn default() -> Self {
        Self::SAME
    }
}
