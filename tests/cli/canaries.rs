//! Every command against a target that requires mutual CHAP, with all log lines: no output holds a secret in any form.

use iscsi_pdu::{encode_base64, encode_hex};
use iscsi_tests::ram_disk::{Account, Config, Credentials, RamDisk, Running, Target};
use tokio::runtime::Runtime;

use crate::program::{Outcome, Place, TARGET};

const FORWARD: &[u8] = b"canary-forward-1";
const REVERSE: &[u8] = b"canary-reverse-2";
const PASSPHRASE: &[u8] = b"canary-passphrase-3";
const KEY: &[u8; 32] = b"canary-key-4-canary-key-4-canary";

/// A target that wants both proofs, for discovery too, and a place with a user.
struct Stage {
    place: Place,
    target: Running,
    _runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let mut target = Target::new(TARGET.parse().unwrap());
        target.credentials = mutual();
        let mut config = Config::with_targets([target]);
        config.discovery = mutual();
        let runtime = Runtime::new().unwrap();
        let target = runtime.block_on(RamDisk::serve(config)).unwrap();
        Self { place: Place::new(), target, _runtime: runtime }
    }

    /// Runs a command as loudly as it can, in both forms of output.
    fn run(&self, arguments: &[&str], code: i32) {
        let name = ["--initiator-name", "iqn.2001-04.com.example:host"];
        // Only commands that log in take a name.
        let name = if arguments[0] == "secret" { &[][..] } else { &name };
        for form in ["table", "json"] {
            let more = [&["-vvv", "--output", form], name].concat();
            silent(&self.place.run(&[arguments, &more].concat()).expect(code));
        }
    }

    /// Stores the secret of the initiator from standard input.
    fn store_forward(&self, scope_args: [&str; 2], secret: &[u8]) {
        self.store(scope_args, ["--user", "host", "--secret-file", "-"], secret);
    }

    fn store_reverse(&self, scope_args: [&str; 2], secret: &[u8]) {
        self.store(scope_args, ["--target-user", "disk", "--target-secret-file", "-"], secret);
    }

    fn store(&self, scope_args: [&str; 2], options: [&str; 4], secret: &[u8]) {
        let arguments = [&["secret", "set", "-vvv"], &scope_args[..], &options].concat();
        silent(&self.place.run_with_input(&arguments, secret).expect(0));
    }
}

fn mutual() -> Credentials {
    Credentials::Mutual { initiator: Account::new("host", FORWARD), target: Account::new("disk", REVERSE) }
}

/// Raw, in hexadecimal, in base64, and as a list of bytes.
#[track_caller]
fn silent(outcome: &Outcome) {
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    for secret in [FORWARD, REVERSE, PASSPHRASE, KEY] {
        let listed = format!("{secret:?}");
        let forms = [
            String::from_utf8(secret.to_vec()).unwrap(),
            encode_hex(secret).trim_start_matches("0x").to_owned(),
            encode_base64(secret).trim_start_matches("0b").trim_end_matches('=').to_owned(),
            listed.trim_matches(['[', ']']).to_owned(),
        ];
        for form in forms {
            assert!(!said.to_lowercase().contains(&form.to_lowercase()), "{form} in {said}");
        }
    }
}

#[test]
fn vds_22_no_command_says_a_secret() {
    let stage = Stage::new();
    let portal = stage.target.portal().to_string();
    let (url, unit) = (format!("iscsi://{portal}/{TARGET}"), format!("iscsi://{portal}/{TARGET}/0"));
    let passphrase = stage.place.secret_file("passphrase", PASSPHRASE);
    let key = stage.place.secret_file("key", KEY);
    for scope_args in [["--target", TARGET], ["--portal", &portal]] {
        stage.store_forward(scope_args, FORWARD);
        stage.store_reverse(scope_args, REVERSE);
    }
    stage.run(&["secret", "require", "mutual", "--target", TARGET], 0);
    stage.run(&["secret", "list"], 0);
    stage.run(&["secret", "check"], 9);
    stage.run(&["discover", &portal], 0);
    stage.run(&["login", &url], 0);
    stage.run(&["luns", &url], 0);
    stage.run(&["info", &unit], 0);
    stage.run(&["reserve", "list", &unit], 0);
    stage.run(&["raw", &unit, "120000006000", "--read", "96"], 0);
    stage.run(&["read", &unit, "-o", "/dev/null", "--length", "1M"], 0);
    let data = stage.place.secret_file("data", &[7; 4096]);
    stage.run(&["write", &unit, "-i", &data], 0);
    stage.run(&["secret", "rekey"], 0);
    let rekey = ["-vvv", "secret", "rekey", "--new-passphrase-file", &passphrase];
    silent(&stage.place.run(&rekey).expect(0));
    stage.run(&["secret", "list", "--passphrase-file", &passphrase], 0);
    let rekey = ["-vvv", "secret", "rekey", "--passphrase-file", &passphrase, "--new-key-file", &key];
    silent(&stage.place.run(&rekey).expect(0));
    stage.run(&["login", &url, "--key-file", &key], 0);
}

#[test]
fn vds_22_nor_does_a_command_that_fails() {
    let stage = Stage::new();
    let url = format!("iscsi://{}/{TARGET}", stage.target.portal());
    let passphrase = stage.place.secret_file("passphrase", PASSPHRASE);
    let key = stage.place.secret_file("key", KEY);
    let scope_args = ["--target", TARGET];
    stage.store_forward(scope_args, FORWARD);
    stage.store_reverse(scope_args, FORWARD);
    // One secret for both directions.
    stage.run(&["login", &url], 9);
    stage.store_reverse(scope_args, PASSPHRASE);
    // The target answers with another secret.
    stage.run(&["login", &url], 4);
    // The initiator answers with another secret.
    stage.store_forward(scope_args, REVERSE);
    stage.run(&["login", &url], 3);
    stage.run(&["secret", "list", "--key-file", &key], 9);
    stage.run(&["secret", "list", "--passphrase-file", &passphrase], 9);
    stage.run(&["secret", "rekey", "--new-key-file", &passphrase], 9);
    stage.run(&["secret", "clear", "--target", TARGET], 0);
    stage.run(&["login", &url], 4);
    silent(&stage.place.run(&["-vvv", "secret", "forget", "--target", TARGET]).expect(0));
    stage.run(&["login", &url], 3);
}

#[test]
fn vds_22_nor_do_imports_and_benchmarks() {
    let stage = Stage::new();
    let url = format!("iscsi://{}/{TARGET}", stage.target.portal());
    let [forward, reverse] = [FORWARD, REVERSE].map(|secret| str::from_utf8(secret).unwrap());
    let record = format!(
        "node.name = {TARGET}\nnode.session.auth.authmethod = CHAP\n\
         node.session.auth.username = host\nnode.session.auth.password = {forward}\n\
         node.session.auth.username_in = disk\nnode.session.auth.password_in = {reverse}\n"
    );
    std::fs::create_dir_all(stage.place.path(&format!("etc/nodes/{TARGET}"))).unwrap();
    let path = format!("etc/nodes/{TARGET}/192.0.2.7,3260");
    // Others can read it: a warning names the file only.
    stage.place.file(&path, record.as_bytes(), 0o644);
    stage.run(&["secret", "import", "--open-iscsi", "etc"], 0);
    stage.run(&["bench", "io", &format!("{url}/0"), "--auth", "mutual", "--count", "10"], 0);
    stage.run(&["bench", "login", &url, "--auth", "mutual", "--count", "10"], 0);
    if cfg!(feature = "report") {
        stage.run(
            &["bench", "login", &url, "--auth", "mutual", "--count", "10", "--report", "report.html"],
            0,
        );
        let report = std::fs::read_to_string(stage.place.path("report.html")).unwrap();
        silent(&Outcome { code: Some(0), stdout: report, stderr: String::new() });
    }
}
