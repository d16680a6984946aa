//! Conformance as seen by a strict target: sequence numbers, bursts and lengths within the rules, and a logout at the end.

use iscsi_initiator::{AuthenticationRequest, BlockDevice, Lun};
use iscsi_tests::ram_disk::RamDisk;

use crate::stage::{initiator, log_in, open_config, ram_disk};

const LENGTH: usize = 3_000_001;

/// DAT-01 to DAT-09, NUM-02 to NUM-05, NUM-14: every way of sending write data, checked by a target that closes the
/// connection of an initiator that breaks a rule.
#[tokio::test]
async fn dat_01_dat_02_dat_03_dat_04_every_way_of_sending_data() {
    for (initial_r2t, immediate_data) in [(true, true), (true, false), (false, true), (false, false)] {
        for (segment, burst) in [(512, 512), (8192, 65_536), (65_536, 20_000), (262_144, 1_048_576)] {
            let mut config = open_config();
            config.offer.parameters.initial_r2t = initial_r2t;
            config.offer.parameters.immediate_data = immediate_data;
            config.offer.parameters.max_recv_data_segment_length = segment;
            config.offer.parameters.first_burst_length = burst;
            config.offer.parameters.max_burst_length = burst * 2;
            config.offer.parameters.max_outstanding_r2t = 4;
            let running = RamDisk::serve(config).await.unwrap();
            let session = log_in(running.portal()).await.unwrap();
            let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
            let data: Vec<u8> = (0..=250).cycle().take(LENGTH).collect();
            disk.write_at(333, data.clone()).await.unwrap();
            assert!(disk.read_at(333, LENGTH).await.unwrap() == data, "other data came back");
            session.logout().await.unwrap();
            let report = running.report();
            assert_eq!(
                report.violations,
                Vec::<String>::new(),
                "{initial_r2t} {immediate_data} {segment} {burst}"
            );
            // The initiator's own offer limits the first burst too.
            let first_burst = burst.min(262_144);
            let unsolicited = !initial_r2t && (!immediate_data || first_burst > segment);
            assert_eq!(report.unsolicited_data_outs > 0, unsolicited);
            assert_eq!(report.commands_with_immediate_data > 0, immediate_data);
        }
    }
}

/// LGO-06: when the last handle of a session is dropped, the session is logged out before its connection closes.
#[tokio::test]
async fn lgo_06_a_dropped_session_logs_out() {
    let running = ram_disk().await;
    drop(log_in(running.portal()).await.unwrap());
    for _ in 0..200 {
        if running.report().logouts == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no logout: {:?}", running.report());
}

/// Unit attentions of a new session are passed over; the range beyond the end is refused before anything is sent.
#[tokio::test]
async fn opening_a_device() {
    let mut config = open_config();
    config.unit_attention = true;
    let running = RamDisk::serve(config).await.unwrap();
    let session = log_in(running.portal()).await.unwrap();
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let size = disk.capacity().bytes();
    assert!(disk.read_at(size - 1, 1).await.is_ok());
    assert!(disk.read_at(size - 1, 2).await.is_err());
    assert!(disk.write_at(size, vec![0]).await.is_err());
    assert_eq!(running.report().bytes_written, 0);
}

/// A portal with an IPv6 address, found by discovery and logged in to.
#[tokio::test]
async fn ipv6_portals() {
    let mut config = open_config();
    config.address = std::net::SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 0));
    let running = RamDisk::serve(config).await.unwrap();
    let portal = running.portal().to_string().parse().unwrap();
    let found = initiator().discover(&portal, &AuthenticationRequest::default()).await.unwrap().targets;
    assert_eq!(found[0].addresses[0].portal(&portal), portal);
    log_in(running.portal()).await.unwrap().logout().await.unwrap();
}
