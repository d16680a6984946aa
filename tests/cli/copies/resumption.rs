//! Copies that are interrupted, go on, or lose their session.

use std::process::Stdio;
use std::time::Duration;

use super::*;

/// A journal, as an interrupted run leaves it.
fn journal_with(units: &Units, done: u64) {
    let path = units.place.path("journal");
    let mut journal: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    journal["done"] = done.into();
    fs::write(&path, serde_json::to_vec(&journal).unwrap()).unwrap();
}

/// Starts a copy whose writes take so long that a checkpoint comes before its end, and interrupts it.
fn interrupted(units: &Units, arguments: &[&str]) {
    units.target.with_engine(|engine| engine.set_service_time(WRITE, Duration::from_secs(2)));
    let mut child = units
        .place
        .command(&[arguments, &["--auth", "none"]].concat())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = units.place.path("journal");
    for _ in 0..600 {
        if journal.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(journal.exists());
    units.target.with_engine(|engine| engine.set_service_time(WRITE, Duration::ZERO));
}

/// A run that is interrupted leaves a journal, and the next one begins where that says.
#[test]
fn an_interrupted_copy_goes_on() {
    let length = 200 * MIB;
    let units = Units::new(vec![unit(0, length, 512)]);
    let data = pattern(length, 1);
    units.file("data", &data);
    let copy = ["copy", "data", &units.url(0), "--resume", "journal", "--no-sparse"];
    interrupted(&units, &copy);
    let before = units.blocks(WRITE);
    let resumed = units.run(&[&copy[..], &["--output", "json"]].concat()).expect(0);
    let report = parsed(&resumed);
    let earlier = report["resumed_bytes"].as_u64().unwrap();
    assert!(earlier > 0 && earlier + report["bytes"].as_u64().unwrap() == length, "{report}");
    assert_eq!((units.blocks(WRITE) - before) * 512, length - earlier);
    assert!(units.medium(0, data.len()) == data);
    assert!(!units.place.path("journal").exists());
}

/// A journal of another copy is refused, and so is one whose source has changed.
#[test]
fn a_journal_of_another_copy_is_refused() {
    let units = Units::new(vec![unit(0, 200 * MIB, 512), unit(1, 200 * MIB, 512)]);
    let data = pattern(200 * MIB, 1);
    units.file("data", &data);
    interrupted(&units, &["copy", "data", &units.url(0), "--resume", "journal", "--no-sparse"]);
    let resume = |unit: u16, more: &[&str]| {
        units.run(&[&["copy", "data", &units.url(unit), "--resume", "journal"], more].concat())
    };
    resume(1, &[]).expect(10).complains("journal is not the journal of this copy");
    resume(0, &["--from", "1"]).expect(10);
    resume(0, &["--length", "1M"]).expect(10);
    journal_with(&units, 200 * MIB);
    resume(0, &[]).expect(0);
    units.file("journal", b"something else");
    resume(0, &[]).expect(10).complains("it has another form");
    assert_eq!(fs::read(units.place.path("journal")).unwrap(), b"something else");
}

/// A file of which the journal says more than there is was changed by somebody else.
#[test]
fn a_destination_that_became_shorter_is_refused() {
    let units = Units::new(vec![unit(0, MIB, 512)]);
    units.file("data", &pattern(MIB, 1));
    let copy = ["copy", "data", "copy", "--resume", "journal"];
    let absolute = |name: &str| units.place.path(name).canonicalize().unwrap().display().to_string();
    units.run(&copy).expect(0);
    let (source, destination) = (absolute("data"), absolute("copy"));
    let found = units.place.path("data").metadata().unwrap();
    let changed = found.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    let journal = serde_json::json!({
        "version": 1,
        "source": format!("{source}, 1048576 bytes, changed at {changed:?}"),
        "destination": destination,
        "from": 0, "to": 0, "length": MIB, "done": 1000,
    });
    for (length, code) in [(999, 10), (1000, 0)] {
        units.file("journal", &serde_json::to_vec(&journal).unwrap());
        units.file("copy", &pattern(length, 1));
        units.run(&copy).expect(code);
    }
    assert!(fs::read(units.place.path("copy")).unwrap() == pattern(MIB, 1));
}

/// A copy that loses its session goes on in another one.
#[test]
fn a_copy_survives_the_loss_of_its_session() {
    let length = 100 * MIB;
    let units = Units::new(vec![unit(0, length, 512), unit(1, length, 512)]);
    let data = pattern(length, 1);
    units.fill(0, 0, &data);
    units.target.with_engine(|engine| engine.set_service_time(WRITE, Duration::from_millis(100)));
    let ends = [&units.url(0)[..], &units.url(1)];
    let arguments = [&["copy"], &ends[..], &["--offload", "never", "--verify", "--auth", "none"]].concat();
    let child = units.place.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..2000 {
        if units.blocks(WRITE) > 10 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(units.target.cut_sessions(), 1);
    let outcome = child.wait_with_output().unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    assert!(units.medium(1, data.len()) == data);
    assert_eq!(units.target.report().normal_sessions, 2);
}
