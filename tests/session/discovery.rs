//! Discovery sessions on the wire.

use std::sync::Arc;

use iscsi_initiator::{
    AuthenticationRequest, DiscoveredTarget, Error, Fault, Initiator, Lun, Portal, Strictness,
};
use iscsi_pdu::{
    InitiatorPdu, LogoutReason, Opcode, TargetPdu, TargetTransferTag, TextRequest, TextResponse,
};
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::Target;
use iscsi_tests::scripted_target::{Moment, Received, Reply, Script, ScriptedTarget, text_response};

use crate::numbering::ping;
use crate::stage::{config, initiator, open_config};

/// Discovers the targets of a portal with the default settings.
async fn discover(scripted: &ScriptedTarget) -> Result<Vec<DiscoveredTarget>, Error> {
    let portal: Portal = scripted.portal().to_string().parse().unwrap();
    Ok(initiator().discover(&portal, &AuthenticationRequest::default()).await?.targets)
}

/// A scripted target that lets discovery sessions in, and then does this.
async fn scripted(misbehave: impl FnOnce(Script) -> Script) -> ScriptedTarget {
    ScriptedTarget::serve(misbehave(Script::new().log_in(open_config()))).await.unwrap()
}

/// A Text Response with this text, changed so.
fn answering(
    text: &'static str,
    change: impl Fn(TextResponse) -> TextResponse + Send + Sync + 'static,
) -> impl Fn(&TextRequest, &Moment) -> Reply + Send + Sync + 'static {
    move |request, moment| {
        let response = change(text_response(request, moment, text));
        Reply::of(&[TargetPdu::TextResponse(response)], moment.digests)
    }
}

/// One question, one good-bye, one connection, and the answer to a ping of the target.
#[tokio::test]
async fn dis_01_dis_02_dis_03_dis_12_the_course_of_a_discovery() {
    let ping_and_answer = |request: &TextRequest, moment: &Moment| {
        let answer = text_response(request, moment, "TargetName=iqn.2001-04.com.example:a\0");
        Reply::of(&[ping(moment), TargetPdu::TextResponse(answer)], moment.digests)
    };
    let scripted = scripted(|script| script.answer_text(ping_and_answer).take().serve()).await;
    assert_eq!(discover(&scripted).await.unwrap().len(), 1);
    scripted.all_closed().await;
    let mut received = scripted.received();
    received.retain(|pdu| pdu.opcode() != Opcode::LOGIN_REQUEST);
    let opcodes: Vec<_> = received.iter().map(Received::opcode).collect();
    assert_eq!(opcodes, [Opcode::TEXT_REQUEST, Opcode::NOP_OUT, Opcode::LOGOUT_REQUEST]);
    assert_eq!(received[0].text(), "SendTargets=All\n");
    let Some(InitiatorPdu::LogoutRequest(logout)) = received[2].pdu() else { panic!("no logout") };
    assert_eq!(logout.reason, LogoutReason::CLOSE_SESSION);
    assert_eq!((scripted.connections(), scripted.faults()), (1, Vec::new()));
}

/// Two hundred targets in ten PDUs and more, cut anywhere by C=1.
#[tokio::test]
async fn dis_08_long_answers_cut_anywhere() {
    let mut served = open_config();
    let name = |number: usize| format!("iqn.2001-04.com.example:disk.{number}");
    served.targets = (0..200).map(|number| Target::new(name(number).parse().unwrap())).collect();
    let scripted = ScriptedTarget::serve(Script::new().log_in(served).serve()).await.unwrap();
    let mut config = config();
    config.offer.parameters.max_recv_data_segment_length = 1500;
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let portal: Portal = scripted.portal().to_string().parse().unwrap();
    let targets = initiator.discover(&portal, &AuthenticationRequest::default()).await.unwrap().targets;
    let names: Vec<_> = targets.iter().map(|target| target.name.as_str().to_owned()).collect();
    assert_eq!(names, (0..200).map(name).collect::<Vec<_>>());
    assert!(targets.iter().all(|target| target.addresses.len() == 1));
    scripted.all_closed().await;
    let requests = scripted.received().iter().filter(|pdu| pdu.opcode() == Opcode::TEXT_REQUEST).count();
    assert!(requests >= 10, "{requests}");
    assert_eq!(scripted.faults(), Vec::<String>::new());
}

/// Whole pairs, then F=0 with a tag and a LUN: both come back in an empty request with F=1.
#[tokio::test]
async fn dis_08_answers_in_several_exchanges() {
    let lun = Lun([0, 7, 0, 0, 0, 0, 0, 0]);
    let more = move |ttt| {
        move |response: TextResponse| TextResponse {
            is_final: false,
            lun,
            ttt: TargetTransferTag(ttt),
            ..response
        }
    };
    let scripted = scripted(|script| {
        script
            .answer_text(answering("TargetName=iqn.2001-04.com.example:a\0", more(0)))
            .answer_text(answering("TargetAddress=10.0.0.5,1\0TargetName=iqn.2001", move |response| {
                TextResponse { continues: true, ..more(9)(response) }
            }))
            .answer_text(answering("-04.com.example:b\0", |response| response))
            .serve()
    })
    .await;
    let targets = discover(&scripted).await.unwrap();
    assert_eq!(
        (targets.len(), targets[0].addresses.len(), targets[1].name.as_str()),
        (2, 1, "iqn.2001-04.com.example:b")
    );
    let requests: Vec<_> = scripted
        .received()
        .iter()
        .filter_map(
            |pdu| if let Some(InitiatorPdu::TextRequest(text)) = pdu.pdu() { Some(text) } else { None },
        )
        .collect();
    assert!(requests.iter().all(|request| request.is_final && request.itt == requests[0].itt));
    let tags: Vec<_> =
        requests.iter().map(|request| (request.ttt, request.lun, request.text.len())).collect();
    let question = (TargetTransferTag::RESERVED, Lun::ZERO, 16);
    assert_eq!(tags, [question, (TargetTransferTag(0), lun, 0), (TargetTransferTag(9), lun, 0)]);
}

/// Keys that have no place there, and an end that is none, for an initiator that tolerates nothing.
#[tokio::test]
async fn dis_08_dis_09_malformed_answers() {
    type Change = fn(TextResponse) -> TextResponse;
    let cases: [(&str, Change); 6] = [
        ("TargetAddress=10.0.0.5,1\0", |orphan| orphan),
        ("TargetName=iqn.2001-04.com.example:a\0TargetAlias=disk\0", |foreign| foreign),
        ("TargetName=iqn.2001-04.com", |half| half),
        ("SendTargets=Reject\0", |rejected| rejected),
        ("", |tagless| TextResponse { is_final: false, ..tagless }),
        ("", |both| TextResponse { continues: true, ..both }),
    ];
    for (number, (text, change)) in cases.into_iter().enumerate() {
        let scripted = scripted(|script| script.answer_text(answering(text, change)).serve()).await;
        let mut config = config();
        config.strictness = Strictness::Strict;
        let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
        let portal: Portal = scripted.portal().to_string().parse().unwrap();
        let error = initiator.discover(&portal, &AuthenticationRequest::default()).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Protocol, "{number}: {error}");
    }
}

/// A target that has said everything may leave without another word.
#[tokio::test]
async fn dis_04_dis_05_dis_13_the_target_leaves_after_its_answer() {
    for (text, targets) in [("", 0), ("TargetName=iqn.2001-04.com.example:a\0", 1)] {
        let answer = answering(text, |response| response);
        let scripted = scripted(|script| script.answer_text(answer).close()).await;
        let found = discover(&scripted).await.unwrap();
        assert_eq!(found.len(), targets);
        assert!(found.iter().all(|target| target.addresses.is_empty()));
    }
}
