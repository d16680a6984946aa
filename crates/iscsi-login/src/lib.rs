#![doc = include_str!("../README.md")]

mod chap;
mod chap_exchange;
mod credentials;
mod deviation;
mod discovered_targets;
mod error;
pub mod initiator;
mod key;
mod login_key;
mod login_text;
mod negotiation;
mod operational_keys;
mod parameters;
mod prepared_offer;
mod received_address;
mod send_targets;
pub mod target;
mod tolerance;

pub use chap::{ChapAlgorithm, Nonce};
pub use chap_exchange::TargetAuthenticated;
pub use credentials::{
    Authentication, ConfigError, ForwardCredentialRef, ForwardSecret, MAX_SECRET_LENGTH, MIN_SECRET_LENGTH,
    ReverseCredentialRef, ReverseSecret,
};
pub use deviation::Deviation;
pub use discovered_targets::{AddressDeviation, DiscoveredTarget, DiscoveredTargets, UnusableRecord};
pub use error::{LoginError, ProtocolViolation, TargetAuthError};
pub use parameters::{DigestPreference, Offer, Parameters};
pub use prepared_offer::PreparedOffer;
pub use send_targets::parse_send_targets;
pub use tolerance::{ObservedDeviation, Strictness, Tolerance};
