//! The work of a child: log in, use the session, drop everything, and search the memory for secrets.

use std::hint::black_box;
use std::sync::Arc;

use iscsi_initiator::{Authenticated, AuthenticationMode, AuthenticationRequest, Config, Initiator, Lun};
use iscsi_secrets::{FileStore, IscsiName, SecretStore as _};

use crate::canary::Canary;
use crate::orders::Orders;
use crate::scan::scan;
use crate::stage::{self, FOUND, SCANNED};
use crate::{canary, form};

/// The name of the forward secret in reports.
pub(crate) const FORWARD: &str = "forward secret";
/// The name of the reverse secret in reports.
pub(crate) const REVERSE: &str = "reverse secret";
/// The name of a value that the scan has to find.
const MARKER: &str = "marker";

/// Carries the orders out and prints what was found.
pub(crate) fn obey(orders: &Orders) {
    log_in_and_out(orders);
    if orders.leak {
        leak(orders);
    }
    look_at_what_is_left(orders);
}

/// Prints every place where a secret lies.
pub(crate) fn look_at_what_is_left(orders: &Orders) {
    // The marker stands in this frame: a scan that does not find it has not read the memory.
    let marker = canary::random();
    let found =
        scan(&[(MARKER, &Canary::of(&marker)), (FORWARD, &orders.forward), (REVERSE, &orders.reverse)]);
    let (seen, left): (Vec<_>, Vec<_>) = found.into_iter().partition(|place| place.contains(MARKER));
    assert!(!seen.is_empty(), "the scan is blind, {} is there", hex::encode(marker));
    report(&left);
    println!("{SCANNED}");
}

fn report(places: &[String]) {
    for place in places {
        println!("{FOUND}{place}");
    }
}

/// Everything that ever held a secret is gone when this returns.
fn log_in_and_out(orders: &Orders) {
    let store = Arc::new(FileStore::open_existing(&orders.store).unwrap());
    let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
    config.algorithms = vec![orders.algorithm];
    let initiator = Initiator::new(config, store);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(session(&initiator, orders));
}

async fn session(initiator: &Initiator, orders: &Orders) {
    let mutual =
        AuthenticationRequest { mode: AuthenticationMode::Mutual, ..AuthenticationRequest::default() };
    let portal = orders.portal.to_string().parse().unwrap();
    let session = initiator.login(&stage::target_name(), &portal, &mutual).await.unwrap();
    let Authenticated::Mutual(target) = &session.details().completed.authenticated else {
        panic!("the target did not authenticate itself");
    };
    assert_eq!(target.algorithm(), orders.algorithm);
    // The login is over: its credentials and their hashes are gone although the session lives.
    report(&scan(&[(FORWARD, &orders.forward), (REVERSE, &orders.reverse)]));
    assert!(session.inquiry(Lun::from_number(0).unwrap()).await.unwrap().is_disk());
    session.logout().await.unwrap();
}

/// Both secrets from the store, in every form, never freed.
fn leak(orders: &Orders) {
    let store = FileStore::open_existing(&orders.store).unwrap();
    let book = store.snapshot().unwrap();
    let name = IscsiName::new(stage::target_name().as_str()).unwrap();
    let forward = book.forward(&name).unwrap().unwrap();
    let reverse = book.reverse(&name).unwrap();
    for secret in [forward.secret(), reverse.known().unwrap().secret()] {
        for form in &form::ALL {
            black_box((form.write)(secret.expose_secret()).leak());
        }
    }
}
