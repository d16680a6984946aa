//! Discovery.

use bytes::{Bytes, BytesMut};
use iscsi_login::{Authentication, DiscoveredTarget, Strictness};
use iscsi_pdu::{InitiatorPdu, InitiatorTaskTag, Lun, TargetPdu, TargetTransferTag, TextRequest};

use super::by_hand::{ByHand, disk_name, log_in, log_in_plainly, offer, plain_config};
use crate::ram_disk::{Config, RamDisk, Target};

/// Asks, and goes on asking while the target has more to say. Returns the text and the number of responses.
async fn ask(session: &mut ByHand, value: &str) -> (Bytes, u32) {
    let mut request = TextRequest {
        immediate: false,
        is_final: true,
        continues: false,
        lun: Lun::ZERO,
        itt: InitiatorTaskTag(3),
        ttt: TargetTransferTag::RESERVED,
        cmd_sn: session.cmd_sn,
        exp_stat_sn: session.exp_stat_sn,
        text: format!("SendTargets={value}\0").into(),
    };
    let mut text = BytesMut::new();
    for responses in 1.. {
        session.send(&InitiatorPdu::TextRequest(request.clone())).await;
        let Some(TargetPdu::TextResponse(response)) = session.receive().await else { panic!("no response") };
        session.take_status(response.numbers.stat_sn);
        session.cmd_sn = session.cmd_sn.next();
        text.extend_from_slice(&response.text);
        if response.is_final {
            return (text.freeze(), responses);
        }
        request.ttt = response.ttt;
        request.text = Bytes::new();
        request.cmd_sn = session.cmd_sn;
        request.exp_stat_sn = session.exp_stat_sn;
    }
    unreachable!()
}

/// The targets of an answer that is right to the letter.
fn parse(text: &[u8]) -> Vec<DiscoveredTarget> {
    iscsi_login::parse_send_targets(text, Strictness::Strict).unwrap().targets
}

#[tokio::test]
async fn discovery_lists_all_targets_in_pieces_if_it_must() {
    let names = (0..20).map(|at| format!("iqn.2001-04.com.example:disk-{at}").parse().unwrap());
    let running = RamDisk::serve(Config::with_targets(names.map(Target::new))).await.unwrap();
    let mut small = offer(false);
    small.parameters.max_recv_data_segment_length = 512;
    let mut session = log_in(running.portal(), None, Authentication::None, small).await.unwrap();
    let (text, responses) = ask(&mut session, "All").await;
    assert_eq!(responses, u32::try_from(text.len().div_ceil(512)).unwrap());
    let targets = parse(&text);
    assert_eq!(targets.len(), 20);
    assert_eq!(targets[19].addresses[0].to_string(), format!("{},1", running.portal()));
    let (text, _) = ask(&mut session, "iqn.2001-04.com.example:disk-4").await;
    assert_eq!(parse(&text).len(), 1);
    assert!(running.report().violations.is_empty());
}

#[tokio::test]
async fn normal_session_learns_about_its_own_target_only() {
    let mut config = plain_config();
    config.targets.push(Target::new("iqn.2001-04.com.example:other".parse().unwrap()));
    let running = RamDisk::serve(config).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    let (text, _) = ask(&mut session, "").await;
    let targets = parse(&text);
    assert_eq!((targets.len(), &targets[0].name), (1, &disk_name()));
    assert!(ask(&mut session, "iqn.2001-04.com.example:other").await.0.is_empty());
    assert_eq!(&ask(&mut session, "All").await.0[..], b"SendTargets=Reject\0");
}
