//! Logouts, whether a caller or the last drop causes them.

use std::cell::RefCell;
use std::io::Read as _;
use std::thread;
use std::time::{Duration, Instant};

use iscsi_initiator::blocking::{BlockDevice, Session};
use iscsi_initiator::{AuthenticationRequest, Error, Lun};

use crate::stage::{
    PATIENCE, config, initiator, log_in, ram_disk, scripted, session, target_name, thin, wait_until,
};

/// The target has answered the logout when the drop returns, so a program may end then.
#[test]
fn the_last_drop_logs_out() {
    let served = ram_disk(thin());
    let report = || served.target.report();
    let initiator = initiator(config());
    let session = log_in(&initiator, served.target.portal()).unwrap();
    let device = BlockDevice::open(&session, Lun::ZERO).unwrap();
    let mut stream = device.stream(0);
    drop(initiator);
    drop(session.clone());
    drop(session);
    drop(device);
    // The stream is left, and works.
    stream.read_exact(&mut [0; 1000]).unwrap();
    assert_eq!(report().logouts, 0);
    drop(stream);
    assert_eq!(report().logouts, 1);
    assert_eq!(report().violations, Vec::<String>::new());
}

/// Sessions of one initiator share its runtime, which ends with the last of them.
#[test]
fn each_session_logs_out_by_itself() {
    let served = ram_disk(thin());
    let initiator = initiator(config());
    let sessions = [(); 3].map(|()| log_in(&initiator, served.target.portal()).unwrap());
    drop(initiator);
    for (number, session) in (1..).zip(sessions) {
        session.test_unit_ready(Lun::ZERO).unwrap();
        drop(session);
        assert_eq!(served.target.report().logouts, number);
    }
}

#[test]
fn a_logout_is_sent_once_and_ends_all_clones() {
    let served = ram_disk(thin());
    let session = session(served.target.portal());
    let device = BlockDevice::open(&session, Lun::ZERO).unwrap();
    session.clone().logout().unwrap();
    assert_eq!(session.end_reason(), Some(Error::LoggedOut));
    assert_eq!(device.read_at(0, &mut [0]), Err(Error::LoggedOut));
    session.logout().unwrap();
    drop(device);
    assert_eq!(served.target.report().logouts, 1);
}

/// The target stays silent. Its session would wait for thirty seconds, the drop waits for three, and the connection is closed.
#[test]
fn a_drop_waits_for_the_logout_for_three_seconds_at_most() {
    let served = scripted(|script| script);
    let session = session(served.target.portal());
    let begin = Instant::now();
    drop(session);
    let elapsed = begin.elapsed();
    assert!((Duration::from_secs(3)..PATIENCE).contains(&elapsed), "{elapsed:?}");
    let closed = async { tokio::time::timeout(PATIENCE, served.target.all_closed()).await };
    served.runtime.block_on(closed).expect("the connection is open");
}

/// At the end of a thread, while tokio's variables of that thread are still there, and after they are gone.
#[test]
fn sessions_that_a_thread_keeps_log_out_when_it_ends() {
    thread_local! {
        static KEPT: RefCell<Option<Session>> = const { RefCell::new(None) };
    }
    for is_registered_first in [false, true] {
        let served = ram_disk(thin());
        let portal = served.target.portal();
        let thread = thread::spawn(move || {
            if is_registered_first {
                KEPT.set(None);
            }
            KEPT.set(Some(session(portal)));
        });
        thread.join().unwrap();
        wait_until("a logout", || served.target.report().logouts == 1);
    }
}

#[test]
fn a_discovery_ends_with_its_own_logout() {
    let served = ram_disk(thin());
    let portal = served.target.portal().to_string().parse().unwrap();
    let initiator = initiator(config());
    let found = initiator.discover(&portal, &AuthenticationRequest::default()).unwrap();
    assert_eq!(found.targets[0].name, target_name());
    let details =
        initiator.discover_with_details(&portal, &AuthenticationRequest::default()).unwrap().session;
    assert_eq!(
        (details.target, initiator.config().initiator_name.as_str()),
        (None, "iqn.2001-04.com.example:host")
    );
    let report = served.target.report();
    assert_eq!((report.discovery_sessions, report.discovery_logouts), (2, 2));
}
