//! The fuzz targets as plain functions: each takes any bytes and panics only if an assertion is violated.

mod additional_headers;
mod any_initiator_pdu;
mod any_target_pdu;
mod digests;
mod login;
mod login_joined;
mod login_target;
mod nbd;
mod pdu_round_trip;
mod pdu_stream;
mod scsi_answers;
mod session;
mod store_file;
mod text_keys;
mod text_values;

pub use additional_headers::additional_headers;
pub use any_initiator_pdu::any_initiator_pdu;
pub use any_target_pdu::any_target_pdu;
pub use digests::digests;
pub use login::login;
pub use login_joined::login_joined;
pub use login_target::login_target;
pub use nbd::nbd;
pub use pdu_round_trip::pdu_round_trip;
pub use pdu_stream::pdu_stream;
pub use scsi_answers::scsi_answers;
pub use session::session;
pub use store_file::store_file;
pub use text_keys::text_keys;
pub use text_values::text_values;
