//! What each side proves, as borrowed views that cannot be swapped by mistake (RFC 7143, 9.2.1).

use ctutils::CtEq as _;
use iscsi_pdu::{TextError, ValueError};

/// Fewest bytes of a secret: 96 bits (CHP-13).
pub const MIN_SECRET_LENGTH: usize = 12;
/// Most bytes of a secret.
pub const MAX_SECRET_LENGTH: usize = 255;
/// Most bytes of a CHAP name.
const MAX_NAME_LENGTH: usize = 255;

/// The secret by which the initiator proves itself to the target. No `Debug`, no comparison; a copy of the view copies no
/// bytes.
#[derive(Clone, Copy)]
pub struct ForwardSecret<'a>(&'a [u8]);

impl<'a> ForwardSecret<'a> {
    /// A view of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn expose_secret(self) -> &'a [u8] {
        self.0
    }
}

/// The secret by which the target proves itself to the initiator. No `Debug`, no comparison; a copy of the view copies no
/// bytes.
#[derive(Clone, Copy)]
pub struct ReverseSecret<'a>(&'a [u8]);

impl<'a> ReverseSecret<'a> {
    /// A view of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn expose_secret(self) -> &'a [u8] {
        self.0
    }
}

/// `CHAP_N` and secret of the initiator.
#[derive(Clone, Copy)]
pub struct ForwardCredential<'a> {
    /// The name the initiator sends: 1 to 255 bytes.
    pub name: &'a str,
    /// What it proves to know.
    pub secret: ForwardSecret<'a>,
}

/// `CHAP_N` and secret of the target.
#[derive(Clone, Copy)]
pub struct ReverseCredential<'a> {
    /// The name the target has to send; `None` accepts and reports any (CHP-21).
    pub name: Option<&'a str>,
    /// What it has to prove to know.
    pub secret: ReverseSecret<'a>,
}

/// Who has to prove what before full feature phase.
///
/// The initiator half never settles for less, and says what it got; a target half with [`Self::Mutual`] turns one-way initiators away.
#[derive(Clone, Copy)]
pub enum Authentication<'a> {
    /// Nobody.
    None,
    /// The initiator by CHAP, if the target asks for it; a target half lets in whoever proves himself or offers `None`.
    IfAsked(ForwardCredential<'a>),
    /// The initiator, by CHAP.
    Chap(ForwardCredential<'a>),
    /// Both, by mutual CHAP.
    Mutual(ForwardCredential<'a>, ReverseCredential<'a>),
}

impl<'a> Authentication<'a> {
    /// What the initiator proves.
    #[must_use]
    pub const fn forward(&self) -> Option<ForwardCredential<'a>> {
        match *self {
            Self::None => None,
            Self::IfAsked(forward) | Self::Chap(forward) | Self::Mutual(forward, _) => Some(forward),
        }
    }

    /// What the target proves.
    #[must_use]
    pub const fn reverse(&self) -> Option<ReverseCredential<'a>> {
        match *self {
            Self::None | Self::IfAsked(_) | Self::Chap(_) => None,
            Self::Mutual(_, reverse) => Some(reverse),
        }
    }

    /// Refuses credentials no login may be tried with, before anything is sent.
    ///
    /// # Errors
    /// [`ConfigError`] for a secret or name of the wrong length, or one secret in both directions (CHP-13, CHP-14, CHP-29).
    pub fn check(&self) -> Result<(), ConfigError> {
        if let Some(forward) = self.forward() {
            check_length(forward.secret.expose_secret())?;
            check_name(forward.name)?;
        }
        if let Some(reverse) = self.reverse() {
            check_length(reverse.secret.expose_secret())?;
            reverse.name.map_or(Ok(()), check_name)?;
        }
        match *self {
            Self::Mutual(forward, reverse) if same_bytes(forward.secret.0, reverse.secret.0) => {
                Err(ConfigError::OneSecretForBothDirections)
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

const fn check_length(secret: &[u8]) -> Result<(), ConfigError> {
    match secret.len() {
        MIN_SECRET_LENGTH..=MAX_SECRET_LENGTH => Ok(()),
        length => Err(ConfigError::SecretLength { length }),
    }
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    let fits = (1..=MAX_NAME_LENGTH).contains(&name.len()) && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(ConfigError::ChapName { length: name.len() }) }
}

/// Credentials or settings the caller must not log in with. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A secret outside 12 to 255 bytes.
    #[error("CHAP secret of {length} bytes, {MIN_SECRET_LENGTH} to {MAX_SECRET_LENGTH} are allowed")]
    SecretLength {
        /// Its length in bytes.
        length: usize,
    },
    /// A CHAP name outside 1 to 255 bytes, or with control characters.
    #[error("CHAP name of {length} bytes is empty, longer than 255 or holds control characters")]
    ChapName {
        /// Its length in bytes.
        length: usize,
    },
    /// The same secret for the initiator and for the target (RFC 7143, 9.2.1).
    #[error("one and the same CHAP secret for both directions")]
    OneSecretForBothDirections,
    /// An empty list of algorithms.
    #[error("no CHAP algorithm is acceptable")]
    NoAlgorithm,
    /// An initiator alias that is too long or holds control characters (6.1).
    #[error("initiator alias: {0}")]
    Alias(ValueError),
    /// A setting that would spoil the text it is part of.
    #[error("a setting that cannot be sent: {0}")]
    Text(#[from] TextError),
}
