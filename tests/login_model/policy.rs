//! The login that is explored: its policy, its secrets, and its fixed random bytes.

use iscsi_login::initiator::{LoginConfig, SessionType};
use iscsi_login::{
    Authentication, ChapAlgorithm, ForwardCredentialRef, ForwardSecret, Nonce, Offer, PreparedOffer,
    ReverseCredentialRef, ReverseSecret, Strictness,
};
use iscsi_pdu::{InitiatorTaskTag, IscsiName, Isid, SerialNumber};

pub(crate) const FORWARD: &[u8] = b"secret-of-the-host";
pub(crate) const REVERSE: &[u8] = b"secret-of-the-disk";

/// The initiator's `CHAP_I`.
pub(crate) const IDENTIFIER: u8 = 7;
/// The initiator's `CHAP_C` with MD5.
pub(crate) const CHALLENGE: [u8; 16] = [0x5a; 16];

/// The authentication that the login requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    IfAsked,
    Chap,
    Mutual,
}

/// Names that live as long as the test.
pub(crate) struct Names {
    initiator: IscsiName,
    target: IscsiName,
    offer: PreparedOffer,
}

impl Names {
    pub(crate) fn new() -> Self {
        let name = |text: &str| text.parse().unwrap();
        Self {
            initiator: name("iqn.2001-04.com.example:host"),
            target: name("iqn.2001-04.com.example:disk"),
            offer: Offer::default().into(),
        }
    }
}

impl Policy {
    fn authentication(self) -> Authentication<'static> {
        let forward = ForwardCredentialRef { name: "host", secret: ForwardSecret::new(FORWARD) };
        let reverse = ReverseCredentialRef { name: Some("disk"), secret: ReverseSecret::new(REVERSE) };
        match self {
            Self::IfAsked => Authentication::IfAsked(forward),
            Self::Chap => Authentication::Chap(forward),
            Self::Mutual => Authentication::Mutual(forward, reverse),
        }
    }

    pub(crate) fn config(self, strictness: Strictness, names: &Names) -> LoginConfig<'_> {
        let mut random = [0x5a; Nonce::LENGTH];
        random[0] = IDENTIFIER;
        LoginConfig {
            initiator_name: &names.initiator,
            initiator_alias: None,
            session_type: SessionType::Normal(&names.target),
            isid: Isid::from_random([1, 2, 3], 4),
            cid: 0,
            itt: InitiatorTaskTag(7),
            cmd_sn: SerialNumber(1000),
            reinstates: false,
            authentication: self.authentication(),
            algorithms: &[ChapAlgorithm::Md5],
            offer: &names.offer,
            strictness,
            nonce: Nonce::from_random(random),
            is_own_challenge: &|_| false,
        }
    }
}
