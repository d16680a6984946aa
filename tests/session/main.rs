//! The initiator library against the RAM-disk target and the scripted target, from the login to the end of a session.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod attacks;
mod authentication;
mod bidirectional;
mod block_device;
mod bounds;
mod closed_window;
mod commands;
#[path = "../../crates/iscsi-initiator/examples/copy_lun.rs"]
#[allow(dead_code, reason = "its arguments are given by the test")]
mod copy_lun;
mod copy_lun_example;
mod deviations;
mod digests;
mod discipline;
mod discovery;
mod endless_answers;
mod floods;
mod isids;
mod limits;
mod login_phase;
mod login_queue;
mod logouts;
mod lun_lists;
mod malformed;
#[path = "../../crates/iscsi-initiator/examples/mutual_login.rs"]
#[allow(dead_code, reason = "its arguments are given by the test")]
mod mutual_login;
mod names;
mod numbering;
mod own_challenges;
mod parallel;
mod partial_results;
mod policy;
mod ranges;
mod recovery;
mod redirects;
mod residuals;
mod scsi_block;
mod scsi_primary;
mod scsi_sharing;
mod silence;
mod stage;
mod tags;
mod task_management;
mod unasked;
mod unauthenticated;
mod vds_api;
