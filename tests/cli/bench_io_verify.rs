//! `iscsi bench io --verify` finds data that a target lost, moved or changed, and only those.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bytes::Bytes;
use iscsi_pdu::{ScsiCommand, ScsiStatus, TargetPdu};
use iscsi_tests::scripted_target::{Moment, Reply, Script, data_in, response};
use serde_json::Value;

use crate::bench_io::{WRITE, count, expect_consistent};
use crate::measured::{Measured, parsed};
use crate::program::{Outcome, finish};
use crate::schema::Schema;
use crate::scripted::{NONE, Scripted, open_config};

const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;

/// A run over 16 blocks of 4 KiB.
const SMALL: [&str; 4] = ["--verify", "--length", "64K", "--count"];

fn run_at(target: &Scripted, arguments: &[&str]) -> Outcome {
    let unit = format!("{}/0", target.url());
    let arguments = [&["bench", "io", &unit], &NONE[..], &SMALL, arguments, &["--output", "json"]].concat();
    finish(&mut target.place.command(&arguments))
}

/// The first mismatch of a run that found one, and the message about it.
#[track_caller]
fn mismatch(outcome: Outcome) -> (Value, String) {
    let outcome = outcome.expect(1);
    let error = outcome.error();
    assert_eq!((&error["fault"], &error["exit_code"]), (&"other".into(), &1.into()));
    let results = parsed(&outcome);
    Schema::of("bench-io").expect_documents(&results);
    expect_consistent(&results);
    let verification = &results["verification"];
    assert!(count(verification, "/mismatches") > 0, "{verification}");
    (verification["first_mismatches"][0].clone(), error["message"].as_str().unwrap().to_owned())
}

/// A target that answers the commands for which `is_broken` is true by `answer`, and all others as it should.
fn broken(
    operation: u8,
    is_broken: impl Fn(u32) -> bool + Send + Sync + 'static,
    answer: impl Fn(&ScsiCommand, &Moment) -> TargetPdu + Send + Sync + 'static,
) -> Scripted {
    let number = AtomicU32::new(0);
    Scripted::after_login(|script| {
        script.serve_but(move |command, moment| {
            let is_it = command.cdb[0] == operation && is_broken(number.fetch_add(1, Ordering::Relaxed));
            is_it.then(|| Reply::of(&[answer(command, moment)], moment.digests))
        })
    })
}

fn good(command: &ScsiCommand, moment: &Moment) -> TargetPdu {
    TargetPdu::ScsiResponse(response(command, moment, ScsiStatus::GOOD, Bytes::new()))
}

fn lba(command: &ScsiCommand) -> u64 {
    u32::from_be_bytes(command.cdb[2..6].try_into().unwrap()).into()
}

#[test]
fn a_target_that_keeps_its_data_is_verified_in_every_way() {
    let measured = Measured::open();
    for order in [&[][..], &["--sequential"]] {
        for mix in [&["--write"][..], &["--mixed", "60"]] {
            let arguments = ["--destroy-data", "--verify", "--length", "256K", "--count", "300"];
            let more = ["--depth", "4", "--sessions", "2"];
            let results = measured.io_results(&[mix, order, &arguments, &more].concat());
            expect_consistent(&results);
            let verification = &results["verification"];
            assert_eq!(verification["complete"], true, "{verification}");
            let written = count(verification, "/blocks_written");
            assert!((1..=64).contains(&written), "{verification}");
            assert_eq!(count(verification, "/right_during_run"), count(&results, "/reads/operations"));
            assert!(count(verification, "/right_during_run") > 0, "{verification}");
            assert_eq!(count(verification, "/right_at_end"), written);
            assert_eq!(count(verification, "/right_after_login"), written);
            for none in ["/mismatches", "/unreadable", "/unknown_blocks"] {
                assert_eq!(count(verification, none), 0, "{verification}");
            }
        }
    }
    measured.expect_clean_logouts();
    // Two sessions in each run, and both once more.
    assert_eq!(measured.report().normal_sessions, 4 * 4);
}

/// Data of an earlier run are not taken for those of this one, though address and generation are the same.
#[test]
fn data_of_an_earlier_run_are_told_from_those_of_this_one() {
    static LOSES: AtomicBool = AtomicBool::new(false);
    let target = broken(WRITE_10, |_| LOSES.load(Ordering::Relaxed), good);
    let arguments = ["40", "--write", "--destroy-data", "--sequential"];
    let results = parsed(&run_at(&target, &arguments).expect(0));
    assert_eq!(count(&results, "/verification/blocks_written"), 16);
    LOSES.store(true, Ordering::Relaxed);
    let (mismatch, message) = mismatch(run_at(&target, &arguments));
    assert_eq!((&mismatch["kind"], &mismatch["found"]["address"]), (&"foreign".into(), &mismatch["offset"]));
    assert!(message.contains("found a block of another run: "), "{message}");
}

/// A WRITE is acknowledged and not carried out that is, in order, the second one to its block.
#[test]
fn a_lost_write_is_found_as_an_earlier_generation() {
    let target = broken(WRITE_10, |number| number == 20, good);
    let (mismatch, message) =
        mismatch(run_at(&target, &["30", "--mixed", "1", "--destroy-data", "--sequential"]));
    assert_eq!((&mismatch["kind"], &mismatch["offset"]), (&"stale".into(), &mismatch["found"]["address"]));
    let (expected, found) = (count(&mismatch, "/expected/generation"), count(&mismatch, "/found/generation"));
    assert_eq!(expected, found + 1, "{mismatch}");
    let part = format!("first at offset {}: expected generation {expected} of address", mismatch["offset"]);
    assert!(message.contains(&part), "{message}");
    let part = format!("an earlier write to this address: generation {found} of address");
    assert!(message.contains(&part), "{message}");
}

#[test]
fn a_block_that_was_never_written_is_found() {
    let target = broken(WRITE_10, |number| number == 3, good);
    let (mismatch, _) = mismatch(run_at(&target, &["14", "--write", "--destroy-data", "--sequential"]));
    assert_eq!((&mismatch["kind"], count(&mismatch, "/found/generation")), (&"damaged".into(), 0));
    assert!(count(&mismatch, "/offset").is_multiple_of(4096), "{mismatch}");
}

/// The same data for every READ.
#[test]
fn data_that_were_changed_are_found_with_their_checksums() {
    let target = broken(
        READ_10,
        |_| true,
        |command, moment| {
            let length = usize::try_from(command.expected_data_transfer_length).unwrap();
            TargetPdu::DataIn(data_in(command, moment, 0, length))
        },
    );
    let outcome = run_at(&target, &["40", "--mixed", "50", "--destroy-data"]);
    let results = parsed(&outcome);
    let cause = &results["causes"][0];
    // Every read of the run was wrong, and every block that was not read then was wrong at the end.
    assert_eq!(cause["cause"], "the data are not those that were written");
    assert_eq!((count(&results, "/reads/operations"), &cause["exit_code"]), (0, &1.into()));
    assert_eq!(count(&results, "/verification/right_at_end"), 0);
    let (mismatch, message) = mismatch(outcome);
    assert_eq!(
        (&mismatch["kind"], &mismatch["found"]["checksum"]),
        (&"damaged".into(), &"dadadadadadadada".into())
    );
    assert_ne!(mismatch["found_computed_checksum"], mismatch["found"]["checksum"]);
    assert!(message.contains("with checksum dadadadadadadada where its data have "), "{message}");
}

/// A target that answers READs with what `change` makes of the data of all WRITEs, by their first logical block.
fn rereading(change: impl Fn(u64, &BTreeMap<u64, Bytes>) -> Vec<u8> + Send + Sync + 'static) -> Scripted {
    let written = Mutex::new(BTreeMap::new());
    Scripted::after_login(|script| {
        script.serve_but(move |command, moment| {
            let mut written = written.lock().unwrap();
            if command.cdb[0] == WRITE_10 {
                written.insert(lba(command), command.data.clone());
            }
            (command.cdb[0] == READ_10).then(|| {
                let mut answer = data_in(command, moment, 0, 0);
                answer.data = change(lba(command), &written).into();
                Reply::of(&[TargetPdu::DataIn(answer)], moment.digests)
            })
        })
    })
}

/// One bit in the fourth logical block of each block of the benchmark.
#[test]
fn the_offset_is_that_of_the_logical_block() {
    let target = rereading(|lba, written| {
        let mut data = written[&lba].to_vec();
        data[3 * 512 + 100] ^= 1;
        data
    });
    let arguments = ["5", "--write", "--destroy-data", "--sequential", "--offset", "1K"];
    let (mismatch, _) = mismatch(run_at(&target, &arguments));
    let offset = count(&mismatch, "/offset");
    assert_eq!(((offset - 1024) % 4096, count(&mismatch, "/expected/address")), (3 * 512, offset));
    assert_eq!((&mismatch["kind"], &mismatch["found"]), (&"damaged".into(), &mismatch["expected"]));
}

/// A target that confuses two addresses.
#[test]
fn a_block_of_another_address_is_told_from_a_lost_one() {
    let target = rereading(|lba, written| written.get(&(lba ^ 1)).unwrap_or(&written[&lba]).to_vec());
    let arguments = ["40", "--write", "--destroy-data", "--sequential", "--block-size", "512"];
    let (mismatch, message) = mismatch(run_at(&target, &arguments));
    assert_eq!(mismatch["kind"], "misplaced");
    assert_eq!(count(&mismatch, "/found/address"), count(&mismatch, "/offset") ^ 512);
    assert!(message.contains("found a block of another address: generation 1 of address "), "{message}");
}

/// The medium of the first session is not that of the next one: what is read at the end is right, and lost after a login.
#[test]
fn data_that_do_not_outlive_a_session_are_found_after_another_login() {
    let script = || Script::new().log_in(open_config()).serve();
    let target = Scripted::each(|_| vec![script(), script()]);
    let outcome = run_at(&target, &["40", "--write", "--destroy-data"]);
    let results = parsed(&outcome);
    let verification = &results["verification"];
    let written = count(verification, "/blocks_written");
    assert_eq!(
        (count(verification, "/right_at_end"), count(verification, "/right_after_login")),
        (written, 0)
    );
    assert_eq!((count(verification, "/mismatches"), count(&results, "/failures")), (written, 0));
    mismatch(outcome);
}

/// Whatever share of failures is permitted.
#[test]
fn wrong_data_are_never_permitted() {
    let target = broken(WRITE_10, |number| number == 3, good);
    let arguments = ["14", "--write", "--destroy-data", "--sequential", "--allow-failures", "100%"];
    mismatch(run_at(&target, &arguments));
}

/// The target ends all sessions in the middle of the run: each is replaced, and what was acknowledged is still there. Without
/// recovery the commands that are in flight fail.
#[test]
fn lost_sessions_are_replaced_and_their_data_verified() {
    for (option, failed) in [(None, 0..=0), (Some("--no-recovery"), 1..=16)] {
        let measured = Measured::open();
        let arguments = [
            &WRITE[..],
            &["--verify", "--length", "1M", "--duration", "2", "--depth", "4", "--sessions", "2"],
            &["--allow-failures", "50%", "--output", "json"],
            option.as_slice(),
        ];
        let child = crate::measured::start(&mut measured.io_command(&arguments.concat()));
        measured.wait_for_sessions(2);
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert_eq!(measured.cut_sessions(), 2);
        let outcome = crate::measured::end(child).expect(0);
        assert_eq!(outcome.stderr.contains("logged in again"), option.is_none(), "{}", outcome.stderr);
        let results = parsed(&outcome);
        assert_eq!(count(&results, "/reconnects"), 2);
        assert!(failed.contains(&count(&results, "/failures")), "{results}");
        expect_verified(&results);
        // Two at first, two in their place, and two to read everything back.
        assert_eq!(measured.report().normal_sessions, 6);
    }
}

/// Everything was read back and was right, but for blocks whose contents nobody knows.
fn expect_verified(results: &serde_json::Value) {
    let (failures, verification) = (count(results, "/failures"), &results["verification"]);
    assert_eq!((&verification["complete"], count(verification, "/mismatches")), (&true.into(), 0));
    let unknown = count(verification, "/unknown_blocks");
    assert!(
        unknown <= failures
            && count(verification, "/right_after_login") + unknown >= count(verification, "/blocks_written"),
        "{verification}"
    );
}
