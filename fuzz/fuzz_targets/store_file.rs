//! See [`iscsi_fuzz::store_file`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iscsi_fuzz::store_file(data));
