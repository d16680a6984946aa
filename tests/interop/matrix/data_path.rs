//! One disk, with every offer for the transfer of data and every combination of digests.

use std::fs;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use iscsi_initiator::scsi::read_blocks;
use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, BlockDevice, Config, DigestPreference, Initiator, Lun, Offer,
    Session,
};
use iscsi_secrets::MemoryStore;

use super::disks::{Disk, SIZE};
use super::image::{Image, in_odd_pieces};
use super::offers::{Bursts, DataOffer, agreed, offers};
use crate::stage::{Daemon, log_out};

/// The most bytes of a command.
const COMMAND: usize = 1 << 20;
/// The bytes of the commands of a long write.
const PIECE: usize = 256 << 10;
/// The beginning of the part of the disk that every offer writes to. The rest keeps its first contents.
const BEGIN: usize = 64 << 10;
const DIGESTS: [[bool; 2]; 4] = [[false, false], [false, true], [true, false], [true, true]];
/// The content of a buffer in front of a read.
const STALE: u8 = 0xd5;

/// Tries every offer with a disk. Returns a line for each that was not answered as the table says.
pub(super) async fn try_offers(disk: Disk) -> Vec<String> {
    let second = Second::new(&disk).await;
    let mut image = Image::new(SIZE);
    second.device.write_at(0, image.write(0..SIZE)).await.unwrap();
    let mut differing = Vec::new();
    for offer in offers().iter().filter(|offer| offer.bursts == disk.bursts) {
        for digests in DIGESTS {
            let place = format!("{:?}, blocks of {}, {digests:?}", disk.daemon, disk.block_size);
            let expected = offer.expected(disk.daemon);
            let found = try_offer(&disk, offer, digests, &mut image, &second, &place).await;
            if found != expected {
                differing.push(format!("{place}\n  expected: {expected}\n  found:    {found}\n"));
            }
        }
    }
    second.compare(&disk, 0..SIZE, &image, "after all offers").await;
    log_out(disk.daemon, second.session).await;
    differing
}

/// Logs in with an offer, writes and reads, and returns what was agreed on.
async fn try_offer(
    disk: &Disk,
    offer: &DataOffer,
    digests: [bool; 2],
    image: &mut Image,
    second: &Second,
    place: &str,
) -> String {
    let mut proposed = offer.offer();
    [proposed.header_digest, proposed.data_digest] =
        digests.map(|wanted| if wanted { DigestPreference::Crc32c } else { DigestPreference::None });
    let session = log_in(disk, proposed).await;
    let parameters = &session.details().completed.parameters;
    assert_eq!([parameters.digests.header, parameters.digests.data], digests, "{place}");
    let agreed = agreed(parameters);
    let device = BlockDevice::open(&session, Lun::from_number(disk.lun).unwrap()).await.unwrap();
    assert_eq!((device.capacity().block_size, device.capacity().bytes()), (disk.block_size, SIZE as u64));
    let place = format!("{place}, {agreed}");
    write_everywhere(&device, longest(disk), image, &place).await;
    read_everywhere(&device, longest(disk), image, &place).await;
    second.compare(disk, BEGIN..BEGIN + longest(disk) + 2 * PIECE, image, &place).await;
    assert_eq!(session.deviations(), [], "{place}");
    drop(device);
    log_out(disk.daemon, session).await;
    agreed
}

/// The bytes of the longest whole blocks here: those of one command, but for an emulated guest, which takes a second for a few
/// MiB in short segments.
fn longest(disk: &Disk) -> usize {
    let is_slow = matches!(disk.daemon, Daemon::Lio) && disk.bursts != Bursts::Large;
    if is_slow { PIECE } else { COMMAND }
}

/// Writes whole blocks and parts of them, in one command and in several, from one piece and from many.
async fn write_everywhere(device: &BlockDevice, longest: usize, image: &mut Image, place: &str) {
    let block = device.capacity().block_size as usize;
    let (first, second) = (BEGIN, BEGIN + PIECE);
    let ranges = [
        // Whole blocks, as many as one command writes, and more.
        first..first + longest,
        second..second + longest + block,
        // More than the commands of a long write take, from inside of a block to inside of another.
        second - PIECE / 2 - 1..second + PIECE / 2 + 35_000,
        // Inside of one block, and one block.
        first + 1..first + block - 1,
        first + block..first + 2 * block,
    ];
    for range in ranges {
        let (offset, data) = (range.start as u64, in_odd_pieces(image.write(range)));
        device.write_at(offset, data).await.expect(place);
    }
    // One piece, as long as the usual first burst and one block longer, and nothing at all.
    for length in [64 << 10, (64 << 10) + block] {
        let begin = first + longest + PIECE;
        device.write_at(begin as u64, image.write(begin..begin + length)).await.expect(place);
    }
    device.write_at(first as u64, Vec::<Bytes>::new()).await.expect(place);
}

/// Reads the same places in all ways.
async fn read_everywhere(device: &BlockDevice, longest: usize, image: &Image, place: &str) {
    let block = device.capacity().block_size as usize;
    let reads = [
        // Less than a command, a command, and more than one.
        (BEGIN, block),
        (BEGIN, longest),
        (BEGIN + block, longest + block),
        // Cut inside of blocks, in one command and in two.
        (BEGIN - 1, 2),
        (BEGIN + PIECE - 7, PIECE + 13),
        (BEGIN, 0),
    ];
    for (offset, length) in reads {
        read_into(device, offset, length, image, place).await;
    }
    let ranges = [(BEGIN, PIECE), (BEGIN + longest - 333, 70_001), (0, block)];
    let [first, second, third] = ranges.map(|(offset, length)| device.read_at(offset as u64, length));
    // At the same time, and none gets the memory of another.
    let (first, second, third) = tokio::join!(first, second, third);
    for ((offset, length), data) in ranges.into_iter().zip([first, second, third]) {
        let data = data.expect(place);
        assert_eq!(data.len(), length, "{place}");
        image.compare(offset, &data).unwrap_or_else(|difference| panic!("{place}, read_at: {difference}"));
    }
}

/// Reads to the memory of the caller, which comes back with nothing of its old content.
async fn read_into(device: &BlockDevice, offset: usize, length: usize, image: &Image, place: &str) {
    let mut memory = BytesMut::zeroed(length + 2 * STALE as usize);
    memory.fill(STALE);
    // Bytes of the same allocation around the destination.
    let mut buffer = memory.split_off(STALE as usize);
    let behind = buffer.split_off(length);
    let address = buffer.as_ptr().addr();
    let buffer = device.read_into(offset as u64, buffer).await.expect(place);
    assert_eq!((buffer.as_ptr().addr(), buffer.len()), (address, length), "{place}");
    let compared = image.compare(offset, &buffer);
    compared.unwrap_or_else(|difference| panic!("{place}, read_into of {length}: {difference}"));
    assert!(
        memory.iter().chain(&behind).all(|byte| *byte == STALE),
        "{place}: written outside of the buffer"
    );
}

/// A second way to the contents of a disk: a session without digests that sends READ commands itself, and the target's file.
struct Second {
    session: Session,
    device: BlockDevice,
}

impl Second {
    async fn new(disk: &Disk) -> Self {
        let session = log_in(disk, Offer::default()).await;
        let device = BlockDevice::open(&session, Lun::from_number(disk.lun).unwrap()).await.unwrap();
        Self { session, device }
    }

    /// A range is as expected, and so is all of the target's file.
    async fn compare(&self, disk: &Disk, range: Range<usize>, image: &Image, place: &str) {
        let lun = Lun::from_number(disk.lun).unwrap();
        let blocks = u32::try_from(PIECE).unwrap() / disk.block_size;
        for offset in range.step_by(PIECE) {
            let lba = offset as u64 / u64::from(disk.block_size);
            let command = read_blocks(lba, blocks, disk.block_size);
            let data = self.session.execute(lun, command).await.expect(place).data;
            let compared = image.compare(offset, &data);
            compared.unwrap_or_else(|difference| panic!("{place}, another session: {difference}"));
        }
        if let Some(path) = &disk.backing_file {
            let content = fs::read(path).unwrap();
            assert_eq!(content.len(), image.len());
            let compared = image.compare(0, &content);
            compared.unwrap_or_else(|difference| panic!("{place}, the target's file: {difference}"));
        }
    }
}

async fn log_in(disk: &Disk, offer: Offer) -> Session {
    let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
    config.offer = offer;
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let request =
        AuthenticationRequest { mode: AuthenticationMode::None, ..AuthenticationRequest::default() };
    let (target, portal) = (disk.iqn.parse().unwrap(), disk.portal.parse().unwrap());
    initiator.login(&target, &portal, &request).await.unwrap()
}
