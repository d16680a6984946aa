//! Ends of the server: it answers what it has accepted, flushes and logs out.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::client::{Client, EPERM, ESHUTDOWN, FLUSH, Form, READ, WRITE};
use super::{MIB, Served, TARGET, report, thin, wait};

const SYNCHRONIZE_CACHE: u8 = 0x35;
const WRITE_10: u8 = 0x2a;

/// The reply of a write that the client may not have read yet comes before the end.
#[test]
fn a_signal_ends_the_server_behind_the_replies_and_a_flush() {
    let served = Served::unit(thin(0, MIB));
    let mut client = served.client().go("", Form::Simple);
    for cookie in 0..32 {
        client.send(WRITE, 0, cookie, (cookie * 512, 512), &[7; 512]);
    }
    let first = client.receive(0);
    assert_eq!(first.error, 0);
    served.signal();
    let mut acknowledged = 1;
    while acknowledged < 32 && client.has_more() {
        assert_eq!(client.receive(0).error, 0);
        acknowledged += 1;
    }
    assert!(client.is_closed());
    served.ended().expect(0).complains("ending after a signal");
    assert_eq!(served.executions(SYNCHRONIZE_CACHE), 1);
}

/// No write that was acknowledged is missing on the medium behind the last flush, whenever the signal comes.
#[test]
fn a_signal_under_load_loses_no_acknowledged_write() {
    for delay in [20, 100, 300] {
        let served = Served::unit(thin(0, 64 * MIB));
        let acknowledged = AtomicU64::new(0);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut client = served.client().go("", Form::Simple);
                for number in 0..16_384_u64 {
                    let data = [&number.to_be_bytes()[..], &[7; 504]].concat();
                    let request = client.request(WRITE, 0, number, (number * 512, 512));
                    let is_sent = client.stream.write_all(&[&request[..], &data].concat()).is_ok();
                    if !is_sent || !client.has_more() {
                        return;
                    }
                    assert_eq!(client.receive(0).error, 0);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            });
            while acknowledged.load(Ordering::SeqCst) == 0 && !writer.is_finished() {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(delay));
            served.signal();
        });
        served.ended().expect(0);
        let count = acknowledged.load(Ordering::SeqCst);
        assert!(count > 0, "no write before the signal");
        for number in 0..count {
            assert_eq!(served.medium(0, number * 512, 8), number.to_be_bytes(), "{number} of {count}");
        }
    }
}

/// The reply to the read finds the client gone; the write, which takes longer, is carried out before the flush.
#[test]
fn a_write_whose_client_is_gone_is_stable_at_the_end() {
    let served = Served::unit(thin(0, MIB));
    let mut witness = served.client().go("", Form::Simple);
    served.target.with_engine(|engine| engine.set_service_time(WRITE_10, Duration::from_millis(500)));
    let mut client = served.client().go("", Form::Simple);
    let requests =
        [client.request(READ, 0, 1, (0, 512)), client.request(WRITE, 0, 2, (0, 512)), vec![7; 512]];
    client.stream.write_all(&requests.concat()).unwrap();
    drop(client);
    // The server has taken both requests when it has answered this one.
    assert_eq!(witness.read(0, 512).len(), 512);
    served.end().expect(0);
    served.target.with_engine(|engine| engine.restart(Duration::ZERO));
    assert_eq!(served.medium(0, 0, 512), [7; 512]);
}

/// The part that the client has not sent is not waited for.
#[test]
fn half_a_write_does_not_delay_the_end() {
    let served = Served::unit(thin(0, MIB));
    let mut client = served.client().go("", Form::Simple);
    client.send(WRITE, 0, 1, (0, 1024), &[7; 512]);
    let mut refused = served.client().go("", Form::Simple);
    refused.send(WRITE, 0, 1, (MIB, 1024), &[7; 512]);
    assert_eq!(served.client().go("", Form::Simple).read(0, 512), [0; 512]);
    let begin = Instant::now();
    served.end().expect(0);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(client.is_closed() && refused.is_closed());
    assert_eq!(served.medium(0, 0, 512), [0; 512]);
}

/// Kills a client in the middle of its requests; others, and the server, do not notice.
#[test]
fn a_client_that_is_gone_under_load_does_no_harm() {
    let served = Served::unit(thin(0, 64 * MIB));
    let mut witness = served.client().go("", Form::Structured);
    for _ in 0..8 {
        let mut client = served.client().go("", Form::Structured);
        for cookie in 0..64 {
            let command = if cookie % 2 == 0 { READ } else { FLUSH };
            client.send(command, 0, cookie, if command == READ { (0, MIB) } else { (0, 0) }, &[]);
        }
        drop(client);
        assert_eq!(witness.read(0, 4096).len(), 4096);
    }
    served.end().expect(0);
}

/// The program that has started the server is killed; the server flushes and ends.
#[test]
fn the_server_ends_with_its_parent() {
    let served = Served::unit(thin(0, MIB));
    let url = format!("iscsi://{}/{TARGET}/0", served.target.portal());
    let program = env!("CARGO_BIN_EXE_iscsi");
    let line = format!(
        "{program} serve nbd {url} --socket second --auth none --output json --exit-with-parent & echo $! >&2; wait"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(served.place.path(".")).env_clear();
    shell.env("STATE_DIRECTORY", served.place.path("state")).stdin(Stdio::null());
    let mut shell = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(report(shell.stdout.take().unwrap()).is_some());
    let socket = served.place.path("second");
    assert_eq!(Client::connect(&socket).go("", Form::Simple).read(0, 512).len(), 512);
    shell.kill().unwrap();
    shell.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while socket.exists() {
        assert!(Instant::now() < deadline, "the server outlives its parent");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(served.executions(SYNCHRONIZE_CACHE), 1);
    served.end().expect(0);
}

/// A session that cannot be replaced ends the server with its failure, and clients get ESHUTDOWN.
#[test]
fn a_session_that_is_lost_for_good_ends_the_server_with_its_exit_code() {
    let served = Served::units(vec![thin(0, MIB)], &["--no-recovery"]);
    let mut client = served.client().go("", Form::Simple);
    assert_eq!(client.error(READ, 0, (0, 512)), 0);
    assert_eq!(served.target.cut_sessions(), 1);
    client.send(READ, 0, 1, (0, 512), &[]);
    if client.has_more() {
        assert_eq!(client.receive(512).error, ESHUTDOWN);
    }
    wait(&mut served.child.lock().unwrap()).expect(7).complains(" lost: ");
    assert!(!served.socket().exists());
}

/// A session that is lost is replaced; requests wait for it.
#[test]
fn a_session_that_is_replaced_interrupts_no_client() {
    let served = Served::unit(thin(0, MIB));
    let mut client = served.client().go("", Form::Simple);
    client.write(0, b"data");
    // Writes that are not flushed may be lost with the session, and then the last flush says so.
    assert_eq!(client.error(FLUSH, 0, (0, 0)), 0);
    assert_eq!(served.target.cut_sessions(), 1);
    assert_eq!(client.read(0, 4), b"data");
    served.signal();
    wait(&mut served.child.lock().unwrap()).expect(0).complains("logged in again");
}

/// A command that fails at the unit is told once, and the client gets its code.
#[test]
fn a_failure_of_the_unit_is_told_by_its_name() {
    let served = Served::unit(thin(0, MIB));
    let mut client = served.client().go("", Form::Structured);
    client.write(0, &[7; 512]);
    served.target.with_engine(|engine| {
        let other = "iqn.2001-04.com.example:other".parse().unwrap();
        engine.reserve_for_another(&TARGET.parse().unwrap(), 0, &other);
    });
    let reply = client.call(WRITE, 0, (0, 512), &[9; 512]);
    assert_eq!(reply.error, EPERM);
    let text = String::from_utf8(reply.data).unwrap();
    assert!(text.contains("RESERVATION CONFLICT"), "{text}");
    // Its last flush meets the reservation too.
    let said = served.end().stderr;
    assert_eq!(said.matches("write of 512 bytes at 0").count(), 1, "{said}");
}

#[test]
fn a_server_without_a_target_ends_with_the_failure() {
    let place = crate::program::Place::new();
    let url = "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk/0";
    let outcome = place.run(&["serve", "nbd", url, "--socket", "nbd", "--auth", "none"]);
    outcome.expect(7).complains("cannot connect to 127.0.0.1:1");
    assert!(!place.path("nbd").exists());
}
