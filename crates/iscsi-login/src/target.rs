//! The target's half of a login, with the same tables and the same CHAP code as the initiator's.
//!
//! It serves tests, demonstrations and fuzzing. Its policy is its own: accounts per target name, one for discovery.

mod answer;
mod login;
mod opening;
mod refusal;
mod security;
mod state;

use iscsi_pdu::{IscsiName, LoginResponse, SerialNumber};

use crate::early_values::EarlyValues;
use crate::negotiation::Negotiation;
use crate::{Authentication, ChapAlgorithm, Nonce, Offer, Parameters};
pub use login::{Login, answer};
use opening::Opening;
pub use refusal::Refusal;

/// A target name, and what a login to it takes.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// The target.
    pub name: &'a IscsiName,
    /// Who has to prove what; [`Authentication::Mutual`] turns one-way initiators away.
    pub authentication: Authentication<'a>,
}

/// What a target needs to know to take a login.
#[derive(Clone, Copy)]
pub struct Config<'a> {
    /// The targets behind this portal.
    pub accounts: &'a [Account<'a>],
    /// What a discovery session takes.
    pub discovery: Authentication<'a>,
    /// Algorithms accepted; the first of the initiator's list that is among them is chosen.
    pub algorithms: &'a [ChapAlgorithm],
    /// Operational parameters.
    pub offer: Offer,
    /// Portal group of this portal.
    pub portal_group_tag: u16,
    /// Session identifier to give, not 0.
    pub tsih: u16,
    /// First status number.
    pub stat_sn: SerialNumber,
    /// Fresh random bytes for our challenge.
    pub nonce: Nonce,
}

/// What to do after a request.
#[must_use]
#[allow(clippy::large_enum_variant, reason = "matched at once and never stored")]
pub enum Step<'a> {
    /// Send the response and hand the next request to the login.
    Send(Login<'a>, LoginResponse),
    /// Send the response; full feature phase begins.
    Complete(LoginResponse, Box<Completed>),
    /// Send the response and close the connection.
    Refuse(LoginResponse, Refusal),
}

/// A login that reached full feature phase.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completed {
    /// What was agreed on, seen from the target.
    pub parameters: Parameters,
    /// The initiator's name.
    pub initiator_name: IscsiName,
    /// Place in [`Config::accounts`]; `None` for a discovery session.
    pub account: Option<usize>,
    /// The initiator proved itself.
    pub initiator_authenticated: bool,
    /// We proved ourselves to the initiator.
    pub target_authenticated: bool,
    /// `CmdSN` of the first command.
    pub cmd_sn: SerialNumber,
    /// The next status number to use.
    pub stat_sn: SerialNumber,
}

impl Config<'_> {
    fn negotiation(&self, opening: &Opening<'_>) -> Box<Negotiation> {
        Box::new(Negotiation::new(self.offer, opening.is_discovery(), EarlyValues::default()))
    }
}
