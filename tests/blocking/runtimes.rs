//! Blocking calls within an asynchronous runtime.

use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};

use iscsi_initiator::blocking::BlockDevice;
use iscsi_initiator::{AuthenticationRequest, Error, Lun, Zeroing};
use tokio::runtime::Builder;

use crate::stage::{Disk, config, initiator, log_in, ram_disk, thin, wait_until};

#[track_caller]
fn check_refused<T>(result: Result<T, Error>) {
    match result {
        Err(Error::InvalidArgument(words)) => assert!(words.contains("asynchronous runtime"), "{words}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[track_caller]
fn check_stream_refused<T>(result: std::io::Result<T>) {
    let Err(error) = result else { panic!("not refused") };
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let source = error.get_ref().and_then(|source| source.downcast_ref::<Error>());
    check_refused(Err::<T, _>(source.unwrap().clone()));
}

fn refuses_everything(disk: &Disk) {
    let (session, device) = (&disk.session, &disk.device);
    let initiator = initiator(config());
    let portal = disk.served.target.portal();
    check_refused(log_in(&initiator, portal));
    let portal = portal.to_string().parse().unwrap();
    check_refused(initiator.discover(&portal, &AuthenticationRequest::default()));
    check_refused(session.list_luns());
    check_refused(session.test_unit_ready(Lun::ZERO));
    check_refused(session.abort_all());
    check_refused(BlockDevice::open(session, Lun::ZERO));
    check_refused(device.read_at(0, &mut [0]));
    check_refused(device.write_at(0, &[1]));
    check_refused(device.write_at_fua(0, &[1]));
    check_refused(device.flush());
    check_refused(device.discard(0, 512));
    check_refused(device.write_zeroes(0, 1, Zeroing::MayUnmap));
    check_refused(device.compare_and_write(0, &[0; 512], &[1; 512]));
    check_refused(device.block_status(0, 512));
    let mut stream = device.stream(0);
    check_stream_refused(stream.read(&mut [0]));
    check_stream_refused(stream.write(&[1]));
    check_stream_refused(stream.flush());
    check_stream_refused(stream.seek(SeekFrom::Start(1)));
}

/// On the threads of either kind of runtime, in a task, and on a thread for blocking work.
#[test]
fn blocking_calls_within_a_runtime_are_refused_and_do_nothing() {
    let disk = std::sync::Arc::new(Disk::new(thin()));
    let executed = || disk.served.target.report().executions;
    let before = executed();
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async { refuses_everything(&disk) });
    let shared = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (in_task, blocking) = (std::sync::Arc::clone(&disk), std::sync::Arc::clone(&disk));
    shared.block_on(async {
        tokio::spawn(async move { refuses_everything(&in_task) }).await.unwrap();
        tokio::task::spawn_blocking(move || refuses_everything(&blocking)).await.unwrap();
    });
    assert_eq!(executed(), before);
    assert_eq!(disk.served.target.report().normal_sessions, 1);
    // Outside, the session works as before.
    disk.device.write_at(0, b"outside").unwrap();
    assert!(disk.medium().starts_with(b"outside"));
}

/// The logout then goes on in the background, although nothing else keeps its runtime.
#[test]
fn what_is_dropped_within_a_runtime_logs_out_without_a_panic() {
    for is_shared in [false, true] {
        let Disk { device, session, served } = Disk::new(thin());
        let mut builder = if is_shared { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async move {
            let mut stream = device.stream(0);
            check_stream_refused(stream.write(&[1]));
            drop((session, device, stream));
        });
        wait_until("a logout", || served.target.report().logouts == 1);
        wait_until("a closed connection", || served.target.report().connections_closed == 1);
    }
}

#[test]
fn a_session_whose_logout_is_refused_within_a_runtime_logs_out_in_the_background() {
    let served = ram_disk(thin());
    let session = log_in(&initiator(config()), served.target.portal()).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { check_refused(session.logout()) });
    wait_until("a logout", || served.target.report().logouts == 1);
}

/// An initiator that never logged in has only its runtime to end.
#[test]
fn initiators_are_made_and_dropped_anywhere() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { drop(initiator(config())) });
    drop(initiator(config()));
    let served = ram_disk(thin());
    let made_inside = runtime.block_on(async { initiator(config()) });
    log_in(&made_inside, served.target.portal()).unwrap().logout().unwrap();
}
