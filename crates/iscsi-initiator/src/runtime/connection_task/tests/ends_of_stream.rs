//! Ends of a real connection inside of long read data, which a vectored read takes together with the next headers.

use bytes::Bytes;

use super::counted_stream::{CountedStream, Counts};
use super::*;

/// The lengths of two reads. Each is one PDU, and long enough to be received in place.
const LENGTHS: [usize; 2] = [64 << 10, 16 << 10];
/// The bytes of the first PDU that come before all others, so that the rest of its data is read in place.
const FIRST: usize = 1000;
/// The content of buffers in front of a read.
const STALE: u8 = 0xd5;

/// The ways in which a target closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    EndOfStream,
    Reset,
}

/// A read that was submitted, and one more byte of the same allocation as its buffer.
struct Read {
    reply: Reply,
    address: usize,
    witness: BytesMut,
}

impl Read {
    async fn submit(link: &Link, length: usize) -> Self {
        let mut buffer = BytesMut::zeroed(length + 1);
        buffer.fill(STALE);
        let witness = buffer.split_off(length);
        let address = buffer.as_ptr().addr();
        Self { reply: submit(link, Transfer::ReadInto(buffer)).await, address, witness }
    }

    /// Waits for the outcome: all data in the caller's buffer, or an error, after which the buffer is free.
    async fn end(self, data: &Bytes, place: &str) -> Result<(), Error> {
        let Self { reply, address, witness } = self;
        let outcome = reply.outcome().await;
        assert_eq!(witness[..], [STALE], "{place}: written behind the buffer");
        match outcome? {
            Outcome::Good(buffer) => {
                assert_eq!(buffer.as_ptr().addr(), address, "{place}");
                assert!(buffer == *data, "{place}: half-filled memory");
            }
            other => panic!("{place}: {other:?}"),
        }
        assert!(witness.freeze().is_unique(), "{place}");
        Ok(())
    }
}

/// Lets the task take so many bytes.
async fn take(task: &mut NexusTask<CountedStream>, counts: &Counts, bytes: usize) {
    while counts.read() < bytes {
        poll_fn(|context| task.connection.stream.poll_readable(context)).await.unwrap();
        assert!(task.connection.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

/// Ends the connection after so many bytes of both responses. Returns the number of reads that took more than data.
async fn end_after(digests: Digests, offset: usize, ending: Ending) -> usize {
    let place = format!("{ending:?} after {offset} bytes, {digests:?}");
    let (stream, mut peer) = connect(digests).await;
    let (stream, counts) = CountedStream::new(stream);
    let mut parameters = Parameters::default();
    parameters.max_recv_data_segment_length = 1 << 18;
    let (mut task, link) = session_over(stream, 2, LIMITS, parameters, digests);
    let reads = [Read::submit(&link, LENGTHS[0]).await, Read::submit(&link, LENGTHS[1]).await];
    assert!(task.connection.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let data = LENGTHS.map(|length| (0..211).cycle().take(length).collect::<Bytes>());
    let (mut bytes, mut ends) = (BytesMut::new(), Vec::new());
    for (stat_sn, data) in (0..).zip(&data) {
        let Some(InitiatorPdu::ScsiCommand(command)) = peer.next().await else { panic!("no command") };
        let pdu = data_in(command.itt, stat_sn, data);
        EncodedPdu::new(pdu, digests).unwrap().append_to(&mut bytes);
        ends.push(bytes.len());
    }
    peer.stream.write_all(&bytes[..offset.min(FIRST)]).await.unwrap();
    take(&mut task, &counts, offset.min(FIRST)).await;
    if offset > FIRST {
        peer.stream.write_all(&bytes[FIRST..offset]).await.unwrap();
        take(&mut task, &counts, offset).await;
    }
    if ending == Ending::Reset {
        peer.stream.set_zero_linger().unwrap();
    }
    drop(peer);
    let landed_beside = counts.landed_beside();
    timeout(Duration::from_secs(10), task.run()).await.expect("the task does not end");
    let reason = link.end_reason().unwrap();
    let Error::ConnectionLost { portal, reason: text } = &reason else { panic!("{place}: {reason}") };
    assert_eq!(portal.to_string(), "127.0.0.1:3260");
    if ending == Ending::EndOfStream {
        let is_between = offset == 0 || ends.contains(&offset);
        let expected = if is_between { "closed by the target" } else { "closed by the target inside a PDU" };
        assert_eq!(text, expected, "{place}");
    }
    for ((read, data), end) in reads.into_iter().zip(&data).zip(ends) {
        let expected = if end <= offset { Ok(()) } else { Err(reason.clone()) };
        assert_eq!(read.end(data, &place).await, expected, "{place}");
    }
    landed_beside
}

/// CMD-18, LGO-08: the connection ends at each byte of the headers, of the digest and the headers behind the data, and at
/// many of the data. Reads that were complete have their data, the others fail with the reason.
#[tokio::test]
async fn cmd_18_lgo_08_a_socket_that_ends_inside_long_data() {
    const STEP: usize = 4099;
    for digests in [Digests::default(), Digests { header: true, data: true }] {
        let digest = if digests.header { 4 } else { 0 };
        let (header, data) = (48 + digest, LENGTHS[0] + digest);
        let first = header + data;
        let last = first + header + LENGTHS[1] + digest;
        let near = |border: usize| border.saturating_sub(8)..=border + 8;
        let offsets = (0..=header + 8).chain(near(FIRST)).chain(first - 60..=first + header + 60);
        let offsets = offsets.chain((0..last).step_by(STEP)).chain(last - 12..=last);
        let mut landed_beside = 0;
        for offset in offsets {
            for ending in [Ending::EndOfStream, Ending::Reset] {
                landed_beside += end_after(digests, offset, ending).await;
            }
        }
        // Most of the ends behind the first data.
        assert!(landed_beside > 200, "{landed_beside}");
    }
}
