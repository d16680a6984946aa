//! Initiators that do not read: the target stops to serve them, and can end them nevertheless.

use std::time::Duration;

use iscsi_pdu::InitiatorPdu;

use super::by_hand::{ByHand, cdb, log_in_plainly, offer, plain_config};
use crate::ram_disk::{RamDisk, Running};

const READS: u64 = 4000;

/// Sends reads of 1 MiB and takes no answer, until the target reads no more either.
async fn flood(running: &Running) -> ByHand {
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    for _ in 0..READS {
        let read = session.command(cdb(&[0x28, 0, 0, 0, 0, 0, 0, 8, 0]), true, false, 1 << 20);
        session.send(&InitiatorPdu::ScsiCommand(read)).await;
    }
    session
}

/// Waits until the target executes nothing more, and returns how much it has executed.
async fn settled(running: &Running) -> u64 {
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = running.report().executions;
        if now > 0 && now == before {
            return now;
        }
        before = now;
    }
}

/// The requests of one look at the socket are executed, and no more before their answers are sent.
#[tokio::test]
async fn an_initiator_that_does_not_read_is_not_served() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let session = flood(&running).await;
    let executed = settled(&running).await;
    assert!(executed < READS, "all {executed} reads are executed");
    drop(session);
    assert!(running.report().violations.is_empty());
}

/// RFC 7143, 6.3.5: reinstatement does not wait for the old connection.
#[tokio::test]
async fn an_initiator_that_does_not_read_is_reinstated() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let _silent = flood(&running).await;
    settled(&running).await;
    let mut again = log_in_plainly(running.portal(), offer(false)).await;
    assert_eq!(again.read(cdb(&[0x25]), 8).await.data.len(), 8);
    let is_closed = async {
        while running.report().connections_closed == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), is_closed).await.expect("the old connection is closed");
    assert_eq!(running.report().reinstatements, 1);
}
