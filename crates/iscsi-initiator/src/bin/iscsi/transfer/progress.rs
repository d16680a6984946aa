//! The progress of a transfer, as the terminal shows it.

use std::cell::Cell;
use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use iscsi_initiator::BlockDevice;

use crate::failure::Failure;
use crate::messages::warn;

const TEMPLATE: &str = "{verb} {bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";

/// The progress of a transfer.
pub(crate) struct Progress {
    bar: ProgressBar,
    length: Cell<Option<u64>>,
    done: Arc<AtomicU64>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { bar: ProgressBar::hidden(), length: Cell::new(None), done: Arc::default() }
    }

    /// Begins to report progress.
    pub(crate) fn begin(&mut self, verb: &'static str, length: u64) {
        self.length.set(Some(length));
        if stderr().is_terminal() {
            let template = TEMPLATE.replace("{verb}", verb);
            let style =
                ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar = ProgressBar::new(length).with_style(style);
        }
    }

    /// The counter of transferred bytes.
    pub(crate) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.done)
    }

    /// Shows the counter.
    pub(crate) fn show(&self) {
        self.bar.set_position(self.done.load(Ordering::Relaxed));
    }

    /// Sets the counter and shows it.
    pub(crate) fn set(&self, bytes: u64) {
        self.done.store(bytes, Ordering::Relaxed);
        self.show();
    }

    /// Removes the bar.
    pub(crate) fn hide(&self) {
        self.bar.finish_and_clear();
    }

    /// Removes the bar. A failure after the beginning reports how far the transfer got; `words` makes a sentence of the
    /// bytes done and the bytes in all.
    pub(crate) fn end<T>(
        &self,
        outcome: Result<T, Failure>,
        words: impl FnOnce(u64, u64) -> String,
    ) -> Result<T, Failure> {
        self.hide();
        outcome.map_err(|source| match self.length.get() {
            Some(length) => Failure::Unfinished {
                done: words(self.done.load(Ordering::Relaxed), length),
                source: Box::new(source),
            },
            None => source,
        })
    }
}

/// Warns about commands that succeeded only after the device had recovered from an error. The data are complete.
pub(crate) fn warn_of_recovered_errors(device: &BlockDevice) {
    let count = device.recovered_errors();
    if count > 0 {
        warn(&format!(
            "commands that succeeded after the logical unit had recovered from an error (RECOVERED ERROR): {count}; -v lists them"
        ));
    }
}
