//! Digests in full feature phase.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use iscsi_initiator::{BlockDevice, DigestPreference, Error, Fault, Initiator, Lun, Session, scsi};
use iscsi_pdu::{BHS_LENGTH, Digests, Opcode, TargetPdu};
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::RamDisk;
use iscsi_tests::scripted_target::{Moment, Reply, Script, ScriptedTarget, data_in};

use crate::stage::{config, log_in_by, open_config};

const READ_10: u8 = 0x28;

/// A session that insists on these digests.
async fn log_in(portal: SocketAddr, header: bool, data: bool) -> Session {
    let preference = |on| if on { DigestPreference::Crc32c } else { DigestPreference::None };
    let mut config = config();
    config.offer.header_digest = preference(header);
    config.offer.data_digest = preference(data);
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    log_in_by(&initiator, portal).await.unwrap()
}

/// DIG-01, DIG-02, DIG-11: the strict target reads the login without digests and everything after it with those agreed
/// on, or it drops the connection.
#[tokio::test]
async fn dig_01_dig_02_every_combination() {
    for (header, data) in [(false, false), (true, false), (false, true), (true, true)] {
        let running = RamDisk::serve(open_config()).await.unwrap();
        let session = log_in(running.portal(), header, data).await;
        assert_eq!(session.details().completed.parameters.digests, Digests { header, data });
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        let written: Vec<u8> = (0..=250).cycle().take(100_001).collect();
        disk.write_at(7, written.clone()).await.unwrap();
        assert!(disk.read_at(7, written.len()).await.unwrap() == written);
        session.logout().await.unwrap();
        assert_eq!(running.report().violations, Vec::<String>::new());
    }
}

/// Both digests, and the data of a read with the byte at `at` of its PDU changed.
async fn read_with_damage(at: fn(usize) -> usize) -> (ScriptedTarget, Error) {
    let damaged = move |command: &_, moment: &Moment| {
        let pdu = TargetPdu::DataIn(data_in(command, moment, 0, 512));
        let Reply { mut bytes, statuses } = Reply::of(&[pdu], moment.digests);
        let at = at(bytes.len());
        bytes[at] ^= 0x10;
        Reply { bytes, statuses }
    };
    let script = Script::new().log_in(open_config()).answer_command(READ_10, damaged).serve();
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let session = log_in(scripted.portal(), true, true).await;
    let error = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap_err();
    scripted.all_closed().await;
    (scripted, error)
}

fn is_digest_error(error: &Error, which: &str) -> bool {
    let cause = std::error::Error::source(error);
    error.fault() == Fault::Protocol && cause.is_some_and(|cause| cause.to_string().contains(which))
}

/// DIG-06: plain TCP has no way to find the next header.
#[tokio::test]
async fn dig_06_a_bad_header_digest_closes_the_connection() {
    for at in [|_| 20, |_| BHS_LENGTH] {
        let (_scripted, error) = read_with_damage(at).await;
        assert!(is_digest_error(&error, "header digest does not match"), "{error:?}");
    }
}

/// DIG-07, DIG-08: the data do not reach the caller, and nothing that was in the PDU is acknowledged.
#[tokio::test]
async fn dig_07_dig_08_a_bad_data_digest_discards_the_pdu() {
    let (scripted, error) = read_with_damage(|length| length - 5).await;
    assert!(is_digest_error(&error, "data digest does not match"), "{error:?}");
    let received = scripted.received();
    let last = received.last().unwrap();
    assert_eq!(last.opcode(), Opcode::SCSI_COMMAND, "sent after the damage: {last:?}");
}

/// Control for the digest errors: without damage, the read succeeds.
#[tokio::test]
async fn undamaged_data_arrive() {
    let answer = |command: &_, moment: &Moment| {
        Reply::of(&[TargetPdu::DataIn(data_in(command, moment, 0, 512))], moment.digests)
    };
    let script = Script::new().log_in(open_config()).answer_command(READ_10, answer).serve();
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let session = log_in(scripted.portal(), true, true).await;
    let completion = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap();
    assert_eq!(completion.data, Bytes::from(vec![0xda; 512]));
}
