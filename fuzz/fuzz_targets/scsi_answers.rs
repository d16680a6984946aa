//! See [`iscsi_fuzz::scsi_answers`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iscsi_fuzz::scsi_answers(data));
