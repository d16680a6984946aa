//! Logical units as block devices of the kernel, in the guest in which LIO runs: its kernel has the NBD driver, and is the target
//! too.
//!
//! All tests share one guest, one after the other.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

mod detaching;
mod disks;
mod guest;
mod killed_servers;
mod outages;
mod portals;
mod refusals;
mod rounds;
mod services;
