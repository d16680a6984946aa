//! Damaged files of a store.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::change::CYCLE;
use crate::expectation::names;
use crate::history::History;
use crate::store::{DATABASE, KEY, Opening};

/// A kind of damage, and the damaged content.
type Damaged = (String, Vec<u8>);

/// A change of one byte.
type Alteration = (&'static str, fn(u8) -> u8);

const ALTERATIONS: [Alteration; 3] =
    [("xor 0x01", |byte| byte ^ 0x01), ("xor 0x80", |byte| byte ^ 0x80), ("zero", |_| 0)];

/// Every byte in turn; one that is zero cannot become zero.
pub(crate) fn bytes_changed(good: &[u8]) -> Vec<Damaged> {
    let other = (0..good.len()).flat_map(|at| ALTERATIONS.map(|(what, alter)| (at, what, alter(good[at]))));
    let damaged = other.filter(|&(at, _, byte)| byte != good[at]).map(|(at, what, byte)| {
        let mut content = good.to_vec();
        content[at] = byte;
        (format!("byte {at}: {what}"), content)
    });
    damaged.collect()
}

/// Every shorter length.
pub(crate) fn truncated(good: &[u8]) -> Vec<Damaged> {
    (0..good.len()).map(|length| (format!("{length} bytes"), good[..length].to_vec())).collect()
}

/// Zeros, other bytes, or the same content appended.
pub(crate) fn longer(good: &[u8]) -> Vec<Damaged> {
    let zeros = [1, 2, 16, 512, 4096, 65536].map(|more| vec![0; more]);
    let others = [vec![b'\n'], vec![0xff; 16], good.to_vec()];
    let more = zeros.into_iter().chain(others);
    more.map(|more| (format!("{} more bytes", more.len()), [good, &more].concat())).collect()
}

/// Damages each of the two files in each of these ways. The original files still open afterwards.
pub(crate) fn is_refused(damage: fn(&[u8]) -> Vec<Damaged>) {
    let (_folder, history) = written();
    for name in [DATABASE, KEY] {
        let file = history.directory().join(name);
        let good = fs::read(&file).unwrap();
        let damaged = damage(&good);
        println!("{name}: {} ways", damaged.len());
        assert!(damaged.len() >= 9);
        for (what, content) in damaged {
            fs::write(&file, &content).unwrap();
            cannot_be_opened(history.directory(), &format!("{name}, {what}"));
            assert_eq!(fs::read(&file).unwrap(), content, "{name}, {what}: mended by a guess");
        }
        fs::write(&file, &good).unwrap();
        history.is_true();
    }
}

/// A store with entries of every kind.
fn written() -> (TempDir, History) {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::new(folder.path().join("store"));
    let store = Opening::Creating.open(history.directory()).unwrap();
    // Up to one change before the global secret would be cleared again.
    while history.next() < 3 * CYCLE - 1 {
        history.change(&store).unwrap();
    }
    (folder, history)
}

fn cannot_be_opened(directory: &Path, what: &str) {
    for opening in Opening::BOTH {
        let error = opening.open(directory).err().unwrap_or_else(|| panic!("{what}: opened, {opening:?}"));
        names(&error, directory);
    }
}
