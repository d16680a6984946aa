//! Quirks of real targets on the SCSI level: the table in the crate page, and the tests of its rows that need the target.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use iscsi_initiator::scsi::{self, Completion, RawCommand, SenseData, SenseKey, Transfer};
use iscsi_initiator::{
    AuthenticationRequest, BlockDevice, Config, Error, Initiator, Lun, LunListOrigin, Portal, Session,
};
use iscsi_secrets::MemoryStore;
use iscsi_tests::external_targets::{Tgt, TgtTarget};

use crate::stage::{Daemon, Stage};

const README: &str = include_str!("../../crates/iscsi-initiator/README.md");
const THIS_FILE: &str = "tests/interop/scsi_quirks.rs";
/// Peripheral qualifier of a LUN without a device.
const NO_DEVICE: u8 = 3;
/// Device type of a storage array controller.
const CONTROLLER: u8 = 0x0c;

pub(crate) fn config() -> Config {
    Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap()
}

pub(crate) async fn log_in(portal: SocketAddr, target: &str) -> Session {
    log_in_with(config(), portal, target).await
}

pub(crate) async fn log_in_with(config: Config, portal: SocketAddr, target: &str) -> Session {
    let portal: Portal = portal.to_string().parse().unwrap();
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    initiator.login(&target.parse().unwrap(), &portal, &AuthenticationRequest::default()).await.unwrap()
}

/// A session to the target of a daemon that requires no authentication, and the LUN of its disk.
pub(crate) async fn session_with(daemon: Daemon) -> (Stage, Session, Lun) {
    let stage = Stage::of(daemon);
    let session = log_in(stage.portal, &stage.iqn("open")).await;
    let disk = lun(stage.lun);
    (stage, session, disk)
}

pub(crate) fn lun(number: u16) -> Lun {
    Lun::from_number(number).unwrap()
}

/// The sense key, code and qualifier of a failed command.
#[track_caller]
fn sense_of<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (SenseKey, u8, u8) {
    match outcome {
        Err(Error::Command { sense: Some(SenseData { key, asc, ascq, .. }), .. }) => (key, asc, ascq),
        other => panic!("{other:?}"),
    }
}

async fn request_sense(session: &Session, lun: Lun) -> Result<Completion, Error> {
    const LENGTH: u8 = 18;
    let command = RawCommand::new("REQUEST SENSE", 0x03, Transfer::Read(LENGTH.into())).with(4, &[LENGTH]);
    session.execute(lun, command.once()).await
}

/// REQUEST SENSE should return the condition with status GOOD and clear it. Only another command clears it at tgt.
#[tokio::test]
async fn tgt_keeps_a_unit_attention_through_request_sense() {
    const LUNS_CHANGED: (SenseKey, u8, u8) = (SenseKey::UNIT_ATTENTION, 0x3f, 0x0e);
    let tgt = Tgt::builder().target(TgtTarget::named("disk")).start();
    let (session, disk) = (log_in(tgt.portal(), &tgt.iqn("disk")).await, lun(TgtTarget::FILE_LUN));
    session.test_unit_ready(disk).await.unwrap();
    // A new logical unit raises a unit attention on all others.
    let unit = ["--tid", "1", "--lun", "3", "--bstype", "null", "--backing-store", "/dev/null"];
    tgt.admin(&[&["--mode", "logicalunit", "--op", "new"], unit.as_slice()].concat());
    for _ in 0..2 {
        assert_eq!(sense_of(request_sense(&session, disk).await), LUNS_CHANGED);
    }
    assert_eq!(
        sense_of(session.execute(disk, scsi::RawCommand::from(scsi::TestUnitReady).once()).await),
        LUNS_CHANGED
    );
    request_sense(&session, disk).await.unwrap();
    // The library repeats the command instead.
    assert!(session.list_luns().await.unwrap().luns.contains(&lun(3)));
    session.logout().await.unwrap();
}

#[tokio::test]
async fn tgt_and_istgt_begin_with_a_unit_attention() {
    const POWER_ON: (SenseKey, u8, u8) = (SenseKey::UNIT_ATTENTION, 0x29, 0x00);
    for daemon in [Daemon::Tgt, Daemon::Istgt] {
        let (stage, session, disk) = session_with(daemon).await;
        let first = session.execute(disk, scsi::RawCommand::from(scsi::TestUnitReady).once()).await;
        assert_eq!(sense_of(first), POWER_ON, "{daemon:?}");
        session.execute(disk, scsi::TestUnitReady.into()).await.unwrap();
        // A user of the library does not notice.
        let session = log_in(stage.portal, &stage.iqn("open")).await;
        BlockDevice::open(&session, disk).await.unwrap().read_at(0, 512).await.unwrap();
    }
}

#[tokio::test]
async fn tgt_has_a_controller_at_lun_0() {
    let (_stage, session, disk) = session_with(Daemon::Tgt).await;
    assert_eq!(session.list_luns().await.unwrap().luns, [Lun::ZERO, disk]);
    let controller = session.inquiry(Lun::ZERO).await.unwrap();
    assert_eq!((controller.device_type, controller.is_disk()), (CONTROLLER, false));
    let refused = BlockDevice::open(&session, Lun::ZERO).await.err().unwrap();
    assert_eq!(sense_of::<()>(Err(refused)), (SenseKey::ILLEGAL_REQUEST, 0x20, 0x00));
    BlockDevice::open(&session, disk).await.unwrap();
}

#[tokio::test]
async fn missing_units_are_described_or_refused() {
    const NOT_SUPPORTED: (SenseKey, u8, u8) = (SenseKey::ILLEGAL_REQUEST, 0x25, 0x00);
    for daemon in [Daemon::Tgt, Daemon::Istgt, Daemon::Lio] {
        let (_stage, session, disk) = session_with(daemon).await;
        let inquiry = session.inquiry(lun(99)).await;
        if matches!(daemon, Daemon::Lio) {
            assert_eq!(sense_of(inquiry), NOT_SUPPORTED);
        } else {
            let inquiry = inquiry.unwrap();
            assert_eq!((inquiry.peripheral_qualifier, inquiry.is_disk()), (NO_DEVICE, false), "{daemon:?}");
        }
        let refused = BlockDevice::open(&session, lun(99)).await.err().unwrap();
        assert_eq!(sense_of::<()>(Err(refused)), NOT_SUPPORTED, "{daemon:?}");
        session.test_unit_ready(disk).await.unwrap();
    }
}

#[tokio::test]
async fn istgt_sends_standard_data_for_pages_of_missing_units() {
    let (_stage, session, disk) = session_with(Daemon::Istgt).await;
    let error = session.unit_serial_number(lun(99)).await.unwrap_err();
    assert!(matches!(error, Error::InvalidResponse { .. }) && error.leaves_session_open(), "{error}");
    assert!(session.unit_serial_number(disk).await.unwrap().is_some());
}

#[tokio::test]
async fn istgt_reports_errors_without_sense_data() {
    let (_stage, session, disk) = session_with(Daemon::Istgt).await;
    let beyond = session.execute(disk, scsi::read_blocks(u64::from(u32::MAX), 1, 512)).await;
    assert!(matches!(beyond, Err(Error::Ambiguous { command: "READ (10)", .. })), "{beyond:?}");
    // Another session has taken over.
    session.execute(disk, scsi::read_blocks(0, 1, 512)).await.unwrap();
    assert_eq!(session.state().recoveries, 1);
}

#[tokio::test]
async fn no_target_has_the_report_luns_unit() {
    for daemon in [Daemon::Tgt, Daemon::Istgt, Daemon::Lio] {
        let (_stage, session, disk) = session_with(daemon).await;
        let refused = session.send(Lun::REPORT_LUNS, &scsi::ReportLuns::default()).await;
        assert_eq!(sense_of(refused), (SenseKey::ILLEGAL_REQUEST, 0x25, 0x00), "{daemon:?}");
        let list = session.list_luns().await.unwrap();
        assert!(list.luns.contains(&disk) && list.origin == LunListOrigin::Lun0, "{daemon:?}: {list:?}");
    }
}

/// The cells of each row of the table.
fn rows() -> Vec<Vec<&'static str>> {
    let (_, section) = README.split_once("\n## SCSI quirks of targets\n").expect("a section about quirks");
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    lines.map(|line| line.split(" | ").collect()).skip(2).collect()
}

/// The tests that the last cell of a row names, as `file::function`.
fn tests_of(row: &[&'static str]) -> impl Iterator<Item = (&'static str, &'static str)> {
    let named = row.last().unwrap().split('`').skip(1).step_by(2);
    named.map(|test| test.split_once("::").unwrap_or_else(|| panic!("{test} is no file::function")))
}

/// Whether a function is there, directly after an attribute that makes it a test.
fn is_test(file: &str, function: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    ["#[test]\nfn", "#[tokio::test]\nasync fn"]
        .iter()
        .any(|begin| source.contains(&format!("{begin} {function}(")))
}

#[test]
fn every_row_of_the_table_names_tests_that_exist() {
    let rows = rows();
    assert!(rows.len() > 10, "{} rows", rows.len());
    for row in &rows {
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(tests_of(row).count() > 0, "no test: {row:?}");
        for (file, function) in tests_of(row) {
            assert!(is_test(file, function), "{file} has no test {function}");
        }
    }
}

/// Every test of a quirk in this file has its row.
#[test]
fn every_quirk_tested_here_is_in_the_table() {
    let rows = rows();
    let named: BTreeSet<_> =
        rows.iter().flat_map(|row| tests_of(row)).filter(|(file, _)| *file == THIS_FILE).collect();
    let tested: BTreeSet<_> = include_str!("scsi_quirks.rs")
        .split("#[tokio::test]\nasync fn ")
        .skip(1)
        .filter_map(|rest| Some((THIS_FILE, rest.split_once('(')?.0)))
        .collect();
    assert_eq!(named, tested);
}
