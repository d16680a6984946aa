//! Mutual logins to tgt with secrets from the sealed store only: the precedence of stored secrets, and the effect of
//! changes.

mod bytes;
mod precedence;
mod replaced;
mod two_processes;

use iscsi_tests::external_targets::{Tgt, TgtTarget};

use crate::program::{FORWARD, Outcome, REVERSE, User, access};
use crate::stage::DISK;

/// A secret that no target has.
const WRONG: &str = "not-the-secret-1";

/// The error about the target's CHAP response, so the target was asked to authenticate itself.
const WRONG_ANSWER: &str = "does not match the configured target secret";
/// The error before any connection.
const CLEARED: &str = "its secret was cleared";

/// The target of the stage.
const TARGET: &str = "mutual";

/// A tgtd with a target that requires mutual CHAP, and a user with a secret store.
struct Stage {
    tgt: Tgt,
    user: User,
}

impl Stage {
    /// The store contains the forward secret only.
    fn new() -> Self {
        let target = TgtTarget::named(TARGET).size(DISK).auth(access(TARGET));
        let stage = Self { tgt: Tgt::builder().target(target).start(), user: User::new() };
        stage.remember(FORWARD.1);
        stage
    }

    fn iqn(&self) -> String {
        self.tgt.iqn(TARGET)
    }

    /// `iscsi secret set` with a secret on standard input: no file holds it.
    #[track_caller]
    fn store(&self, scope_args: &[&str], options: [&str; 3], secret: &str) {
        let arguments = [&["secret", "set"], scope_args, &options, &["-"]].concat();
        self.user.run_with_input(&arguments, secret.as_bytes()).expect(&[0]);
    }

    #[track_caller]
    fn store_reverse(&self, scope_args: &[&str], user: &str, secret: &str) {
        self.store(scope_args, ["--target-user", user, "--target-secret-file"], secret);
    }

    /// Stores the forward secret.
    #[track_caller]
    fn remember(&self, secret: &str) {
        self.store(&["--target", &self.iqn()], ["--user", FORWARD.0, "--secret-file"], secret);
    }

    /// Stores the reverse secret of the target.
    #[track_caller]
    fn set(&self, secret: &str) {
        self.store_reverse(&["--target", &self.iqn()], REVERSE.0, secret);
    }

    /// Stores the default reverse secret.
    #[track_caller]
    fn set_global(&self, secret: &str) {
        self.store_reverse(&["--global"], REVERSE.0, secret);
    }

    /// `iscsi secret clear` or `forget` for the target.
    #[track_caller]
    fn take_out(&self, how: &str) {
        self.user.run(&["secret", how, "--target", &self.iqn()]).expect(&[0]);
    }

    fn log_in(&self) -> Outcome {
        self.run("login", &[])
    }

    /// A command that logs in, with options.
    fn run(&self, command: &str, options: &[&str]) -> Outcome {
        let url = self.tgt.url(TARGET, TgtTarget::FILE_LUN);
        self.user.run(&[&[command, &url], options].concat())
    }
}

/// Fails with everything that was printed unless both sides authenticated themselves.
#[track_caller]
fn both_authenticated(outcome: Outcome) {
    outcome.expect(&[0]).shows("mutual CHAP (MD5): the target authenticated itself as \"target-user\"");
}
