//! What a target of the laboratory demands of a login.

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

/// Who has to prove what.
#[derive(Clone, Default)]
pub enum Auth {
    /// Nobody anything.
    #[default]
    None,
    /// The initiator, by CHAP.
    Chap(Account),
    /// Both, if the initiator asks for it; istgt insists, tgtd and LIO do not.
    Mutual {
        /// What the initiator proves.
        initiator: Account,
        /// What the target proves.
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

    /// What the initiator proves, if anything.
    pub(super) const fn incoming(&self) -> Option<&Account> {
        match self {
            Self::None => None,
            Self::Chap(initiator) | Self::Mutual { initiator, .. } => Some(initiator),
        }
    }

    /// What the target proves, if anything.
    pub(super) const fn outgoing(&self) -> Option<&Account> {
        match self {
            Self::None | Self::Chap(_) => None,
            Self::Mutual { target, .. } => Some(target),
        }
    }
}
