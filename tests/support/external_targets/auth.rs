//! The authentication that an external target requires.

/// A CHAP name and its secret, as text: the daemons read both from their command line or configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The CHAP name.
    pub user: String,
    /// The secret. It guards nothing but a test.
    pub secret: String,
}

impl Account {
    fn new((user, secret): (&str, &str)) -> Self {
        Self { user: user.to_owned(), secret: secret.to_owned() }
    }
}

/// The required authentication, with the accounts for it.
#[derive(Clone, Default)]
pub enum Auth {
    /// Nobody anything.
    #[default]
    None,
    /// The initiator, by CHAP.
    Chap(Account),
    /// Both, if the initiator asks for it; istgt insists, tgtd and LIO do not.
    Mutual {
        /// The account of the initiator.
        initiator: Account,
        /// The account of the target.
        target: Account,
    },
}

impl Auth {
    /// One-way CHAP with this name and secret.
    #[must_use]
    pub fn chap(initiator: (&str, &str)) -> Self {
        Self::Chap(Account::new(initiator))
    }

    /// Mutual CHAP: name and secret of the initiator, then those of the target.
    #[must_use]
    pub fn mutual(initiator: (&str, &str), target: (&str, &str)) -> Self {
        Self::Mutual { initiator: Account::new(initiator), target: Account::new(target) }
    }

    /// The account of the initiator, if it has to authenticate itself.
    pub(super) const fn incoming(&self) -> Option<&Account> {
        match self {
            Self::None => None,
            Self::Chap(initiator) | Self::Mutual { initiator, .. } => Some(initiator),
        }
    }

    /// The account of the target, if it authenticates itself.
    pub(super) const fn outgoing(&self) -> Option<&Account> {
        match self {
            Self::None | Self::Chap(_) => None,
            Self::Mutual { target, .. } => Some(target),
        }
    }
}
