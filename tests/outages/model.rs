//! The contents that each block may have: those of its last write that was acknowledged or read, or of a later one.
//!
//! A block has one writer, which begins a write only when the one before it has ended, so that its contents never get older.
//! An old write that is carried out late shows itself by that.

use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use iscsi_tests::world::{BlockStamp, Extent};

/// The bytes of a block.
pub(crate) const BLOCK: usize = 512;

/// The numbers of the writes of each block.
pub(crate) struct Model {
    blocks: Mutex<Vec<Block>>,
}

#[derive(Clone, Copy, Default)]
struct Block {
    /// The last one that is certain: it was acknowledged, or its data were read.
    certain: u32,
    /// The last one that was begun.
    begun: u32,
}

impl Model {
    /// A disk of zeros.
    pub(crate) fn new(blocks: u64) -> Self {
        Self { blocks: Mutex::new(vec![Block::default(); usize::try_from(blocks).unwrap()]) }
    }

    /// Begins a write, and returns its data and its number.
    pub(crate) fn begin(&self, extent: Extent) -> (u32, Bytes) {
        self.with(extent, |blocks| {
            let number = blocks.iter().map(|block| block.begun).max().unwrap_or(0) + 1;
            for block in blocks.iter_mut() {
                block.begun = number;
            }
            (number, stamps(extent, number))
        })
    }

    /// The write was acknowledged.
    pub(crate) fn acknowledge(&self, extent: Extent, number: u32) {
        self.with(extent, |blocks| {
            for block in blocks {
                block.certain = block.certain.max(number);
            }
        });
    }

    /// The certain numbers, before a read.
    pub(crate) fn certain(&self, extent: Extent) -> Vec<u32> {
        self.with(extent, |blocks| blocks.iter().map(|block| block.certain).collect())
    }

    /// The data of a write that is sent again.
    pub(crate) fn last(&self, lba: u64) -> (u32, Bytes) {
        let extent = Extent { lba, blocks: 1 };
        let number = self.with(extent, |blocks| blocks[0].begun);
        (number, stamps(extent, number))
    }

    /// Compares what was read with what may be there: a block is not older than it was before the read, and not newer than
    /// the last write that has begun.
    #[track_caller]
    pub(crate) fn check(&self, extent: Extent, certain: &[u32], data: &[u8]) {
        assert_eq!(data.len(), extent.blocks as usize * BLOCK, "{extent:?}");
        self.with(extent, |blocks| {
            for (((lba, found), block), oldest) in
                extent.lbas().zip(data.chunks(BLOCK)).zip(blocks).zip(certain)
            {
                let number = match BlockStamp::read(found) {
                    Ok(None) => 0,
                    Ok(Some(stamp)) if stamp.lba == lba => stamp.operation,
                    // A file's block is not read at one moment: it may be half written meanwhile.
                    Err(_) if block.begun > *oldest => continue,
                    other => panic!("block {lba} has {other:?}"),
                };
                let allowed = *oldest..=block.begun;
                assert!(allowed.contains(&number), "block {lba} has write {number}, not one of {allowed:?}");
                block.certain = block.certain.max(number);
            }
        });
    }

    fn with<T>(&self, extent: Extent, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let first = usize::try_from(extent.lba).unwrap();
        work(&mut blocks[first..first + extent.blocks as usize])
    }
}

/// Blocks with the stamp of a write.
pub(crate) fn stamps(extent: Extent, number: u32) -> Bytes {
    let mut data = BytesMut::with_capacity(extent.blocks as usize * BLOCK);
    for lba in extent.lbas() {
        BlockStamp { operation: number, lba }.put(BLOCK, &mut data);
    }
    data.freeze()
}

#[test]
fn contents_get_newer() {
    let (model, extent) = (Model::new(8), Extent { lba: 2, blocks: 3 });
    let check = |certain: &[u32], data: &[u8]| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| model.check(extent, certain, data))).is_ok()
    };
    let ((first, old), (_, new)) = (model.begin(extent), model.begin(extent));
    model.acknowledge(extent, first);
    let certain = model.certain(extent);
    assert!(check(&certain, &old), "the second write may not be carried out");
    assert!(!check(&certain, &vec![0; old.len()]), "older than what was acknowledged");
    assert!(!check(&certain, &stamps(extent, 3)), "a write that nobody has begun");
    assert!(!check(&certain, &stamps(Extent { lba: 3, ..extent }, 1)), "of another place");
    let torn = [&old[..256], &new[256..]].concat();
    assert!(check(&certain, &torn), "the second write is under way");
    assert!(check(&certain, &new));
    assert!(!check(&model.certain(extent), &torn), "no write is under way");
    assert!(!check(&model.certain(extent), &old), "an old write was carried out late");
    assert_eq!(model.last(2), (2, stamps(Extent { lba: 2, blocks: 1 }, 2)));
}
