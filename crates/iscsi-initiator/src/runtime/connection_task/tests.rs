//! The task of a session between its handles and the other end of its socket.

use std::io::Read as _;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Wake, Waker};

use bytes::BytesMut;
use iscsi_login::{Parameters, Tolerance};
use iscsi_pdu::{
    DataIn, Decoder, Digests, EncodedPdu, InitiatorPdu, InitiatorTaskTag, Isid, LogoutResponse,
    LogoutResponseCode, Lun, NopIn, Opcode, RawPdu, ScsiResponse, ScsiResponseCode, ScsiStatus,
    SequenceNumbers, SerialNumber, TargetTransferTag,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::*;
use crate::IsidPool;
use crate::runtime::Reply;
use crate::scsi::Command;
use crate::scsi::Transfer;
use crate::session::{Limits, Outcome, Request};
use crate::wire::Inbox;

const HOUR: Duration = Duration::from_hours(1);
const LIMITS: Limits = Limits { command: HOUR, logout: HOUR };

/// The other end of a session's connection.
struct Peer {
    stream: TcpStream,
    decoder: Decoder,
    inbox: BytesMut,
}

impl Peer {
    /// The next PDU that the session sends; none when nothing more comes for a while.
    async fn next(&mut self) -> Option<InitiatorPdu> {
        loop {
            if let Some(raw) = self.decoder.decode(&mut self.inbox).unwrap() {
                return Some(InitiatorPdu::decode(raw).unwrap());
            }
            let read = timeout(Duration::from_millis(300), self.stream.read_buf(&mut self.inbox)).await;
            if read.is_err() {
                return None;
            }
            assert_ne!(read.unwrap().unwrap(), 0, "the session closed the connection");
        }
    }

    /// Opcodes of everything that the session sends now.
    async fn opcodes(&mut self) -> Vec<Opcode> {
        let mut opcodes = Vec::new();
        while let Some(pdu) = self.next().await {
            opcodes.push(pdu.encode().bhs.opcode());
        }
        opcodes
    }

    async fn answer_logout(&mut self, response: LogoutResponseCode) {
        let Some(InitiatorPdu::LogoutRequest(logout)) = self.next().await else { panic!("no logout") };
        let answer =
            LogoutResponse { response, itt: logout.itt, numbers: numbers(0), time2wait: 0, time2retain: 0 };
        self.send(answer.encode()).await;
    }

    async fn send(&mut self, raw: RawPdu) {
        let mut bytes = BytesMut::new();
        EncodedPdu::new(raw, Digests::default()).unwrap().append_to(&mut bytes);
        self.stream.write_all(&bytes).await.unwrap();
    }
}

fn numbers(window: u32) -> SequenceNumbers {
    let max_cmd_sn = SerialNumber(window).minus(1);
    SequenceNumbers { stat_sn: SerialNumber(0), exp_cmd_sn: SerialNumber(0), max_cmd_sn }
}

/// The SCSI Response of a command that moved no data.
fn good(itt: InitiatorTaskTag) -> ScsiResponse {
    ScsiResponse {
        read_overflow: false,
        read_underflow: false,
        overflow: false,
        underflow: false,
        response: ScsiResponseCode::COMPLETED,
        status: ScsiStatus::GOOD,
        status_qualifier: 0,
        itt,
        snack_tag: 0,
        numbers: numbers(1),
        exp_data_sn: SerialNumber(0),
        bidirectional_read_residual_count: 0,
        residual_count: 0,
        sense: bytes::Bytes::new(),
        response_data: bytes::Bytes::new(),
    }
}

/// A session with a command window of this size, and the target's end of the connection.
async fn session(
    window: u32,
    limits: Limits,
    parameters: Parameters,
) -> (ConnectionTask<TcpStream>, Link, Peer) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let portal = listener.local_addr().unwrap().to_string().parse().unwrap();
    let inbox = Inbox::new(&[], Digests::default(), 8192);
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let connection = Connection { stream, inbox, digests: Digests::default(), portal };
    let (zero, tolerance) = (SerialNumber(0), Tolerance::default());
    let session = SessionState::new(parameters, zero, zero, numbers(window), tolerance, limits);
    let lease = IsidPool::in_memory().unwrap().lease(None).unwrap();
    let (task, link) = ConnectionTask::new(connection, lease, session);
    let stream = listener.accept().await.unwrap().0;
    (task, link, Peer { stream, decoder: Decoder::new(1 << 24), inbox: BytesMut::new() })
}

fn request(transfer: Transfer) -> Request {
    Request::command(Lun::ZERO, Command::new("TEST", 0, transfer))
}

/// Submits a request, which is accepted at once.
async fn submit(link: &Link, transfer: Transfer) -> Reply {
    timeout(Duration::from_millis(300), link.request(request(transfer), HOUR)).await.unwrap().unwrap()
}

/// Submits as many requests as are accepted, and this many at most.
async fn fill(link: &Link, most: usize) -> Vec<Reply> {
    let mut replies = Vec::new();
    while replies.len() < most {
        let sent = timeout(Duration::from_millis(300), link.request(request(Transfer::None), HOUR)).await;
        let Ok(reply) = sent else { break };
        replies.push(reply.unwrap());
    }
    replies
}

/// LGO-08: requests that were sent, that wait for the window and that wait in line all end with the reason.
#[tokio::test]
async fn lgo_08_every_request_is_answered_when_the_session_ends() {
    let (task, link, peer) = session(3, LIMITS, Parameters::default()).await;
    let portal = task.portal.clone();
    let running = tokio::spawn(task.run());
    let replies = fill(&link, usize::MAX).await;
    assert_eq!(replies.len(), 256);
    let waiting = async {
        let waiting = link.request(request(Transfer::None), HOUR);
        waiting.await.err()
    };
    let (waiting, ()) = tokio::join!(waiting, async {
        drop(peer);
        running.await.unwrap();
    });
    let over = link.end_reason().unwrap();
    assert!(matches!(&over, Error::ConnectionLost { portal: lost, .. } if *lost == portal), "{over}");
    assert_eq!(waiting.as_ref(), Some(&over));
    for reply in replies {
        assert_eq!(reply.outcome().await.unwrap_err(), over);
    }
    assert_eq!(link.request(request(Transfer::None), HOUR).await.err(), Some(over));
}

/// Observes the state that a caller finds when it gets its outcome.
struct Witness {
    pool: IsidPool,
    peer: Mutex<std::net::TcpStream>,
    /// The ISID that a login would have, and whether the connection is closed.
    seen: Mutex<Vec<(Isid, bool)>>,
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {
        let isid = self.pool.lease(None).unwrap().isid();
        let mut stream = self.peer.lock().unwrap();
        let closed = loop {
            match stream.read(&mut [0; 512]) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => break error.kind() != std::io::ErrorKind::WouldBlock,
            }
        };
        self.seen.lock().unwrap().push((isid, closed));
    }
}

/// NAM-06: a caller that learns of the end finds the connection closed and the ISID free, even the caller that timed
/// out.
#[tokio::test(start_paused = true)]
async fn nam_06_the_isid_is_free_when_the_end_is_known() {
    let (mut task, link, peer) = session(1, LIMITS, Parameters::default()).await;
    let pool = IsidPool::in_memory().unwrap();
    task.lease = pool.lease(None).unwrap();
    let isid = task.lease.isid();
    let peer = Mutex::new(peer.stream.into_std().unwrap());
    let witness = Arc::new(Witness { pool, peer, seen: Mutex::default() });
    let waker = Arc::clone(&witness).into();
    let mut outcomes: Vec<_> =
        fill(&link, 2).await.into_iter().map(|reply| Box::pin(reply.outcome())).collect();
    for outcome in &mut outcomes {
        assert!(outcome.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    task.run().await;
    assert_eq!(*witness.seen.lock().unwrap(), [(isid, true), (isid, true)]);
}

/// A caller that looks between the end of the session and the close of its connection waits on.
#[tokio::test]
async fn nam_06_the_end_is_not_known_before_the_connection_is_closed() {
    let (task, link, _peer) = session(1, LIMITS, Parameters::default()).await;
    let reply = submit(&link, Transfer::None).await;
    task.shared.0.lock().session.fail(Failure::Lost("test".to_owned()));
    let mut outcome = Box::pin(reply.outcome());
    assert!(outcome.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(link.end_reason(), None);
    task.run().await;
    assert_eq!(outcome.await.unwrap_err(), link.end_reason().unwrap());
}

/// A task that is dropped, as with its runtime, has ended too.
#[tokio::test]
async fn callers_learn_of_a_task_that_was_dropped() {
    let (task, link, _peer) = session(1, LIMITS, Parameters::default()).await;
    let reply = submit(&link, Transfer::None).await;
    drop(task);
    let over = Error::SessionEnded("its task has stopped".to_owned());
    assert_eq!(reply.outcome().await.unwrap_err(), over);
    assert_eq!(link.ended().await, over);
}

/// NOP-01: a ping that came in one segment with the last Login Response is answered without anything after it.
#[tokio::test]
async fn nop_01_what_came_with_the_login_is_taken_in() {
    let (mut task, _link, mut peer) = session(1, LIMITS, Parameters::default()).await;
    let ping = NopIn {
        lun: Lun::ZERO,
        itt: InitiatorTaskTag::RESERVED,
        ttt: TargetTransferTag(5),
        numbers: numbers(1),
        data: bytes::Bytes::new(),
    };
    peer.send(ping.encode()).await;
    poll_fn(|context| task.stream.poll_readable(context)).await.unwrap();
    assert!(matches!(task.read(&mut Context::from_waker(Waker::noop())), Ok(Next::GoOn)));
    let running = tokio::spawn(task.run());
    let answer = peer.next().await;
    assert!(matches!(&answer, Some(InitiatorPdu::NopOut(reply)) if reply.ttt.0 == 5), "{answer:?}");
    running.abort();
}

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
    let (waiting, ()) = tokio::join!(link.request(request(Transfer::None), HOUR), async {
        link.log_out();
        peer.answer_logout(LogoutResponseCode::CLOSED).await;
        running.await.unwrap();
    });
    assert_eq!(waiting.err(), Some(Error::LoggedOut));
    for reply in replies {
        assert_eq!(reply.outcome().await.unwrap_err(), Error::LoggedOut);
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
    waiting.extend((0..4).map(|_| Box::pin(link.request(request(Transfer::None), HOUR)) as Waiting<'_>));
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

/// LGO-07: a request and a logout without an answer end the session at their limits, not before and not after.
#[tokio::test(start_paused = true)]
async fn lgo_07_limits_of_requests_and_of_the_logout() {
    let (task, link, _peer) = session(1, LIMITS, Parameters::default()).await;
    let begin = Instant::now();
    let reply = submit(&link, Transfer::None).await;
    tokio::spawn(task.run());
    let late = Error::Timeout { operation: "TEST", limit: HOUR };
    assert_eq!(reply.outcome().await.unwrap_err(), late);
    assert_eq!((begin.elapsed().as_secs(), link.end_reason()), (3600, Some(late)));

    let limits = Limits { logout: Duration::from_secs(7), ..LIMITS };
    let (task, link, _peer) = session(1, limits, Parameters::default()).await;
    let running = tokio::spawn(task.run());
    // The limit of a logout does not apply before its request.
    tokio::time::sleep(HOUR).await;
    assert_eq!(link.end_reason(), None);
    let begin = Instant::now();
    link.log_out();
    running.await.unwrap();
    let late = Error::Timeout { operation: "logout", limit: limits.logout };
    assert_eq!((begin.elapsed().as_secs(), link.end_reason()), (7, Some(late)));
}

/// CMD-08: an answer reaches its caller, and with it the limit of the request is gone.
#[tokio::test(start_paused = true)]
async fn cmd_08_a_request_that_was_answered_has_no_limit() {
    let (task, link, mut peer) = session(1, LIMITS, Parameters::default()).await;
    let reply = submit(&link, Transfer::Read(8)).await;
    tokio::spawn(task.run());
    let Some(InitiatorPdu::ScsiCommand(command)) = peer.next().await else { panic!("no command") };
    let data = DataIn {
        is_final: true,
        acknowledge: false,
        overflow: false,
        underflow: false,
        has_status: true,
        status: ScsiStatus::GOOD,
        lun: Lun::ZERO,
        itt: command.itt,
        ttt: TargetTransferTag::RESERVED,
        numbers: numbers(1),
        data_sn: 0,
        buffer_offset: 0,
        residual_count: 0,
        data: bytes::Bytes::from_static(&[7; 8]),
    };
    peer.send(data.encode()).await;
    let finished = reply.outcome().await.unwrap();
    assert!(matches!(&finished, Outcome::Scsi(_, data) if data[..] == [7; 8]), "{finished:?}");
    tokio::time::sleep(2 * HOUR).await;
    assert_eq!(link.end_reason(), None);
}

/// The longest limits become a century, and the others stay as they are.
#[tokio::test(start_paused = true)]
async fn limits_end_within_a_century() {
    const CENTURY: Duration = Duration::from_hours(876_000);
    const NEARLY: Duration = Duration::from_secs(876_000 * 3600 - 1);
    let (_task, link, _peer) = session(1, LIMITS, Parameters::default()).await;
    for (limit, used) in [
        (Duration::ZERO, Duration::ZERO),
        (HOUR, HOUR),
        (NEARLY, NEARLY),
        (CENTURY, CENTURY),
        (CENTURY + HOUR, CENTURY),
        (Duration::MAX, CENTURY),
    ] {
        assert_eq!(link.deadline_after(limit), link.deadline_after(Duration::ZERO) + used);
    }
}

/// Data beyond the socket's buffer are sent without another request or response, and without a busy loop.
#[tokio::test]
async fn everything_leaves_by_itself() {
    const COUNT: u32 = 200;
    let mut parameters = Parameters::default();
    parameters.max_send_data_segment_length = 1 << 16;
    parameters.first_burst_length = 1 << 16;
    let (task, link, mut peer) = session(COUNT, LIMITS, parameters).await;
    let mut replies = Vec::new();
    for _ in 0..COUNT {
        replies.push(submit(&link, Transfer::Write(vec![7; 1 << 16].into())).await);
    }
    let running = tokio::spawn(task.run());
    assert_eq!(peer.opcodes().await.len(), COUNT as usize);
    running.abort();
}

/// A session that has been idle for a second holds no buffers, gets none by being polled, and has no timer.
#[tokio::test(start_paused = true)]
async fn an_idle_session_holds_no_buffers() {
    let (mut task, link, mut peer) = session(1, LIMITS, Parameters::default()).await;
    let mut context = Context::from_waker(Waker::noop());
    assert!(task.poll(&mut context).is_pending());
    assert!(!task.wire.has_buffers() && task.idle_at.is_none());
    let reply = submit(&link, Transfer::None).await;
    assert!(task.poll(&mut context).is_pending());
    let Some(InitiatorPdu::ScsiCommand(command)) = peer.next().await else { panic!("no command") };
    peer.send(good(command.itt).encode()).await;
    poll_fn(|context| task.stream.poll_readable(context)).await.unwrap();
    assert!(task.poll(&mut context).is_pending());
    assert!(reply.outcome().await.is_ok());
    // It has received something since the timer was set, so one more second passes.
    for (seconds, has_buffers) in [(1, true), (1, false), (100, false)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        assert!(task.poll(&mut context).is_pending());
        assert_eq!(task.wire.has_buffers() || task.shared.0.lock().session.has_buffers(), has_buffers);
    }
    assert!(task.idle_at.is_none());
}
