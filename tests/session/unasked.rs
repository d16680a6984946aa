//! Unsolicited PDUs of a target: pings, asynchronous messages and rejects.

use bytes::Bytes;
use iscsi_initiator::{Error, Fault, Lun};
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, InitiatorPdu, InitiatorTaskTag, NopIn, Opcode, Reject, RejectReason,
    SerialNumber, TargetPdu, TargetTransferTag,
};
use iscsi_tests::scripted_target::{Moment, Reply, Script};

use crate::stage::{scripted, wait_for};

/// A ping of the target, or an update of the window if the tag is reserved.
pub(crate) fn ping(moment: &Moment, ttt: TargetTransferTag) -> TargetPdu {
    let lun = Lun([0, 9, 0, 0, 0, 0, 0, 0]);
    TargetPdu::NopIn(NopIn {
        lun,
        itt: InitiatorTaskTag::RESERVED,
        ttt,
        numbers: moment.numbers,
        data: Bytes::new(),
    })
}

/// An Asynchronous Message.
pub(crate) fn news(moment: &Moment, event: AsyncEvent) -> TargetPdu {
    TargetPdu::AsyncMessage(AsyncMessage {
        lun: Lun::ZERO,
        numbers: moment.numbers,
        event,
        vendor_code: 0,
        parameter1: 0,
        parameter2: 0,
        parameter3: 5,
        sense: Bytes::new(),
        event_data: Bytes::new(),
    })
}

/// A Reject that does not say what it is about.
pub(crate) fn reject(moment: &Moment) -> TargetPdu {
    let (reason, numbers) = (RejectReason::PROTOCOL_ERROR, moment.numbers);
    TargetPdu::Reject(Reject { reason, numbers, data_sn: 0, data: Bytes::new() })
}

/// One PDU.
pub(crate) fn only(pdu: TargetPdu, moment: &Moment) -> Reply {
    Reply::of(&[pdu], moment.digests)
}

/// NOP-01: a ping is answered with its tag and LUN, immediately, and uses up no number.
#[tokio::test]
async fn nop_01_pings_are_answered() {
    let (scripted, session) = scripted(|script| {
        script.announce(|moment| only(ping(moment, TargetTransferTag(0)), moment)).take().serve()
    })
    .await;
    let Some(InitiatorPdu::NopOut(answer)) = wait_for(&scripted, Opcode::NOP_OUT).await.pdu() else {
        panic!("no NOP-Out")
    };
    assert!(answer.immediate && answer.data.is_empty());
    assert_eq!((answer.itt, answer.ttt), (InitiatorTaskTag::RESERVED, TargetTransferTag(0)));
    assert_eq!(answer.lun, Lun([0, 9, 0, 0, 0, 0, 0, 0]));
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
}

/// NOP-02, NUM-07: news of the window are not answered.
#[tokio::test]
async fn nop_02_other_nop_ins_are_not_answered() {
    let (scripted, session) = scripted(|script| {
        script.announce(|moment| only(ping(moment, TargetTransferTag::RESERVED), moment)).serve()
    })
    .await;
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
    assert!(scripted.received().iter().all(|pdu| pdu.opcode() != Opcode::NOP_OUT));
}

/// NUM-05: a closed window holds commands back until the target opens it.
#[tokio::test]
async fn num_05_a_closed_window() {
    let closing = |moment: &Moment| {
        let mut closed = *moment;
        // The window cannot shrink: this only shows that it is taken as no news.
        closed.numbers.max_cmd_sn = SerialNumber(closed.numbers.exp_cmd_sn.0.wrapping_sub(1));
        only(ping(&closed, TargetTransferTag::RESERVED), moment)
    };
    let (_scripted, session) = scripted(|script| script.announce(closing).serve()).await;
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
}

/// ASY-02: a target that asks to be left, is left.
#[tokio::test]
async fn asy_02_logout_request() {
    let (scripted, session) = scripted(|script| {
        script.announce(|moment| only(news(moment, AsyncEvent::LOGOUT_REQUEST), moment)).serve()
    })
    .await;
    wait_for(&scripted, Opcode::LOGOUT_REQUEST).await;
    scripted.all_closed().await;
    // It is called what it was, for a command and for who only waits for the end; a logout has nothing left to do.
    let requested = Error::LogoutRequested;
    assert_eq!(session.ended().await, requested);
    assert_eq!(session.end_reason(), Some(requested.clone()));
    assert_eq!(session.test_unit_ready(Lun::ZERO).await, Err(requested));
    assert_eq!(session.clone().logout().await, Ok(()));
    let logouts = scripted.received().iter().filter(|pdu| pdu.opcode() == Opcode::LOGOUT_REQUEST).count();
    assert_eq!(logouts, 1);
}

/// LGO-01: a session that the caller ended is not called one that the target ended.
#[tokio::test]
async fn lgo_01_a_logout_of_the_caller_is_called_one() {
    let (_scripted, session) = scripted(Script::serve).await;
    assert_eq!(session.end_reason(), None);
    let clone = session.clone();
    session.logout().await.unwrap();
    assert_eq!((clone.end_reason(), clone.ended().await), (Some(Error::LoggedOut), Error::LoggedOut));
    let error = clone.test_unit_ready(Lun::ZERO).await.unwrap_err();
    assert_eq!(
        (error.fault(), error.to_string().as_str()),
        (Fault::InvalidArgument, "the session is logged out")
    );
}

/// ASY-03: a target that announces to drop the session, is believed.
#[tokio::test]
async fn asy_03_session_drop() {
    let (scripted, session) = scripted(|script| {
        script.announce(|moment| only(news(moment, AsyncEvent::SESSION_DROP), moment)).serve()
    })
    .await;
    scripted.all_closed().await;
    assert_eq!(session.test_unit_ready(Lun::ZERO).await.unwrap_err().fault(), Fault::Network);
}

/// ASY-01: an event that needs nothing is counted, and the session goes on.
#[tokio::test]
async fn asy_01_other_events() {
    let (_scripted, session) =
        scripted(|script| script.announce(|moment| only(news(moment, AsyncEvent(250)), moment)).serve())
            .await;
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
}

/// PDU-10, NUM-12: a status number that is skipped ends the session, whatever the PDU is.
#[tokio::test]
async fn pdu_10_num_12_unasked_pdus_that_end_the_session() {
    let event = |moment: &Moment| only(news(&skipping(moment), AsyncEvent(250)), moment);
    let nop_in = |moment: &Moment| only(ping(&skipping(moment), TargetTransferTag(1)), moment);
    for announce in [event as fn(&Moment) -> Reply, nop_in] {
        let (scripted, session) = scripted(|script| script.announce(announce).serve()).await;
        scripted.all_closed().await;
        assert_eq!(session.test_unit_ready(Lun::ZERO).await.unwrap_err().fault(), Fault::Protocol);
    }
}

/// The numbers of a target of which a response was lost.
fn skipping(moment: &Moment) -> Moment {
    let mut skipping = *moment;
    skipping.numbers.stat_sn = skipping.numbers.stat_sn.plus(1);
    skipping
}

/// NOP-09, REJ-05: data in a ping, and a Reject that does not say what it is about.
#[tokio::test]
async fn nop_09_rej_05_unasked_pdus_that_end_nothing() {
    fn loaded(moment: &Moment) -> Reply {
        let TargetPdu::NopIn(ping) = ping(moment, TargetTransferTag(1)) else { return Reply::default() };
        only(TargetPdu::NopIn(NopIn { data: Bytes::from_static(b"data"), ..ping }), moment)
    }
    fn rejected(moment: &Moment) -> Reply {
        only(reject(moment), moment)
    }
    let scripts: [fn(Script) -> Script; 2] =
        [|script| script.announce(loaded).take().serve(), |script| script.announce(rejected).serve()];
    for script in scripts {
        let (_scripted, session) = scripted(script).await;
        session.test_unit_ready(Lun::ZERO).await.unwrap();
        session.logout().await.unwrap();
    }
}
