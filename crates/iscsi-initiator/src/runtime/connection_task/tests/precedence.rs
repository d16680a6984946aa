//! Small requests and answers behind much write data.

use bytes::Bytes;
use iscsi_pdu::R2t;

use super::counted_stream::{CountedStream, Counts};
use super::*;

/// The writes that the target has requested all data of, and their length.
const WRITES: usize = 8;
const WRITE: usize = 1 << 20;
/// The buffer of the socket.
const SEND_BUFFER: u32 = 256 << 10;
/// The most bytes that wait for the socket.
const OUTBOX: usize = 256 << 10;

/// A session with megabytes of solicited data to send, and a target that reads nothing of them.
struct Scene {
    task: NexusTask<CountedStream>,
    link: Link,
    peer: Peer,
    counts: Arc<Counts>,
    writes: Vec<Reply>,
    /// The bytes that the target has read.
    read: usize,
}

impl Scene {
    /// With a socket that takes little on every system.
    async fn new(segment: u32) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(SEND_BUFFER).unwrap();
        Self::over(socket, segment).await
    }

    async fn over(socket: TcpSocket, segment: u32) -> Self {
        let (stream, peer) = connect_by(socket, Digests::default()).await;
        let (stream, counts) = CountedStream::new(stream);
        let mut parameters = Parameters::default();
        parameters.immediate_data = false;
        parameters.max_send_data_segment_length = segment;
        parameters.max_burst_length = 1 << 20;
        let (task, link) = session_over(stream, 100, LIMITS, parameters, Digests::default());
        let mut scene = Self { task, link, peer, counts, writes: Vec::new(), read: 0 };
        for _ in 0..WRITES {
            let write = Transfer::Write(vec![7; WRITE].into());
            scene.writes.push(submit(&scene.link, write).await);
        }
        scene.poll();
        for number in 0..WRITES {
            let Some(InitiatorPdu::ScsiCommand(command)) = scene.next().await else { panic!("no command") };
            scene.peer.send(request_all(command.itt, number).encode()).await;
        }
        scene.fill_socket().await;
        scene
    }

    fn poll(&mut self) {
        assert!(self.task.connection.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    /// Lets the task run until the socket takes no more.
    async fn fill_socket(&mut self) {
        let mut before = usize::MAX;
        while before != self.counts.written() {
            before = self.counts.written();
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(5)).await;
                self.poll();
            }
        }
        assert!(
            self.task.connection.wire.is_full() && before < WRITES * WRITE,
            "the socket takes everything"
        );
    }

    /// The next PDU that the session has sent, whose bytes are counted.
    async fn next(&mut self) -> Option<InitiatorPdu> {
        let pdu = self.peer.next().await?;
        self.read += 48 + pdu.clone().encode().data.len().next_multiple_of(4);
        Some(pdu)
    }

    /// The number of bytes that are sent in front of a PDU, without those that the socket had taken before.
    async fn bytes_in_front_of(self, is_wanted: impl Fn(&InitiatorPdu) -> bool) -> usize {
        let taken = self.counts.written();
        let Self { task, mut peer, mut read, link: _link, writes: _writes, .. } = self;
        let running = tokio::spawn(task.run());
        loop {
            let pdu = peer.next().await.expect("the PDU is sent");
            if is_wanted(&pdu) {
                running.abort();
                return read.checked_sub(taken).expect("it overtakes what the socket has");
            }
            read += 48 + pdu.encode().data.len().next_multiple_of(4);
        }
    }
}

/// The request for all data of a write.
fn request_all(itt: InitiatorTaskTag, number: usize) -> R2t {
    R2t {
        lun: Lun::ZERO,
        itt,
        ttt: TargetTransferTag(u32::try_from(number).unwrap()),
        numbers: numbers(100),
        r2t_sn: 0,
        buffer_offset: 0,
        desired_data_transfer_length: u32::try_from(WRITE).unwrap(),
    }
}

/// NOP-01: beside the data that the socket has taken, a small read and the answer to a ping wait for 256 KiB at most and the PDU
/// that exceeds them. A command may also wait for one PDU of data, with which it takes turns.
#[tokio::test]
async fn nop_01_a_small_read_and_a_ping_pass_megabytes_of_data() {
    for segment in [8 << 10, 64 << 10, 256 << 10] {
        let pdu = 48 + segment as usize;
        let scene = Scene::new(segment).await;
        let read = submit(&scene.link, Transfer::Read(4096)).await;
        let is_read = |pdu: &InitiatorPdu| matches!(pdu, InitiatorPdu::ScsiCommand(command) if command.read);
        let in_front = scene.bytes_in_front_of(is_read).await;
        println!("segments of {segment}: {in_front} bytes in front of a read");
        assert!(
            in_front <= OUTBOX + 2 * pdu,
            "{in_front} bytes in front of a read, in segments of {segment}"
        );
        drop(read);

        let mut scene = Scene::new(segment).await;
        let ping = NopIn {
            lun: Lun::ZERO,
            itt: InitiatorTaskTag::RESERVED,
            ttt: TargetTransferTag(5),
            numbers: numbers(100),
            data: Bytes::new(),
        };
        scene.peer.send(ping.encode()).await;
        let is_answer = |pdu: &InitiatorPdu| matches!(pdu, InitiatorPdu::NopOut(answer) if answer.ttt.0 == 5);
        let in_front = scene.bytes_in_front_of(is_answer).await;
        println!("segments of {segment}: {in_front} bytes in front of the answer to a ping");
        assert!(in_front <= OUTBOX + pdu, "{in_front} bytes in front of an answer, in segments of {segment}");
    }
}

/// A socket as the system makes it would take megabytes, behind which everything else has to wait.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn the_system_queues_little_for_a_target_that_does_not_read() {
    let scene = Scene::over(TcpSocket::new_v4().unwrap(), 64 << 10).await;
    let queued = scene.counts.written() - scene.read;
    println!("{queued} bytes in the sockets");
    assert!(queued < 1 << 20, "{queued}");
}
