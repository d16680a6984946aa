//! The four VDS calls that set up mutual CHAP, and logins after each of them was left out or made with a wrong secret.

use super::*;
use iscsi_pdu::IscsiName;
use iscsi_pdu::Portal;
use iscsi_secrets::vds::object_id;

/// Two calls by the target's administrator and two by the initiator's set up mutual CHAP.
#[tokio::test]
async fn four_calls_make_a_mutual_login() {
    let disk = Arc::new(VdsIscsiTarget::new(IscsiName::new("iqn.2001-04.com.example:disk").unwrap()));
    let mut config = open_config();
    config.targets = vec![served(&disk)];
    let running = RamDisk::serve(config).await.unwrap();
    let initiator = initiator_with(Arc::new(MemoryStore::new()));
    let portal: Portal = running.portal().to_string().parse().unwrap();
    // Discovery makes the target's id known without writing to the store.
    let known = initiator.discover(&portal, &AuthenticationRequest::default()).await.unwrap();
    assert_eq!(known.targets.len(), 1);
    let host = initiator.get_initiator_name().await.unwrap();
    let (forward, reverse) = (SharedSecret::of(FORWARD), SharedSecret::of(REVERSE));

    disk.set_shared_secret(Some(&forward), Some(&host)).unwrap();
    disk.remember_initiator_shared_secret(Some(&host), Some(&reverse)).unwrap();
    initiator.remember_target_shared_secret(object_id(disk.name()), Some(&forward)).await.unwrap();
    initiator.set_initiator_shared_secret(Some(&reverse), object_id(disk.name())).await.unwrap();

    let stage = Stage { initiator, a: disk.clone(), b: disk, running };
    stage.log_in(&stage.a).await.unwrap();
    assert!(stage.running.report().violations.is_empty());
}

#[tokio::test]
async fn each_of_the_four_is_needed_and_has_to_be_right() {
    let stage = Stage::new().await;
    let (a, id) = (Arc::clone(&stage.a), object_id(stage.a.name()));
    Stage::target_authenticates_with(&a, REVERSE);
    stage.set(REVERSE, id).await;
    stage.log_in(&a).await.unwrap();

    // The target requires another forward secret.
    a.set_shared_secret(Some(&SharedSecret::of(b"another-secret")), Some(HOST)).unwrap();
    assert_eq!(stage.log_in(&a).await.unwrap_err().fault(), Fault::CredentialsRefused);
    a.set_shared_secret(Some(&SharedSecret::CLEAR), Some(HOST)).unwrap();
    stage.log_in(&a).await.unwrap();

    // The target has another reverse secret, or none.
    Stage::target_authenticates_with(&a, b"another-secret");
    stage.is_not_authenticated(&a).await;
    a.remember_initiator_shared_secret(Some(HOST), Some(&SharedSecret::CLEAR)).unwrap();
    let fault = stage.log_in(&a).await.unwrap_err().fault();
    assert!(matches!(fault, Fault::CredentialsRefused | Fault::TargetNotAuthenticated), "{fault:?}");
    Stage::target_authenticates_with(&a, REVERSE);

    // The initiator has another forward secret, or none.
    let remember = async |secret| stage.initiator.remember_target_shared_secret(id, Some(&secret)).await;
    remember(SharedSecret::of(b"another-secret")).await.unwrap();
    assert_eq!(stage.log_in(&a).await.unwrap_err().fault(), Fault::CredentialsRefused);
    remember(SharedSecret::CLEAR).await.unwrap();
    assert!(matches!(stage.is_refused_locally(&a).await, Error::AuthPolicy(_)));
    remember(SharedSecret::of(FORWARD)).await.unwrap();

    // The initiator expects another reverse secret, or none.
    stage.set(b"another-secret", id).await;
    stage.is_not_authenticated(&a).await;
    stage.call(Some(&SharedSecret::CLEAR), id).await;
    assert!(matches!(stage.is_refused_locally(&a).await, Error::AuthPolicy(_)));
    stage.set(REVERSE, id).await;
    stage.log_in(&a).await.unwrap();
}

/// An account for one initiator does not admit another initiator.
#[tokio::test]
async fn an_account_is_of_one_initiator() {
    let stage = Stage::new().await;
    let a = Arc::clone(&stage.a);
    Stage::target_authenticates_with(&a, REVERSE);
    stage.set(REVERSE, object_id(a.name())).await;
    a.set_shared_secret(Some(&SharedSecret::CLEAR), None).unwrap();
    a.set_shared_secret(Some(&SharedSecret::of(FORWARD)), Some("iqn.2001-04.com.example:other")).unwrap();
    assert_eq!(stage.log_in(&a).await.unwrap_err().fault(), Fault::CredentialsRefused);
    a.delete().unwrap();
    assert_eq!(stage.log_in(&a).await.unwrap_err().fault(), Fault::CredentialsRefused);
}
