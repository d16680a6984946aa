//! Concurrent commands, and their results when the session ends.

use bytes::Bytes;
use iscsi_initiator::{BlockDevice, Error, Fault, Lun, scsi};

use crate::stage::{log_in, ram_disk, scripted};

/// NUM-04, NUM-05, TAG-01: a thousand commands from a hundred tasks, through a window of 64.
#[tokio::test]
async fn num_04_tag_01_a_thousand_commands_of_a_hundred_tasks() {
    let running = ram_disk().await;
    let session = log_in(running.portal()).await.unwrap();
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let tasks: Vec<_> = (0..100_u8)
        .map(|number| {
            let disk = disk.clone();
            tokio::spawn(async move {
                for round in 0..5_u64 {
                    let offset = (u64::from(number) * 5 + round) * 1024;
                    disk.write_at(offset, Bytes::from(vec![number; 1024])).await?;
                    assert_eq!(disk.read_at(offset, 1024).await?, vec![number; 1024]);
                }
                Ok::<(), Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    session.logout().await.unwrap();
    assert_eq!(running.report().violations, Vec::<String>::new());
}

/// REC-03, LGO-08: a connection that is cut fails every command under way, once, and every later one at once.
#[tokio::test]
async fn cmd_18_a_cut_connection_fails_everything_once() {
    let (_scripted, session) = scripted(|script| script.close_at_command(0x28)).await;
    let mut pending = Vec::new();
    for lba in 0..10 {
        pending.push(session.submit(Lun::ZERO, scsi::read_blocks(lba, 1, 512)).await.unwrap());
    }
    for command in pending {
        assert_eq!(command.data().await.unwrap_err().fault(), Fault::Network);
    }
    assert_eq!(session.test_unit_ready(Lun::ZERO).await.unwrap_err().fault(), Fault::Network);
}

/// A command without an answer ends in time, and the session with it.
#[tokio::test(start_paused = true)]
async fn silence_ends_in_time() {
    let (_scripted, session) =
        scripted(|script| script.answer_command(0x28, |_, _| iscsi_tests::scripted_target::Reply::default()))
            .await;
    let error = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert!(session.test_unit_ready(Lun::ZERO).await.is_err());
}
