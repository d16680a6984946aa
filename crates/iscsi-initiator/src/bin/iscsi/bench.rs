//! Measuring: what to do, doing it, and counting what came of it.
//!
//! [`plan`] says what, [`run`] does it with any kind of attempt, [`tally`] counts, [`results`] is the form in which the
//! figures leave; [`report`] shows them as a page, [`compare`] beside others.

pub(crate) mod attempt;
pub(crate) mod compare;
pub(crate) mod distribution;
pub(crate) mod failure_cause;
pub(crate) mod figures;
pub(crate) mod live_line;
pub(crate) mod login_attempt;
pub(crate) mod plan;
pub(crate) mod process;
pub(crate) mod report;
pub(crate) mod report_file;
pub(crate) mod results;
pub(crate) mod results_file;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod summary;
pub(crate) mod tally;
