//! The VDS API of the initiator and of the target: secrets set through it apply to the next login.

use iscsi_secrets::vds::object_id;
use std::sync::Arc;

use iscsi_initiator::{
    Authenticated, AuthenticationMode, AuthenticationRequest, Error, Fault, Initiator, IscsiName, Portal,
};
use iscsi_secrets::MemoryStore;
use iscsi_secrets::vds::{HResult, SharedSecret, VdsIscsiTarget};
use iscsi_tests::ram_disk::{Credentials, RamDisk, Running, Target};
use uuid::Uuid;

use crate::stage::{initiator_with, open_config};

mod four_calls;
mod vds_rows;

/// The name of the initiator.
const HOST: &str = "iqn.2001-04.com.example:host";
/// The secret of the forward direction, which VDS calls the target's shared secret.
const FORWARD: &[u8] = b"forward-secret";
/// The secret of the reverse direction, which VDS calls the initiator's shared secret.
const REVERSE: &[u8] = b"reverse-secret";
const GUID_NULL: Uuid = Uuid::nil();

/// An initiator with an empty store that knows two targets, and the two targets with their administrators.
struct Stage {
    initiator: Initiator,
    a: Arc<VdsIscsiTarget>,
    b: Arc<VdsIscsiTarget>,
    running: Running,
}

impl Stage {
    /// Both targets require `FORWARD` of every initiator, and the initiator has it stored.
    async fn new() -> Self {
        let target = |name: &str| {
            let name = IscsiName::new(format!("iqn.2001-04.com.example:{name}")).unwrap();
            let target = VdsIscsiTarget::new(name);
            target.set_shared_secret(Some(&SharedSecret::of(FORWARD)), None).unwrap();
            Arc::new(target)
        };
        let (a, b) = (target("a"), target("b"));
        let mut config = open_config();
        config.targets = [&a, &b].map(served).into();
        let running = RamDisk::serve(config).await.unwrap();
        let initiator = initiator_with(Arc::new(MemoryStore::new()));
        initiator.vds().add_targets([&a, &b].map(|target| target.name().clone()));
        for target in [&a, &b] {
            let forward = SharedSecret::of(FORWARD);
            initiator.remember_target_shared_secret(object_id(target.name()), Some(&forward)).await.unwrap();
        }
        Self { initiator, a, b, running }
    }

    /// Sets the secret with which the target authenticates itself from now on.
    fn target_authenticates_with(target: &VdsIscsiTarget, secret: &[u8]) {
        target.remember_initiator_shared_secret(Some(HOST), Some(&SharedSecret::of(secret))).unwrap();
    }

    /// `SetInitiatorSharedSecret` with these bytes.
    async fn set(&self, bytes: &[u8], target_id: Uuid) {
        self.call(Some(&SharedSecret::of(bytes)), target_id).await;
    }

    async fn call(&self, secret: Option<&SharedSecret<'_>>, target_id: Uuid) {
        let result = self.initiator.set_initiator_shared_secret(secret, target_id).await;
        assert_eq!(HResult::of(&result), HResult::S_OK);
    }

    /// Logs in mutually and out again.
    async fn log_in(&self, target: &VdsIscsiTarget) -> Result<(), Error> {
        let mutual =
            AuthenticationRequest { mode: AuthenticationMode::Mutual, ..AuthenticationRequest::default() };
        let portal: Portal = self.running.portal().to_string().parse().unwrap();
        let name: IscsiName = target.name().as_str().parse().unwrap();
        let session = self.initiator.login(&name, &portal, &mutual).await?;
        assert!(matches!(session.details().completed.authenticated, Authenticated::Mutual(_)));
        session.logout().await
    }

    /// Checks that the initiator refuses the login before it opens a connection.
    async fn is_refused_locally(&self, target: &VdsIscsiTarget) -> Error {
        let before = self.running.report().connections;
        let error = self.log_in(target).await.unwrap_err();
        assert_eq!(self.running.report().connections, before, "{error}");
        error
    }

    /// Checks that the login fails because the target authenticated itself with another secret than expected.
    async fn is_not_authenticated(&self, target: &VdsIscsiTarget) {
        assert_eq!(self.log_in(target).await.unwrap_err().fault(), Fault::TargetNotAuthenticated);
    }
}

fn served(target: &Arc<VdsIscsiTarget>) -> Target {
    let name = target.name().as_str().parse().unwrap();
    Target { credentials: Credentials::Managed(Arc::clone(target)), ..Target::new(name) }
}
