//! Replay of every seed, including inputs that once caused a failure, on the stable compiler.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its seeds has failed")]
use std::fs;
use std::path::Path;

/// Feeds every file of a folder to a fuzz target; an empty folder is a mistake.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        println!("{}", file.display());
        run(&fs::read(&file).unwrap());
    }
}

#[test]
fn additional_headers() {
    replay("additional_headers", iscsi_fuzz::additional_headers);
}

#[test]
fn digests() {
    replay("digests", iscsi_fuzz::digests);
}

#[test]
fn login() {
    replay("login", iscsi_fuzz::login);
}

#[test]
fn login_joined() {
    replay("login_joined", iscsi_fuzz::login_joined);
}

#[test]
fn login_target() {
    replay("login_target", iscsi_fuzz::login_target);
}

#[test]
fn nbd() {
    replay("nbd", iscsi_fuzz::nbd);
}

#[test]
fn pdu_round_trip() {
    replay("pdu_round_trip", iscsi_fuzz::pdu_round_trip);
}

#[test]
fn pdu_stream() {
    replay("pdu_stream", iscsi_fuzz::pdu_stream);
}

#[test]
fn scsi_answers() {
    replay("scsi_answers", iscsi_fuzz::scsi_answers);
}

#[test]
fn session() {
    replay("session", iscsi_fuzz::session);
}

#[test]
fn store_file() {
    replay("store_file", iscsi_fuzz::store_file);
}

#[test]
fn text_keys() {
    replay("text_keys", iscsi_fuzz::text_keys);
}

#[test]
fn text_values() {
    replay("text_values", iscsi_fuzz::text_values);
}
