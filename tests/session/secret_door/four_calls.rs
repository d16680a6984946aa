//! The four calls that make mutual CHAP possible, and each of them left out or made wrong.

use super::*;
use iscsi_pdu::IscsiName;
use iscsi_pdu::Portal;
use iscsi_secrets::vds::object_id;

/// Two calls of the target's administrator, two of the initiator's; then both know each other.
#[tokio::test]
async fn four_calls_make_a_mutual_login() {
    let disk = Arc::new(VdsIscsiTarget::new(IscsiName::new("iqn.2001-04.com.example:disk").unwrap()));
    let mut config = open_config();
    config.targets = vec![served(&disk)];
    let running = RamDisk::serve(config).await.unwrap();
    let initiator = initiator_with(Arc::new(MemoryStore::new()));
    let portal: Portal = running.portal().to_string().parse().unwrap();
    // Discovery makes the target's id known, and writes nothing.
    let known = initiator.discover(&portal, &AuthenticationRequest::default()).await.unwrap();
    assert_eq!(known.targets.len(), 1);
    let host = initiator.get_initiator_name().await.unwrap();
    let (ours, theirs) = (SharedSecret::of(OURS), SharedSecret::of(THEIRS));

    disk.set_shared_secret(Some(&ours), Some(&host)).unwrap();
    disk.remember_initiator_shared_secret(Some(&host), Some(&theirs)).unwrap();
    initiator.remember_target_shared_secret(object_id(disk.name()), Some(&ours)).await.unwrap();
    initiator.set_initiator_shared_secret(Some(&theirs), object_id(disk.name())).await.unwrap();

    let stage = Stage { initiator, a: disk.clone(), b: disk, running };
    stage.log_in(&stage.a).await.unwrap();
    assert!(stage.running.report().violations.is_empty());
}

#[tokio::test]
async fn each_of_the_four_is_needed_and_has_to_be_right() {
    let stage = Stage::new().await;
    let (a, id) = (Arc::clone(&stage.a), object_id(stage.a.name()));
    Stage::target_proves(&a, THEIRS);
    stage.set(THEIRS, id).await;
    stage.log_in(&a).await.unwrap();

    // What we have to prove is another secret.
    a.set_shared_secret(Some(&SharedSecret::of(b"another-secret")), Some(HOST)).unwrap();
    assert_eq!(stage.log_in(&a).await.unwrap_err().fault(), Fault::CredentialsRefused);
    a.set_shared_secret(Some(&SharedSecret::CLEAR), Some(HOST)).unwrap();
    stage.log_in(&a).await.unwrap();

    // What it proves is another secret, or it cannot prove anything.
    Stage::target_proves(&a, b"another-secret");
    stage.is_not_authenticated(&a).await;
    a.remember_initiator_shared_secret(Some(HOST), Some(&SharedSecret::CLEAR)).unwrap();
    let fault = stage.log_in(&a).await.unwrap_err().fault();
    assert!(matches!(fault, Fault::CredentialsRefused | Fault::TargetNotAuthenticated), "{fault:?}");
    Stage::target_proves(&a, THEIRS);

    // We prove another secret, or forgot it.
    let remember = async |secret| stage.initiator.remember_target_shared_secret(id, Some(&secret)).await;
    remember(SharedSecret::of(b"another-secret")).await.unwrap();
    assert_eq!(stage.log_in(&a).await.unwrap_err().fault(), Fault::CredentialsRefused);
    remember(SharedSecret::CLEAR).await.unwrap();
    assert!(matches!(stage.is_refused_locally(&a).await, Error::AuthPolicy(_)));
    remember(SharedSecret::of(OURS)).await.unwrap();

    // We expect another secret, or none.
    stage.set(b"another-secret", id).await;
    stage.is_not_authenticated(&a).await;
    stage.call(Some(&SharedSecret::CLEAR), id).await;
    assert!(matches!(stage.is_refused_locally(&a).await, Error::AuthPolicy(_)));
    stage.set(THEIRS, id).await;
    stage.log_in(&a).await.unwrap();
}

/// What is set for one initiator does not let another one in.
#[tokio::test]
async fn an_account_is_of_one_initiator() {
    let stage = Stage::new().await;
    let a = Arc::clone(&stage.a);
    Stage::target_proves(&a, THEIRS);
    stage.set(THEIRS, object_id(a.name())).await;
    a.set_shared_secret(Some(&SharedSecret::CLEAR), None).unwrap();
    a.set_shared_secret(Some(&SharedSecret::of(OURS)), Some("iqn.2001-04.com.example:other")).unwrap();
    assert_eq!(stage.log_in(&a).await.unwrap_err().fault(), Fault::CredentialsRefused);
    a.delete().unwrap();
    assert_eq!(stage.log_in(&a).await.unwrap_err().fault(), Fault::CredentialsRefused);
}
