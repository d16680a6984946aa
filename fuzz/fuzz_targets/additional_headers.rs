//! See [`iscsi_fuzz::additional_headers`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iscsi_fuzz::additional_headers(data));
