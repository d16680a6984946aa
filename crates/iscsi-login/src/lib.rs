#![doc = include_str!("../README.md")]

mod algorithm;
mod chap;
mod credentials;
mod deviation;
mod discovered_targets;
mod early_values;
mod error;
pub mod initiator;
mod key;
mod key_rule;
mod negotiation;
mod nonce;
mod offer;
mod parameters;
mod received_address;
mod received_keys;
mod send_targets;
pub mod target;
mod tolerance;
mod value;

pub use algorithm::ChapAlgorithm;
pub use chap::TargetAuthenticated;
pub use credentials::{
    Authentication, ConfigError, ForwardCredential, ForwardSecret, MAX_SECRET_LENGTH, MIN_SECRET_LENGTH,
    ReverseCredential, ReverseSecret,
};
pub use deviation::Deviation;
pub use discovered_targets::{AddressDeviation, DiscoveredTarget, DiscoveredTargets, UnusableRecord};
pub use error::{LoginError, ProtocolViolation, TargetAuthError};
pub use nonce::Nonce;
pub use offer::{DigestPreference, Offer};
pub use parameters::Parameters;
pub use send_targets::parse_send_targets;
pub use tolerance::{ObservedDeviation, Strictness, Tolerance};

/// Most bytes of text in a Login PDU, whatever is declared (RFC 7143, 6.3 and 13.12).
const MAX_TEXT: usize = 8192;
