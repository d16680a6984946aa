//! Hints about failed commands, by their sense data (SPC-4, 4.5 and annex F).

use std::ops::RangeInclusive;

use iscsi_initiator::scsi::{SenseData, SenseKey};

use super::{BECOMING_READY, NO_SUCH_UNIT, OUT_OF_RANGE};

/// Sense data with what to do about them.
struct Row {
    key: SenseKey,
    /// The additional sense code; `None` for all of them.
    asc: Option<u8>,
    /// Its qualifiers.
    ascq: RangeInclusive<u8>,
    hint: &'static str,
}

/// All qualifiers.
const ANY: RangeInclusive<u8> = 0..=u8::MAX;

const fn row(key: SenseKey, asc: u8, ascq: RangeInclusive<u8>, hint: &'static str) -> Row {
    Row { key, asc: Some(asc), ascq, hint }
}

const fn one(key: SenseKey, asc: u8, ascq: u8, hint: &'static str) -> Row {
    row(key, asc, ascq..=ascq, hint)
}

/// Every code of a key that has no row before.
const fn all(key: SenseKey, hint: &'static str) -> Row {
    Row { key, asc: None, ascq: ANY, hint }
}

const IN_PROGRESS: &str = "the logical unit carries out an operation that takes its time: --wait-ready waits for it, and \
                           `iscsi raw URL/LUN 03 00 00 00 fc 00 --read 252` (REQUEST SENSE) may tell how much is done";
const NOT_READY: &str = "the logical unit is not ready: see the target's log for the reason";
const READ_ONLY: &str = "the logical unit is read-only: lift the write protection at the target";
const ATTENTION: &str = "the target reports an event, and did not carry the command out: send it again";
const RESERVATIONS: &str =
    "another initiator has changed the persistent reservations: `iscsi reserve list` shows them";
const DAMAGED: &str = "data on the medium are damaged: save what `iscsi read --offset --length` can still read, and look at \
                       the storage behind the logical unit";
const ALUA_STANDBY: &str = "this path is in standby: use another portal of the target (`iscsi discover` lists them, `iscsi \
                            info` shows the target port groups), or make the path active there";

/// The first row that fits counts: for each key those of single codes, in order, then the one of all codes.
const ROWS: &[Row] = &[
    one(SenseKey::NOT_READY, 0x04, 0x01, BECOMING_READY),
    one(
        SenseKey::NOT_READY,
        0x04,
        0x02,
        "the logical unit is stopped: start it at the target, or by START STOP UNIT: `iscsi raw URL/LUN 1b 00 00 00 01 00 \
         --destroy-data`",
    ),
    one(
        SenseKey::NOT_READY,
        0x04,
        0x03,
        "the logical unit is not ready until somebody intervenes at the target, whose log has the reason",
    ),
    row(SenseKey::NOT_READY, 0x04, 0x04..=0x09, IN_PROGRESS),
    one(
        SenseKey::NOT_READY,
        0x04,
        0x0a,
        "the target is changing the access state of this path: try again in a few seconds, or have --wait-ready wait for it",
    ),
    one(SenseKey::NOT_READY, 0x04, 0x0b, ALUA_STANDBY),
    one(
        SenseKey::NOT_READY,
        0x04,
        0x0c,
        "this path is unavailable: use another portal of the target (`iscsi discover` lists them, `iscsi info` shows the \
         target port groups)",
    ),
    one(SenseKey::NOT_READY, 0x04, 0x12, "the logical unit is offline: set it online at the target"),
    one(SenseKey::NOT_READY, 0x04, 0x14, IN_PROGRESS),
    one(SenseKey::NOT_READY, 0x04, 0x1b, IN_PROGRESS),
    row(SenseKey::NOT_READY, 0x3a, ANY, "put a medium into the device, or attach one at the target"),
    all(SenseKey::NOT_READY, NOT_READY),
    row(
        SenseKey::MEDIUM_ERROR,
        0x0c,
        ANY,
        "the medium does not take data at this place: look at the storage behind the logical unit before writing on",
    ),
    row(SenseKey::MEDIUM_ERROR, 0x11, ANY, DAMAGED),
    row(
        SenseKey::MEDIUM_ERROR,
        0x31,
        ANY,
        "the format of the medium is damaged, as after a FORMAT UNIT that was interrupted: it has to be formatted again",
    ),
    all(SenseKey::MEDIUM_ERROR, DAMAGED),
    all(
        SenseKey::HARDWARE_ERROR,
        "a device behind the logical unit has failed: see the target's log, and the state of its storage",
    ),
    one(
        SenseKey::ILLEGAL_REQUEST,
        0x1a,
        0x00,
        "the target expects parameters of another length: the block states it, and --write sends it",
    ),
    one(
        SenseKey::ILLEGAL_REQUEST,
        0x20,
        0x00,
        "the logical unit does not support this command: `iscsi info` shows the standards that it claims",
    ),
    row(SenseKey::ILLEGAL_REQUEST, 0x21, ANY, OUT_OF_RANGE),
    one(
        SenseKey::ILLEGAL_REQUEST,
        0x24,
        0x00,
        "the logical unit does not support a field of this command, or its value; `iscsi raw` shows which field, if the target \
         tells",
    ),
    row(SenseKey::ILLEGAL_REQUEST, 0x25, ANY, NO_SUCH_UNIT),
    one(
        SenseKey::ILLEGAL_REQUEST,
        0x26,
        0x04,
        "the reservation has another type: `iscsi reserve list` shows it, and `iscsi reserve release` without --type takes it \
         from there",
    ),
    row(
        SenseKey::ILLEGAL_REQUEST,
        0x26,
        ANY,
        "the logical unit does not support one of the parameters: leave out what is optional, such as --aptpl of `iscsi \
         reserve register`",
    ),
    row(
        SenseKey::ILLEGAL_REQUEST,
        0x2c,
        ANY,
        "the command does not fit the state of the logical unit: another one has to come before, or has to end",
    ),
    one(
        SenseKey::ILLEGAL_REQUEST,
        0x55,
        0x04,
        "the logical unit takes no more registrations: `iscsi reserve list` shows them, and `iscsi reserve preempt` removes \
         those of initiators that are gone",
    ),
    row(
        SenseKey::ILLEGAL_REQUEST,
        0x55,
        ANY,
        "the target is short of resources: try again later, with fewer commands or sessions at once",
    ),
    row(
        SenseKey::UNIT_ATTENTION,
        0x28,
        ANY,
        "the medium may have been changed: check with `iscsi info` that it is the right one",
    ),
    row(
        SenseKey::UNIT_ATTENTION,
        0x29,
        ANY,
        "the logical unit was reset or lost power: send the command again, and write again what was not flushed",
    ),
    row(SenseKey::UNIT_ATTENTION, 0x2a, 0x03..=0x05, RESERVATIONS),
    one(
        SenseKey::UNIT_ATTENTION,
        0x2a,
        0x06,
        "the access state of a path has changed: `iscsi info` shows the target port groups",
    ),
    one(
        SenseKey::UNIT_ATTENTION,
        0x2a,
        0x09,
        "the capacity of the logical unit has changed: `iscsi info` shows it",
    ),
    one(
        SenseKey::UNIT_ATTENTION,
        0x38,
        0x07,
        "the storage behind the logical unit is almost full: free or add space at the target",
    ),
    one(
        SenseKey::UNIT_ATTENTION,
        0x3f,
        0x0e,
        "the target has other logical units than before: `iscsi luns` lists them",
    ),
    all(SenseKey::UNIT_ATTENTION, ATTENTION),
    one(
        SenseKey::DATA_PROTECT,
        0x27,
        0x02,
        "the logical unit is read-only by a setting of its own (SWP in the control mode page): clear it at the target",
    ),
    one(
        SenseKey::DATA_PROTECT,
        0x27,
        0x07,
        "the storage behind the logical unit is full: free or add space at the target",
    ),
    row(SenseKey::DATA_PROTECT, 0x27, ANY, READ_ONLY),
    all(
        SenseKey::DATA_PROTECT,
        "the logical unit protects these blocks: see the target's settings for the reason",
    ),
    all(
        SenseKey::COPY_ABORTED,
        "the target could not finish the copy: the source or the destination refused, or cannot be reached from there",
    ),
    row(
        SenseKey::ABORTED_COMMAND,
        0x10,
        ANY,
        "protection information does not fit the data: data or reference tags are damaged, or were written without them",
    ),
    row(
        SenseKey::ABORTED_COMMAND,
        0x55,
        ANY,
        "the target is short of resources: try again later, with fewer commands or sessions at once",
    ),
    all(
        SenseKey::ABORTED_COMMAND,
        "the target aborted the command: send it again; if that fails too, the reason is in the target's log",
    ),
    all(
        SenseKey::MISCOMPARE,
        "the data on the logical unit differ from those of the command; `iscsi raw` shows the place, if the target tells",
    ),
];

/// What to do about an error of an earlier command.
const DEFERRED: &str = "the error is that of an earlier command, whose data may be lost although they were acknowledged: write \
                        them again, and flush them";

/// Returns what to do about sense data, where that is known.
pub(super) fn hint(sense: SenseData) -> Option<&'static str> {
    if sense.deferred {
        return Some(DEFERRED);
    }
    ROWS.iter().find(|row| row.fits(sense)).map(|row| row.hint)
}

impl Row {
    fn fits(&self, sense: SenseData) -> bool {
        self.key == sense.key
            && self.asc.is_none_or(|asc| asc == sense.asc)
            && self.ascq.contains(&sense.ascq)
    }
}

#[cfg(test)]
mod tests;
