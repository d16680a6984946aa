//! How far a transfer has come: a bar on a terminal, and the words for one that ended early.

use std::cell::Cell;
use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

const TEMPLATE: &str = "{verb} {bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";

/// A transfer that has perhaps not begun.
pub(crate) struct Transfer {
    bar: ProgressBar,
    length: Cell<Option<u64>>,
    done: Arc<AtomicU64>,
}

impl Transfer {
    pub(crate) fn new() -> Self {
        Self { bar: ProgressBar::hidden(), length: Cell::new(None), done: Arc::default() }
    }

    /// From now on there is something to report.
    pub(crate) fn begin(&mut self, verb: &'static str, length: u64) {
        self.length.set(Some(length));
        if stderr().is_terminal() {
            let template = TEMPLATE.replace("{verb}", verb);
            let style =
                ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar = ProgressBar::new(length).with_style(style);
        }
    }

    /// The counter of bytes that are where they belong.
    pub(crate) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.done)
    }

    /// Shows where the counter stands.
    pub(crate) fn show(&self) {
        self.bar.set_position(self.done.load(Ordering::Relaxed));
    }

    /// Sets the counter and shows it.
    pub(crate) fn set(&self, bytes: u64) {
        self.done.store(bytes, Ordering::Relaxed);
        self.show();
    }

    /// Takes the bar away. A failure after the beginning tells how far the transfer came; `words` makes a sentence
    /// of the bytes done and those in all.
    pub(crate) fn end<T>(
        &self,
        outcome: Result<T, Failure>,
        words: impl FnOnce(u64, u64) -> String,
    ) -> Result<T, Failure> {
        self.bar.finish_and_clear();
        outcome.map_err(|source| match self.length.get() {
            Some(length) => Failure::Unfinished {
                done: words(self.done.load(Ordering::Relaxed), length),
                source: Box::new(source),
            },
            None => source,
        })
    }
}
