//! Table-driven tests of the codec: every kind of PDU, laid out by hand from the figures of RFC 7143, complete,
//! truncated, damaged, and with any value in reserved fields.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod accessors;
mod additional_headers;
mod addresses;
mod codes;
mod conditional;
mod digests;
mod displays;
mod initiator_samples;
mod initiator_variants;
mod kinds;
mod layout;
mod limits;
mod luns;
#[cfg(feature = "names")]
mod names;
mod outgoing;
mod padding;
mod parts;
mod reserved;
mod sample;
mod serial_numbers;
mod stream;
mod target_samples;
mod target_variants;
mod text;
mod text_sequences;
