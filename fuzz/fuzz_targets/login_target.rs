//! See [`iscsi_fuzz::login_target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iscsi_fuzz::login_target(data));
