//! Whole logins over loopback: connect, log in, log out, close. The RAM-disk target runs on its own threads.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot set its stage up has failed")]

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iscsi_initiator::{
    Authenticated, AuthenticationMode, AuthenticationRequest, ChapAlgorithm, Config, Initiator, IscsiName,
    Portal,
};
use iscsi_secrets::{ForwardCredential, MemoryStore, ReverseCredential, Secret};
use iscsi_tests::ram_disk::{self, Account, Credentials, RamDisk, Running, Target};
use tokio::runtime::{Builder, Runtime};

const FORWARD: &[u8] = b"what-the-host-proves";
const REVERSE: &[u8] = b"what-the-disk-proves";

fn logins(criterion: &mut Criterion) {
    let targets = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let ours = Builder::new_current_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("login over loopback");
    group.throughput(Throughput::Elements(1));
    for (name, mode, algorithm) in [
        ("none", AuthenticationMode::None, ChapAlgorithm::Md5),
        ("mutual MD5", AuthenticationMode::Mutual, ChapAlgorithm::Md5),
        ("mutual SHA-256", AuthenticationMode::Mutual, ChapAlgorithm::Sha256),
    ] {
        let target = serve(&targets, mode);
        let stage = Stage::new(&target, mode, algorithm);
        group.bench_function(name, |bencher| bencher.iter(|| stage.log_in_and_out(&ours)));
        assert!(target.report().violations.is_empty());
    }
}

fn target_name() -> IscsiName {
    "iqn.2001-04.com.example:disk".parse().unwrap()
}

fn serve(runtime: &Runtime, mode: AuthenticationMode) -> Running {
    let mut target = Target::new(target_name());
    if mode == AuthenticationMode::Mutual {
        target.credentials = Credentials::Mutual {
            initiator: Account::new("host", FORWARD),
            target: Account::new("disk", REVERSE),
        };
    }
    runtime.block_on(RamDisk::serve(ram_disk::Config::with_targets([target]))).unwrap()
}

/// The state that all logins of a benchmark use.
struct Stage {
    initiator: Initiator,
    target: IscsiName,
    portal: Portal,
    request: AuthenticationRequest,
}

impl Stage {
    fn new(running: &Running, mode: AuthenticationMode, algorithm: ChapAlgorithm) -> Self {
        let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
        config.algorithms = vec![algorithm];
        let secret = |bytes| Secret::from_bytes(bytes).unwrap();
        let forward = ForwardCredential::new(Some("host".to_owned()), secret(FORWARD)).unwrap();
        let reverse = ReverseCredential::new(Some("disk".to_owned()), secret(REVERSE)).unwrap();
        Self {
            initiator: Initiator::new(config, Arc::new(MemoryStore::new())),
            target: target_name(),
            portal: running.portal().to_string().parse().unwrap(),
            request: AuthenticationRequest {
                mode,
                forward: Some(Arc::new(forward)),
                reverse: Some(Arc::new(reverse)),
            },
        }
    }

    fn log_in_and_out(&self, runtime: &Runtime) {
        runtime.block_on(async {
            let session = self.initiator.login(&self.target, &self.portal, &self.request).await.unwrap();
            let mutual = matches!(session.details().completed.authenticated, Authenticated::Mutual(_));
            assert_eq!(mutual, self.request.mode == AuthenticationMode::Mutual);
            session.logout().await.unwrap();
        });
    }
}

criterion_group!(loopback, logins);
criterion_main!(loopback);
