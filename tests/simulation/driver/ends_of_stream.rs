//! Ends of the connection at every byte of read data that are received in place: inside of headers, data and digests, and of
//! headers that one read takes together with the data before them.

use std::ops::Range;
use std::time::Instant;

use bytes::BytesMut;
use iscsi_initiator::scsi::{TestUnitReady, write_blocks};
use iscsi_initiator::{BlockDevice, Error, Lun, Session};
use iscsi_tests::world::{Counts, DISK, Direction, Ending, PipeSettings, Rig, Variant};
use tokio::task::JoinHandle;

use super::cancellation::stamped;
use super::{assert_over, paused, settle, start};
use crate::is_long;

const BLOCK: usize = DISK.block_size as usize;
/// The operation number in the stamps of the disk.
const WRITTEN: u32 = 1;
/// The content of buffers in front of a read.
const STALE: u8 = 0xd5;
/// The first block and the number of blocks of each read. The first one has two Data-In PDUs.
const READS: [(u64, usize); 3] = [(40, 2), (9, 1), (20, 1)];
/// Bytes that one read delivers at most: a header alone and then parts of data; a header with half of the data, then the
/// rest with the next header; and two PDUs with a part of a header in between.
const PIECES: [usize; 3] = [52, 340, 601];

/// The lengths of PDUs.
#[derive(Clone, Copy)]
struct Lengths {
    header: usize,
    data: usize,
}

impl Lengths {
    const fn new(digests: bool) -> Self {
        let digest = if digests { 4 } else { 0 };
        Self { header: 48 + digest, data: BLOCK + digest }
    }

    /// The offsets at which PDUs begin and end, from the first Data-In to the SCSI Response.
    fn borders(self) -> Vec<usize> {
        let pdus: usize = READS.iter().map(|(_, blocks)| blocks).sum();
        let data = (0..=pdus).map(|pdu| pdu * (self.header + self.data));
        data.chain([pdus * (self.header + self.data) + self.header]).collect()
    }

    /// The offsets to end the stream at: each one up to the data of the second PDU, and some of the others.
    fn offsets(self) -> Vec<usize> {
        const SOME: usize = 13;
        let borders = self.borders();
        let each = if is_long() { borders[borders.len() - 1] } else { 2 * self.header + self.data + 1 };
        let is_wanted =
            |offset: &usize| *offset <= each || offset.is_multiple_of(SOME) || borders.contains(offset);
        (0..=borders[borders.len() - 1]).filter(is_wanted).collect()
    }

    /// The offset at which each read ends, which is that of its last PDU, and that at which the command without data does.
    fn ends(self) -> Vec<usize> {
        let mut end = 0;
        let reads = READS.map(|(_, blocks)| {
            end += blocks * (self.header + self.data);
            end
        });
        reads.into_iter().chain([end + self.header]).collect()
    }
}

/// A read to memory of the caller, and one more byte of the same allocation, by which the caller knows whether it is freed.
struct Read {
    blocks: Range<u64>,
    address: usize,
    reading: JoinHandle<Result<BytesMut, Error>>,
    witness: BytesMut,
}

impl Read {
    fn begin(device: &BlockDevice, lba: u64, blocks: usize) -> Self {
        let mut buffer = BytesMut::zeroed(blocks * BLOCK + 1);
        buffer.fill(STALE);
        let witness = buffer.split_off(blocks * BLOCK);
        let (device, address) = (device.clone(), buffer.as_ptr().addr());
        let reading = tokio::spawn(async move { device.read_into(lba * BLOCK as u64, buffer).await });
        Self { blocks: lba..lba + blocks as u64, address, reading, witness }
    }

    /// Waits for the result. Only whole data come back, in the caller's memory; other memory is freed.
    async fn end(self) -> Result<(), Error> {
        let Self { blocks, address, reading, witness } = self;
        let result = reading.await.unwrap();
        settle().await;
        let result = result.map(|buffer| {
            let expected = stamped(WRITTEN, blocks.start, u32::try_from(blocks.end - blocks.start).unwrap());
            assert_eq!(buffer.as_ptr().addr(), address);
            assert!(buffer == expected, "half-filled memory");
        });
        assert_eq!(witness[..], [STALE], "written behind the buffer");
        assert!(witness.freeze().is_unique(), "the buffer of a read that is over is still held");
        result
    }
}

/// Reads with their responses under way, in which no byte has crossed yet.
struct Scene {
    rig: Rig,
    session: Session,
    reads: Vec<Read>,
    other: JoinHandle<Result<(), Error>>,
    /// The bytes that have crossed before.
    crossed: u64,
}

impl Scene {
    async fn new(digests: bool, piece: usize) -> Self {
        let pipes = PipeSettings { pieces: piece..=piece, ..PipeSettings::default() };
        let (rig, session) = start(Variant { digests, ..Variant::default() }, &pipes, 1);
        session.execute(Lun::ZERO, write_blocks(0, 64, stamped(WRITTEN, 0, 64))).await.unwrap();
        let device = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        rig.hold();
        let reads = READS.map(|(lba, blocks)| Read::begin(&device, lba, blocks));
        let executing = session.clone();
        let other =
            tokio::spawn(async move { executing.execute(Lun::ZERO, TestUnitReady.into()).await.map(drop) });
        settle().await;
        let crossed = rig.crossed(Direction::ToInitiator);
        Self { rig, session, reads: reads.into(), other, crossed }
    }

    /// Ends the stream in front of this byte of the responses, and returns the results in order, with the session's reason.
    async fn end_after(self, offset: usize, ending: Ending) -> (Vec<Result<(), Error>>, Error, Counts) {
        let Self { rig, session, reads, other, crossed } = self;
        rig.cut_after(Direction::ToInitiator, crossed + offset as u64, ending);
        rig.release();
        let mut results = Vec::new();
        for read in reads {
            results.push(read.end().await);
        }
        results.push(other.await.unwrap());
        let reason = session.ended().await;
        assert_eq!(session.end_reason(), Some(reason.clone()));
        let counts = rig.counts();
        drop(session);
        assert_over(&rig).await;
        (results, reason, counts)
    }
}

/// Every request whose response has crossed has its result, and every other one fails with the reason of the session.
async fn end_after(digests: bool, piece: usize, offset: usize, ending: Ending) -> Counts {
    let lengths = Lengths::new(digests);
    let place = format!("{ending:?} after {offset} bytes, in pieces of {piece}, digests: {digests}");
    let (results, reason, counts) = Scene::new(digests, piece).await.end_after(offset, ending).await;
    let Error::ConnectionLost { portal, reason: text } = &reason else { panic!("{place}: {reason}") };
    assert_eq!(portal.to_string(), "10.0.0.1:3260", "{place}");
    if ending == Ending::EndOfStream {
        let is_between = lengths.borders().contains(&offset);
        let expected = if is_between { "closed by the target" } else { "closed by the target inside a PDU" };
        assert_eq!(text, expected, "{place}");
    }
    let expected =
        lengths.ends().into_iter().map(|end| if end <= offset { Ok(()) } else { Err(reason.clone()) });
    assert_eq!(results, expected.collect::<Vec<_>>(), "{place}");
    counts
}

fn end_at_every_byte(digests: bool) {
    let began = Instant::now();
    let (mut runs, mut landed, mut landed_beside) = (0, 0, 0);
    for piece in PIECES {
        for ending in [Ending::EndOfStream, Ending::Reset] {
            for offset in Lengths::new(digests).offsets() {
                let counts = paused(end_after(digests, piece, offset, ending));
                runs += 1;
                landed += counts.landed;
                landed_beside += counts.landed_beside;
            }
        }
    }
    println!(
        "{runs} runs, {landed} reads in place, {landed_beside} with more behind, in {:?}",
        began.elapsed()
    );
    assert!(landed > runs && landed_beside > runs / 4, "{landed} {landed_beside} of {runs}");
}

#[test]
fn cmd_18_lgo_08_every_byte_of_data_in_place() {
    end_at_every_byte(false);
}

#[test]
fn cmd_18_lgo_08_every_byte_of_data_in_place_with_digests() {
    end_at_every_byte(true);
}
