//! Generated credentials: a secret and its CHAP name. They are test data, so they may be printed.

use fastrand::Rng;

/// A CHAP name, if there is one, and a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestCredential {
    pub(crate) name: Option<String>,
    pub(crate) secret: Vec<u8>,
}

impl TestCredential {
    /// The credential of this number: 12 to 255 bytes of any value; every second one has a name.
    pub(crate) fn numbered(number: u64) -> Self {
        let mut bytes = Rng::with_seed(number);
        let length = bytes.usize(12..=255);
        let name = (number % 2 == 1).then(|| format!("name {number}"));
        Self { name, secret: (0..length).map(|_| bytes.u8(..)).collect() }
    }
}
