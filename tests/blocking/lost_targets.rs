//! Targets that go away or fall silent, and calls that another thread ends.

use std::io::{ErrorKind, Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use iscsi_initiator::blocking::BlockDevice;
use iscsi_initiator::{Error, Fault, Lun};
use iscsi_tests::scripted_target::Reply;

use crate::stage::{Disk, PATIENCE, READ_10, config, hurried_config, initiator, log_in, scripted, thin};

const LIMIT: Duration = Duration::from_millis(300);

#[test]
fn calls_to_a_target_that_has_gone_fail_within_the_limits() {
    let Disk { device, session, served } = Disk::new(thin());
    let mut stream = device.stream(0);
    stream.write_all(&[1; 512]).unwrap();
    let portal = served.target.portal();
    drop(served);
    let begin = Instant::now();
    assert_eq!(device.read_at(0, &mut [0; 512]).unwrap_err().fault(), Fault::Network);
    assert_eq!(device.write_at(0, &vec![1; 2 << 20]).unwrap_err().fault(), Fault::Network);
    assert_eq!(device.flush().unwrap_err().fault(), Fault::Network);
    assert_eq!(stream.flush().unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(matches!(session.end_reason(), Some(Error::ConnectionLost { .. })));
    assert!(matches!(log_in(&initiator(config()), portal), Err(Error::Connect { .. })));
    // There is nothing to log out of.
    drop((session, device, stream));
    assert!(begin.elapsed() < PATIENCE);
}

#[test]
fn calls_to_a_silent_target_end_with_a_timeout() {
    let served = scripted(|script| script.answer_command(READ_10, |_, _| Reply::default()));
    let session = log_in(&initiator(hurried_config(LIMIT)), served.target.portal()).unwrap();
    let device = BlockDevice::open(&session, Lun::ZERO).unwrap();
    let begin = Instant::now();
    let failure = device.stream(0).read_exact(&mut [0; 512]).unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::TimedOut);
    let elapsed = begin.elapsed();
    assert!((LIMIT..PATIENCE).contains(&elapsed), "{elapsed:?}");
    assert!(matches!(session.logout(), Err(Error::Timeout { .. })));
}

/// As at Ctrl-C, if a program handles that.
#[test]
fn a_logout_on_another_thread_ends_calls_that_wait() {
    let disk = Disk::new(thin());
    let connection = disk.stall_reads();
    thread::scope(|threads| {
        let reading = threads.spawn(|| disk.device.read_at(0, &mut [0; 512]));
        disk.wait_for_commands(connection, 1);
        disk.session.clone().logout().unwrap();
        assert_eq!(reading.join().unwrap(), Err(Error::LoggedOut));
    });
    assert_eq!(disk.served.target.report().logouts, 1);
}

#[test]
fn an_abort_on_another_thread_ends_calls_that_wait_and_keeps_the_session() {
    let disk = Disk::new(thin());
    let connection = disk.stall_reads();
    thread::scope(|threads| {
        let reading = threads.spawn(|| disk.device.read_at(0, &mut [0; 512]));
        disk.wait_for_commands(connection, 1);
        disk.session.abort_all().unwrap();
        let ended = reading.join().unwrap();
        assert!(matches!(ended, Err(Error::Aborted { .. })), "{ended:?}");
    });
    disk.device.write_at(0, &[1; 512]).unwrap();
    disk.end();
}
