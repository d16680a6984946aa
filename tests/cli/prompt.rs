//! Secrets typed at a terminal: asked for twice, never shown.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::program::{Place, TARGET};

/// The program at a terminal, which util-linux' `script` gives it.
struct Terminal {
    child: Child,
    shown: String,
    /// Holds the name of the terminal's device.
    device: PathBuf,
}

impl Terminal {
    fn start(place: &Place, arguments: &str) -> Self {
        let device = place.path("device");
        let line = format!("tty > {}; exec {} {arguments}", device.display(), env!("CARGO_BIN_EXE_iscsi"));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env("ISCSI_SECRET_STORE", place.path("store"));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, shown: String::new(), device }
    }

    /// Waits for a prompt, and types an answer to it.
    fn answer(&mut self, prompt: &str, answer: &str) {
        let from = self.shown.len();
        while !self.shown[from..].contains(prompt) {
            let mut byte = [0];
            self.child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
            self.shown.push(char::from(byte[0]));
        }
        self.wait_until_nothing_is_echoed();
        self.child.stdin.as_mut().unwrap().write_all(format!("{answer}\n").as_bytes()).unwrap();
    }

    /// The prompt stands there a moment before the terminal stops to echo; nobody types that fast.
    fn wait_until_nothing_is_echoed(&self) {
        let device = fs::read_to_string(&self.device).unwrap();
        for _ in 0..500 {
            let settings = Command::new("stty").args(["-F", device.trim(), "-a"]).output().unwrap().stdout;
            if String::from_utf8_lossy(&settings).split_whitespace().any(|word| word == "-echo") {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("the terminal echoes what is typed");
    }

    /// Everything shown, and the exit code.
    fn end(mut self) -> (String, Option<i32>) {
        self.child.stdout.take().unwrap().read_to_string(&mut self.shown).unwrap();
        (self.shown, self.child.wait().unwrap().code())
    }
}

#[test]
fn a_secret_is_asked_for_twice_and_never_shown() {
    let place = Place::new();
    let mut terminal = Terminal::start(&place, &format!("secret set --target {TARGET} --user host"));
    terminal.answer("initiator's CHAP secret: ", "typed-secret-1");
    terminal.answer("again: ", "typed-secret-1");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("typed-secret-1"), "{shown}");
    assert!(place.run(&["secret", "list"]).expect(0).stdout.contains(TARGET));
}

#[test]
fn without_options_both_secrets_are_asked_for_and_each_may_be_left_out() {
    let place = Place::new();
    let mut terminal = Terminal::start(&place, &format!("secret set --target {TARGET}"));
    terminal.answer("initiator's CHAP secret (", "");
    terminal.answer("target's CHAP secret (", "typed-secret-1");
    terminal.answer("again: ", "typed-secret-1");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    let list = place.run(&["secret", "list"]).expect(0).stdout;
    let line: Vec<&str> =
        list.lines().find(|line| line.contains(TARGET)).unwrap().split_whitespace().collect();
    assert_eq!(line[1..], ["unset", "-", "set", "(any)", "-"], "{list}");
    let mut terminal = Terminal::start(&place, "secret set --global");
    terminal.answer("initiator's CHAP secret (", "");
    terminal.answer("target's CHAP secret (", "");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(2), "{shown}");
}

#[test]
fn a_slip_of_the_finger_is_noticed() {
    let place = Place::new();
    let mut terminal = Terminal::start(&place, &format!("secret set --target {TARGET} --target-user disk"));
    terminal.answer(": ", "typed-secret-1");
    terminal.answer("again: ", "typed-secret-2");
    let (shown, code) = terminal.end();
    assert_ne!(code, Some(0), "{shown}");
    assert!(!shown.contains("typed-secret"), "{shown}");
}
