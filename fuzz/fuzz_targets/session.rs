//! See [`iscsi_fuzz::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iscsi_fuzz::session(data));
