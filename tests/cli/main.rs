//! The program `iscsi` without a target: arguments, secrets, files, exit codes, and what it never says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

mod help;
mod import;
mod initiator_name;
mod network;
mod program;
mod prompt;
mod secret_files;
mod secrets;
mod silence;
mod stores;
mod urls;
mod usage;
