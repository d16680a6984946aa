//! Ranges of bytes over whole blocks: the data, the commands that carry them, and how many are in flight.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iscsi_initiator::{BlockDevice, Error, Lun, Overrides, Session, Zeroing, scsi};
use iscsi_tests::ram_disk::{Config, LogicalUnit, RamDisk, Running, Target};
use iscsi_tests::scripted_target::{Reply, Script, ScriptedTarget};
use tokio::time::timeout;

use crate::stage::{log_in, open_config, target_name};

const READ: u8 = 0x28;
const WRITE: u8 = 0x2a;
const COMPARE_AND_WRITE: u8 = 0x89;
const MIB: u64 = 1 << 20;
/// The bytes of one command of a reader or a writer.
const PIECE: u64 = 256 << 10;
/// The requests that a session accepts without an outcome.
const MOST_ACCEPTED: usize = 256;
const PATIENCE: Duration = Duration::from_millis(300);

/// A disk of so many MiB, which holds a pattern, and what it holds.
struct Disk {
    running: Running,
    session: Session,
    device: BlockDevice,
    model: Vec<u8>,
    block_size: u64,
}

/// Bytes with a period that is not that of a block, each time others.
fn pattern(length: u64, seed: u8) -> Bytes {
    let period: Vec<u8> = (seed..=250).chain(0..seed).collect();
    let length = usize::try_from(length).unwrap();
    Bytes::from(period.repeat(length / period.len() + 1)).slice(..length)
}

fn unit(block_size: u32, length: u64) -> Config {
    let mut target = Target::new(target_name());
    let blocks = length / u64::from(block_size);
    target.units = vec![LogicalUnit { blocks, block_size, ..LogicalUnit::default() }];
    Config { targets: vec![target], most_executions: usize::MAX, ..open_config() }
}

impl Disk {
    async fn new(block_size: u32, length: u64) -> Self {
        let running = RamDisk::serve(unit(block_size, length)).await.unwrap();
        let session = log_in(running.portal()).await.unwrap();
        let device = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        let disk = Self {
            running,
            session,
            device,
            model: pattern(length, 7).into(),
            block_size: block_size.into(),
        };
        disk.device.write_at(0, disk.model.clone()).await.unwrap();
        disk
    }

    /// The reads and writes since there were so many, each with its first block and the number of them.
    fn commands_since(&self, count: usize) -> Vec<(u8, u64, u64)> {
        self.running.with_engine(|engine| {
            let executions = engine.executions()[count..].iter();
            executions.map(|done| (done.operation, done.lba, done.blocks)).collect()
        })
    }

    fn count(&self) -> usize {
        self.running.with_engine(|engine| engine.executions().len())
    }

    /// The commands of a range, each with at most so many bytes.
    fn split(&self, operation: u8, offset: u64, length: u64, most: u64) -> Vec<(u8, u64, u64)> {
        let (end, most) = ((offset + length).div_ceil(self.block_size), (most / self.block_size).max(1));
        let mut commands = Vec::new();
        let mut lba = offset / self.block_size;
        while lba < end && length > 0 {
            commands.push((operation, lba, most.min(end - lba)));
            lba += commands.last().unwrap().2;
        }
        commands
    }

    /// The longest command, if whole blocks are read or written, and that of a range which begins or ends inside of one.
    fn most_of_read(&self, offset: u64, length: u64) -> u64 {
        if (offset | length).is_multiple_of(self.block_size) { MIB } else { PIECE }
    }

    /// The commands that write a range. Parts of blocks are read, compared and written.
    fn written(&self, offset: u64, end: u64) -> Vec<(u8, u64, u64)> {
        let (size, mut commands) = (self.block_size, Vec::new());
        let (first, last) = (offset.next_multiple_of(size).min(end), (end / size * size).max(offset));
        let whole = if first < last { first..last } else { end..end };
        let is_one = (offset | end).is_multiple_of(size) && end - offset <= MIB;
        commands.extend(self.split(
            WRITE,
            whole.start,
            whole.end - whole.start,
            if is_one { MIB } else { PIECE },
        ));
        let edges = if whole.is_empty() { [offset..end, end..end] } else { [offset..first, last..end] };
        let parts = edges.into_iter().flat_map(|edge| {
            // A range of less than two blocks may have parts of both.
            let middle = edge.end.min(edge.start.next_multiple_of(size));
            let middle = if middle == edge.start { edge.end } else { middle };
            [edge.start..middle, middle..edge.end]
        });
        for part in parts.filter(|part| !part.is_empty()) {
            commands.extend([(READ, part.start / size, 1), (COMPARE_AND_WRITE, part.start / size, 1)]);
        }
        commands
    }

    async fn read(&self, offset: u64, length: u64) {
        let (before, bytes) = (self.count(), usize::try_from(length).unwrap());
        let read = self.device.read_at(offset, bytes).await.unwrap();
        let expected = &self.model[usize::try_from(offset).unwrap()..][..bytes];
        assert!(read == expected, "{length} bytes from {offset}");
        let most = self.most_of_read(offset, length);
        assert_eq!(self.commands_since(before), self.split(READ, offset, length, most), "{offset} {length}");
        // The same into a buffer that the caller gives.
        let read = self.device.read_into(offset, BytesMut::zeroed(bytes)).await.unwrap();
        assert!(read == expected, "{length} bytes from {offset}");
    }

    async fn write(&mut self, offset: u64, length: u64, seed: u8) {
        let (before, data) = (self.count(), pattern(length, seed));
        self.device.write_at(offset, data.clone()).await.unwrap();
        let at = usize::try_from(offset).unwrap();
        self.model[at..at + data.len()].copy_from_slice(&data);
        let medium = self.running.read_medium(&target_name(), 0, 0, self.model.len()).unwrap();
        assert!(medium == self.model, "{length} bytes from {offset}");
        let mut commands = self.commands_since(before);
        let mut expected = self.written(offset, offset + length);
        commands.sort_unstable();
        expected.sort_unstable();
        assert_eq!(commands, expected, "{offset} {length}");
    }
}

/// Offsets and lengths that begin and end at a block, in front of and behind one, and around the longest commands.
fn ranges(block: u64) -> Vec<(u64, u64)> {
    let offsets = [0, 1, block - 1, block, block + 1, 3 * block];
    let lengths = [
        0,
        1,
        block - 1,
        block,
        block + 1,
        2 * block,
        PIECE,
        PIECE + block,
        MIB - block,
        MIB,
        MIB + block,
        3 * MIB,
        3 * MIB + 1,
    ];
    offsets.iter().flat_map(|offset| lengths.iter().map(|length| (*offset, *length))).collect()
}

/// Every range holds what was written to it, nothing outside of it changes, and no command is longer or shorter than need be.
#[tokio::test]
async fn ranges_of_any_bytes() {
    for block_size in [512, 4096] {
        let mut disk = Disk::new(block_size, 4 * MIB).await;
        for ((offset, length), seed) in ranges(block_size.into()).into_iter().zip((1..250).cycle()) {
            disk.write(offset, length, seed).await;
            disk.read(offset, length).await;
        }
        disk.session.logout().await.unwrap();
        assert_eq!(disk.running.report().violations, [""; 0]);
    }
}

/// Blocks that are longer than a piece, or as long as the longest command, come one by one.
#[tokio::test]
async fn blocks_longer_than_a_piece() {
    for block_size in [512 << 10, 1 << 20] {
        let mut disk = Disk::new(block_size, 8 * MIB).await;
        let block = u64::from(block_size);
        for (offset, length) in [(0, block), (block, 3 * block), (5, 1), (block - 1, block + 2)] {
            disk.write(offset, length, 9).await;
            disk.read(offset, length).await;
        }
    }
}

/// Ranges that end beyond the device, or beyond any number, are refused before anything is sent.
#[tokio::test]
async fn ranges_beyond_the_device() {
    let disk = Disk::new(512, MIB).await;
    let before = disk.count();
    for (offset, length, fits) in
        [(0, MIB, true), (MIB, 0, true), (MIB - 1, 2, false), (MIB + 1, 0, false), (u64::MAX, 1, false)]
    {
        assert_eq!(disk.device.reader(offset, length).is_ok(), fits, "{offset} {length}");
        assert_eq!(disk.device.writer(offset, length).is_ok(), fits, "{offset} {length}");
    }
    assert!(matches!(disk.device.read_at(MIB - 1, 2).await, Err(Error::InvalidArgument(_))));
    assert!(matches!(disk.device.read_into(MIB, BytesMut::zeroed(1)).await, Err(Error::InvalidArgument(_))));
    assert!(matches!(disk.device.write_at(MIB - 1, vec![1, 2]).await, Err(Error::InvalidArgument(_))));
    assert_eq!(disk.count(), before);
}

/// A reader returns its range piece by piece, and then nothing more.
#[tokio::test]
async fn a_reader_returns_its_range_once() {
    let disk = Disk::new(512, 4 * MIB).await;
    for (offset, length, lengths) in [
        (0, 0, vec![]),
        (100, 5, vec![5]),
        (0, PIECE, vec![PIECE]),
        (0, PIECE + 1, vec![PIECE, 1]),
        (100, 2 * PIECE, vec![PIECE - 100, PIECE, 100]),
    ] {
        let mut reader = disk.device.reader(offset, length).unwrap();
        let (mut seen, mut at) = (Vec::new(), usize::try_from(offset).unwrap());
        while let Some(piece) = reader.next().await.unwrap() {
            assert!(piece == disk.model[at..at + piece.len()], "{offset} {length}");
            at += piece.len();
            seen.push(piece.len() as u64);
        }
        assert_eq!(seen, lengths, "{offset} {length}");
        assert_eq!(reader.next().await.unwrap(), None);
    }
}

/// A writer takes its range in pieces of any length, no more and no less, and counts what the target has acknowledged.
#[tokio::test]
async fn a_writer_takes_its_range_exactly() {
    let mut disk = Disk::new(512, 4 * MIB).await;
    for piece in [1000, 4095, 4096, 5000, 300_000] {
        let (offset, data) = (700, pattern(2 * MIB, u8::try_from(piece % 200).unwrap()));
        let mut writer = disk.device.writer(offset, data.len() as u64).unwrap();
        let mut acknowledged = 0;
        for piece in data.chunks(piece) {
            writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
            // The end of the first block comes first, by itself.
            let whole = writer.acknowledged().checked_sub(1024 - offset);
            assert!(writer.acknowledged() >= acknowledged);
            assert!(whole.map_or(writer.acknowledged() == 0, |whole| whole.is_multiple_of(PIECE)));
            acknowledged = writer.acknowledged();
        }
        assert!(matches!(writer.write(Bytes::from_static(b"1")).await, Err(Error::InvalidArgument(_))));
        writer.finish().await.unwrap();
        disk.model[700..700 + data.len()].copy_from_slice(&data);
        let medium = disk.running.read_medium(&target_name(), 0, 0, disk.model.len()).unwrap();
        assert!(medium == disk.model, "{piece}");
    }
    for missing in [1, 512, 1000] {
        let mut writer = disk.device.writer(0, 1000).unwrap();
        writer.write(pattern(1000 - missing, 1)).await.unwrap();
        let error = writer.finish().await.unwrap_err();
        let text = format!("{missing} bytes of the range were not handed over");
        assert_eq!(error, Error::InvalidArgument(text));
    }
}

/// More than 32 pieces, of which the first are acknowledged before the last one is taken.
#[tokio::test]
async fn a_writer_counts_what_was_acknowledged() {
    let disk = Disk::new(512, 40 * PIECE).await;
    let mut writer = disk.device.writer(0, 40 * PIECE).unwrap();
    for number in 1..=40_u64 {
        writer.write(pattern(PIECE, 3)).await.unwrap();
        // No more than 32 pieces are in flight.
        assert!(writer.acknowledged() >= PIECE * number.saturating_sub(32));
        assert!(writer.acknowledged() <= PIECE * number);
    }
    writer.finish().await.unwrap();
}

/// A disk that answers no READ and no WRITE, in a session with this command window.
async fn silent_disk(window: u32, overrides: Overrides) -> (ScriptedTarget, Session, BlockDevice) {
    let config = Config { window, ..unit(512, 64 * MIB) };
    let script = Script::new()
        .log_in(config)
        .serve_but(|command, _| matches!(command.cdb[0], READ | WRITE).then(Reply::default));
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    let device = BlockDevice::open_with(&session, Lun::ZERO, overrides).await.unwrap();
    (scripted, session, device)
}

/// The requests in flight: those that are missing from what the session accepts.
async fn in_flight(session: &Session) -> usize {
    let mut pending = Vec::new();
    while let Ok(command) = timeout(PATIENCE, session.submit(Lun::ZERO, scsi::read_blocks(0, 1, 512))).await {
        pending.push(command.unwrap());
    }
    MOST_ACCEPTED - pending.len()
}

/// A transfer that waits for the silent disk, and how many commands it has in flight.
async fn transfer(window: u32, begin: impl AsyncFnOnce(&BlockDevice)) -> usize {
    transfer_with(window, Overrides::default(), begin).await
}

async fn transfer_with(window: u32, overrides: Overrides, begin: impl AsyncFnOnce(&BlockDevice)) -> usize {
    let (_scripted, session, device) = silent_disk(window, overrides).await;
    let mut transfer = Box::pin(begin(&device));
    assert!(timeout(PATIENCE, &mut transfer).await.is_err(), "something was answered");
    in_flight(&session).await
}

/// A transfer has 32 commands in flight, and no more than the window of the target permits.
#[tokio::test]
async fn num_05_transfers_have_32_commands_in_flight_or_a_window() {
    for (window, expected) in [(1, 1), (31, 31), (33, 32)] {
        let reader = transfer(window, async |device| {
            device.reader(0, 64 * MIB).unwrap().next().await.unwrap();
        });
        let writer = transfer(window, async |device| {
            let mut writer = device.writer(0, 64 * MIB).unwrap();
            while writer.acknowledged() == 0 {
                writer.write(pattern(PIECE, 1)).await.unwrap();
            }
        });
        let into = transfer(window, async |device| {
            device.read_into(0, BytesMut::zeroed(64 << 20)).await.unwrap();
        });
        assert_eq!(tokio::join!(reader, writer, into), (expected, expected, expected));
    }
}

/// The overrides change the number of commands in flight, of any kind.
#[tokio::test]
async fn transfers_have_as_many_commands_in_flight_as_the_overrides_say() {
    for depth in [1, 7, 100] {
        let mut overrides = Overrides::default();
        (overrides.queue_depth, overrides.no_write_same) = (Some(depth), true);
        let reader = transfer_with(128, overrides, async |device| {
            device.reader(0, 64 * MIB).unwrap().next().await.unwrap();
        });
        let zeroes = transfer_with(128, overrides, async |device| {
            device.write_zeroes(0, 64 * MIB, Zeroing::KeepMapped).await.unwrap();
        });
        let scattered = transfer_with(128, overrides, async |device| {
            device.read_scattered(0, vec![BytesMut::zeroed(4096); 200]).await.unwrap();
        });
        assert_eq!(tokio::join!(reader, zeroes, scattered), (depth, depth, depth));
    }
}
