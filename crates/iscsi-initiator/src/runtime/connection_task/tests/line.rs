//! Requests before a logout, and callers that wait in line.

use super::*;

/// LGO-01: requests submitted before the last handle was dropped are sent before the logout.
#[tokio::test]
async fn lgo_01_queued_requests_leave_before_the_logout() {
    let (task, link, mut peer) = session(100, LIMITS, Parameters::default()).await;
    let replies = fill(&link, 64).await;
    let shared = Arc::clone(&task.shared.0);
    drop(link);
    let running = tokio::spawn(task.run());
    for _ in 0..64 {
        let pdu = peer.next().await;
        assert!(matches!(pdu, Some(InitiatorPdu::ScsiCommand(_))), "{pdu:?}");
    }
    peer.answer_logout(LogoutResponseCode::CLOSED).await;
    running.await.unwrap();
    assert_eq!(shared.lock().ended, Some(Error::LoggedOut));
    for reply in replies {
        assert_eq!(reply.outcome().await.unwrap_err(), Error::LoggedOut);
    }
}

/// At most 256 requests are in flight in a window of any size, also before a logout; one that waits in line fails with it.
#[tokio::test]
async fn lgo_01_lgo_08_no_more_than_256_requests_are_under_way() {
    let (task, link, mut peer) = session(1000, LIMITS, Parameters::default()).await;
    let running = tokio::spawn(task.run());
    let replies = fill(&link, usize::MAX).await;
    assert_eq!(replies.len(), 256);
    assert_eq!(peer.opcodes().await, vec![Opcode::SCSI_COMMAND; 256]);
    let (waiting, ()) = tokio::join!(link.submit(request(Transfer::None)), async {
        link.log_out();
        peer.answer_logout(LogoutResponseCode::CLOSED).await;
        running.await.unwrap();
    });
    assert_eq!(waiting.err(), Some(Error::LoggedOut));
    for reply in replies {
        assert_eq!(reply.outcome().await.unwrap_err(), Error::LoggedOut);
    }
}

/// LGO-01: a request that comes after the logout was requested waits in line, and is not sent before it.
#[tokio::test]
async fn lgo_01_a_request_behind_the_logout_is_not_accepted() {
    let (task, link, mut peer) = session(10, LIMITS, Parameters::default()).await;
    link.log_out();
    let mut late = Box::pin(link.submit(request(Transfer::None)));
    assert!(late.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let running = tokio::spawn(task.run());
    peer.answer_logout(LogoutResponseCode::CLOSED).await;
    running.await.unwrap();
    assert_eq!(late.await.err(), Some(Error::LoggedOut));
}

/// The window is open as long as the target takes another command than those that were submitted.
#[tokio::test]
async fn num_05_the_window_closes_with_the_last_request_that_fits() {
    let (_task, link, _peer) = session(2, LIMITS, Parameters::default()).await;
    let mut replies = Vec::new();
    for is_open in [true, true, false] {
        assert_eq!(link.is_window_open(), is_open);
        replies.push(submit(&link, Transfer::None).await);
    }
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Reply, Error>> + 'a>>;

/// Callers that wait in line submit in the order in which they came, whoever asks first when another is accepted; and one that
/// gives up lets the next one pass.
#[tokio::test]
async fn num_02_callers_are_served_in_their_order() {
    let (task, link, mut peer) = session(1000, LIMITS, Parameters::default()).await;
    let running = tokio::spawn(task.run());
    let mut replies = fill(&link, 256).await.into_iter();
    let mut waiting: Vec<Waiting<'_>> = Vec::new();
    waiting.extend((0..4).map(|_| Box::pin(link.submit(request(Transfer::None))) as Waiting<'_>));
    let is_pending = |place: usize, waiting: &mut Vec<Waiting<'_>>| {
        waiting[place].as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
    };
    assert!((0..4).all(|place| is_pending(place, &mut waiting)));
    let Some(InitiatorPdu::ScsiCommand(command)) = peer.next().await else { panic!("no command") };
    peer.send(good(command.itt).encode()).await;
    assert!(replies.next().unwrap().outcome().await.is_ok());
    assert!((1..4).all(|place| is_pending(place, &mut waiting)));
    drop(waiting.remove(0));
    assert!(is_pending(1, &mut waiting) && !is_pending(0, &mut waiting));
    drop(waiting.remove(0));
    assert!(is_pending(1, &mut waiting) && is_pending(0, &mut waiting));
    running.abort();
}

/// A caller in line gets its place when a request ends whose result nobody waits for any more.
#[tokio::test]
async fn an_abandoned_request_makes_space_in_line() {
    let (task, link, mut peer) = session(1000, LIMITS, Parameters::default()).await;
    let running = tokio::spawn(task.run());
    drop(fill(&link, 256).await);
    let waiting = timeout(Duration::from_secs(10), link.submit(request(Transfer::None)));
    let (waiting, ()) = tokio::join!(waiting, async {
        let Some(InitiatorPdu::ScsiCommand(command)) = peer.next().await else { panic!("no command") };
        peer.send(good(command.itt).encode()).await;
    });
    assert!(waiting.expect("the caller is not woken").is_ok());
    running.abort();
}

/// Callers in line are woken when it is their turn: when the one ahead gives up, when a request ends, and when the one ahead
/// has submitted.
#[tokio::test]
async fn num_02_callers_in_line_are_woken_in_their_turn() {
    let (task, link, mut peer) = session(1000, LIMITS, Parameters::default()).await;
    let (running, link) = (tokio::spawn(task.run()), Arc::new(link));
    let mut replies = fill(&link, 256).await.into_iter();
    let mut first = Box::pin(link.submit(request(Transfer::None)));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let link = Arc::clone(&link);
        waiting.push(tokio::spawn(async move { link.submit(request(Transfer::None)).await }));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut waiting = waiting.into_iter();
    let mut accepted =
        async || timeout(Duration::from_secs(1), waiting.next().unwrap()).await.unwrap().unwrap();
    peer.answer(0).await;
    assert!(replies.next().unwrap().outcome().await.is_ok());
    drop(first);
    let mut later = vec![accepted().await.unwrap()];
    // Both answers come before the task looks.
    peer.answer(1).await;
    peer.answer(2).await;
    later.push(accepted().await.unwrap());
    later.push(accepted().await.unwrap());
    running.abort();
}

/// NUM-02: a caller in line sleeps until a place is free and nobody is ahead.
#[tokio::test]
async fn num_02_a_caller_in_line_sleeps_until_its_turn() {
    let (task, link, mut peer) = session(1000, LIMITS, Parameters::default()).await;
    let running = tokio::spawn(task.run());
    let mut replies = fill(&link, 256).await.into_iter();
    let (count, waker) = counter();
    let mut first = Box::pin(link.submit(request(Transfer::None)));
    let mut second = Box::pin(link.submit(request(Transfer::None)));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    peer.answer(0).await;
    assert!(replies.next().unwrap().outcome().await.is_ok());
    let _first = first.await.unwrap();
    assert_eq!(count.take(), 0);
    peer.answer(1).await;
    assert!(replies.next().unwrap().outcome().await.is_ok());
    assert_eq!(count.take(), 1);
    running.abort();
}

/// Results that nobody takes fill the slots, 65,536 of them; then callers wait in line until one is taken or dropped.
#[tokio::test]
async fn untaken_results_are_bounded() {
    let (task, link, _peer) = session(1 << 17, LIMITS, Parameters::default()).await;
    let shared = &task.shared.0;
    let mut stat_sn = 0;
    let mut end_all = || {
        let state = &mut shared.lock().session;
        while let Some(pdu) = state.poll_transmit() {
            let pdu = InitiatorPdu::decode(RawPdu::with_data(pdu.bhs, pdu.data)).unwrap();
            let InitiatorPdu::ScsiCommand(command) = pdu else { panic!("{pdu:?}") };
            let mut response = good(command.itt);
            response.numbers.stat_sn = SerialNumber(stat_sn);
            stat_sn += 1;
            state.receive(TargetPdu::ScsiResponse(response), Duration::ZERO);
        }
    };
    let mut replies = fill(&link, 2).await.into_iter();
    for _ in 2..1 << 16 {
        shared.lock().session.submit(request(Transfer::None));
        end_all();
    }
    for is_taken in [true, false] {
        let (count, waker) = counter();
        let mut waiting = Box::pin(link.submit(request(Transfer::None)));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let reply = replies.next().unwrap();
        if is_taken {
            assert!(reply.outcome().await.is_ok());
        } else {
            drop(reply);
        }
        assert_eq!(count.take(), 1);
        std::mem::forget(waiting.await.unwrap());
        end_all();
    }
}

/// A command that is aborted before it was sent leaves its slot to the next request, whose caller is not woken for it.
#[tokio::test]
async fn a_slot_that_is_used_again_wakes_nobody() {
    let (mut task, link, _peer) = session(0, LIMITS, Parameters::default()).await;
    let unsent = submit(&link, Transfer::None).await;
    assert!(unsent.abort().is_none() && unsent.now().is_some());
    let (count, waker) = counter();
    let mut next = Box::pin(submit(&link, Transfer::None).await.outcome());
    assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(task.connection.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(count.take(), 0);
}
