//! Many clients, and slow ones: memory is bounded, and nobody is left out.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use super::client::{EINVAL, Form, READ};
use super::{MIB, Served, thin};

const READ_10: u8 = 0x28;

/// The resident memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

/// Reads of 2 GiB in all are asked for, and no reply is taken.
#[test]
fn a_client_that_reads_no_replies_holds_bounded_memory_and_stops_nobody() {
    let served = Served::unit(thin(0, 64 * MIB));
    let mut slow = served.client().go("", Form::Structured);
    let requests: Vec<_> = (0..1024).flat_map(|cookie| slow.request(READ, 0, cookie, (0, 2 * MIB))).collect();
    slow.stream.write_all(&requests).unwrap();
    let mut other = served.client().go("", Form::Simple);
    for _ in 0..100 {
        assert_eq!(other.read(0, MIB).len() as u64, MIB);
    }
    std::thread::sleep(Duration::from_millis(200));
    let held = resident(served.pid());
    // The bound on one connection is 64 MiB of data, beside free buffers of 32 MiB and the program itself.
    assert!(held < 160 * MIB, "{} MiB", held / MIB);
    // The replies come when they are taken.
    for _ in 0..1024 {
        let reply = slow.receive(0);
        assert_eq!((reply.error, reply.data.len() as u64), (0, 2 * MIB));
    }
    served.end().expect(0);
}

#[test]
fn sixty_four_clients_write_and_read_at_the_same_time() {
    let served = Served::unit(thin(0, 64 * MIB));
    std::thread::scope(|scope| {
        for number in 0..64_u8 {
            let served = &served;
            scope.spawn(move || {
                let form = [Form::Simple, Form::Structured, Form::Extended][usize::from(number) % 3];
                let mut client = served.client().go("", form);
                let at = u64::from(number) * MIB;
                for round in 0..16 {
                    let data = vec![number ^ round; 10_000];
                    client.write(at + u64::from(round) * 10_000, &data);
                    assert_eq!(client.read(at + u64::from(round) * 10_000, 10_000), data);
                }
            });
        }
    });
    for number in 0..64_u8 {
        assert_eq!(served.medium(0, u64::from(number) * MIB, 1), [number]);
    }
    served.end().expect(0);
}

/// More than are under way at once: each refusal makes place for the next request.
#[test]
fn refusals_do_not_use_up_the_bounds_of_a_connection() {
    let served = Served::unit(thin(0, MIB));
    let mut client = served.client().go("", Form::Simple);
    let requests: Vec<_> = (0..1000).flat_map(|cookie| client.request(99, 0, cookie, (0, 512))).collect();
    client.stream.write_all(&requests).unwrap();
    for cookie in 0..1000 {
        let reply = client.receive(0);
        assert_eq!((reply.cookie, reply.error), (cookie, EINVAL));
    }
    served.end().expect(0);
}

/// What clients asked for that are gone counts no longer, so the reads of another one wait for the unit side by side.
#[test]
fn the_memory_of_clients_that_are_gone_is_given_back() {
    let served = Served::unit(thin(0, 4 * MIB));
    for _ in 0..5 {
        let mut client = served.client().go("", Form::Simple);
        let requests: Vec<_> =
            (0..32).flat_map(|cookie| client.request(READ, 0, cookie, (0, 2 * MIB))).collect();
        client.stream.write_all(&requests).unwrap();
        // Its first reply has begun, and cannot end.
        assert!(client.has_more());
    }
    let pause = Duration::from_millis(100);
    served.target.with_engine(|engine| engine.set_service_time(READ_10, pause));
    let mut client = served.client().go("", Form::Simple);
    let mut are_side_by_side = || {
        let begin = Instant::now();
        (0..16).for_each(|cookie| client.send(READ, 0, cookie, (0, 512), &[]));
        assert!((0..16).all(|_| client.receive(512).error == 0));
        begin.elapsed() < pause * 8
    };
    // The reads of the others may still be under way at first.
    assert!((0..20).any(|_| are_side_by_side()));
    served.end().expect(0);
}

/// The next client has its turn when one leaves.
#[test]
fn a_server_has_256_clients_at_a_time() {
    let served = Served::unit(thin(0, MIB));
    let mut clients: Vec<_> = (0..256).map(|_| served.client()).collect();
    std::thread::scope(|scope| {
        let next = scope.spawn(|| served.client().go("", Form::Simple).read(0, 512).len());
        drop(clients.pop());
        assert_eq!(next.join().unwrap(), 512);
    });
    drop(clients);
    served.end().expect(0).complains("there are 256 clients; others wait until one leaves");
}

/// Clients that say nothing hold connections, and the server ends at once all the same.
#[test]
fn clients_that_say_nothing_do_not_delay_the_end() {
    let served = Served::unit(thin(0, MIB));
    let silent: Vec<_> = (0..32).map(|_| served.client()).collect();
    let idle: Vec<_> = (0..32).map(|_| served.client().go("", Form::Simple)).collect();
    let begin = Instant::now();
    served.end().expect(0);
    assert!(begin.elapsed() < Duration::from_secs(5));
    drop((silent, idle));
}
