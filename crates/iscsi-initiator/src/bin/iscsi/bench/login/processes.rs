//! A run that is shared by several processes: each takes its part of the plan, and the first adds up what they counted.
//!
//! The first process starts the others with its own arguments and the number of their part. Each of them says `ready` on standard
//! output when it has read the secrets, begins when a line comes on standard input, and ends early when standard input ends.
//! Then it writes what it counted.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;

use super::TimedLogin;
use super::tally_record::TallyRecord;
use crate::bench::arrival::Arrival;
use crate::bench::schedule::Plan;
use crate::bench::tally::Tally;
use crate::failure::Failure;
use crate::session::until_stopped;

const READY: &str = "ready";

impl Plan {
    /// The part of this plan that one of several processes takes, and how much later than the first it begins: logins at equal
    /// distances are due in turn.
    pub(super) fn part(&self, number: usize, of: usize) -> (Self, Duration) {
        let share = |total: usize| total / of + usize::from(number < total % of);
        let count = self.count.map(|count| share_of(count, number, of));
        let begin = match (self.rate, self.arrival) {
            (Some(rate), Arrival::Fixed) => delay(number, rate),
            _ => Duration::ZERO,
        };
        let rate = self.rate.map(|rate| rate / float(of));
        (Self { concurrency: share(self.concurrency), rate, count, ..*self }, begin)
    }
}

fn share_of(total: u64, number: usize, of: usize) -> u64 {
    let (number, of) = (number as u64, of as u64);
    total / of + u64::from(number < total % of)
}

fn delay(number: usize, rate: f64) -> Duration {
    Duration::try_from_secs_f64(float(number) / rate).unwrap_or(Duration::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "there are few processes")]
const fn float(number: usize) -> f64 {
    number as f64
}

/// Carries a plan out in so many processes.
pub(super) async fn measure(number: usize) -> Result<Tally<TimedLogin>, Failure> {
    let mut parts = (0..number).map(Part::start).collect::<Result<Vec<_>, _>>()?;
    for part in &mut parts {
        part.expect_ready().await?;
    }
    for part in &mut parts {
        part.begin().await?;
    }
    let mut records = Vec::new();
    let mut stop = std::pin::pin!(until_stopped());
    let mut interrupted = false;
    for place in 0..parts.len() {
        let record = loop {
            tokio::select! {
                biased;
                () = &mut stop, if !interrupted => {
                    interrupted = true;
                    parts.iter_mut().for_each(Part::stop);
                }
                record = read_record(parts.get_mut(place)) => break record?,
            }
        };
        records.push(record);
    }
    Ok(TallyRecord::sum(records))
}

async fn read_record(part: Option<&mut Part>) -> Result<TallyRecord, Failure> {
    let Some(part) = part else { return Err(gone()) };
    part.record().await
}

/// Another process. It is killed when this one gives up.
struct Part {
    _child: Child,
    /// `None` when it is to stop.
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Part {
    fn start(number: usize) -> Result<Self, Failure> {
        let program = env::current_exe().map_err(Failure::local("find this program"))?;
        let mut command = Command::new(program);
        command.args(arguments(env::args_os().skip(1), number));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(Failure::local("start another process"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(gone)?;
        Ok(Self { _child: child, input, output: BufReader::new(output).lines() })
    }

    async fn expect_ready(&mut self) -> Result<(), Failure> {
        if self.line().await? == READY { Ok(()) } else { Err(gone()) }
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        let Some(input) = &mut self.input else { return Ok(()) };
        input.write_all(b"\n").await.map_err(Failure::local("tell another process to begin"))
    }

    fn stop(&mut self) {
        self.input = None;
    }

    /// What it counted. Dropping the future loses nothing that was not read.
    async fn record(&mut self) -> Result<TallyRecord, Failure> {
        serde_json::from_str(&self.line().await?).map_err(Failure::Json)
    }

    async fn line(&mut self) -> Result<String, Failure> {
        let line = self.output.next_line().await.map_err(Failure::local("read from another process"))?;
        line.ok_or_else(gone)
    }
}

/// The failure of another process, which has told the reason itself.
fn gone() -> Failure {
    let ended = io::Error::other("it has ended");
    Failure::local("measure in another process")(ended)
}

/// The arguments of another process: those of this one, with the number of its part in front of a `--` if there is one.
fn arguments(own: impl Iterator<Item = OsString>, number: usize) -> Vec<OsString> {
    // A secret in a URL is in the arguments of both processes anyway, so this copy of it is not wiped.
    let mut arguments: Vec<OsString> = own.collect();
    let end = arguments.iter().position(|argument| argument == OsStr::new("--")).unwrap_or(arguments.len());
    arguments.splice(end..end, ["--part".into(), number.to_string().into()]);
    arguments
}

/// The signals of the process that started this one.
pub(super) struct Signals {
    pub(super) begin: oneshot::Receiver<()>,
    pub(super) stop: oneshot::Receiver<()>,
}

/// Says that this part is ready, and listens to standard input from then on.
pub(super) fn announce() -> Result<Signals, Failure> {
    let (begins, begin) = oneshot::channel();
    let (stops, stop) = oneshot::channel();
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        if input.read_exact(&mut [0]).is_ok() {
            _ = begins.send(());
            _ = io::copy(&mut input, &mut io::sink());
        }
        _ = stops.send(());
    });
    say(READY)?;
    Ok(Signals { begin, stop })
}

/// Writes what this part counted.
pub(super) fn hand_over(tally: &Tally<TimedLogin>) -> Result<(), Failure> {
    say(&serde_json::to_string(&TallyRecord::of(tally)).map_err(Failure::Json)?)
}

fn say(line: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    written.map_err(Failure::local("write to standard output"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        concurrency: 10,
        rate: Some(30.0),
        arrival: Arrival::Fixed,
        seed: 0,
        count: Some(100),
        duration: Some(Duration::from_secs(1)),
        warmup: Duration::from_secs(2),
    };

    #[test]
    fn the_parts_are_the_whole() {
        let parts: Vec<_> = (0..3).map(|number| PLAN.part(number, 3)).collect();
        assert_eq!(parts.iter().map(|(part, _)| part.concurrency).collect::<Vec<_>>(), [4, 3, 3]);
        assert_eq!(
            parts.iter().map(|(part, _)| part.count).collect::<Vec<_>>(),
            [Some(34), Some(33), Some(33)]
        );
        assert!(parts.iter().all(|(part, _)| part.rate == Some(10.0) && part.warmup == PLAN.warmup));
        let begins: Vec<_> = parts.iter().map(|(_, begin)| begin.as_millis()).collect();
        assert_eq!(begins, [0, 33, 66]);
        let burst = Plan { arrival: Arrival::Burst, ..PLAN };
        assert_eq!(burst.part(2, 3).1, Duration::ZERO);
        let closed = Plan { rate: None, count: None, ..PLAN };
        assert_eq!(closed.part(2, 3), (Plan { concurrency: 3, ..closed }, Duration::ZERO));
    }

    #[test]
    fn the_part_comes_behind_the_options() {
        let arguments = |own: &[&str]| arguments(own.iter().map(OsString::from), 2);
        assert_eq!(arguments(&["bench", "login", "URL"]), ["bench", "login", "URL", "--part", "2"]);
        assert_eq!(arguments(&["bench", "--", "URL"]), ["bench", "--part", "2", "--", "URL"]);
    }
}
