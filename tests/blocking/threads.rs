//! Calls on several threads at a time, and what goes on between calls.

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::Duration;

use iscsi_initiator::Error;
use iscsi_initiator::blocking::{BlockDevice, DeviceStream, Initiator, Session};
use iscsi_pdu::Opcode;

use crate::stage::{Disk, config, initiator, log_in, pattern, scripted, thin, wait_until};

const fn is_shared_by_threads<T: Clone + Send + Sync>() {}
const fn is_sent_to_threads<T: Send>() {}

/// Holds when it compiles.
const _: () = {
    is_shared_by_threads::<Initiator>();
    is_shared_by_threads::<Session>();
    is_shared_by_threads::<BlockDevice>();
    is_sent_to_threads::<DeviceStream>();
};

#[test]
fn eight_threads_read_and_write_with_clones_of_a_device() {
    const PART: usize = 500_000;
    let disk = Disk::new(thin());
    thread::scope(|threads| {
        for number in 0..8_u8 {
            let device = disk.device.clone();
            threads.spawn(move || {
                let offset = usize::from(number) * PART;
                for round in 0..20_usize {
                    let (at, data) = (offset + round * 1000, pattern(1000, number));
                    device.write_at(at as u64, &data).unwrap();
                    let mut back = vec![0; 1000];
                    device.read_at(at as u64, &mut back).unwrap();
                    assert!(back == data, "thread {number}, round {round}");
                }
                let mut stream = device.stream(offset as u64);
                stream.write_all(&pattern(PART, number + 100)).unwrap();
                stream.flush().unwrap();
                let mut back = Vec::new();
                device.stream(offset as u64).take(PART as u64).read_to_end(&mut back).unwrap();
                assert!(back == pattern(PART, number + 100), "thread {number}");
            });
        }
    });
    let medium = disk.medium();
    for number in 0..8_u8 {
        let offset = usize::from(number) * PART;
        assert!(medium[offset..offset + PART] == pattern(PART, number + 100), "thread {number}");
    }
    disk.end();
}

/// Each thread has a command in flight: no call waits for that of another thread.
#[test]
fn calls_on_several_threads_are_in_flight_at_the_same_time() {
    let disk = Disk::new(thin());
    let connection = disk.stall_reads();
    thread::scope(|threads| {
        let calls = [0, 1, 2, 3, 4, 5, 6, 7].map(|number| {
            let device = disk.device.clone();
            threads.spawn(move || device.read_at(number * 512, &mut [0; 512]))
        });
        disk.wait_for_commands(connection, 8);
        disk.session.abort_all().unwrap();
        for call in calls {
            assert!(matches!(call.join().unwrap(), Err(Error::Aborted { .. })));
        }
    });
    disk.end();
}

/// A target that is quiet gets a ping, although no call waits.
#[test]
fn pings_are_sent_between_calls() {
    let served = scripted(iscsi_tests::scripted_target::Script::serve);
    let mut config = config();
    config.noop_out_interval = Some(Duration::from_millis(50));
    let session = log_in(&initiator(config), served.target.portal()).unwrap();
    wait_until("three pings", || {
        let pings = served.target.received();
        pings.iter().filter(|received| received.opcode() == Opcode::NOP_OUT).count() >= 3
    });
    assert_eq!(session.end_reason(), None);
    session.logout().unwrap();
}
