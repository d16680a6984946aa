//! Callbacks around each step of a login, separately for initiator and target.

/// A piece of a login's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The initiator makes its first request (0), or takes a response and makes the next one (1, 2, …).
    Initiator(u32),
    /// The target takes a request and answers.
    Target,
}

/// Measures pieces of work, or does not.
pub trait Watch {
    /// Does the work, and measures nothing else.
    fn watch<Output>(&mut self, part: Part, work: impl FnOnce() -> Output) -> Output;
}

/// Measures nothing by itself.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn watch<Output>(&mut self, _: Part, work: impl FnOnce() -> Output) -> Output {
        work()
    }
}
