//! The tables against the commands of the library, and row by row.

use iscsi_initiator::scsi::*;

use super::*;

/// The name that the table has for a typed command, and whether it only reads.
fn known<C: Command>(command: &C) -> (&'static str, &'static str, bool) {
    let KnownCommand { name, only_reads } = KnownCommand::of(&command.cdb());
    (C::NAME, name, only_reads)
}

fn plain(operation_code: u8, second: u8) -> KnownCommand {
    KnownCommand::of(&Cdb::new(operation_code).with(1, &[second]))
}

#[test]
fn commands_of_the_library_that_only_read_need_no_consent() {
    for (typed, name, only_reads) in [
        known(&TestUnitReady),
        known(&StandardInquiry::default()),
        known(&VitalProductData::new(0x80)),
        known(&ReportLuns::default()),
        known(&ModeSense6::default()),
        known(&ModeSense10::default()),
        known(&LogSense::default()),
        known(&RequestSense::default()),
        known(&ReadBufferDescriptor::default()),
        known(&ReportAllOperationCodes::default()),
        known(&ReportOperationCode::default()),
        known(&ReportTaskManagementFunctions::default()),
        known(&ReadKeys::default()),
        known(&ReadReservation),
        known(&ReadFullStatus::default()),
        known(&ReportReservationCapabilities),
        known(&ReportTargetPortGroups::default()),
        known(&ReadCapacity10),
        known(&ReadCapacity16),
        known(&GetLbaStatus::default()),
        known(&ReadDefectData10::default()),
        known(&ReadDefectData12::default()),
        known(&PreFetch10::default()),
        known(&PreFetch16::default()),
        known(&Read6::default()),
        known(&Read10::default()),
        known(&Read12::default()),
        known(&Read16::default()),
        known(&Verify10::default()),
        known(&Verify12::default()),
        known(&Verify16::default()),
    ] {
        assert!(only_reads && typed.starts_with(name.split(" (").next().unwrap()), "{typed}: {name}");
    }
}

#[test]
fn commands_of_the_library_that_change_something_need_consent() {
    for (typed, name, only_reads) in [
        known(&Write6::default()),
        known(&Write10::default()),
        known(&Write12::default()),
        known(&Write16::default()),
        known(&WriteAndVerify10::default()),
        known(&WriteAndVerify12::default()),
        known(&WriteAndVerify16::default()),
        known(&WriteAtomic16::default()),
        known(&WriteSame10::default()),
        known(&WriteSame16::default()),
        known(&CompareAndWrite::default()),
        known(&OrWrite16::default()),
        known(&Unmap::default()),
        known(&SynchronizeCache10::default()),
        known(&SynchronizeCache16::default()),
        known(&Sanitize::new(SanitizeOperation::BlockErase)),
        known(&ModeSelect6::default()),
        known(&ModeSelect10::default()),
        known(&StartStopUnit::default()),
        known(&PreventAllowMediumRemoval::default()),
        known(&WriteBuffer::new(BufferMode::DATA, vec![0])),
        known(&Reserve6),
        known(&Release6),
        known(&PersistentReserveOut::Clear { key: 1 }),
    ] {
        assert!(!only_reads && name == typed, "{typed}: {name}");
    }
}

/// What a lost session may undo is no read.
#[test]
fn no_row_of_the_reads_is_a_write_of_the_library() {
    for (operation_code, _, second, name) in READS {
        let cdb = Cdb::new(*operation_code).with(1, &[*second]);
        assert_ne!(Replay::of(&cdb), Replay::IfSole, "{name}");
    }
}

#[test]
fn every_row_is_found_by_its_own_block() {
    for (rows, only_reads) in [(READS, true), (CHANGES, false)] {
        for (operation_code, _, second, name) in rows {
            let found = plain(*operation_code, *second);
            // LOG SENSE that saves and the other modes of READ BUFFER share their names with rows of the reads.
            let shares_code = !only_reads && matches!(operation_code, 0x3c | 0x4d);
            let expected = KnownCommand { name, only_reads };
            assert!(found == expected || shares_code && found.name == *name, "{name}: {found:?}");
        }
    }
}

#[test]
fn rows_stand_in_order_and_once() {
    for rows in [READS, CHANGES] {
        let keys: Vec<_> = rows.iter().map(|row| (row.0, row.1, row.2)).collect();
        assert!(keys.is_sorted_by(|before, after| before < after), "{keys:x?}");
    }
}

/// Operation codes that read on CD/DVD devices and write on disks.
#[test]
fn a_code_that_writes_on_disks_is_no_read() {
    for operation_code in [0x50, 0x51, 0x52, 0x53] {
        assert!(!plain(operation_code, 0).only_reads, "{operation_code:x}");
    }
}

/// Flags and modes that make a command change something.
#[test]
fn a_read_that_saves_or_takes_a_snapshot_is_none() {
    assert!(plain(0x4d, 0x00).only_reads && !plain(0x4d, 0x01).only_reads);
    let modes: Vec<u8> = (0..0x20).filter(|mode| plain(0x3c, *mode).only_reads).collect();
    assert_eq!(modes, [0x02, 0x03, 0x0a, 0x0b]);
    for mode in 0..0x20 {
        assert_eq!(plain(0x3c, mode).name, "READ BUFFER (10)");
    }
}

/// Neighbours of service actions that only read: other commands, or none that are known.
#[test]
fn unknown_commands_and_service_actions_need_consent() {
    let unknown = KnownCommand { name: UNKNOWN, only_reads: false };
    for (operation_code, second) in [
        (0x01, 0),
        (0xc1, 0),
        (0xff, 0),
        (0x9e, 0x14),
        (0x9f, 0x10),
        (0xa3, 0x1f),
        (0xa4, 0x0b),
        (0x84, 0x04),
    ] {
        assert_eq!(plain(operation_code, second), unknown, "{operation_code:x}/{second:x}");
    }
    assert_eq!(plain(0x9e, 0xf0), plain(0x9e, 0x10));
}

#[test]
fn blocks_of_variable_length_are_told_by_their_service_action() {
    let long =
        |action: u16| KnownCommand::of(&Cdb::from_bytes(&[0x7f; 32]).unwrap().with(8, &action.to_be_bytes()));
    assert_eq!(long(0x0009), KnownCommand { name: "READ (32)", only_reads: true });
    assert_eq!(long(0x000a), KnownCommand { name: "VERIFY (32)", only_reads: true });
    for action in [0x0008, 0x000b, 0x000d, 0x0900] {
        assert!(!long(action).only_reads, "{action:x}");
    }
}
