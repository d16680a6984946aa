//! See [`iscsi_fuzz::text_keys`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iscsi_fuzz::text_keys(data));
