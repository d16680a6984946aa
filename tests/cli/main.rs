//! The program `iscsi` without a target: arguments, secrets, files, exit codes, and what it never says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

mod canaries;
mod help;
mod import;
mod initiator_name;
mod network;
mod plain_stores;
mod program;
mod prompt;
mod secret_files;
mod secrets;
mod silence;
mod store_keys;
mod stores;
mod urls;
mod usage;
mod weak_secrets;
