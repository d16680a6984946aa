//! Logins that wait for their turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use iscsi_initiator::{AuthenticationRequest, Error, Initiator};
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::{Config, RamDisk, Target};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::stage::{config, log_in_by, target_name};

const LIMIT: Duration = Duration::from_millis(200);

/// A login waits for its turn no longer than its limit allows, and has its turn when another is given up.
#[tokio::test]
async fn the_wait_for_a_turn_is_bounded() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let portal = silent.local_addr().unwrap();
    let mut config = config();
    (config.most_logins_per_target, config.login_turn_timeout) = (1, LIMIT);
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let first = tokio::spawn({
        let initiator = initiator.clone();
        async move { log_in_by(&initiator, portal).await }
    });
    let (_first, _) = silent.accept().await.unwrap();
    let began = Instant::now();
    let error = log_in_by(&initiator, portal).await.err();
    assert_eq!(error, Some(Error::Timeout { operation: "the wait for other logins", limit: LIMIT }));
    assert!(began.elapsed() >= LIMIT);
    // A discovery at the same portal is no login to that target.
    let request = AuthenticationRequest::default();
    let discovery = tokio::spawn({
        let initiator = initiator.clone();
        async move { initiator.discover(&portal.to_string().parse().unwrap(), &request).await }
    });
    let (_discovery, _) = silent.accept().await.unwrap();
    discovery.abort();
    first.abort();
    let (next, accepted) = tokio::join!(
        tokio::time::timeout(LIMIT, log_in_by(&initiator, portal)),
        tokio::time::timeout(10 * LIMIT, silent.accept()),
    );
    assert!(next.is_err() && accepted.is_ok(), "the next login did not begin");
}

/// A crowd of logins is let in a few at a time, and all of them get in; the time limit of a login begins with its turn.
#[tokio::test]
async fn all_of_a_crowd_get_in() {
    let running = RamDisk::serve(Config::with_targets([Target::new(target_name())])).await.unwrap();
    let mut config = config();
    (config.most_logins, config.most_logins_per_target) = (3, 2);
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let mut logins = JoinSet::new();
    for _ in 0..100 {
        let (initiator, portal) = (initiator.clone(), running.portal());
        logins.spawn(async move { log_in_by(&initiator, portal).await });
    }
    while let Some(session) = logins.join_next().await {
        session.unwrap().unwrap().logout().await.unwrap();
    }
    assert_eq!(running.report().violations, Vec::<String>::new());
}
