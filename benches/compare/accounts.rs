//! CHAP names and secrets of the benchmark, which are not used elsewhere.

/// iSCSI name of every initiator.
pub(crate) const INITIATOR: &str = "iqn.2001-04.com.example:host";

/// A CHAP name with its secret.
pub(crate) struct Account {
    pub(crate) name: &'static str,
    pub(crate) secret: &'static str,
}

/// The account of the initiator.
pub(crate) const FORWARD: Account = Account { name: "host", secret: "what-the-host-proves" };

/// The account of the target.
pub(crate) const REVERSE: Account = Account { name: "disk", secret: "what-the-disk-proves" };
