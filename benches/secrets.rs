//! A sealed store of 10,000 targets: opening it, looking up a secret, finding the uses of a secret, changing a secret.
//!
//! A change waits for the disk twice, for the file and for its directory; the last case measures this wait alone, with a
//! file of the same size.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use iscsi_secrets::{
    Change, Direction, FileStore, ForwardCredential, IscsiName, ReverseCredential, Scope, Secret,
    SecretStore, StoreError, StoreSnapshot,
};

const TARGETS: usize = 10_000;

fn target(index: usize) -> Option<IscsiName> {
    IscsiName::new(format!("iqn.2001-04.com.example:storage.rack{:02}.disk{index:05}", index % 40)).ok()
}

fn secret(index: usize) -> Option<Secret> {
    Secret::from_bytes(format!("secret of {index:06}").as_bytes()).ok()
}

/// Both directions of one target.
fn changes(index: usize) -> Option<[Change; 2]> {
    let scope = Scope::Target(target(index)?);
    let forward = ForwardCredential::new(Some("host".to_owned()), secret(index)?).ok()?;
    let reverse = ReverseCredential::new(None, secret(TARGETS + index)?).ok()?;
    Some([Change::SetForward(scope.clone(), forward), Change::SetReverse(scope, reverse)])
}

fn filled(directory: &Path) -> Result<FileStore, StoreError> {
    let store = FileStore::open(directory)?;
    store.apply_all((0..TARGETS).filter_map(changes).flatten().collect())?;
    Ok(store)
}

/// The disk accesses of a change alone.
fn write_and_wait(directory: &Path, content: &[u8]) -> std::io::Result<()> {
    let (staged, path) = (directory.join("staged"), directory.join("written"));
    let mut file = File::create(&staged)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(staged, path)?;
    File::open(directory)?.sync_all()
}

fn store(criterion: &mut Criterion) {
    let Ok(place) = tempfile::tempdir() else { return };
    let directory = place.path().join("store");
    let (Ok(store), Some(name)) = (filled(&directory), target(TARGETS / 2)) else { return };
    let mut group = criterion.benchmark_group("store of 10,000 targets");
    group.bench_function("open", |bencher| bencher.iter(|| FileStore::open_existing(&directory).is_ok()));
    group.bench_function("look up the forward secret", |bencher| {
        bencher.iter(|| store.forward(&name).is_ok());
    });
    group.bench_function("look up the reverse secret", |bencher| {
        bencher.iter(|| store.reverse(&name).is_ok());
    });
    group.bench_function("look up an unknown target", |bencher| {
        let Ok(unknown) = IscsiName::new("iqn.2001-04.com.example:unknown") else { return };
        bencher.iter(|| store.forward(&unknown).is_ok());
    });
    let reused = |snapshot: &StoreSnapshot| {
        let secret = secret(TARGETS / 2)?;
        snapshot.opposite_uses(&secret, Direction::Forward).ok()
    };
    let Ok(snapshot) = store.snapshot() else { return };
    group.bench_function("compare a secret with all others", |bencher| bencher.iter(|| reused(&snapshot)));
    group.bench_function("compare the first one after a change", |bencher| {
        // A snapshot without an index.
        let fresh = || FileStore::open_existing(&directory).and_then(|store| store.snapshot()).ok();
        bencher.iter_batched_ref(fresh, |snapshot| reused(snapshot.as_deref()?), BatchSize::PerIteration);
    });
    group.sample_size(20);
    group.bench_function("set one secret", |bencher| {
        bencher.iter(|| {
            let secret = secret(1)?;
            store.renew_reverse_secret(Scope::Target(name.clone()), secret).ok()
        });
    });
    let content = std::fs::read(directory.join("secrets.db")).unwrap_or_default();
    group.bench_function("the disk's part of a set", |bencher| {
        bencher.iter(|| write_and_wait(&directory, &content).is_ok());
    });
}

criterion_group!(secrets, store);
criterion_main!(secrets);
