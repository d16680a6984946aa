//! See [`iscsi_fuzz::pdu_round_trip`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iscsi_fuzz::pdu_round_trip(data));
