//! Sessions that end early: each end is reported once and by its name, and a clean logout is no error.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use iscsi_tests::ram_disk::RamDisk;
use iscsi_tests::scripted_target::Script;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::measured::{end, start};
use crate::program::{Place, TARGET};
use crate::scripted::{NONE, Scripted, open_config};

const READ_10: u8 = 0x28;
const PERSISTENT_RESERVE_OUT: u8 = 0x5f;

#[test]
fn a_lost_connection_is_told_once() {
    let target = Scripted::after_login(|script| script.close_at_command(READ_10));
    let outcome = target.read(&["--no-recovery"]).expect(7);
    assert_eq!(outcome.stderr.matches(" lost: ").count(), 1, "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
}

/// Another failure of the work leaves the failure of the logout to a warning.
#[test]
fn a_logout_that_fails_by_itself_is_a_warning() {
    let target = Scripted::after_login(|script| {
        script.check_condition(READ_10, iscsi_tests::ram_disk::Sense::LBA_OUT_OF_RANGE).close()
    });
    let outcome = target.read(&[]).expect(8);
    assert!(outcome.stderr.contains("warning: logout: connection to "), "{}", outcome.stderr);
}

#[test]
fn a_clean_logout_is_logged_as_one() {
    let target = Scripted::after_login(Script::serve);
    let outcome = target.log_in(&[&NONE[..], &["-vvv"]].concat()).expect(0);
    let line = outcome.stderr.lines().find(|line| line.contains("logged out")).unwrap_or_else(|| {
        panic!("no word of the logout in {}", outcome.stderr);
    });
    assert!(!line.contains("error") && !outcome.stderr.contains("ended the session"), "{}", outcome.stderr);
}

/// The input goes on; only the session can end the program meanwhile.
#[test]
fn a_write_notices_a_lost_session_while_it_reads_standard_input() {
    let (runtime, place) = (Runtime::new().unwrap(), Place::new());
    let target = runtime.block_on(RamDisk::serve(open_config())).unwrap();
    let unit = format!("iscsi://{}/{TARGET}/0", target.portal());
    let mut command = place.command(&["write", &unit, "-i", "-", "--auth", "none", "--no-recovery"]);
    let mut child = start(command.stdin(Stdio::piped()));
    let mut input = child.stdin.take().unwrap();
    // More than a pipe holds: when all of it is gone, the program is reading.
    input.write_all(&vec![7; 1 << 20]).unwrap();
    assert_eq!(target.cut_sessions(), 1);
    let begin = Instant::now();
    // A program that waits for the end of its input gets it, too late.
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(10));
        drop(input);
    });
    let outcome = end(child).expect(7);
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    assert_eq!(outcome.stderr.matches(" lost: ").count(), 1, "{}", outcome.stderr);
    assert_eq!(target.report().bytes_written, 0);
}

/// A write whose connection is cut again and again goes on, and says so.
#[test]
fn a_write_goes_on_in_other_sessions() {
    let (runtime, place) = (Runtime::new().unwrap(), Place::new());
    let target = runtime.block_on(RamDisk::serve(open_config())).unwrap();
    let unit = format!("iscsi://{}/{TARGET}/0", target.portal());
    let mut child =
        start(place.command(&["write", &unit, "-i", "-", "--auth", "none"]).stdin(Stdio::piped()));
    let mut input = child.stdin.take().unwrap();
    let data = blocks(8 << 20);
    // While the program copies its input, and while it writes.
    input.write_all(&data[..1 << 20]).unwrap();
    assert_eq!(target.cut_sessions(), 1);
    input.write_all(&data[1 << 20..]).unwrap();
    drop(input);
    while target.report().bytes_written == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(target.cut_sessions(), 1);
    let outcome = end(child).expect(0);
    for words in
        ["warning: connection to ", " lost: ", "attempt 1 to log in again in ", "note: logged in again"]
    {
        assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
    }
    let written = target.read_medium(&TARGET.parse().unwrap(), 0, 0, data.len()).unwrap();
    assert!(written == data, "the data differ");
}

/// The program asks a target for its other portals when a session lasts, and a lost session is replaced at one of them.
#[test]
fn a_write_goes_on_at_another_portal() {
    let (runtime, place) = (Runtime::new().unwrap(), Place::new());
    let target = runtime.block_on(RamDisk::serve(open_config())).unwrap();
    let (portal, mut relay) = runtime.block_on(relay(target.portal(), None));
    let unit = format!("iscsi://{portal}/{TARGET}/0");
    let mut child =
        start(place.command(&["write", &unit, "-i", "-", "--auth", "none"]).stdin(Stdio::piped()));
    let mut input = child.stdin.take().unwrap();
    let begin = Instant::now();
    while target.report().discovery_sessions == 0 {
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", target.report());
        std::thread::sleep(Duration::from_millis(10));
    }
    while target.report().discovery_logouts == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    runtime.block_on(relay.shutdown());
    let data = blocks(1 << 20);
    input.write_all(&data).unwrap();
    drop(input);
    let outcome = end(child).expect(0);
    assert!(outcome.stderr.contains("note: logged in again"), "{}", outcome.stderr);
    let written = target.read_medium(&TARGET.parse().unwrap(), 0, 0, data.len()).unwrap();
    assert!(written == data, "the data differ");
    assert_eq!(target.report().discovery_sessions, 1);
}

/// A target that did not answer is asked again in the next session, not in the same one, and not again once it has answered.
#[test]
fn portals_that_stay_unknown_are_asked_for_after_the_next_loss() {
    let (runtime, place) = (Runtime::new().unwrap(), Place::new());
    let target = runtime.block_on(RamDisk::serve(open_config())).unwrap();
    let (portal, _relay) = runtime.block_on(relay(target.portal(), Some(1)));
    let unit = format!("iscsi://{portal}/{TARGET}/0");
    let arguments = ["write", &unit, "-i", "-", "--auth", "none", "-vv"];
    let mut child = start(place.command(&arguments).stdin(Stdio::piped()));
    let input = child.stdin.take().unwrap();
    // A program that waits for the end of its input gets it, too late.
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_mins(1));
        drop(input);
    });
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut says = |words: &str| lines.any(|line| line.unwrap().contains(words));
    assert!(says("the target's other portals stay unknown"));
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(target.report().discovery_sessions, 0);
    assert_eq!(target.cut_sessions(), 1);
    assert!(says("the target's portals are known"));
    assert_eq!(target.cut_sessions(), 1);
    assert!(says("logged in again"));
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(target.report().discovery_sessions, 1);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Starts a portal that passes everything on to another one, until its tasks are ended, but closes the connection of one number.
async fn relay(to: SocketAddr, refused: Option<usize>) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let portal = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        for number in 0.. {
            let Ok((mut near, _)) = listener.accept().await else { break };
            if refused == Some(number) {
                continue;
            }
            connections.spawn(async move {
                let mut far = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (portal, tasks)
}

/// A unit that may have lost its cache gets everything once more. Like tgt, this one reports a reset in every session.
#[test]
fn a_write_begins_anew_when_the_cache_may_be_lost() {
    let (runtime, place) = (Runtime::new().unwrap(), Place::new());
    let mut config = open_config();
    config.unit_attention = true;
    config.targets[0].units[0].write_cache = true;
    let target = runtime.block_on(RamDisk::serve(config)).unwrap();
    let unit = format!("iscsi://{}/{TARGET}/0", target.portal());
    let data = blocks(32 << 20);
    let file = place.file("data", &data, 0o600);
    let child = start(&mut place.command(&["write", &unit, "-i", &file, "--auth", "none"]));
    while target.report().bytes_written < 1 << 20 {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(target.cut_sessions(), 1);
    let outcome = end(child).expect(0);
    assert!(outcome.stderr.contains("may be lost: "), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.matches("; everything is written again").count(), 1, "{}", outcome.stderr);
    assert!(target.report().bytes_written >= 33 << 20);
    let written = target.read_medium(&TARGET.parse().unwrap(), 0, 0, data.len()).unwrap();
    assert!(written == data, "the data differ");
}

/// A read goes on, too: its output has each byte once.
#[test]
fn a_read_goes_on_in_another_session() {
    let (runtime, place) = (Runtime::new().unwrap(), Place::new());
    let target = runtime.block_on(RamDisk::serve(open_config())).unwrap();
    let unit = format!("iscsi://{}/{TARGET}/0", target.portal());
    let data = blocks(32 << 20);
    let file = place.file("data", &data, 0o600);
    place.run(&["write", &unit, "-i", &file, "--auth", "none"]).expect(0);
    let copy = place.path("copy");
    let copy = copy.to_str().unwrap();
    let child = start(&mut place.command(&["read", &unit, "-o", copy, "--length", "32M", "--auth", "none"]));
    let before = target.report().executions;
    while target.report().executions < before + 20 || target.cut_sessions() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let outcome = end(child).expect(0);
    assert!(outcome.stderr.contains("note: logged in again"), "{}", outcome.stderr);
    assert!(std::fs::read(copy).unwrap() == data, "the data differ");
}

/// A change of reservations may have taken effect: it is not made twice, and the program says so.
#[test]
fn a_change_of_reservations_is_not_sent_again_in_another_session() {
    let target = Scripted::each(|_| {
        let logged_in = || Script::new().log_in(open_config());
        vec![logged_in().close_at_command(PERSISTENT_RESERVE_OUT), logged_in().serve()]
    });
    let unit = format!("{}/0", target.url());
    let outcome = target.run(&["reserve", "register", "--key", "0xa1", &unit, "--auth", "none"]).expect(7);
    assert!(outcome.stdout.is_empty(), "{}", outcome.stdout);
    outcome.complains("PERSISTENT RESERVE OUT may have been carried out: its session was lost");
}

/// Data of this length in which neighbouring blocks differ.
fn blocks(length: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().flat_map(|byte| [byte; 512]).take(length).collect()
}
