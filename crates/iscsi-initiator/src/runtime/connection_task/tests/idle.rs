//! Sessions without requests, and the memory that they hold.

use super::*;

fn poll(task: &mut NexusTask<TcpStream>) {
    assert!(task.connection.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// Whether the session, its bytes or its buffers for read data take memory.
fn holds_memory(task: &NexusTask<TcpStream>) -> bool {
    let shared = &task.shared.0;
    task.connection.wire.has_buffers() || shared.lock().session.has_buffers() || shared.buffers.has_buffers()
}

/// Receives a PDU.
async fn receive(task: &mut NexusTask<TcpStream>, peer: &mut Peer, pdu: RawPdu) {
    peer.send(pdu).await;
    poll_fn(|context| task.connection.stream.poll_readable(context)).await.unwrap();
    poll(task);
}

/// Answers a request.
async fn answer(task: &mut NexusTask<TcpStream>, peer: &mut Peer) {
    let Some(InitiatorPdu::ScsiCommand(command)) = peer.next().await else { panic!("no command") };
    receive(task, peer, good(command.itt).encode()).await;
}

fn window_update() -> RawPdu {
    let (itt, ttt) = (InitiatorTaskTag::RESERVED, TargetTransferTag::RESERVED);
    NopIn { lun: Lun::ZERO, itt, ttt, numbers: numbers(1), data: bytes::Bytes::new() }.encode()
}

/// A session that has been idle for a second holds no buffers, gets none by being polled, and has no timer.
#[tokio::test(start_paused = true)]
async fn an_idle_session_holds_no_buffers() {
    let (mut task, link, mut peer) = session(1, LIMITS, Parameters::default()).await;
    poll(&mut task);
    assert!(!holds_memory(&task) && task.connection.idle_at.is_none());
    let reply = submit(&link, Transfer::None).await;
    poll(&mut task);
    answer(&mut task, &mut peer).await;
    assert!(reply.outcome().await.is_ok());
    // It has received something since the timer was set, so one more second passes.
    for (seconds, is_held) in [(1, true), (1, false), (100, false)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        poll(&mut task);
        assert_eq!(holds_memory(&task), is_held);
    }
    assert!(task.connection.idle_at.is_none());
}

/// Each kind of memory is given back without the others: received bytes, which no request preceded, and buffers.
#[tokio::test(start_paused = true)]
async fn an_idle_session_gives_back_whatever_it_holds() {
    for has_received in [false, true] {
        let (mut task, link, mut peer) = session(1, LIMITS, Parameters::default()).await;
        if has_received {
            receive(&mut task, &mut peer, window_update()).await;
        } else {
            drop(link.buffers().lend(link.buffers().take(512)));
            poll(&mut task);
        }
        assert!(holds_memory(&task));
        for _ in 0..2 {
            tokio::time::advance(IDLE).await;
            poll(&mut task);
        }
        assert!(!holds_memory(&task) && task.connection.idle_at.is_none(), "{has_received}");
    }
}

/// A session with a request is not idle, though it receives nothing, and keeps its buffers.
#[tokio::test(start_paused = true)]
async fn a_session_with_a_request_keeps_its_buffers() {
    let (mut task, link, mut peer) = session(1, LIMITS, Parameters::default()).await;
    receive(&mut task, &mut peer, window_update()).await;
    tokio::time::advance(IDLE).await;
    poll(&mut task);
    let reply = submit(&link, Transfer::None).await;
    poll(&mut task);
    for _ in 0..5 {
        tokio::time::advance(IDLE).await;
        poll(&mut task);
        assert!(task.connection.wire.has_buffers());
    }
    answer(&mut task, &mut peer).await;
    assert!(reply.outcome().await.is_ok());
}

/// An outcome that nobody waits for takes no memory, whether its reply was dropped before it came or after.
#[tokio::test(start_paused = true)]
async fn an_abandoned_outcome_is_not_kept() {
    for is_dropped_before in [true, false] {
        let (mut task, link, mut peer) = session(1, LIMITS, Parameters::default()).await;
        let mut reply = Some(submit(&link, Transfer::None).await);
        poll(&mut task);
        reply.take_if(|_| is_dropped_before);
        answer(&mut task, &mut peer).await;
        drop(reply);
        for _ in 0..3 {
            tokio::time::advance(IDLE).await;
            poll(&mut task);
        }
        assert!(!holds_memory(&task), "{is_dropped_before}");
    }
}
