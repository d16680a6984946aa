//! The sealed file of the secret store, and the records in it.

use iscsi_secrets::StoreSnapshot;
use iscsi_secrets::fuzzing::{open_file, records_of, seal_records, seal_records_of_version_2};

const KEY: [u8; 32] = [7; 32];

/// Uses the bytes as a complete file, as the records of a sealed file of either version, and the first two bytes as
/// damage to that file.
///
/// # Panics
/// If a file opens that was not sealed, or if records that were read are written differently.
pub fn store_file(data: &[u8]) {
    assert!(open_file(&KEY, data).is_none(), "a file that was not sealed opens");
    if let Some(snapshot) = seal_records_of_version_2(&KEY, data).and_then(|file| open_file(&KEY, &file)) {
        is_read_as_written(&snapshot);
    }
    let Some(mut file) = seal_records(&KEY, data) else { return };
    if let Some(snapshot) = open_file(&KEY, &file) {
        // A reader relies on lengths only: records that were read are written with the same lengths.
        assert!(records_of(&snapshot).len() <= data.len());
        is_read_as_written(&snapshot);
    }
    if let [position, mask, ..] = data {
        let position = usize::from(*position) % file.len();
        // A mask of 0 would change nothing.
        file[position] ^= mask | 1;
        assert!(open_file(&KEY, &file).is_none(), "damage at byte {position} was not detected");
    }
}

fn is_read_as_written(snapshot: &StoreSnapshot) {
    let written = records_of(snapshot);
    let sealed = seal_records(&KEY, &written).expect("it is no larger than it was");
    let again = open_file(&KEY, &sealed).expect("what was written can be read");
    assert_eq!(records_of(&again), written);
    assert_eq!(again.entries(), snapshot.entries());
    assert_eq!(again.weaknesses(), snapshot.weaknesses());
}
