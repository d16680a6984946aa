//! The rows of the VDS test list that are about logins.

use super::*;
use iscsi_secrets::vds::object_id;
use std::thread;

#[tokio::test]
async fn vds_01_the_global_secret_verifies_a_login() {
    let stage = Stage::new().await;
    stage.set(b"twelve-bytes", GUID_NULL).await;
    Stage::target_authenticates_with(&stage.a, b"twelve-bytes");
    stage.log_in(&stage.a).await.unwrap();
    Stage::target_authenticates_with(&stage.a, b"twelve-byte!");
    stage.is_not_authenticated(&stage.a).await;
}

#[tokio::test]
async fn vds_02_sixteen_bytes_of_any_value_verify_a_login() {
    let stage = Stage::new().await;
    let bytes = b"\0\xff\0\xff sixteen \r\n\0";
    assert_eq!(bytes.len(), 16);
    stage.set(bytes, GUID_NULL).await;
    Stage::target_authenticates_with(&stage.a, bytes);
    stage.log_in(&stage.a).await.unwrap();
}

#[tokio::test]
async fn vds_03_after_a_wrong_length_the_earlier_secret_verifies() {
    let stage = Stage::new().await;
    stage.set(REVERSE, GUID_NULL).await;
    Stage::target_authenticates_with(&stage.a, REVERSE);
    let vast = vec![7; 255];
    let shapes = [
        None,
        Some(SharedSecret { bytes: None, size: 12 }),
        Some(SharedSecret { bytes: Some(REVERSE), size: 0 }),
        Some(SharedSecret { bytes: Some(REVERSE), size: 13 }),
        Some(SharedSecret { bytes: Some(REVERSE), size: u32::MAX }),
        Some(SharedSecret::of(b"x")),
        Some(SharedSecret::of(b"eleven-byte")),
        Some(SharedSecret::of(b"seventeen-bytes!!")),
        Some(SharedSecret::of(&vast)),
    ];
    for shape in &shapes {
        let result = stage.initiator.set_initiator_shared_secret(shape.as_ref(), GUID_NULL).await;
        assert_eq!(HResult::of(&result), HResult::E_INVALIDARG);
    }
    stage.log_in(&stage.a).await.unwrap();
}

#[tokio::test]
async fn vds_04_without_a_secret_a_mutual_login_is_refused_before_connecting() {
    let stage = Stage::new().await;
    stage.set(REVERSE, GUID_NULL).await;
    stage.call(Some(&SharedSecret::CLEAR), GUID_NULL).await;
    assert!(matches!(stage.is_refused_locally(&stage.a).await, Error::AuthPolicy(_)));
}

/// The global secret is `REVERSE`, and target a has a secret of its own; each target authenticates itself accordingly.
async fn two_secrets() -> (Stage, Uuid) {
    let stage = Stage::new().await;
    let a = object_id(stage.a.name());
    stage.set(REVERSE, GUID_NULL).await;
    stage.set(b"secret-of-a-only", a).await;
    Stage::target_authenticates_with(&stage.a, b"secret-of-a-only");
    Stage::target_authenticates_with(&stage.b, REVERSE);
    (stage, a)
}

#[tokio::test]
async fn vds_11_each_target_authenticates_with_the_secret_that_counts_for_it() {
    let (stage, _) = two_secrets().await;
    stage.log_in(&stage.a).await.unwrap();
    stage.log_in(&stage.b).await.unwrap();
    Stage::target_authenticates_with(&stage.a, REVERSE);
    stage.is_not_authenticated(&stage.a).await;
}

#[tokio::test]
async fn vds_12_cleared_refuses_before_connecting_and_dissolved_takes_the_global_secret() {
    let (stage, a) = two_secrets().await;
    Stage::target_authenticates_with(&stage.a, REVERSE);
    stage.call(Some(&SharedSecret::CLEAR), a).await;
    assert!(matches!(stage.is_refused_locally(&stage.a).await, Error::AuthPolicy(_)));
    stage.call(None, a).await;
    stage.log_in(&stage.a).await.unwrap();
}

#[tokio::test]
async fn vds_13_without_the_global_secret_that_of_a_target_survives() {
    let (stage, _) = two_secrets().await;
    stage.call(Some(&SharedSecret::CLEAR), GUID_NULL).await;
    stage.log_in(&stage.a).await.unwrap();
    assert!(matches!(stage.is_refused_locally(&stage.b).await, Error::AuthPolicy(_)));
}

#[tokio::test]
async fn vds_19_one_secret_for_both_directions_is_refused_before_connecting() {
    let stage = Stage::new().await;
    stage.set(FORWARD, object_id(stage.a.name())).await;
    Stage::target_authenticates_with(&stage.a, FORWARD);
    assert_eq!(stage.is_refused_locally(&stage.a).await.fault(), Fault::Secrets);
}

/// The target always authenticates itself with X while the stored secret changes between X and Y: a login either succeeds
/// or fails because the target is not authenticated.
#[tokio::test(flavor = "multi_thread")]
async fn vds_21_logins_during_a_thousand_changes() {
    let stage = Stage::new().await;
    let (x, y) = ([b'x'; 16], [b'y'; 12]);
    Stage::target_authenticates_with(&stage.a, &x);
    stage.set(&x, GUID_NULL).await;
    let service = Arc::clone(stage.initiator.vds());
    let setter = thread::spawn(move || {
        for _ in 0..500 {
            for bytes in [&y[..], &x] {
                service.set_initiator_shared_secret(Some(&SharedSecret::of(bytes)), GUID_NULL).unwrap();
                thread::sleep(std::time::Duration::from_micros(500));
            }
        }
    });
    let (mut verified, mut refused) = (0, 0);
    while !setter.is_finished() {
        match stage.log_in(&stage.a).await {
            Ok(()) => verified += 1,
            Err(error) if error.fault() == Fault::TargetNotAuthenticated => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    setter.join().unwrap();
    assert!(verified > 0 && refused > 0, "{verified} verified, {refused} refused");
    stage.log_in(&stage.a).await.unwrap();
}
