//! The task of a session between its handles and the other end of its socket.

mod away;
mod counted_stream;
mod ends;
mod ends_of_stream;
mod idle;
mod limits;
mod line;
mod precedence;
mod turns;

use std::future::poll_fn;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use bytes::BytesMut;
use iscsi_login::{Parameters, Tolerance};
use iscsi_pdu::{
    DataIn, Decoder, Digests, EncodedPdu, InitiatorPdu, InitiatorTaskTag, Isid, LogoutResponse,
    LogoutResponseCode, Lun, NopIn, Opcode, R2t, RawPdu, ScsiResponse, ScsiStatus, SequenceNumbers,
    SerialNumber, TargetPdu, TargetTransferTag,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

use super::*;
use crate::IsidPool;
use crate::nexus::{Nexus, RecoveryPolicy};
use crate::runtime::Reply;
use crate::runtime::link::Link;
use crate::runtime::nexus_task::NexusTask;
use crate::scsi::RawCommand;
use crate::scsi::Transfer;
use crate::session::{Limits, Outcome, Request};
use crate::wire::Inbox;

const HOUR: Duration = Duration::from_hours(1);
const LIMITS: Limits = Limits::new(HOUR, HOUR);

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

    /// Answers the next command, with this status number.
    async fn answer(&mut self, stat_sn: u32) {
        let Some(InitiatorPdu::ScsiCommand(command)) = self.next().await else { panic!("no command") };
        let mut response = good(command.itt);
        response.numbers.stat_sn = SerialNumber(stat_sn);
        self.send(response.encode()).await;
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

/// A Data-In PDU with status.
fn data_in(itt: InitiatorTaskTag, stat_sn: u32, data: &bytes::Bytes) -> RawPdu {
    let numbers = SequenceNumbers { stat_sn: SerialNumber(stat_sn), ..numbers(2) };
    let data = data.clone();
    let pdu = DataIn {
        is_final: true,
        acknowledge: false,
        overflow: false,
        underflow: false,
        has_status: true,
        status: ScsiStatus::GOOD,
        lun: Lun::ZERO,
        itt,
        ttt: TargetTransferTag::RESERVED,
        numbers,
        data_sn: 0,
        buffer_offset: 0,
        residual_count: 0,
        data,
    };
    pdu.encode()
}

/// The SCSI Response of a command that moved no data.
fn good(itt: InitiatorTaskTag) -> ScsiResponse {
    crate::session::good_response(itt, numbers(1))
}

/// A session with a command window of this size, and the target's end of the connection.
async fn session(window: u32, limits: Limits, parameters: Parameters) -> (NexusTask<TcpStream>, Link, Peer) {
    let (stream, peer) = connect(Digests::default()).await;
    let (task, link) = session_over(stream, window, limits, parameters, Digests::default());
    (task, link, peer)
}

/// Both ends of a connection.
async fn connect(digests: Digests) -> (TcpStream, Peer) {
    connect_by(TcpSocket::new_v4().unwrap(), digests).await
}

/// Both ends of a connection; the initiator's is this socket.
async fn connect_by(socket: TcpSocket, digests: Digests) -> (TcpStream, Peer) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let stream = socket.connect(listener.local_addr().unwrap()).await.unwrap();
    let mut decoder = Decoder::new(1 << 24);
    decoder.set_full_feature(digests, 1 << 24);
    (stream, Peer { stream: listener.accept().await.unwrap().0, decoder, inbox: BytesMut::new() })
}

/// A session over a stream.
fn session_over<S: Stream>(
    stream: S,
    window: u32,
    limits: Limits,
    parameters: Parameters,
    digests: Digests,
) -> (NexusTask<S>, Link) {
    let inbox = Inbox::new(&[], digests, parameters.max_recv_data_segment_length);
    let connection = Connection { stream, inbox, digests, portal: "127.0.0.1:3260".parse().unwrap() };
    let (zero, tolerance) = (SerialNumber(0), Tolerance::default());
    let session = SessionState::new(parameters, zero, zero, numbers(window), tolerance, limits);
    let lease = IsidPool::in_memory().unwrap().lease(None).unwrap();
    NexusTask::new(connection, lease, session, Nexus::new(RecoveryPolicy::OFF, None, 0, Duration::ZERO), None)
}

fn request(transfer: Transfer) -> Request {
    Request::command(Lun::ZERO, RawCommand::new("TEST", 0, transfer))
}

/// Submits a request, which is accepted at once.
async fn submit(link: &Link, transfer: Transfer) -> Reply {
    timeout(Duration::from_millis(300), link.submit(request(transfer))).await.unwrap().unwrap()
}

/// Submits as many requests as are accepted, and this many at most.
async fn fill(link: &Link, most: usize) -> Vec<Reply> {
    let mut replies = Vec::new();
    while replies.len() < most {
        let sent = timeout(Duration::from_millis(300), link.submit(request(Transfer::None))).await;
        let Ok(reply) = sent else { break };
        replies.push(reply.unwrap());
    }
    replies
}

/// Counts how often it is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    /// The number since the last call.
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// A counter, and the waker that counts with it.
fn counter() -> (Arc<Wakes>, Waker) {
    let count = Arc::new(Wakes::default());
    (Arc::clone(&count), count.into())
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
    poll_fn(|context| task.connection.stream.poll_readable(context)).await.unwrap();
    assert!(matches!(task.connection.read(&mut Context::from_waker(Waker::noop())), Ok(Next::GoOn)));
    let running = tokio::spawn(task.run());
    let answer = peer.next().await;
    assert!(matches!(&answer, Some(InitiatorPdu::NopOut(reply)) if reply.ttt.0 == 5), "{answer:?}");
    running.abort();
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

/// TAG-03: what was tolerated is told to the handles, and the session goes on.
#[tokio::test]
async fn tag_03_deviations_are_told() {
    let mut parameters = Parameters::default();
    (parameters.immediate_data, parameters.initial_r2t) = (false, true);
    let (task, link, mut peer) = session(1, LIMITS, parameters).await;
    let running = tokio::spawn(task.run());
    let command = RawCommand::new("TEST", 0, Transfer::Write(vec![7; 512].into()));
    let _reply = link.submit(Request::command(Lun([0, 1, 0, 0, 0, 0, 0, 0]), command)).await.unwrap();
    let Some(InitiatorPdu::ScsiCommand(command)) = peer.next().await else { panic!("no command") };
    assert_eq!(link.deviations(), []);
    let r2t = R2t {
        lun: Lun::ZERO,
        itt: command.itt,
        ttt: TargetTransferTag(0),
        numbers: numbers(1),
        r2t_sn: 0,
        buffer_offset: 0,
        desired_data_transfer_length: 512,
    };
    peer.send(r2t.encode()).await;
    assert!(matches!(peer.next().await, Some(InitiatorPdu::DataOut(_))));
    assert_eq!(link.deviations().len(), 1);
    running.abort();
}
