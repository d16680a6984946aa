//! See [`iscsi_fuzz::login_joined`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iscsi_fuzz::login_joined(data));
