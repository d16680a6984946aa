//! The sealed file of the secret store, and the records in it.

use iscsi_secrets::StoreSnapshot;
use iscsi_secrets::fuzzing::{open_file, records_of, seal_records, seal_records_of_version_2};

const KEY: [u8; 32] = [7; 32];

/// The bytes as a whole file, as the records in a sealed one of either version, and, by their first two, as damage to that.
///
/// # Panics
/// When a file opens that was not sealed, or when records that were read are written in another way.
pub fn store_file(data: &[u8]) {
    assert!(open_file(&KEY, data).is_none(), "nobody forges an authenticator");
    if let Some(snapshot) = seal_records_of_version_2(&KEY, data).and_then(|file| open_file(&KEY, &file)) {
        is_read_as_written(&snapshot);
    }
    let Some(mut file) = seal_records(&KEY, data) else { return };
    if let Some(snapshot) = open_file(&KEY, &file) {
        // Lengths are all that a reader has to go by: what was read is written with the same ones.
        assert!(records_of(&snapshot).len() <= data.len());
        is_read_as_written(&snapshot);
    }
    if let [position, mask, ..] = data {
        let position = usize::from(*position) % file.len();
        // Never 0: that would change nothing.
        file[position] ^= mask | 1;
        assert!(open_file(&KEY, &file).is_none(), "byte {position} does not count");
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
