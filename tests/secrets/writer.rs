//! A child that makes one change after the other, and its output.

use std::str;

use crate::change::Change;
use crate::child::Orders;
use crate::store::{self, Opening};

const OPENED: &str = "opened";
const BEGINS: &str = "begins";
const ENDED: &str = "ended";

/// The number of changes after which the store is rekeyed, which changes nothing else.
const REKEY: u64 = 4;

/// Makes the changes and prints the progress. Every line reaches the parent at once.
pub(crate) fn write(orders: &Orders) {
    let mut store = Opening::Creating.open(&orders.store).unwrap();
    println!("{OPENED} {}", orders.number);
    for number in (orders.number..).take(usize::try_from(orders.changes).unwrap()) {
        if number % REKEY == 0 {
            store = store::rekey(store).unwrap();
        }
        println!("{BEGINS} {number}");
        store::apply(&store, Change::numbered(number)).unwrap();
        println!("{ENDED} {number}");
    }
}

/// The reported progress of a writer.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) opened: bool,
    /// The last change that began.
    pub(crate) began: Option<u64>,
    /// The last change that ended.
    pub(crate) ended: Option<u64>,
}

impl Progress {
    /// The name of the test precedes the first line.
    pub(crate) fn of(stdout: &[u8]) -> Self {
        let mut progress = Self::default();
        for line in str::from_utf8(stdout).unwrap().lines() {
            let mut words = line.rsplit(' ');
            let Some(Ok(number)) = words.next().map(str::parse) else { continue };
            match words.next() {
                Some(OPENED) => progress.opened = true,
                Some(BEGINS) => progress.began = Some(number),
                Some(ENDED) => progress.ended = Some(number),
                _ => {}
            }
        }
        progress
    }
}
