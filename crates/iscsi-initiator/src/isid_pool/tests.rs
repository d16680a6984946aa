//! Pools of several processes: every pool here has an open file of its own, and locks with it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn target(label: &str) -> IscsiName {
    format!("iqn.2001-04.com.example:{label}").parse().unwrap()
}

/// Leases of sessions to one target.
fn leases(pool: &IsidPool, count: usize) -> Vec<IsidLease> {
    (0..count).map(|_| pool.lease(Some(&target("disk"))).unwrap()).collect()
}

fn qualifier(lease: &IsidLease) -> u16 {
    let Isid([_, _, _, _, high, low]) = lease.isid();
    u16::from_be_bytes([high, low])
}

fn qualifiers(leases: &[IsidLease]) -> Vec<u16> {
    leases.iter().map(qualifier).collect()
}

/// NAM-06, NAM-07: the lowest that is free, and it is free again when the lease is dropped.
#[test]
fn nam_06_nam_07_the_lowest_free_qualifier() {
    let directory = tempfile::tempdir().unwrap();
    let pool = IsidPool::open(directory.path()).unwrap();
    let mut held = leases(&pool, 4);
    assert_eq!(qualifiers(&held), [0, 1, 2, 3]);
    drop(held.remove(1));
    held.extend(leases(&pool, 2));
    assert_eq!(qualifiers(&held), [0, 2, 3, 1, 4]);
    drop(held);
    for _ in 0..3 {
        assert_eq!(qualifiers(&leases(&pool, 1)), [0]);
    }
    assert!(pool.shared.in_use().is_empty());
}

/// NAM-06: two pools of one directory never lend one ISID.
#[test]
fn nam_06_two_pools_of_one_directory() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = [(); 2].map(|()| IsidPool::open(directory.path()).unwrap());
    let mut first = leases(&one, 3);
    let second = leases(&other, 2);
    first.extend(leases(&one, 1));
    let third = leases(&other, 1);
    assert_eq!(
        [qualifiers(&first), qualifiers(&second), qualifiers(&third)],
        [vec![0, 1, 2, 5], vec![3, 4], vec![6]]
    );
    drop(first);
    // A pool with sessions continues after its last number, and searches from the start again at the end of the range.
    let mut rest = leases(&other, 65_536 - 7);
    assert_eq!(qualifier(&rest[0]), 7);
    rest.extend(leases(&other, 4));
    assert_eq!(qualifiers(&rest[65_536 - 7..]), [0, 1, 2, 5]);
    assert!(other.lease(Some(&target("disk"))).is_err());
    drop((second, third, rest));
    assert_eq!(qualifiers(&leases(&one, 2)), [0, 1]);
}

/// NAM-06: many at once, each with its own pool, as parallel commands are.
#[test]
fn nam_06_pools_that_race_never_share() {
    let directory = tempfile::tempdir().unwrap();
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let path = directory.path().to_path_buf();
            std::thread::spawn(move || leases(&IsidPool::open(path).unwrap(), 50))
        })
        .collect();
    let held: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let mut found: Vec<_> = held.iter().map(|lease| lease.isid().0).collect();
    found.sort_unstable();
    let Isid([_, a, b, c, ..]) = held[0].isid();
    let expected: Vec<_> = (0..800).map(|number| Isid::from_random([a, b, c], number).0).collect();
    assert_eq!(found, expected);
}

/// NAM-07: the random bits are drawn once, so the first session always has the same ISID.
#[test]
fn nam_07_the_random_bits_survive() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("state/iscsi");
    let first = leases(&IsidPool::open(&place).unwrap(), 1)[0].isid();
    assert_eq!(leases(&IsidPool::open(&place).unwrap(), 1)[0].isid(), first);
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700);
    let Isid([_, a, b, c, ..]) = first;
    assert_eq!(fs::read_to_string(place.join("isid")).unwrap(), format!("{a:02x}{b:02x}{c:02x}\n"));
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
}

/// NAM-07: concurrent sessions to different targets have equal ISIDs.
#[test]
fn nam_07_one_isid_for_different_targets() {
    let directory = tempfile::tempdir().unwrap();
    let pool = IsidPool::open(directory.path()).unwrap();
    let held: Vec<_> = (0..100).map(|disk| pool.lease(Some(&target(&disk.to_string()))).unwrap()).collect();
    assert!(held.iter().all(|lease| lease.isid() == held[0].isid()));
    let other = IsidPool::open(directory.path()).unwrap();
    assert_eq!(qualifier(&other.lease(Some(&target("7"))).unwrap()), 1);
}

/// NAM-08: type 10b, no reserved bit, the bits of the file, the qualifier last.
#[test]
fn nam_08_the_layout_of_a_lent_isid() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("isid"), "fe0123\n").unwrap();
    let pool = IsidPool::open(directory.path()).unwrap();
    let held = leases(&pool, 0x102);
    assert_eq!(held[0x101].isid().0, [0x80, 0xfe, 0x01, 0x23, 0x01, 0x01]);
}

/// NAM-10, DIS-16: a discovery shares its ISID neither with a session nor with another discovery.
#[test]
fn nam_10_dis_16_discoveries_differ_from_everything() {
    let directory = tempfile::tempdir().unwrap();
    for pool in [IsidPool::open(directory.path()).unwrap(), IsidPool::in_memory().unwrap()] {
        let mut held = leases(&pool, 100);
        held.extend((0..100).map(|_| pool.lease(None).unwrap()));
        let different: std::collections::HashSet<_> = held.iter().map(IsidLease::isid).collect();
        assert_eq!(different.len(), 200);
    }
}

/// NAM-06: 65,536 sessions to one target, and not one more; sessions to others are not concerned.
#[test]
fn nam_06_the_limit_is_named() {
    for pool in [IsidPool::in_memory().unwrap(), IsidPool::open(tempfile::tempdir().unwrap()).unwrap()] {
        let mut held = leases(&pool, 65_536);
        let different: std::collections::HashSet<_> = held.iter().map(IsidLease::isid).collect();
        assert_eq!(different.len(), 65_536);
        let error = pool.lease(Some(&target("disk"))).err().unwrap();
        assert_eq!(error, Error::IsidsExhausted { limit: 65_536 });
        assert!(error.to_string().contains("65536"), "{error}");
        assert!(pool.lease(Some(&target("other"))).is_ok());
        let freed = held.swap_remove(40_000).isid();
        assert_eq!(leases(&pool, 1)[0].isid(), freed);
    }
}

/// Two pools in memory draw different bits, and each counts up from its first number.
#[test]
fn nam_06_pools_in_memory() {
    let [one, other] = [(); 2].map(|()| IsidPool::in_memory().unwrap());
    let held = leases(&one, 3);
    assert_ne!(held[0].isid(), leases(&other, 1)[0].isid());
    let first = qualifier(&held[0]);
    assert_eq!(qualifiers(&held), [first, first.wrapping_add(1), first.wrapping_add(2)]);
}

/// An unusable directory is an error, and nothing is overwritten.
#[test]
fn unusable_places() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("isid");
    for text in ["", "12345\n", "1234567\n", "+12345\n", "abcdeg\n", "ff0000ff\n"] {
        fs::write(&path, text).unwrap();
        let error = IsidPool::open(directory.path()).unwrap_err();
        assert!(matches!(error, Error::IsidPool { .. }), "{text:?}: {error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert!(IsidPool::open(path.join("below-a-file")).is_err());
}

/// In round-robin order no number is lent again before all others of the range.
#[test]
fn taking_turns_reuses_a_number_as_late_as_possible() {
    let directory = tempfile::tempdir().unwrap();
    for pool in [IsidPool::open(directory.path()).unwrap(), IsidPool::in_memory().unwrap()] {
        let pool = pool.round_robin();
        let first = qualifier(&pool.lease(Some(&target("disk"))).unwrap());
        // Each number is returned before the next is taken.
        for turn in 1..FIRST_OF_DISCOVERIES {
            let next = qualifier(&pool.lease(Some(&target("disk"))).unwrap());
            assert_eq!(next, first.wrapping_add(turn));
        }
        assert_eq!(qualifier(&pool.lease(Some(&target("disk"))).unwrap()), first);
    }
}

/// Round-robin order skips numbers in use in any process, and is kept for each target.
#[test]
fn taking_turns_never_lends_what_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let pool = IsidPool::open(directory.path()).unwrap().round_robin();
    let held = leases(&pool, 3);
    assert_eq!(qualifiers(&held), [0, 1, 2]);
    let elsewhere = IsidPool::open(directory.path()).unwrap();
    let others = leases(&elsewhere, 2);
    assert_eq!(qualifiers(&others), [3, 4]);
    assert_eq!(qualifiers(&leases(&pool, 1)), [5]);
    assert_eq!(qualifier(&pool.lease(Some(&target("other"))).unwrap()), 0);
    // After the end of the range it begins again, and still skips them.
    pool.shared.turns.lock().unwrap().insert(Scope::of_target(&target("disk")), FIRST_OF_DISCOVERIES - 1);
    assert_eq!(qualifiers(&leases(&pool, 2)), [FIRST_OF_DISCOVERIES - 1, 5]);
    drop((held, others));
    assert_eq!(qualifiers(&leases(&pool, 1)), [6]);
}

/// NAM-10: discoveries in round-robin order stay in their range of numbers.
#[test]
fn nam_10_discoveries_take_turns_in_their_own_range() {
    let pool = IsidPool::open(tempfile::tempdir().unwrap().path()).unwrap().round_robin();
    assert_eq!(qualifier(&pool.lease(None).unwrap()), FIRST_OF_DISCOVERIES);
    pool.shared.turns.lock().unwrap().insert(Scope::DISCOVERY, u16::MAX);
    let last = pool.lease(None).unwrap();
    assert_eq!((qualifier(&last), qualifier(&pool.lease(None).unwrap())), (u16::MAX, FIRST_OF_DISCOVERIES));
}

/// The order belongs to the handle: a round-robin clone does not change the default order of the others.
#[test]
fn the_default_order_is_not_changed_by_turns() {
    let pool = IsidPool::open(tempfile::tempdir().unwrap().path()).unwrap();
    let turns = pool.clone().round_robin();
    assert_eq!([qualifiers(&leases(&turns, 1)), qualifiers(&leases(&turns, 1))], [[0], [1]]);
    assert_eq!(qualifiers(&leases(&pool, 1)), [0]);
    let late = leases(&turns, 1);
    assert_eq!((qualifiers(&late), qualifiers(&leases(&pool, 3))), (vec![2], vec![0, 1, 3]));
}

/// NAM-06: round-robin order reaches the limit too.
#[test]
fn nam_06_turns_reach_every_number() {
    let pool = IsidPool::in_memory().unwrap().round_robin();
    let held = leases(&pool, 65_536);
    let different: std::collections::HashSet<_> = held.iter().map(IsidLease::isid).collect();
    assert_eq!(different.len(), 65_536);
    assert_eq!(pool.lease(Some(&target("disk"))).err(), Some(Error::IsidsExhausted { limit: 65_536 }));
}
