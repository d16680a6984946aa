//! The sealed file of the secret store, and the records in it.

use iscsi_secrets::SecretBook;
use iscsi_secrets::fuzzing::{open_file, records_of, seal_records};

const KEY: [u8; 32] = [7; 32];

/// The octets as a whole file, as the records in a sealed one, and, by their first two, as damage to that.
///
/// # Panics
/// When a file opens that was not sealed, or when records that were read are written in another way.
pub fn store_file(data: &[u8]) {
    assert!(open_file(&KEY, data).is_none(), "nobody forges an authenticator");
    let Some(mut file) = seal_records(&KEY, data) else { return };
    if let Some(book) = open_file(&KEY, &file) {
        read(&book, data.len());
    }
    if let [position, mask, ..] = data {
        let position = usize::from(*position) % file.len();
        // Never 0: that would change nothing.
        file[position] ^= mask | 1;
        assert!(open_file(&KEY, &file).is_none(), "octet {position} does not count");
    }
}

/// Lengths are all that a reader has to go by: what was read is written with the same ones.
fn read(book: &SecretBook, octets: usize) {
    let written = records_of(book);
    assert!(written.len() <= octets);
    let sealed = seal_records(&KEY, &written).expect("it is no larger than it was");
    let again = open_file(&KEY, &sealed).expect("what was written can be read");
    assert_eq!(records_of(&again), written);
    assert_eq!(again.entries(), book.entries());
    // Secrets of the fuzzer's making open only if it could forge an authenticator.
    let _ = book.weaknesses();
}
