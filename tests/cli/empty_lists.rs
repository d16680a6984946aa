//! A list without anything in it says so: one line on standard error, and `[]` in JSON.

use iscsi_tests::ram_disk::{Config, RamDisk, Running, Target};
use tokio::runtime::Runtime;

use crate::program::{Place, TARGET, finish};

fn serve(config: Config) -> (Runtime, Running) {
    let runtime = Runtime::new().unwrap();
    let running = runtime.block_on(RamDisk::serve(config)).unwrap();
    (runtime, running)
}

#[track_caller]
fn says_that_it_is_empty(place: &Place, arguments: &[&str], line: &str) {
    let table = finish(&mut place.command(arguments)).expect(0);
    assert_eq!(table.stdout, "");
    assert_eq!(table.stderr.lines().last(), Some(line), "{}", table.stderr);
    let json = finish(&mut place.command(&[arguments, &["--output", "json"]].concat())).expect(0);
    assert_eq!(json.stdout, "[]\n");
    assert!(!json.stderr.contains(line), "{}", json.stderr);
}

#[test]
fn a_portal_without_targets() {
    let (_runtime, running) = serve(Config::with_targets([]));
    let portal = running.portal().to_string();
    let line = format!("note: no targets at {portal}");
    says_that_it_is_empty(&Place::new(), &["discover", &portal, "--auth", "none"], &line);
}

#[test]
fn a_target_without_logical_units() {
    let target = Target { units: Vec::new(), ..Target::new(TARGET.parse().unwrap()) };
    let (_runtime, running) = serve(Config::with_targets([target]));
    let url = format!("iscsi://{}/{TARGET}", running.portal());
    says_that_it_is_empty(&Place::new(), &["luns", &url, "--auth", "none"], "note: no logical units");
}

#[test]
fn a_store_without_credentials() {
    says_that_it_is_empty(&Place::new(), &["secret", "list"], "note: no stored credentials");
}
