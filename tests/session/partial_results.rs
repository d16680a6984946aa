//! Logical units and targets that support only some commands: available results are returned, and each missing one is
//! reported.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iscsi_initiator::{BlockDevice, Error, Flush, Lun, Session, scsi};
use iscsi_pdu::{ScsiCommand, ScsiResponse, ScsiStatus, SerialNumber, TargetPdu};
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::{
    Moment, Reply, ScriptedTarget, check_condition, data_in, parameter_data, response,
};

use crate::stage::scripted;

const TEST_UNIT_READY: u8 = 0x00;
const INQUIRY: u8 = 0x12;
const MODE_SENSE_6: u8 = 0x1a;
const READ_CAPACITY_10: u8 = 0x25;
const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
const SYNCHRONIZE_CACHE_10: u8 = 0x35;
const SYNCHRONIZE_CACHE_16: u8 = 0x91;
const READ_CAPACITY_16: u8 = 0x9e;
const REPORT_LUNS: u8 = 0xa0;

const ABORTED: Sense = Sense::new(0x0b, 0x00, 0x00);
const NOT_READY: Sense = Sense::new(0x02, 0x04, 0x01);
const PARAMETERS_CHANGED: Sense = Sense::new(0x06, 0x2a, 0x01);

/// A conforming target, except for the commands that `answer` answers.
async fn target(
    answer: impl Fn(&ScsiCommand, &Moment) -> Option<Reply> + Send + Sync + 'static,
) -> (ScriptedTarget, Session) {
    scripted(|script| script.serve_but(answer)).await
}

/// A conforming target, except for these operations, which end with this sense data.
async fn refusing(operations: &'static [u8], sense: Sense) -> (ScriptedTarget, Session) {
    target(move |command, moment| {
        operations.contains(&command.cdb[0]).then(|| check_condition(command, moment, sense))
    })
    .await
}

/// Standard INQUIRY data of a disk, or of a removable medium.
fn standard_inquiry(removable: bool) -> Vec<u8> {
    let mut data = vec![0, if removable { 0x80 } else { 0 }, 5, 2, 31, 0, 0, 2];
    data.extend(b"VENDOR  PRODUCT         0001");
    data
}

/// True if the command is INQUIRY for this page of vital product data.
fn asks_for_page(command: &ScsiCommand, page: u8) -> bool {
    command.cdb[..3] == [INQUIRY, 1, page]
}

pub(crate) fn commands(scripted: &ScriptedTarget, operation: u8) -> Vec<ScsiCommand> {
    let pdus = scripted.received().into_iter().filter_map(|received| received.pdu());
    pdus.filter_map(|pdu| match pdu {
        iscsi_pdu::InitiatorPdu::ScsiCommand(command) if command.cdb[0] == operation => Some(command),
        _ => None,
    })
    .collect()
}

/// A target that takes no notice of the EVPD bit sends standard INQUIRY data for every page.
#[tokio::test]
async fn targets_that_ignore_evpd() {
    for removable in [false, true] {
        let (_scripted, session) = target(move |command, moment| {
            (command.cdb[0] == INQUIRY).then(|| parameter_data(command, moment, &standard_inquiry(removable)))
        })
        .await;
        assert_eq!(session.inquiry(Lun::ZERO).await.unwrap().product, "PRODUCT");
        for error in [
            session.unit_serial_number(Lun::ZERO).await.unwrap_err(),
            session.device_identification(Lun::ZERO).await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("standard INQUIRY data"), "{error}");
            assert!(error.leaves_session_open());
        }
        // The block limits are not taken from it, and are not needed.
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        assert_eq!(disk.read_at(0, 3 << 20).await.unwrap().len(), 3 << 20);
        session.logout().await.unwrap();
    }
}

/// Whatever becomes of page 0xb0, the unit is read and written.
#[tokio::test]
async fn reading_needs_no_block_limits() {
    type Answer = fn(&ScsiCommand, &Moment) -> Reply;
    let answers: [Answer; 6] = [
        |command, moment| check_condition(command, moment, ABORTED),
        |command, moment| check_condition(command, moment, Sense::INVALID_FIELD),
        |command, moment| {
            let busy = response(command, moment, ScsiStatus::BUSY, bytes::Bytes::new());
            Reply::of(&[TargetPdu::ScsiResponse(busy)], moment.digests)
        },
        |command, moment| {
            let failed = response(command, moment, ScsiStatus::GOOD, bytes::Bytes::new());
            let failed = ScsiResponse { response: iscsi_pdu::ScsiResponseCode::TARGET_FAILURE, ..failed };
            Reply::of(&[TargetPdu::ScsiResponse(failed)], moment.digests)
        },
        |command, moment| parameter_data(command, moment, &[0, 0xb0]),
        |command, moment| parameter_data(command, moment, &[0, 0xb1, 0, 60, 0, 0, 0, 0, 0, 0, 0, 1]),
    ];
    for answer in answers {
        let (_scripted, session) =
            target(move |command, moment| asks_for_page(command, 0xb0).then(|| answer(command, moment)))
                .await;
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        disk.write_at(100, vec![7; 5000]).await.unwrap();
        assert_eq!(disk.read_at(100, 5000).await.unwrap(), vec![7; 5000]);
        assert_eq!(disk.flush().await, Ok(Flush::Synchronized));
        session.logout().await.unwrap();
    }
}

/// A limit that is stated is kept.
#[tokio::test]
async fn block_limits_are_kept() {
    let (scripted, session) = target(|command, moment| {
        let limits = [0, 0xb0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 8];
        asks_for_page(command, 0xb0).then(|| parameter_data(command, moment, &limits))
    })
    .await;
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    disk.read_at(0, 64 << 10).await.unwrap();
    let lengths = commands(&scripted, READ_10).into_iter().map(|read| read.expected_data_transfer_length);
    assert_eq!(lengths.collect::<Vec<_>>(), [8 * 512; 16]);
}

/// A unit that aborts requests for pages 0x80 and 0x83 is not taken for a unit without these pages.
#[tokio::test]
async fn pages_that_are_aborted() {
    let (_scripted, session) = target(|command, moment| {
        let asked = asks_for_page(command, 0x80) || asks_for_page(command, 0x83);
        asked.then(|| check_condition(command, moment, ABORTED))
    })
    .await;
    assert!(session.unit_serial_number(Lun::ZERO).await.unwrap_err().leaves_session_open());
    assert!(session.device_identification(Lun::ZERO).await.unwrap_err().leaves_session_open());
    // A unit without these pages answers INVALID FIELD IN CDB.
    let (_scripted, session) = target(|command, moment| {
        (command.cdb[1] == 1).then(|| check_condition(command, moment, Sense::INVALID_FIELD))
    })
    .await;
    assert_eq!(session.unit_serial_number(Lun::ZERO).await, Ok(None));
    assert_eq!(session.device_identification(Lun::ZERO).await.unwrap().designators.len(), 0);
}

/// Some units know only the long form of READ CAPACITY.
#[tokio::test]
async fn capacity_by_the_long_form_alone() {
    let (_scripted, session) = refusing(&[READ_CAPACITY_10], Sense::INVALID_OPERATION).await;
    assert_eq!(session.read_capacity(Lun::ZERO).await.unwrap().bytes(), 64 << 20);
    let (scripted, session) = refusing(&[READ_CAPACITY_10], NOT_READY).await;
    assert!(session.read_capacity(Lun::ZERO).await.is_err());
    assert_eq!(commands(&scripted, READ_CAPACITY_16).len(), 0, "another failure is no reason to ask again");
}

/// Answers each of these operations with so many unit attentions first.
async fn attentive(operations: &'static [u8], times: usize) -> (ScriptedTarget, Session) {
    let left = Arc::new(AtomicUsize::new(times));
    target(move |command, moment| {
        // Too large for the short form.
        let (huge, many) = ([0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0], [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0]);
        let concerned = operations.contains(&command.cdb[0]);
        let takes_one = |left: usize| left.checked_sub(1);
        if concerned && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, takes_one).is_ok() {
            return Some(check_condition(command, moment, PARAMETERS_CHANGED));
        }
        match command.cdb[0] {
            READ_CAPACITY_10 => Some(parameter_data(command, moment, &huge)),
            READ_CAPACITY_16 => Some(parameter_data(command, moment, &many)),
            _ => None,
        }
    })
    .await
}

/// Unit attentions are passed over in one place for everything that is asked of a unit, up to the same bound.
#[tokio::test]
async fn unit_attentions_are_passed_over() {
    type Ask = for<'a> fn(&'a Session) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;
    let asks: [(&[u8], Ask); 8] = [
        (&[TEST_UNIT_READY], |session| Box::pin(session.test_unit_ready(Lun::ZERO))),
        (&[INQUIRY], |session| Box::pin(async { session.inquiry(Lun::ZERO).await.map(drop) })),
        (&[INQUIRY], |session| Box::pin(async { session.unit_serial_number(Lun::ZERO).await.map(drop) })),
        (&[INQUIRY], |session| Box::pin(async { session.device_identification(Lun::ZERO).await.map(drop) })),
        (&[READ_CAPACITY_10], |session| Box::pin(async { session.read_capacity(Lun::ZERO).await.map(drop) })),
        (&[READ_CAPACITY_16], |session| Box::pin(async { session.read_capacity(Lun::ZERO).await.map(drop) })),
        (&[REPORT_LUNS, INQUIRY], |session| Box::pin(async { session.report_luns().await.map(drop) })),
        (&[SYNCHRONIZE_CACHE_10], |session| {
            Box::pin(async { session.synchronize_cache(Lun::ZERO).await.map(drop) })
        }),
    ];
    for (operations, ask) in asks {
        let (scripted, session) = attentive(operations, 8).await;
        ask(&session).await.unwrap_or_else(|error| panic!("{operations:x?}: {error}"));
        assert_eq!(commands(&scripted, operations[0]).len(), 9);
        session.logout().await.unwrap();
        let (_scripted, session) = attentive(operations, 1000).await;
        let error = ask(&session).await.unwrap_err();
        assert!(matches!(error, Error::Command { .. }), "{operations:x?}: {error}");
    }
}

/// So are those on MODE SENSE, on the way to what a unit without SYNCHRONIZE CACHE says of its cache.
#[tokio::test]
async fn unit_attentions_on_mode_sense_are_passed_over() {
    let attentions = AtomicUsize::new(0);
    let (_scripted, session) = target(move |command, moment| match command.cdb[0] {
        SYNCHRONIZE_CACHE_10 | SYNCHRONIZE_CACHE_16 => {
            Some(check_condition(command, moment, Sense::INVALID_OPERATION))
        }
        MODE_SENSE_6 if attentions.fetch_add(1, Ordering::Relaxed) < 2 => {
            Some(check_condition(command, moment, PARAMETERS_CHANGED))
        }
        _ => None,
    })
    .await;
    assert_eq!(session.synchronize_cache(Lun::ZERO).await, Ok(Flush::NoWriteCache));
}

/// The caching mode page with this byte of flags.
fn caching_page(flags: u8) -> [u8; 24] {
    let mut page = [0; 24];
    page[..8].copy_from_slice(&[23, 0, 0, 0, 8, 18, flags, 0]);
    page
}

/// A unit without SYNCHRONIZE CACHE has no volatile cache, unless it says that it has one.
#[tokio::test]
async fn units_without_synchronize_cache() {
    type Answer = fn(&ScsiCommand, &Moment) -> Reply;
    let cases: [(Answer, Result<Flush, Error>); 5] = [
        (|command, moment| parameter_data(command, moment, &caching_page(0x00)), Ok(Flush::NoWriteCache)),
        (|command, moment| parameter_data(command, moment, &caching_page(0x04)), Err(Error::NotFlushed)),
        (
            |command, moment| check_condition(command, moment, Sense::INVALID_OPERATION),
            Ok(Flush::NoCacheReported),
        ),
        (
            |command, moment| check_condition(command, moment, Sense::INVALID_FIELD),
            Ok(Flush::NoCacheReported),
        ),
        (|command, moment| parameter_data(command, moment, &[3, 0, 0, 0]), Ok(Flush::NoCacheReported)),
    ];
    for (answer, outcome) in cases {
        let (scripted, session) = target(move |command, moment| match command.cdb[0] {
            SYNCHRONIZE_CACHE_10 | SYNCHRONIZE_CACHE_16 => {
                Some(check_condition(command, moment, Sense::INVALID_OPERATION))
            }
            MODE_SENSE_6 => Some(answer(command, moment)),
            _ => None,
        })
        .await;
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        assert_eq!(disk.flush().await, outcome);
        assert_eq!(commands(&scripted, SYNCHRONIZE_CACHE_16).len(), 1);
        session.logout().await.unwrap();
    }
}

/// A unit may know one form only, and any other refusal is one.
#[tokio::test]
async fn flushes_that_fail() {
    let (_scripted, session) = refusing(&[SYNCHRONIZE_CACHE_10], Sense::INVALID_OPERATION).await;
    assert_eq!(session.synchronize_cache(Lun::ZERO).await, Ok(Flush::Synchronized));
    // MEDIUM ERROR, WRITE ERROR; and INVALID FIELD IN CDB of a unit that knows the command.
    for sense in [Sense::new(0x03, 0x0c, 0x00), Sense::INVALID_FIELD] {
        let (scripted, session) = refusing(&[SYNCHRONIZE_CACHE_10], sense).await;
        let error = session.synchronize_cache(Lun::ZERO).await.unwrap_err();
        assert!(matches!(error, Error::Command { command: "SYNCHRONIZE CACHE (10)", .. }), "{error}");
        assert_eq!(
            commands(&scripted, SYNCHRONIZE_CACHE_16).len() + commands(&scripted, MODE_SENSE_6).len(),
            0
        );
    }
}

/// A reset may have cost what the cache held: a flush that it interrupts is no success, though the next one is.
#[tokio::test]
async fn a_reset_reported_by_a_flush() {
    for ascq in [0, 1, 2, 3, 4] {
        let resets = AtomicUsize::new(0);
        let (_scripted, session) = target(move |command, moment| {
            let first = command.cdb[0] == SYNCHRONIZE_CACHE_10 && resets.fetch_add(1, Ordering::Relaxed) < 1;
            first.then(|| check_condition(command, moment, Sense::new(0x06, 0x29, ascq)))
        })
        .await;
        let error = session.synchronize_cache(Lun::ZERO).await.unwrap_err();
        assert!(error.to_string().contains("UNIT ATTENTION"), "{error}");
        assert_eq!(session.synchronize_cache(Lun::ZERO).await, Ok(Flush::Synchronized));
    }
}

/// RECOVERED ERROR: with all data a success that keeps its sense data and is counted, without them a failure.
#[tokio::test]
async fn recovered_errors() {
    const RECOVERED: Sense = Sense::new(0x01, 0x18, 0x00);
    for (length, whole) in [(512, true), (511, false)] {
        let (_scripted, session) = target(move |command, moment| {
            if command.cdb[0] != READ_10 {
                return None;
            }
            let data = iscsi_pdu::DataIn { has_status: false, ..data_in(command, moment, 0, length) };
            let status = ScsiStatus::CHECK_CONDITION;
            let response = response(command, moment, status, RECOVERED.to_fixed());
            let response = ScsiResponse { exp_data_sn: SerialNumber(1), ..response };
            Some(Reply::of(&[TargetPdu::DataIn(data), TargetPdu::ScsiResponse(response)], moment.digests))
        })
        .await;
        let outcome = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await;
        if whole {
            let completion = outcome.unwrap();
            assert_eq!(completion.data.len(), 512);
            assert_eq!(completion.recovered_error().unwrap().asc, 0x18);
            assert_eq!(completion.sense, RECOVERED.to_fixed());
        } else {
            assert!(matches!(outcome, Err(Error::Incomplete { .. })));
        }
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        assert!(disk.read_at(0, 1024).await.is_err(), "two blocks never come whole here");
        assert_eq!(disk.read_at(0, 512).await.is_ok(), whole);
        assert_eq!(disk.recovered_errors(), u64::from(whole));
    }
    let (_scripted, session) = refusing(&[TEST_UNIT_READY, SYNCHRONIZE_CACHE_10], RECOVERED).await;
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    assert_eq!(session.synchronize_cache(Lun::ZERO).await, Ok(Flush::Synchronized));
    // If the target did not take all the data of a write, it did not recover.
    let (_scripted, session) = refusing(&[WRITE_10], RECOVERED).await;
    let outcome = session.execute(Lun::ZERO, scsi::write_blocks(0, 600, vec![0; 600 * 512])).await;
    assert!(matches!(outcome, Err(Error::Incomplete { .. })), "{outcome:?}");
}
