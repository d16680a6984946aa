//! The program `iscsi`: arguments, help, secrets, files, JSON, exit codes and benchmarks; no output holds a secret.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

#[cfg(target_os = "linux")] // The NBD driver of its kernel makes the devices.
mod attached;
mod bench_compare;
mod bench_ends;
mod bench_io;
mod bench_io_ends;
mod bench_io_verify;
mod bench_login;
mod bench_report;
mod canaries;
#[cfg(target_os = "linux")]
mod containers;
mod copies;
mod deviations;
mod empty_lists;
mod help;
mod hints;
mod how_do_i;
mod import;
mod info;
mod initiator_name;
mod interruption;
mod json_errors;
mod json_results;
mod lost_sessions;
mod measured;
#[cfg(all(feature = "fuse", target_os = "linux"))]
mod mount;
mod network;
mod ping;
mod plain_stores;
mod policy;
mod program;
mod prompt;
mod raw;
mod reserve;
mod reserve_conflict;
mod reset;
mod retries;
#[cfg(target_os = "linux")] // Only there has a process file systems of its own.
mod root_state;
mod schema;
mod scripted;
mod secret_files;
mod secrets;
mod serve;
#[cfg(target_os = "linux")]
mod services;
mod silence;
mod store_keys;
mod stores;
mod unauthenticated;
mod urls;
mod usage;
mod weak_secrets;
