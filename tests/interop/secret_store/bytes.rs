//! Secrets of any bytes, from a file into the store, and from there to tgt.
//!
//! tgt takes a secret of 1 to 255 bytes as an argument of `tgtadm`: anything but NUL.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use iscsi_tests::external_targets::{Tgt, TgtTarget};

use super::both_authenticated;
use crate::program::{Outcome, User};

const TARGET: &str = "bytes";
const FORWARD_USER: &str = "initiator-user";
const REVERSE_USER: &str = "target-user";

/// Forward secrets. The reverse secret has the same bytes in reverse order.
fn secrets() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("letters, as few as allowed", text("initsecret12")),
        ("what has a meaning in a URL", text("a%20b#c@d/e?f&g=h%:;+")),
        ("what has a meaning in text keys and lists", text("CHAP_R=0x00,5;a=b")),
        ("what has a meaning in a shell", text("$(x)`y`\"z\"'\\!*~|<>{}[]^")),
        ("spaces at both ends", text("  init secret  ")),
        ("looks hexadecimal", text("0x696e6974736563726574")),
        ("looks like base64", text("0baW5pdHNlY3JldA==")),
        ("looks like an option", text("--password=x")),
        ("letters beyond ASCII", text("пароль-ß-秘密")),
        ("line endings and other control characters", text("a\nb\r\nc\td\u{1b}e\u{7f}fgh\r\n")),
        (
            "no text in any encoding",
            vec![0xff, 0xfe, 0xc0, 0x80, 0xf5, 0xed, 0xa0, 0x80, 0xc1, 0x81, 0xf8, 0x88],
        ),
        ("every byte but NUL, as many as allowed", (1..=255).collect()),
    ]
}

/// A tgtd with a target of these secrets, and a user who knows nothing yet.
struct Stage {
    tgt: Tgt,
    user: User,
}

impl Stage {
    fn new(forward: &[u8], reverse: &[u8]) -> Self {
        let tgt = Tgt::builder().target(TgtTarget::named(TARGET)).start();
        let stage = Self { tgt, user: User::new() };
        stage.admit(FORWARD_USER, forward, &[]);
        stage.admit(REVERSE_USER, reverse, &["--outgoing"]);
        stage
    }

    /// Makes an account of the target.
    fn admit(&self, user: &str, secret: &[u8], direction: &[&str]) {
        let account = ["--mode", "account", "--op", "new", "--user", user, "--password"].map(OsStr::new);
        self.tgt.admin(&[&account[..], &[OsStr::from_bytes(secret)]].concat());
        let bind = ["--mode", "account", "--op", "bind", "--tid", "1", "--user", user];
        self.tgt.admin(&[&bind, direction].concat());
    }

    /// Stores both secrets, which stand in files, and removes the files.
    fn store(&self, forward: &[u8], reverse: &[u8]) {
        let files = [self.user.secret_file("forward", forward), self.user.secret_file("reverse", reverse)];
        let forward = ["--user", FORWARD_USER, "--secret-file", &files[0]];
        let reverse = ["--target-user", REVERSE_USER, "--target-secret-file", &files[1]];
        let scope_args = ["secret", "set", "--target", &self.tgt.iqn(TARGET)];
        self.user.run(&[scope_args, forward, reverse].concat()).expect(&[0]);
        for file in files {
            std::fs::remove_file(file).unwrap();
        }
    }

    fn log_in_with(&self, forward: &[u8], reverse: &[u8]) -> Outcome {
        self.store(forward, reverse);
        self.user.run(&["login", &self.tgt.url(TARGET, TgtTarget::FILE_LUN)])
    }
}

/// The secret with another byte at its end.
fn misspelt(secret: &[u8]) -> Vec<u8> {
    let (last, others) = secret.split_last().unwrap();
    [others, &[last ^ 1]].concat()
}

#[test]
fn every_kind_of_byte_goes_both_ways() {
    for (what, forward) in secrets() {
        println!("{what}");
        let reverse: Vec<u8> = forward.iter().rev().copied().collect();
        let stage = Stage::new(&forward, &reverse);
        both_authenticated(stage.log_in_with(&forward, &reverse));
        stage.log_in_with(&misspelt(&forward), &reverse).expect(&[3]);
        stage.log_in_with(&forward, &misspelt(&reverse)).expect(&[4]);
    }
}

/// The line ending that an editor leaves is not part of a secret that is text; before it, or beside what is no text, it
/// is.
#[test]
fn one_line_ending_after_text_is_left_off() {
    let stage = Stage::new(b"initsecret123", b"targsecret456\t\n");
    both_authenticated(stage.log_in_with(b"initsecret123\n", b"targsecret456\t\n"));
    both_authenticated(stage.log_in_with(b"initsecret123\r\n", b"targsecret456\t\n"));
    stage.log_in_with(b"initsecret123\n\n", b"targsecret456\t\n").expect(&[3]);
    stage.log_in_with(b"initsecret123\n", b"targsecret456\t").expect(&[4]);
}
