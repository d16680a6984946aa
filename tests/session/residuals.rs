//! Commands that a target completes with GOOD although not all of their data was transferred: the call fails with both
//! lengths, and the session continues.

use bytes::Bytes;
use iscsi_initiator::scsi::{self, Incomplete};
use iscsi_initiator::{BlockDevice, Error, Fault, Lun, Session};
use iscsi_pdu::{DataIn, R2t, ScsiCommand, ScsiResponse, ScsiStatus, SerialNumber, TargetPdu};
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::{Moment, Reply, Script, ScriptedTarget, data_in, r2t, response};

use crate::stage::{log_in, open_config, scripted, soliciting_config};

const INQUIRY: u8 = 0x12;
const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
const MODE_SELECT_10: u8 = 0x55;

/// A session with a target that takes no data unasked, and then does this.
async fn soliciting(misbehave: impl FnOnce(Script) -> Script) -> (ScriptedTarget, Session) {
    let scripted = ScriptedTarget::serve(misbehave(Script::new().log_in(soliciting_config()))).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    (scripted, session)
}

/// GOOD in a SCSI Response that is changed so.
fn good(
    change: fn(ScsiResponse) -> ScsiResponse,
) -> impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static {
    move |command, moment| {
        let response = change(response(command, moment, ScsiStatus::GOOD, Bytes::new()));
        Reply::of(&[TargetPdu::ScsiResponse(response)], moment.digests)
    }
}

/// A Data-In with this many bytes and status GOOD, after `change`.
fn data(
    length: usize,
    change: fn(DataIn) -> DataIn,
) -> impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static {
    move |command, moment| {
        let data = change(data_in(command, moment, 0, length));
        Reply::of(&[TargetPdu::DataIn(data)], moment.digests)
    }
}

/// An R2T of this number for this range.
fn asking(
    r2t_sn: u32,
    offset: u32,
    length: u32,
) -> impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static {
    move |command, moment| {
        let r2t = R2t { r2t_sn, ..r2t(command, moment, offset, length) };
        Reply::of(&[TargetPdu::R2t(r2t)], moment.digests)
    }
}

fn write(length: usize) -> scsi::RawCommand {
    scsi::write_blocks(0, u32::try_from(length / 512).unwrap(), Bytes::from(vec![7; length]))
}

/// The command fails for this reason, by name and numbers; the session goes on.
async fn fails(session: &Session, command: scsi::RawCommand, incomplete: Incomplete) {
    let name = command.name;
    let error = session.execute(Lun::ZERO, command).await.unwrap_err();
    assert_eq!(error, Error::Incomplete { command: name, incomplete });
    assert_eq!((error.fault(), error.leaves_session_open()), (Fault::Command, true));
    assert!(error.to_string().contains(&incomplete.to_string()), "{error}");
    session.test_unit_ready(Lun::ZERO).await.unwrap();
}

/// The target takes all data, and then says that it did not, or that there were more.
#[tokio::test]
async fn res_02_writes_with_a_residual() {
    type Change = fn(ScsiResponse) -> ScsiResponse;
    let cases: [(Change, Incomplete); 3] = [
        (
            |response| ScsiResponse { underflow: true, residual_count: 4096, ..response },
            Incomplete::Underflow { residual: 4096, expected: 4096 },
        ),
        (
            |response| ScsiResponse { underflow: true, residual_count: 1, ..response },
            Incomplete::Underflow { residual: 1, expected: 4096 },
        ),
        (
            |response| ScsiResponse { overflow: true, residual_count: 512, ..response },
            Incomplete::Overflow { residual: 512, expected: 4096 },
        ),
    ];
    for (change, incomplete) in cases {
        let (_scripted, session) = soliciting(|script| {
            script.answer_command(WRITE_10, asking(0, 0, 4096)).take().answer_again(good(change)).serve()
        })
        .await;
        fails(&session, write(4096), incomplete).await;
        session.logout().await.unwrap();
    }
}

/// A caller that asks for any status gets sense data, residuals and the data that came, and no error: of a failed command, of
/// an incomplete one, and of one that succeeded.
#[tokio::test]
async fn a_completion_of_any_status_is_no_error() {
    let (_scripted, session) = scripted(|script| {
        let sense = Sense::INVALID_FIELD.to_fixed();
        script.scsi_status(INQUIRY, ScsiStatus::CHECK_CONDITION, sense).serve()
    })
    .await;
    let ended = async |command: scsi::RawCommand| {
        session.submit(Lun::ZERO, command).await.unwrap().completion_of_any_status().await.unwrap()
    };
    let inquiry = || scsi::RawCommand::of(&scsi::StandardInquiry::default());
    let failed = ended(inquiry()).await;
    assert_eq!(failed.status, ScsiStatus::CHECK_CONDITION);
    assert_eq!((failed.sense, failed.data.len()), (Sense::INVALID_FIELD.to_fixed(), 0));
    let whole = ended(inquiry()).await;
    assert_eq!((whole.status, whole.sense.len(), whole.data.len()), (ScsiStatus::GOOD, 0, 96));
    // The block asks for one block, the command for two: READ has to move all of it.
    let mut short = scsi::read_blocks(0, 2, 512);
    short.cdb = short.cdb.with(7, &[0, 1]);
    let incomplete = ended(short).await;
    assert_eq!(
        (incomplete.status, incomplete.data.len(), incomplete.underflow),
        (ScsiStatus::GOOD, 512, 512)
    );
    assert_eq!(incomplete.incomplete, Some(Incomplete::Underflow { residual: 512, expected: 1024 }));
    session.logout().await.unwrap();
}

/// GOOD without a residual count after no R2T, after an R2T for a part of the data, and after R2Ts for all of it.
#[tokio::test]
async fn writes_without_r2ts_for_all_data() {
    let nothing = |response| response;
    let (_scripted, session) = soliciting(|script| {
        script
            .answer_command(WRITE_10, good(nothing))
            .answer_command(WRITE_10, asking(0, 0, 512))
            .take()
            .answer_again(asking(1, 512, 1024))
            .take()
            .answer_again(good(nothing))
            .answer_command(WRITE_10, asking(0, 0, 4096))
            .take()
            .answer_again(good(nothing))
            .serve()
    })
    .await;
    fails(&session, write(4096), Incomplete::NotTaken { taken: 0, expected: 4096 }).await;
    fails(&session, write(4096), Incomplete::NotTaken { taken: 1536, expected: 4096 }).await;
    session.execute(Lun::ZERO, write(4096)).await.unwrap();
    session.logout().await.unwrap();
}

/// Immediate data are taken, the rest is not asked for.
#[tokio::test]
async fn writes_of_which_only_the_immediate_data_were_taken() {
    let mut config = open_config();
    (config.offer.parameters.immediate_data, config.offer.parameters.initial_r2t) = (true, true);
    config.offer.parameters.max_recv_data_segment_length = 1024;
    let script = Script::new().log_in(config).answer_command(WRITE_10, good(|response| response)).serve();
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    fails(&session, write(4096), Incomplete::NotTaken { taken: 1024, expected: 4096 }).await;
}

#[tokio::test]
async fn res_02_res_04_reads_with_a_residual() {
    type Change = fn(DataIn) -> DataIn;
    let cases: [(usize, Change, Incomplete); 4] = [
        (
            512,
            |data| DataIn { underflow: true, residual_count: 256, ..data },
            Incomplete::Underflow { residual: 256, expected: 512 },
        ),
        (
            256,
            |data| DataIn { underflow: true, residual_count: 256, ..data },
            Incomplete::Underflow { residual: 256, expected: 512 },
        ),
        (
            512,
            |data| DataIn { overflow: true, residual_count: 4096, ..data },
            Incomplete::Overflow { residual: 4096, expected: 512 },
        ),
        (256, |data| data, Incomplete::NotSent { received: 256, expected: 512 }),
    ];
    for (length, change, incomplete) in cases {
        // With the status in the Data-In.
        let in_data_in = data(length, change);
        let (_scripted, session) =
            scripted(|script| script.answer_command(READ_10, in_data_in).serve()).await;
        fails(&session, scsi::read_blocks(0, 1, 512), incomplete).await;
        session.logout().await.unwrap();
        // With the status in a SCSI Response of its own.
        let alone = move |command: &ScsiCommand, moment: &Moment| {
            let DataIn { underflow, overflow, residual_count, data, .. } =
                change(data_in(command, moment, 0, length));
            let plain = DataIn { has_status: false, data, ..data_in(command, moment, 0, 0) };
            let response = ScsiResponse {
                underflow,
                overflow,
                residual_count,
                exp_data_sn: SerialNumber(1),
                ..response(command, moment, ScsiStatus::GOOD, Bytes::new())
            };
            Reply::of(&[TargetPdu::DataIn(plain), TargetPdu::ScsiResponse(response)], moment.digests)
        };
        let (_scripted, session) = scripted(|script| script.answer_command(READ_10, alone).serve()).await;
        fails(&session, scsi::read_blocks(0, 1, 512), incomplete).await;
        session.logout().await.unwrap();
    }
}

/// Nothing of an incomplete read or write reaches the user of a block device.
#[tokio::test]
async fn block_devices_report_incomplete_transfers() {
    let (_scripted, session) = soliciting(|script| {
        script
            .answer_command(READ_10, data(512, |data| DataIn { underflow: true, residual_count: 1, ..data }))
            .answer_command(WRITE_10, good(|response| response))
            .serve()
    })
    .await;
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let read = disk.read_at(0, 512).await.unwrap_err();
    assert!(matches!(read, Error::Incomplete { command: "READ (10)", .. }), "{read}");
    let written = disk.write_at(0, vec![1; 512]).await.unwrap_err();
    assert!(matches!(written, Error::Incomplete { command: "WRITE (10)", .. }), "{written}");
    assert_eq!(disk.read_at(0, 512).await.unwrap(), vec![0; 512]);
}

/// Answers to commands such as INQUIRY may be shorter than the allocation length, some targets report a wrong residual
/// count, and a target need not ask for all parameter data. The expected data transfer length is at least the allocation
/// length (RES-06).
#[tokio::test]
async fn res_02_res_06_an_upper_bound_is_never_missed() {
    type Change = fn(DataIn) -> DataIn;
    let changes: [Change; 4] = [
        |data| data,
        |data| DataIn { underflow: true, residual_count: 7, ..data },
        |data| DataIn { underflow: true, residual_count: u32::MAX, ..data },
        |data| DataIn { overflow: true, residual_count: 1000, ..data },
    ];
    for change in changes {
        let (scripted, session) = soliciting(|script| {
            script
                .answer_command(INQUIRY, data(36, change))
                .answer_command(
                    MODE_SELECT_10,
                    good(|response| ScsiResponse { underflow: true, residual_count: 24, ..response }),
                )
                .serve()
        })
        .await;
        session.inquiry(Lun::ZERO).await.unwrap();
        session.report_luns().await.unwrap();
        let parameters = scsi::Transfer::Write(vec![0; 24].into());
        let select = scsi::RawCommand::new("MODE SELECT (10)", MODE_SELECT_10, parameters).with(8, &[24]);
        assert_eq!(session.execute(Lun::ZERO, select).await.unwrap().underflow, 24);
        session.logout().await.unwrap();
        for command in scripted.received().iter().filter_map(|pdu| match pdu.pdu() {
            Some(iscsi_pdu::InitiatorPdu::ScsiCommand(command)) if command.read => Some(command),
            _ => None,
        }) {
            let allocation_length = match command.cdb[0] {
                INQUIRY => u32::from(u16::from_be_bytes([command.cdb[3], command.cdb[4]])),
                _ => u32::from_be_bytes(command.cdb[6..10].try_into().unwrap()),
            };
            assert!(command.expected_data_transfer_length >= allocation_length);
        }
    }
}
