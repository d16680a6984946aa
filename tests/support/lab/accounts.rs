//! Accounts that every target of the laboratory knows.

/// A CHAP name with its secret, for tests only.
#[derive(Clone, Copy)]
pub struct TestAccount {
    /// `CHAP_N`.
    pub name: &'static str,
    /// The secret, 12 to 16 characters.
    pub secret: &'static str,
}

/// What the initiator proves.
pub const FORWARD: TestAccount = TestAccount { name: "labuser", secret: "initsecret123" };

/// What the target proves.
pub const REVERSE: TestAccount = TestAccount { name: "labtarget", secret: "targsecret456" };

/// What a target demands of an initiator, and can prove itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// The initiator proves [`FORWARD`].
    Chap,
    /// The same, and the target can prove [`REVERSE`].
    Mutual,
}
