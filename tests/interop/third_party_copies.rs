//! EXTENDED COPY between two disks of a target of LIO.

use iscsi_initiator::scsi::{
    BlockCopy, Command, CscdDescriptor, ExtendedCopy, ListIdUsage, ReceiveCopyOperatingParameters,
    SegmentDescriptor, SenseKey, read_blocks, write_blocks,
};
use iscsi_initiator::{Error, Lun, Session};
use iscsi_tests::external_targets::LioTarget;
use tokio::sync::{Mutex, MutexGuard};

use crate::scratch::{SIZE, Scratch};
use crate::scsi_quirks::lun;
use crate::stage::Daemon;

const BLOCK: usize = 512;
/// The first block of a copy in the source and in the destination.
const SOURCE_LBA: u64 = 100;
const DESTINATION_LBA: u64 = 3000;
/// The designator type NAA, by which LIO looks for a disk.
const NAA: u8 = 3;

/// The tests come one after another: they share the disks.
pub(crate) static TURN: Mutex<()> = Mutex::const_new(());

/// A session, and two disks with their descriptors in a copy.
struct Disks {
    session: Session,
    luns: [Lun; 2],
    descriptors: [CscdDescriptor; 2],
    _scratch: Scratch,
    _turn: MutexGuard<'static, ()>,
}

impl Disks {
    async fn new() -> Self {
        let turn = TURN.lock().await;
        let scratch = Scratch::of(Daemon::Lio, "copies");
        let session = scratch.log_in_as("host").await;
        let luns = [scratch.disk, lun(LioTarget::SECOND_LUN)];
        let descriptors = [descriptor(&session, luns[0]).await, descriptor(&session, luns[1]).await];
        assert_ne!(descriptors[0], descriptors[1]);
        Self { session, luns, descriptors, _scratch: scratch, _turn: turn }
    }

    async fn send<C: Command>(&self, command: &C) -> Result<C::Answer, Error> {
        self.session.send(self.luns[0], command).await
    }

    async fn write(&self, disk: usize, lba: u64, data: Vec<u8>) {
        let blocks = u32::try_from(data.len() / BLOCK).unwrap();
        self.session.execute(self.luns[disk], write_blocks(lba, blocks, data)).await.unwrap();
    }

    async fn read(&self, disk: usize, lba: u64, blocks: u32) -> Vec<u8> {
        self.session.execute(self.luns[disk], read_blocks(lba, blocks, 512)).await.unwrap().data.into()
    }

    /// A copy by this segment, with both disks as its units.
    fn copy(&self, segment: impl Into<SegmentDescriptor>) -> ExtendedCopy {
        ExtendedCopy {
            list_id: 7,
            units: self.descriptors.to_vec(),
            segments: vec![segment.into()],
            ..ExtendedCopy::default()
        }
    }

    /// The sense data of a copy that fails. The destination is as it was, and the session goes on.
    async fn refusal(&self, copy: &ExtendedCopy) -> (SenseKey, u8, u8) {
        self.write(1, DESTINATION_LBA, vec![0x5a; 8 * BLOCK]).await;
        let Err(Error::Command { sense: Some(sense), .. }) = self.send(copy).await else {
            panic!("{copy:?} is not refused")
        };
        assert!(self.read(1, DESTINATION_LBA, 8).await == [0x5a; 8 * BLOCK]);
        self.session.test_unit_ready(self.luns[0]).await.unwrap();
        (sense.key, sense.asc, sense.ascq)
    }
}

/// The descriptor of a disk by its NAA designator.
async fn descriptor(session: &Session, disk: Lun) -> CscdDescriptor {
    let identification = session.device_identification(disk).await.unwrap();
    let mut own = identification.designators.iter().filter(|known| known.association == 0);
    let naa = own.find(|known| known.designator_type == NAA).expect("a NAA designator");
    CscdDescriptor::identification(naa, 512).unwrap()
}

/// Bytes with a period that is not that of a block.
fn pattern(blocks: u16) -> Vec<u8> {
    (1..=250).cycle().take(usize::from(blocks) * BLOCK).collect()
}

const fn segment(source: u16, destination: u16, blocks: u16) -> BlockCopy {
    BlockCopy {
        source,
        destination,
        source_lba: SOURCE_LBA,
        destination_lba: DESTINATION_LBA,
        blocks,
        counts_destination: false,
        carries_rest: false,
    }
}

#[tokio::test]
async fn lio_tells_the_limits_of_copies() {
    let disks = Disks::new().await;
    let parameters = disks.send(&ReceiveCopyOperatingParameters).await.unwrap();
    assert!(parameters.takes(0x02) && parameters.takes(0xe4), "{parameters:?}");
    assert!(parameters.max_units >= 2 && parameters.max_segments >= 1, "{parameters:?}");
    assert!(parameters.max_segment_length >= 1 << 20, "{parameters:?}");
    assert!(parameters.max_concurrent_copies >= 1 && parameters.total_concurrent_copies >= 1);
}

/// From the first disk to the second, back, and within one disk; one block, and more than a transfer of the target.
#[tokio::test]
async fn lio_copies_blocks_between_disks() {
    let disks = Disks::new().await;
    for (source, destination) in [(0, 1), (1, 0), (0, 0)] {
        for blocks in [1, 8, 2049] {
            let data = pattern(blocks);
            let frame = u32::from(blocks) + 2;
            disks.write(source.into(), SOURCE_LBA, data.clone()).await;
            let before = vec![0xa5; (usize::from(blocks) + 2) * BLOCK];
            disks.write(destination.into(), DESTINATION_LBA - 1, before).await;
            let copy = disks.copy(segment(source, destination, blocks));
            disks.send(&copy).await.unwrap();
            let after = disks.read(destination.into(), DESTINATION_LBA - 1, frame).await;
            let expected = [&[0xa5; BLOCK][..], &data, &[0xa5; BLOCK]].concat();
            assert!(after == expected, "{blocks} blocks from {source} to {destination}");
            assert!(disks.read(source.into(), SOURCE_LBA, blocks.into()).await == data);
        }
    }
}

#[tokio::test]
async fn lio_takes_every_use_of_the_list_identifier() {
    let disks = Disks::new().await;
    disks.write(0, SOURCE_LBA, pattern(8)).await;
    for (list_id, list_id_usage) in
        [(1, ListIdUsage::Keep), (2, ListIdUsage::Discard), (0, ListIdUsage::None)]
    {
        disks.write(1, DESTINATION_LBA, vec![0; 8 * BLOCK]).await;
        let copy = ExtendedCopy { list_id, list_id_usage, ..disks.copy(segment(0, 1, 8)) };
        disks.send(&copy).await.unwrap();
        assert!(disks.read(1, DESTINATION_LBA, 8).await == pattern(8), "{list_id_usage:?}");
    }
}

/// A disk that is not there cannot be copied from, nor copied to.
#[tokio::test]
async fn lio_refuses_a_designator_that_it_does_not_know() {
    let disks = Disks::new().await;
    for unknown in [0, 1] {
        let mut copy = disks.copy(segment(0, 1, 8));
        copy.units[unknown].0[23] ^= 0xff;
        assert_eq!(disks.refusal(&copy).await, (SenseKey::COPY_ABORTED, 0x0d, 0x02));
    }
}

#[tokio::test]
async fn lio_refuses_lists_that_are_wrong() {
    const ILLEGAL_REQUEST: SenseKey = SenseKey::ILLEGAL_REQUEST;
    let disks = Disks::new().await;
    let good = disks.copy(segment(0, 1, 8));
    let unknown_segment = disks.copy(SegmentDescriptor::Other(vec![0x0c, 0, 0, 0].into()));
    let mut unknown_unit = good.clone();
    unknown_unit.units[0].0[0] = 0xe0;
    let no_such_unit = disks.copy(segment(0, 2, 8));
    let without_segment = ExtendedCopy { segments: Vec::new(), ..good.clone() };
    let beyond = disks.copy(BlockCopy { source_lba: SIZE / 512, ..segment(0, 1, 8) });
    let cases = [
        ("an unknown segment", unknown_segment, (ILLEGAL_REQUEST, 0x26, 0x09)),
        ("an unknown kind of unit", unknown_unit, (ILLEGAL_REQUEST, 0x26, 0x07)),
        ("a unit that is not in the list", no_such_unit, (SenseKey::COPY_ABORTED, 0x0d, 0x02)),
        ("no segment", without_segment, (ILLEGAL_REQUEST, 0x26, 0x00)),
        ("blocks behind the last one", beyond, (SenseKey::COPY_ABORTED, 0x0d, 0x02)),
    ];
    let mut differing = Vec::new();
    for (what, copy, expected) in cases {
        let found = disks.refusal(&copy).await;
        if found != expected {
            differing.push(format!("{what}: {found:02x?}"));
        }
    }
    assert!(differing.is_empty(), "{differing:?}");
    // The list that is right is carried out.
    disks.write(0, SOURCE_LBA, pattern(8)).await;
    disks.send(&good).await.unwrap();
    assert!(disks.read(1, DESTINATION_LBA, 8).await == pattern(8));
}
