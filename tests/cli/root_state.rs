//! The default directory of root, in a mount namespace with a `/var/lib` of its own.

use std::process::{Command, Output};

/// Ways to be root in a mount namespace: for everybody; for root where the first is forbidden.
const NAMESPACES: [&[&str]; 2] =
    [&["unshare", "--user", "--map-root-user", "--mount"], &["unshare", "--mount"]];

/// Runs a script as root with an empty `/var/lib`.
fn as_root(script: &str) -> Output {
    let line = |namespace: &[&str], script: &str| {
        let mut command = Command::new(namespace[0]);
        let script = format!("set -e; mount -t tmpfs -o mode=0755 tmpfs /var/lib; {script}");
        command
            .args(&namespace[1..])
            .args(["sh", "-c", &script])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("ISCSI", env!("CARGO_BIN_EXE_iscsi")).env("HOME", "/nonexistent");
        command.output().unwrap()
    };
    let possible = NAMESPACES.into_iter().find(|namespace| line(namespace, "true").status.success());
    let Some(namespace) = possible else {
        panic!("`unshare` (util-linux) and `mount` make a file system: run as root, or allow user namespaces")
    };
    line(namespace, script)
}

#[track_caller]
fn succeeds(output: &Output) -> (String, String) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    (out.into_owned(), err.into_owned())
}

const SET: &str = "printf initsecret123 | $ISCSI secret set --global --secret-file -";
const LOGIN: &str = "$ISCSI login iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk";

#[test]
fn root_has_a_directory_that_is_not_the_one_of_open_iscsi() {
    let (out, err) = succeeds(&as_root(&format!("{SET}; ls /var/lib; stat -c %a /var/lib/iscsi-initiator")));
    assert_eq!(out, "iscsi-initiator\n700\n");
    assert!(err.contains("note: created the secret store /var/lib/iscsi-initiator"), "{err}");
}

#[test]
fn the_database_of_open_iscsi_with_its_usual_mode_is_in_nobodys_way() {
    let script = "mkdir -m 755 -p /var/lib/iscsi/nodes; echo x >/var/lib/iscsi/nodes/record; \
                  CODE=0; $LOGIN --auth none || CODE=$?; echo $CODE; ls -R /var/lib/iscsi";
    let (out, err) = succeeds(&as_root(&script.replace("$LOGIN", LOGIN)));
    assert!(out.starts_with("7\n"), "{out}\n{err}");
    assert!(out.contains("record"), "{out}");
}

#[test]
fn a_store_of_an_earlier_version_moves_with_a_note_and_logs_in_as_before() {
    // The store as an earlier version made it there, and open-iscsi installed since then.
    let make = format!(
        "{SET} --store /var/lib/iscsi; mkdir /var/lib/iscsi/nodes; chmod 755 /var/lib/iscsi; \
         printf 'InitiatorName=naa.30123456789abcde\\n' >/var/lib/iscsi/initiatorname.iscsi"
    );
    let look = "ls /var/lib/iscsi; echo --; ls /var/lib/iscsi-initiator; $ISCSI secret list";
    let (out, err) = succeeds(&as_root(&format!("{make}; $ISCSI secret list >/dev/null; {look}")));
    let (old, new) = out.split_once("--\n").unwrap();
    assert_eq!(old, "nodes\n");
    assert!(new.starts_with("initiatorname.iscsi\nsecrets.db\nstore.key\n"), "{new}");
    assert!(new.contains("set"), "{new}");
    let note = "note: moved what this program kept in /var/lib/iscsi to /var/lib/iscsi-initiator\n";
    assert_eq!(err.matches(note).count(), 1, "{err}");
}

#[test]
fn a_store_that_is_named_stays_where_it_is() {
    let script = format!("{SET} --store /var/lib/iscsi; {SET} --store /var/lib/iscsi; ls /var/lib");
    assert_eq!(succeeds(&as_root(&script)).0, "iscsi\n");
}
