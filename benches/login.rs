//! Mutual logins of both halves in memory: no sockets, no clock.

use criterion::{Criterion, criterion_group, criterion_main};
use iscsi_benches::InMemoryLogin;
use iscsi_login::ChapAlgorithm;

fn logins(criterion: &mut Criterion) {
    for algorithm in ChapAlgorithm::ALL {
        let Ok(login) = InMemoryLogin::new(algorithm) else { return };
        criterion
            .bench_function(&format!("mutual login, {algorithm}"), |bencher| bencher.iter(|| login.run()));
    }
}

criterion_group!(login, logins);
criterion_main!(login);
