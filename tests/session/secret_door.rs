//! `set_initiator_shared_secret` on what a program holds to log in with: it counts from the next login on.

use std::sync::Arc;

use iscsi_initiator::{Authenticated, AuthenticationRequest, Error, Fault, Portal};
use iscsi_secrets::vds::{HResult, SharedSecret};
use iscsi_secrets::{ForwardCredential, MemoryStore, Secret, SecretStore as _, TargetName};
use iscsi_tests::ram_disk::{Account, Credentials, RamDisk, Running, Target};
use uuid::Uuid;

use crate::stage::{initiator_with, open_config, target_name};

const FORWARD: &[u8] = b"what-we-prove";
const REVERSE: &[u8] = b"what-it-proves";

async fn mutual_target() -> (Running, Portal) {
    let mut config = open_config();
    config.targets = vec![Target {
        credentials: Credentials::Mutual {
            initiator: Account::new("host", FORWARD),
            target: Account::new("disk", REVERSE),
        },
        ..Target::new(target_name())
    }];
    let running = RamDisk::serve(config).await.unwrap();
    let portal = running.portal().to_string().parse().unwrap();
    (running, portal)
}

fn store_with_forward() -> (Arc<MemoryStore>, TargetName) {
    let store = Arc::new(MemoryStore::new());
    let name = TargetName::new(target_name().as_str()).unwrap();
    let forward =
        ForwardCredential::new(Some("host".to_owned()), Secret::from_octets(FORWARD).unwrap()).unwrap();
    store.remember(name.clone().into(), forward).unwrap();
    (store, name)
}

/// VDS-01, VDS-11, VDS-12: global, then for the target, then cleared, then dissolved, each seen by the next login.
#[tokio::test]
async fn vds_12_each_change_counts_from_the_next_login_on() {
    let (_running, portal) = mutual_target().await;
    let (store, name) = store_with_forward();
    let initiator = initiator_with(store);
    let log_in = async || initiator.login(&target_name(), &portal, &AuthenticationRequest::default()).await;
    let set = async |octets: &[u8], id| {
        initiator.set_initiator_shared_secret(Some(&SharedSecret::of(octets)), id).await
    };
    let id = name.object_id();

    set(REVERSE, Uuid::nil()).await.unwrap();
    let session = log_in().await.unwrap();
    assert!(matches!(session.details().completed.authenticated, Authenticated::Mutual(_)));
    session.logout().await.unwrap();

    set(b"another-secret", id).await.unwrap();
    assert_eq!(log_in().await.err().unwrap().fault(), Fault::TargetNotAuthenticated);

    initiator.set_initiator_shared_secret(Some(&SharedSecret::CLEAR), id).await.unwrap();
    assert!(matches!(log_in().await, Err(Error::Policy(_))));

    initiator.set_initiator_shared_secret(None, id).await.unwrap();
    log_in().await.unwrap().logout().await.unwrap();
}

/// R7 to R11: shapes that the door refuses leave the store as it was.
#[tokio::test]
async fn r7_refused_shapes_change_nothing() {
    let (_running, portal) = mutual_target().await;
    let (store, _) = store_with_forward();
    let initiator = initiator_with(store);
    initiator.set_initiator_shared_secret(Some(&SharedSecret::of(REVERSE)), Uuid::nil()).await.unwrap();
    let long = [7; 300];
    let shapes = [
        None,
        Some(SharedSecret { octets: None, size: 12 }),
        Some(SharedSecret { octets: Some(REVERSE), size: 0 }),
        Some(SharedSecret { octets: Some(REVERSE), size: 13 }),
        Some(SharedSecret::of(b"eleven-byte")),
        Some(SharedSecret::of(b"seventeen-octets!")),
        Some(SharedSecret::of(&long)),
    ];
    for shape in &shapes {
        let error = initiator.set_initiator_shared_secret(shape.as_ref(), Uuid::nil()).await.unwrap_err();
        assert_eq!(error.hresult(), HResult::E_INVALIDARG);
    }
    initiator
        .login(&target_name(), &portal, &AuthenticationRequest::default())
        .await
        .unwrap()
        .logout()
        .await
        .unwrap();
}
