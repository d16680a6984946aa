//! What is fuzzed, as plain functions: each takes any octets and must neither panic nor break what it asserts.

mod login;
mod pdu_stream;
mod text;

pub use login::login;
pub use pdu_stream::pdu_stream;
pub use text::text;
