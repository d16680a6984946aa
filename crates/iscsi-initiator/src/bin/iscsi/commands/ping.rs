//! `iscsi ping`

use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use comfy_table::Table;
use iscsi_initiator::{Parameters, Session};
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::arguments::size::{self, parse_number, parse_seconds};
use crate::arguments::values::Output;
use crate::arguments::{SessionOptions, values};
use crate::failure::Failure;
use crate::output::remarks::UnauthenticatedReason;
use crate::session::until_stopped;
use crate::{output, session};

pub(super) const EXAMPLE: &str = "Example: iscsi ping iscsi://192.0.2.1/iqn.2001-04.com.example:disk";
pub(super) const DETAILS: &str = "\
A ping is a NOP-Out, which the target answers by a NOP-In with the same data: no
logical unit takes part. Without --count, pings go on until Ctrl-C, which is then
no failure. A target that does not answer within --timeout counts as lost.";

/// The longest data segment that a PDU can have.
const MOST_DATA: u64 = 0x00ff_ffff;

#[derive(Args)]
pub(crate) struct Ping {
    #[arg(help = "iscsi://host[:port]/target")]
    url: String,
    /// End after N pings [default: at Ctrl-C]
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_number(text, 1, u64::MAX))]
    count: Option<u64>,
    /// From one ping to the next [default: 1]
    #[arg(long, value_name = "SECONDS", default_value = "1", hide_default_value = true, value_parser = parse_seconds)]
    interval: Duration,
    /// Length of the data [default: 64]
    #[arg(long, value_name = "BYTES", default_value = "64", hide_default_value = true, value_parser = parse_size)]
    size: usize,
    #[command(flatten)]
    session: SessionOptions,
}

/// The answers to pings.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// The name of the target.
    target: String,
    /// The portal of the session, `host:port`.
    portal: String,
    /// Bytes of data in each ping.
    size: usize,
    /// Pings that were answered.
    answers: usize,
    /// The shortest round trip, in microseconds; null without any.
    least: Option<f64>,
    /// The median of the round trips, in microseconds.
    median: Option<f64>,
    /// The longest round trip, in microseconds.
    greatest: Option<f64>,
    /// All round trips in their order, in microseconds.
    round_trips: Vec<f64>,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

impl Ping {
    /// Shows the summary also when the session ends before all pings are answered.
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let url = values::target_url(&self.url)?;
        let mut report = None;
        let outcome = session::with_session(&self.session, url, async |session| {
            let report = report.insert(Report::new(session, self.size));
            tokio::select! {
                biased;
                outcome = self.ping(session, report, output) => outcome,
                () = until_stopped(), if self.count.is_none() => Ok(()),
            }
        });
        let outcome = outcome.await;
        if let Some(report) = report {
            output::show(output, &report.summarized(), table)?;
        }
        outcome
    }

    /// Pings until the count is reached or the session ends.
    async fn ping(&self, session: &Session, report: &mut Report, output: Output) -> Result<(), Failure> {
        let data = data(report.size);
        let mut turns = turns(self.interval);
        while self.count.is_none_or(|count| (report.round_trips.len() as u64) < count) {
            tokio::select! {
                biased;
                error = session.ended() => return Err(error.into()),
                _ = turns.tick() => {}
            }
            report.add(session.ping(data.clone()).await?);
            if output == Output::Table {
                output::print(&report.line())?;
            }
        }
        Ok(())
    }
}

/// The times at which pings begin. One that is late does not make the next ones early.
fn turns(period: Duration) -> Interval {
    let mut turns = interval(period);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    turns
}

/// Data of which no two neighbouring bytes are the same.
fn data(size: usize) -> Bytes {
    (0..=u8::MAX).cycle().take(size).collect()
}

/// Reads the length of the data.
fn parse_size(text: &str) -> Result<usize, String> {
    let size = size::parse(text)?;
    let size = usize::try_from(size).ok().filter(|_| size <= MOST_DATA);
    size.ok_or_else(|| format!("at most {MOST_DATA} bytes"))
}

/// The most data that both sides take in one segment.
fn most_data(parameters: &Parameters) -> usize {
    let most = parameters.max_send_data_segment_length.min(parameters.max_recv_data_segment_length);
    usize::try_from(most).unwrap_or(usize::MAX)
}

impl Report {
    fn new(session: &Session, size: usize) -> Self {
        let details = session.details();
        Self {
            target: details.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            portal: details.portal.to_string(),
            size: size.min(most_data(&details.completed.parameters)),
            answers: 0,
            least: None,
            median: None,
            greatest: None,
            round_trips: Vec::new(),
            unauthenticated: UnauthenticatedReason::of(details),
        }
    }

    fn add(&mut self, round_trip: Duration) {
        self.round_trips.push(round_trip.as_secs_f64() * 1e6);
    }

    /// The line about the last answer.
    fn line(&self) -> String {
        let last = self.round_trips.last().copied();
        format!(
            "{} bytes from {}: seq={} time={}",
            self.size,
            self.portal,
            self.round_trips.len(),
            milliseconds(last)
        )
    }

    /// Computes the figures.
    fn summarized(mut self) -> Self {
        let mut sorted = self.round_trips.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        (self.answers, self.median) = (sorted.len(), median(&sorted));
        (self.least, self.greatest) = (sorted.first().copied(), sorted.last().copied());
        self
    }
}

/// The number in the middle, or the mean of the two there.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

fn milliseconds(microseconds: Option<f64>) -> String {
    microseconds.map_or_else(|| "-".to_owned(), |time| format!("{:.3} ms", time / 1e3))
}

fn table(report: &Report) -> Table {
    let mut table = output::table(&[]);
    let mut row = |name: &str, value: String| output::add_row(&mut table, &[name.to_owned(), value]);
    row("answers:", report.answers.to_string());
    row("least:", milliseconds(report.least));
    row("median:", milliseconds(report.median));
    row("greatest:", milliseconds(report.greatest));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_ping() {
        let file = expect_test::expect_file!["../../../../schemas/ping.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (sorted, expected) in [
            (&[][..], None),
            (&[3.0][..], Some(3.0)),
            (&[1.0, 3.0][..], Some(2.0)),
            (&[1.0, 2.0, 9.0][..], Some(2.0)),
        ] {
            assert_eq!(median(sorted), expected);
        }
    }

    #[test]
    fn sizes_are_those_of_a_segment() {
        assert_eq!((parse_size("0"), parse_size("4K")), (Ok(0), Ok(4096)));
        assert_eq!(parse_size("16777215"), Ok(16_777_215));
        assert!(parse_size("16M").is_err() && parse_size("-1").is_err());
    }
}
