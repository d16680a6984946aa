//! The accounts of a target.

use iscsi_pdu::IscsiName;

use super::*;
use crate::vds::HResult;

const HOST: &str = "iqn.2001-04.com.example:host";
const OTHER: &str = "iqn.2001-04.com.example:other";
const SECRET: &[u8] = b"twelve-bytes";
const DEFAULT: &[u8] = b"default-secret";

fn target() -> VdsIscsiTarget {
    VdsIscsiTarget::new(IscsiName::new("iqn.2001-04.com.example:disk").unwrap())
}

fn set(target: &VdsIscsiTarget, bytes: &[u8], initiator: Option<&str>) -> u32 {
    HResult::of(&target.set_shared_secret(Some(&SharedSecret::of(bytes)), initiator)).bits()
}

/// What both sides prove in a login, as text.
fn login(target: &VdsIscsiTarget, initiator: &str) -> String {
    let text = |secret: &Secret| secret.expose_secret().escape_ascii().to_string();
    match target.login_of(initiator).unwrap() {
        TargetLogin::Open => "open".to_owned(),
        TargetLogin::Unknown => "unknown".to_owned(),
        TargetLogin::Account { target_secret, initiator_secret } => {
            format!("{}, {}", text(&target_secret), initiator_secret.map_or("-".to_owned(), |s| text(&s)))
        }
    }
}

#[test]
fn the_secret_of_an_initiator_goes_before_that_of_every_one() {
    let target = target();
    assert_eq!(login(&target, HOST), "open");
    assert_eq!(set(&target, SECRET, Some(HOST)), 0);
    assert_eq!((login(&target, HOST), login(&target, OTHER)), ("twelve-bytes, -".into(), "unknown".into()));
    assert_eq!(set(&target, DEFAULT, None), 0);
    assert_eq!(login(&target, OTHER), "default-secret, -");
    target.set_shared_secret(Some(&SharedSecret::CLEAR), Some(HOST)).unwrap();
    assert_eq!(login(&target, HOST), "default-secret, -");
    target.set_shared_secret(Some(&SharedSecret::CLEAR), None).unwrap();
    assert_eq!(login(&target, HOST), "open");
}

#[test]
fn what_is_remembered_is_proved_to_that_initiator_alone() {
    let target = target();
    set(&target, DEFAULT, None);
    let remember =
        |secret: SharedSecret<'_>| target.remember_initiator_shared_secret(Some(HOST), Some(&secret));
    remember(SharedSecret::of(SECRET)).unwrap();
    assert_eq!(login(&target, HOST), "default-secret, twelve-bytes");
    assert_eq!(login(&target, OTHER), "default-secret, -");
    remember(SharedSecret::CLEAR).unwrap();
    assert_eq!(login(&target, HOST), "default-secret, -");
}

#[test]
fn shapes_that_are_none_are_refused_and_change_nothing() {
    let target = target();
    set(&target, SECRET, None);
    let shapes = [
        None,
        Some(SharedSecret { bytes: None, size: 5 }),
        Some(SharedSecret { bytes: Some(SECRET), size: 0 }),
        Some(SharedSecret::of(b"eleven-byte")),
        Some(SharedSecret::of(b"seventeen-bytes!")),
        Some(SharedSecret { bytes: Some(SECRET), size: 13 }),
    ];
    for shape in &shapes {
        let set = target.set_shared_secret(shape.as_ref(), None);
        let remembered = target.remember_initiator_shared_secret(Some(HOST), shape.as_ref());
        assert_eq!([HResult::of(&set), HResult::of(&remembered)], [HResult::E_INVALIDARG; 2]);
    }
    let nobody = target.remember_initiator_shared_secret(None, Some(&SharedSecret::of(SECRET)));
    assert_eq!(HResult::of(&nobody), HResult::E_INVALIDARG);
    assert_eq!(set(&target, SECRET, Some("no\nname")), 0x8007_0057);
    assert_eq!(login(&target, HOST), "twelve-bytes, -");
}

#[test]
fn a_target_without_secrets_of_single_initiators_says_so() {
    let target =
        VdsIscsiTarget::without_initiator_specific(IscsiName::new("iqn.2001-04.com.example:disk").unwrap());
    assert_eq!(set(&target, SECRET, Some(HOST)), 0x8004_2707);
    assert_eq!(set(&target, SECRET, None), 0);
    assert_eq!(login(&target, HOST), "twelve-bytes, -");
}

#[test]
fn after_a_deletion_every_call_says_so() {
    let target = target();
    set(&target, SECRET, None);
    target.delete().unwrap();
    let gone = HResult::VDS_E_OBJECT_DELETED;
    let secret = SharedSecret::of(SECRET);
    assert_eq!(HResult::of(&target.delete()), gone);
    assert_eq!(HResult::of(&target.set_shared_secret(Some(&secret), None)), gone);
    assert_eq!(HResult::of(&target.remember_initiator_shared_secret(Some(HOST), Some(&secret))), gone);
    assert_eq!(HResult::of(&target.login_of(HOST)), gone);
}
