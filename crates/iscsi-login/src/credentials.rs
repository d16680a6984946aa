//! CHAP credentials of both directions, as borrowed views of different types (RFC 7143, 9.2.1).

use ctutils::CtEq as _;
use iscsi_pdu::{TextError, ValueError};

/// The fewest bytes of a secret: 96 bits (CHP-13).
pub const MIN_SECRET_LENGTH: usize = 12;
/// The most bytes of a secret.
pub const MAX_SECRET_LENGTH: usize = 255;
/// The most bytes of a CHAP name.
pub(crate) const MAX_NAME_LENGTH: usize = 255;

/// The secret with which the initiator authenticates itself to the target (open-iscsi's `password`)
/// ([RFC 7143, section 9.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-9.2.1)).
///
/// It has no `Debug` and cannot be compared. Copying the view does not copy the bytes.
#[derive(Clone, Copy)]
pub struct ForwardSecret<'a>(&'a [u8]);

impl<'a> ForwardSecret<'a> {
    /// Creates a view of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn expose_secret(self) -> &'a [u8] {
        self.0
    }
}

/// The secret with which the target authenticates itself to the initiator (open-iscsi's `password_in`)
/// ([RFC 7143, section 9.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-9.2.1)).
///
/// It has no `Debug` and cannot be compared. Copying the view does not copy the bytes.
#[derive(Clone, Copy)]
pub struct ReverseSecret<'a>(&'a [u8]);

impl<'a> ReverseSecret<'a> {
    /// Creates a view of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn expose_secret(self) -> &'a [u8] {
        self.0
    }
}

/// The initiator's CHAP name and secret
/// ([RFC 7143, section 12.1.3](https://www.rfc-editor.org/rfc/rfc7143#section-12.1.3)).
#[derive(Clone, Copy)]
pub struct ForwardCredentialRef<'a> {
    /// The name that the initiator sends in `CHAP_N`: 1 to 255 bytes.
    pub name: &'a str,
    /// The initiator's secret.
    pub secret: ForwardSecret<'a>,
}

/// The target's CHAP name and secret
/// ([RFC 7143, section 12.1.3](https://www.rfc-editor.org/rfc/rfc7143#section-12.1.3)).
#[derive(Clone, Copy)]
pub struct ReverseCredentialRef<'a> {
    /// The name that the target has to send in `CHAP_N`; `None` accepts and reports any name (CHP-21).
    pub name: Option<&'a str>,
    /// The target's secret.
    pub secret: ReverseSecret<'a>,
}

/// The authentication that a side requires before full feature phase
/// ([RFC 7143, section 12.1](https://www.rfc-editor.org/rfc/rfc7143#section-12.1)).
///
/// An initiator never accepts less, and reports what took place. A target with [`Self::Mutual`] refuses initiators that do not
/// challenge it.
#[derive(Clone, Copy)]
pub enum Authentication<'a> {
    /// No authentication.
    None,
    /// The initiator authenticates itself by CHAP if the target asks for it. A target with this policy also accepts initiators
    /// that offer `None`.
    IfAsked(ForwardCredentialRef<'a>),
    /// The initiator authenticates itself by CHAP.
    Chap(ForwardCredentialRef<'a>),
    /// Both sides authenticate themselves by mutual CHAP.
    Mutual(ForwardCredentialRef<'a>, ReverseCredentialRef<'a>),
}

impl<'a> Authentication<'a> {
    /// The initiator's credential.
    #[must_use]
    pub const fn forward(&self) -> Option<ForwardCredentialRef<'a>> {
        match *self {
            Self::None => None,
            Self::IfAsked(forward) | Self::Chap(forward) | Self::Mutual(forward, _) => Some(forward),
        }
    }

    /// The target's credential.
    #[must_use]
    pub const fn reverse(&self) -> Option<ReverseCredentialRef<'a>> {
        match *self {
            Self::None | Self::IfAsked(_) | Self::Chap(_) => None,
            Self::Mutual(_, reverse) => Some(reverse),
        }
    }

    /// Checks that the credentials may be used for a login.
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

/// Compares in constant time for a given length.
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

/// Settings with which no login may be attempted. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A secret that is not 12 to 255 bytes long.
    #[error("CHAP secret has {length} bytes, {MIN_SECRET_LENGTH} to {MAX_SECRET_LENGTH} are allowed")]
    SecretLength {
        /// Its length in bytes.
        length: usize,
    },
    /// A CHAP name that is not 1 to 255 bytes long, or contains control characters.
    #[error(
        "CHAP name is empty, longer than {MAX_NAME_LENGTH} bytes or contains control characters ({length} bytes)"
    )]
    ChapName {
        /// Its length in bytes.
        length: usize,
    },
    /// The same secret for the initiator and for the target (RFC 7143, 9.2.1).
    #[error("the same CHAP secret is set for both directions")]
    OneSecretForBothDirections,
    /// An empty list of algorithms.
    #[error("the list of acceptable CHAP algorithms is empty")]
    NoAlgorithm,
    /// An initiator alias that is too long or contains control characters (6.1).
    #[error("invalid initiator alias: {0}")]
    Alias(ValueError),
    /// A setting that cannot be part of a text.
    #[error("a setting cannot be sent: {0}")]
    Text(#[from] TextError),
}
