//! Units that are busy or becoming ready: commands are repeated for as long as the options say.

use iscsi_pdu::ScsiStatus;
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::Script;

use crate::scripted::{NO_SENSE, Scripted};

const READ_10: u8 = 0x28;
const BECOMING_READY: Sense = Sense::new(0x2, 0x04, 0x01);

fn busy_once(script: Script) -> Script {
    script.scsi_status(READ_10, ScsiStatus::BUSY, NO_SENSE).serve()
}

fn becoming_ready(script: Script) -> Script {
    script.check_condition(READ_10, BECOMING_READY).serve()
}

#[test]
fn a_busy_unit_is_waited_for() {
    Scripted::after_login(busy_once).read(&[]).expect(0);
    Scripted::after_login(busy_once).read(&["--busy-timeout", "5", "--wait-ready", "0"]).expect(0);
    let outcome = Scripted::after_login(busy_once).read(&["--busy-timeout", "0"]).expect(8);
    outcome.complains("hint: the target is busy");
}

#[test]
fn a_unit_that_is_becoming_ready_is_waited_for() {
    Scripted::after_login(becoming_ready).read(&["--wait-ready", "5", "--busy-timeout", "0"]).expect(0);
    let outcome = Scripted::after_login(becoming_ready).read(&[]).expect(8);
    outcome.complains("try again in a moment, or have --wait-ready wait for it");
}

#[test]
fn waits_are_numbers_of_seconds() {
    for option in ["--wait-ready", "--busy-timeout"] {
        let outcome = Scripted::after_login(Script::serve).read(&[option, "-1"]);
        outcome.expect(2);
    }
}
