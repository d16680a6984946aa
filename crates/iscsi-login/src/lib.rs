#![doc = include_str!("../README.md")]

mod algorithm;
mod chap;
mod credentials;
mod error;
pub mod initiator;
mod key;
mod key_rule;
mod negotiation;
mod nonce;
mod offer;
mod parameters;
mod received_keys;
mod send_targets;
pub mod target;
mod value;

pub use algorithm::ChapAlgorithm;
pub use chap::TargetAuthenticated;
pub use credentials::{
    Authentication, ForwardCredential, ForwardSecret, MAX_SECRET_LENGTH, MIN_SECRET_LENGTH, Misuse,
    ReverseCredential, ReverseSecret,
};
pub use error::{LoginError, NotAuthenticated, Violation};
pub use nonce::Nonce;
pub use offer::{DigestPreference, Offer};
pub use parameters::Parameters;
pub use send_targets::{DiscoveredTarget, parse_send_targets};

/// Most octets of text in a Login PDU, whatever is declared (RFC 7143, 6.3 and 13.12).
const MAX_TEXT: usize = 8192;
