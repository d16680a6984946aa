//! Logins with initiator and target in memory, without sockets or a clock.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iscsi_benches::{InMemoryLogin, Proofs, Unwatched};
use iscsi_login::ChapAlgorithm;

/// Besides the kinds that are measured elsewhere too, the other algorithms.
const MORE: [(&str, Proofs); 2] = [
    ("mutual SHA-1", Proofs::Mutual(ChapAlgorithm::Sha1)),
    ("mutual SHA3-256", Proofs::Mutual(ChapAlgorithm::Sha3_256)),
];

fn logins(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("login in memory");
    group.throughput(Throughput::Elements(1));
    for (name, proofs) in Proofs::ALL.into_iter().chain(MORE) {
        let Ok(login) = InMemoryLogin::new(proofs) else { return };
        assert!(login.run(&mut Unwatched).is_some(), "{name}: refused");
        group.bench_function(name, |bencher| bencher.iter(|| login.run(&mut Unwatched)));
    }
}

criterion_group!(login, logins);
criterion_main!(login);
