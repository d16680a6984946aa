//! A program of this package that takes orders line by line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use iscsi_tests::chap_environment::{INITIATOR_SECRET, TARGET_SECRET};

use crate::answer::Answer;

/// The limit for an answer; ten thousand logins take seconds.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(5);

/// A running program. It ends when its standard input does, even if this process is killed; dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, lines) = (child.stdin.take(), lines_of(child.stdout.take().unwrap()));
        Self { child, orders, lines }
    }

    /// The next line that it prints.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("no line within {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the program has ended; see its words above"),
        }
    }

    #[track_caller]
    pub(crate) fn order(&mut self, order: &str) -> Answer {
        let orders = self.orders.as_mut().unwrap();
        // A program that has ended says so when its line is read.
        let _ = writeln!(orders, "{order}");
        Answer::parse(&self.line())
    }

    /// Ends its standard input and waits until it has ended well.
    pub(crate) fn end(mut self) {
        drop(self.orders.take());
        let status = within(PATIENCE, || self.child.try_wait().unwrap());
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Either fails only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of this package, with the secrets it asks for.
pub(crate) fn command(words: &[&str]) -> Command {
    let (program, arguments) = words.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(arguments);
    command.env(INITIATOR_SECRET, "what-the-initiator-proves").env(TARGET_SECRET, "what-the-target-proves");
    command
}

/// Asks again and again until there is an answer or the time is over.
pub(crate) fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() >= deadline {
            return answer;
        }
        thread::sleep(PAUSE);
    }
}

fn lines_of(output: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let read = BufReader::new(output).lines().map_while(Result::ok);
        read.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
    });
    lines
}
