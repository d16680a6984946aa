//! Typed primary commands, each through a session to the RAM disk and back.

use std::fmt::Debug;

use iscsi_initiator::scsi::{
    BlockCharacteristics, BlockLimits, BlockProvisioning, BufferMode, CachingPage, CommandSupport,
    ControlPage, Designator, DesignatorValue, DeviceIdentification, ExtendedInquiry, InquiryPage, LogSense,
    LunSelection, MediumRemoval, ModeParameters, ModeSelect6, ModeSelect10, ModeSense6, ModeSense10,
    ModeValues, PreventAllowMediumRemoval, ReadBuffer, ReadBufferDescriptor, ReportAllOperationCodes,
    ReportLuns, ReportOperationCode, ReportTaskManagementFunctions, RequestSense, RotationRate, SenseData,
    SenseKey, StandardInquiry, StartStopUnit, SupportedVpdPages, TestUnitReady, UnitSerialNumber,
    VitalProductData, WriteBuffer, write_blocks,
};
use iscsi_initiator::{Error, Lun, Session};
use iscsi_tests::ram_disk::Running;

use crate::stage::{log_in, ram_disk, target_name};

async fn disk() -> (Running, Session) {
    let running = ram_disk().await;
    let session = log_in(running.portal()).await.unwrap();
    (running, session)
}

/// Sense key, code and qualifier of a command that failed.
#[track_caller]
fn refusal<T: Debug>(outcome: Result<T, Error>) -> (SenseKey, u8, u8) {
    match outcome {
        Err(Error::Command { sense: Some(SenseData { key, asc, ascq, .. }), .. }) => (key, asc, ascq),
        other => panic!("{other:?}"),
    }
}

const INVALID_FIELD: (SenseKey, u8, u8) = (SenseKey::ILLEGAL_REQUEST, 0x24, 0);

#[tokio::test]
async fn standard_inquiry_data_and_test_unit_ready() {
    let (_running, session) = disk().await;
    let found = session.send(Lun::ZERO, &StandardInquiry::default()).await.unwrap();
    assert_eq!((found.vendor.as_str(), found.product.as_str()), ("RAMDISK", "Virtual disk"));
    assert!(found.is_disk() && found.command_queuing && found.hierarchical_luns && !found.removable);
    assert_eq!((found.version, found.version_descriptors), (6, vec![0x00a0, 0x0460, 0x04c0, 0x0960]));
    let short = StandardInquiry { allocation_length: 36 };
    let short = session.send(Lun::ZERO, &short).await.unwrap();
    assert_eq!((short.revision.as_str(), short.version_descriptors.len()), ("0001", 0));
    session.send(Lun::ZERO, &TestUnitReady).await.unwrap();
    session.logout().await.unwrap();
}

#[tokio::test]
async fn pages_of_vital_product_data() {
    let (_running, session) = disk().await;
    let pages = session.send(Lun::ZERO, &InquiryPage::<SupportedVpdPages>::new()).await.unwrap();
    assert!([0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1].iter().all(|page| pages.contains(*page)), "{pages:x?}");
    let UnitSerialNumber(number) = session.send(Lun::ZERO, &InquiryPage::new()).await.unwrap();
    assert_eq!(Some(number.clone()), session.unit_serial_number(Lun::ZERO).await.unwrap());
    let raw = session.send(Lun::ZERO, &VitalProductData::new(0x80)).await.unwrap();
    assert_eq!(raw, number.as_bytes());
    let extended: ExtendedInquiry = session.send(Lun::ZERO, &InquiryPage::new()).await.unwrap();
    assert!(extended.simple && extended.ordered && extended.head_of_queue && !extended.volatile_cache);
    let limits: BlockLimits = session.send(Lun::ZERO, &InquiryPage::new()).await.unwrap();
    assert_eq!((limits.max_transfer, limits.optimal_transfer), (Some(32_768), Some(512)));
    let medium: BlockCharacteristics = session.send(Lun::ZERO, &InquiryPage::new()).await.unwrap();
    assert_eq!(medium.rotation_rate, RotationRate::NON_ROTATING);
    let missing = session.send(Lun::ZERO, &InquiryPage::<BlockProvisioning>::new()).await;
    assert_eq!(refusal(missing), INVALID_FIELD, "the unit is not thin");
    session.logout().await.unwrap();
}

#[tokio::test]
async fn designators_of_the_unit_and_the_target() {
    let (_running, session) = disk().await;
    let found: DeviceIdentification = session.send(Lun::ZERO, &InquiryPage::new()).await.unwrap();
    let name = DesignatorValue::Name(target_name().as_str().to_owned());
    let target = found.designators.iter().find(|designator| designator.value() == name).unwrap();
    assert_eq!((target.association, target.protocol), (2, Some(5)));
    let values: Vec<_> = found.designators.iter().map(Designator::value).collect();
    let is_t10 =
        |value: &DesignatorValue| matches!(value, DesignatorValue::T10 { vendor, .. } if vendor == "RAMDISK");
    assert!(values.iter().any(is_t10), "{values:?}");
    assert!(values.iter().any(|value| matches!(value, DesignatorValue::Naa(_))), "{values:?}");
    session.logout().await.unwrap();
}

#[tokio::test]
async fn lists_of_logical_units() {
    let (_running, session) = disk().await;
    for (selection, expected) in [
        (LunSelection::USUAL, &[Lun::ZERO][..]),
        (LunSelection::WELL_KNOWN, &[]),
        (LunSelection::ALL, &[Lun::ZERO]),
    ] {
        let found = session.send(Lun::ZERO, &ReportLuns { selection, most: 4 }).await.unwrap();
        assert_eq!((&found.luns[..], found.total), (expected, u32::try_from(expected.len()).unwrap()));
    }
    let none = session.send(Lun::ZERO, &ReportLuns { most: 0, ..ReportLuns::default() }).await.unwrap();
    assert_eq!((none.luns.len(), none.total), (0, 1), "there was space for none");
    let unknown = ReportLuns { selection: LunSelection(0x7f), ..ReportLuns::default() };
    assert_eq!(refusal(session.send(Lun::ZERO, &unknown).await), INVALID_FIELD);
    session.logout().await.unwrap();
}

/// Both forms of MODE SENSE return the same pages, and both forms of MODE SELECT change them.
#[tokio::test]
async fn mode_pages_are_read_and_changed() {
    let (_running, session) = disk().await;
    let short = session.send(Lun::ZERO, &ModeSense6::default()).await.unwrap();
    let long = session.send(Lun::ZERO, &ModeSense10::default()).await.unwrap();
    assert_eq!((&short, short.dpo_and_fua(), short.write_protected()), (&long, true, false));
    assert!(CachingPage::of(&short).is_some_and(|page| !page.write_cache_enabled));
    assert!(ControlPage::of(&short).is_some_and(|page| !page.software_write_protect));
    let values = ModeValues::CHANGEABLE;
    let changeable = ModeSense6 { page: ControlPage::CODE, values, ..ModeSense6::default() };
    let changeable = session.send(Lun::ZERO, &changeable).await.unwrap();
    assert!(ControlPage::of(&changeable).unwrap().software_write_protect);

    let protection = |is_protected: bool| {
        let mut page = short.page(ControlPage::CODE, 0).unwrap().clone();
        page.bytes[2] = if is_protected { 0x08 } else { 0 };
        ModeParameters { pages: vec![page], ..ModeParameters::default() }
    };
    session.send(Lun::ZERO, &ModeSelect6::new(&protection(true)).unwrap()).await.unwrap();
    let protected = session.send(Lun::ZERO, &ModeSense10::default()).await.unwrap();
    assert!(protected.write_protected() && ControlPage::of(&protected).unwrap().software_write_protect);
    let refused = session.execute(Lun::ZERO, write_blocks(0, 1, vec![7; 512])).await;
    assert_eq!(refusal(refused), (SenseKey::DATA_PROTECT, 0x27, 2));
    session.send(Lun::ZERO, &ModeSelect10::new(&protection(false)).unwrap()).await.unwrap();
    session.execute(Lun::ZERO, write_blocks(0, 1, vec![7; 512])).await.unwrap();
    session.send(Lun::ZERO, &ModeSelect6::default()).await.unwrap();
    let saved = ModeSense6 { values: ModeValues::SAVED, ..ModeSense6::default() };
    let refused = session.send(Lun::ZERO, &saved).await;
    assert_eq!(refusal(refused), (SenseKey::ILLEGAL_REQUEST, 0x39, 0));
    session.logout().await.unwrap();
}

/// REQUEST SENSE returns the condition that MODE SELECT of another session has raised, and takes it away.
#[tokio::test]
async fn sense_data_on_request() {
    let (running, first) = disk().await;
    let second = log_in(running.portal()).await.unwrap();
    let parameters = first.send(Lun::ZERO, &ModeSense10::default()).await.unwrap();
    for descriptor_format in [false, true] {
        first.send(Lun::ZERO, &ModeSelect10::new(&parameters).unwrap()).await.unwrap();
        let command = RequestSense { descriptor_format, ..RequestSense::default() };
        let sense = second.send(Lun::ZERO, &command).await.unwrap();
        assert_eq!(sense, SenseData::new(SenseKey::UNIT_ATTENTION, 0x2a, 1));
        assert_eq!(sense.text(), Some("MODE PARAMETERS CHANGED"));
        let sense = second.send(Lun::ZERO, &command).await.unwrap();
        assert_eq!(sense, SenseData::new(SenseKey::NO_SENSE, 0, 0));
        let own = first.send(Lun::ZERO, &command).await.unwrap();
        assert_eq!(own, SenseData::new(SenseKey::NO_SENSE, 0, 0));
    }
    for session in [first, second] {
        session.logout().await.unwrap();
    }
}

#[tokio::test]
async fn log_pages() {
    let (_running, session) = disk().await;
    let pages = session.send(Lun::ZERO, &LogSense::default()).await.unwrap();
    assert_eq!(pages.page_codes(), [0x00, 0x0d]);
    let subpages = session.send(Lun::ZERO, &LogSense { subpage: 0xff, ..LogSense::default() }).await.unwrap();
    assert_eq!(subpages.subpage_codes(), [(0, 0), (0, 0xff), (0x0d, 0)]);
    for (first_parameter, expected) in [(0, &[0, 1][..]), (1, &[1])] {
        let command = LogSense { page: 0x0d, first_parameter, ..LogSense::default() };
        let page = session.send(Lun::ZERO, &command).await.unwrap();
        let parameters = page.parameters();
        assert_eq!(parameters.iter().map(|parameter| parameter.code).collect::<Vec<_>>(), expected);
        assert!(parameters.iter().all(|parameter| parameter.number() == Some(0xff)), "not measured");
    }
    let unknown = LogSense { page: 0x3e, ..LogSense::default() };
    assert_eq!(refusal(session.send(Lun::ZERO, &unknown).await), INVALID_FIELD);
    session.logout().await.unwrap();
}

#[tokio::test]
async fn a_unit_is_stopped_and_started() {
    let (_running, session) = disk().await;
    for prevent in [MediumRemoval::PREVENTED, MediumRemoval::ALLOWED] {
        session.send(Lun::ZERO, &PreventAllowMediumRemoval { prevent }).await.unwrap();
    }
    session.send(Lun::ZERO, &StartStopUnit::default()).await.unwrap();
    let stopped = session.send(Lun::ZERO, &TestUnitReady).await;
    assert_eq!(refusal(stopped), (SenseKey::NOT_READY, 0x04, 2));
    let start = StartStopUnit { start: true, ..StartStopUnit::default() };
    session.send(Lun::ZERO, &start).await.unwrap();
    session.send(Lun::ZERO, &TestUnitReady).await.unwrap();
    let eject = StartStopUnit { load_eject: true, ..StartStopUnit::default() };
    assert_eq!(refusal(session.send(Lun::ZERO, &eject).await), INVALID_FIELD);
    session.logout().await.unwrap();
}

#[tokio::test]
async fn buffers_are_written_and_read() {
    let (_running, session) = disk().await;
    let size = session.send(Lun::ZERO, &ReadBufferDescriptor::default()).await.unwrap();
    assert_eq!((size.offset_boundary, size.capacity), (0, 4096));
    let data: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let write = WriteBuffer { offset: 1000, ..WriteBuffer::new(BufferMode::DATA, data.clone()) };
    session.send(Lun::ZERO, &write).await.unwrap();
    let mode = BufferMode::DATA;
    let read = ReadBuffer { mode, offset: 999, allocation_length: 4096, ..ReadBuffer::default() };
    let found = session.send(Lun::ZERO, &read).await.unwrap();
    assert_eq!((found.len(), found[0], &found[1..3001]), (3097, 0, &data[..]));
    session.send(Lun::ZERO, &WriteBuffer::new(BufferMode::ECHO, data.clone())).await.unwrap();
    let echo = ReadBuffer { mode: BufferMode::ECHO, allocation_length: 3000, ..ReadBuffer::default() };
    assert_eq!(session.send(Lun::ZERO, &echo).await.unwrap(), data);
    let microcode = WriteBuffer::new(BufferMode::DOWNLOAD_AND_SAVE, data);
    assert_eq!(refusal(session.send(Lun::ZERO, &microcode).await), INVALID_FIELD);
    session.logout().await.unwrap();
}

#[tokio::test]
async fn supported_commands_and_task_management_functions() {
    let (_running, session) = disk().await;
    for timeouts in [false, true] {
        let command = ReportAllOperationCodes { timeouts, ..ReportAllOperationCodes::default() };
        let all = session.send(Lun::ZERO, &command).await.unwrap();
        let inquiry = all.iter().find(|command| command.operation_code == 0x12).unwrap();
        assert_eq!((inquiry.service_action, inquiry.cdb_length), (None, 6));
        let seconds = inquiry.timeouts.map(|timeouts| timeouts.recommended_seconds);
        assert_eq!(seconds, timeouts.then_some(30));
        assert!(all.iter().any(|command| {
            (command.operation_code, command.service_action, command.cdb_length) == (0x9e, Some(0x10), 16)
        }));
        let functions = ReportTaskManagementFunctions { timeouts };
        let functions = session.send(Lun::ZERO, &functions).await.unwrap();
        assert!(functions.abort_task && functions.logical_unit_reset && functions.nexus_reset);
        assert!(functions.query_task_set && !functions.clear_aca);
        assert_eq!(functions.timeouts.map(|timeouts| timeouts.long), timeouts.then_some(300));
    }
    let report = async |operation_code, service_action| {
        let command = ReportOperationCode { operation_code, service_action, timeouts: true };
        session.send(Lun::ZERO, &command).await
    };
    let inquiry = report(0x12, None).await.unwrap();
    assert_eq!(
        (inquiry.support, &inquiry.usage[..]),
        (CommandSupport::STANDARD, &[0x12, 1, 0xff, 0xff, 0xff, 0][..])
    );
    assert_eq!(inquiry.timeouts.unwrap().recommended_seconds, 30);
    let capacity = report(0x9e, Some(0x10)).await.unwrap();
    assert_eq!((capacity.support, capacity.usage.len()), (CommandSupport::STANDARD, 16));
    for missing in [report(0xff, None).await, report(0x9e, Some(0x1f)).await] {
        assert_eq!(missing.unwrap().support, CommandSupport::NONE);
    }
    assert_eq!(refusal(report(0x9e, None).await), INVALID_FIELD, "the command has service actions");
    assert_eq!(refusal(report(0x12, Some(0)).await), INVALID_FIELD, "the command has none");
    session.logout().await.unwrap();
}
