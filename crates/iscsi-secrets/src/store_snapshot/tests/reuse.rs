//! One secret in both directions, found without opening any.

use super::*;
use crate::secret_use::{Direction, SecretUse};

fn target(index: usize) -> Scope {
    Scope::Target(name(&format!("iqn.2001-04.com.example:{index}")))
}

fn forward(bytes: &[u8]) -> ForwardCredential {
    ForwardCredential::new(None, secret(bytes)).unwrap()
}

#[test]
fn chp_33_a_secret_is_found_where_it_is_used_in_the_other_direction() {
    let snapshot = snapshot([
        Change::SetForward(target(1), forward(b"used-both-ways")),
        Change::SetReverse(target(2), reverse(None, b"used-both-ways")),
        Change::SetReverse(Scope::Discovery, reverse(None, b"used-both-ways")),
        Change::SetReverse(target(3), reverse(None, b"another-secret")),
    ]);
    let uses = |bytes, direction| snapshot.opposite_uses(&secret(bytes), direction).unwrap();
    let expected = [target(2), Scope::Discovery].map(SecretUse::reverse);
    assert_eq!(uses(b"used-both-ways", Direction::Forward), expected);
    assert_eq!(uses(b"used-both-ways", Direction::Reverse), [SecretUse::forward(target(1))]);
    assert_eq!(uses(b"another-secret", Direction::Forward), [SecretUse::reverse(target(3))]);
    assert_eq!(uses(b"another-secret", Direction::Reverse), []);
    assert_eq!(uses(b"never-stored-1", Direction::Forward), []);
}

#[test]
fn chp_33_what_is_found_follows_every_change() {
    let mut snapshot = snapshot([Change::SetForward(target(1), forward(b"used-both-ways"))]);
    let uses = |snapshot: &StoreSnapshot| {
        snapshot.opposite_uses(&secret(b"used-both-ways"), Direction::Forward).unwrap().len()
    };
    assert_eq!(uses(&snapshot), 0);
    snapshot.apply(Change::SetReverse(target(2), reverse(None, b"used-both-ways"))).unwrap();
    assert_eq!(uses(&snapshot), 1);
    let earlier = snapshot.clone();
    snapshot.apply(Change::ClearReverse(target(2))).unwrap();
    assert_eq!((uses(&snapshot), uses(&earlier)), (0, 1));
}

#[test]
fn a_book_without_secrets_has_none_in_use() {
    assert_eq!(
        StoreSnapshot::new().opposite_uses(&secret(b"given-secret"), Direction::Forward),
        Ok(Vec::new())
    );
}
