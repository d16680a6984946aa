//! A whole login of both sides, without sockets.

use iscsi_login::{
    Authentication, ChapAlgorithm, ForwardCredentialRef, ForwardSecret, Nonce, Offer, PreparedOffer,
    ReverseCredentialRef, ReverseSecret, Strictness, initiator, target,
};
use iscsi_pdu::{InitiatorTaskTag, IscsiName, Isid, NameError, SerialNumber};

use crate::watch::{Part, Watch};

/// The authentication of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proofs {
    /// Nobody anything.
    None,
    /// The initiator, by this algorithm.
    OneWay(ChapAlgorithm),
    /// Both.
    Mutual(ChapAlgorithm),
}

impl Proofs {
    /// The kinds that are measured, under their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("none", Self::None),
        ("one-way MD5", Self::OneWay(ChapAlgorithm::Md5)),
        ("one-way SHA-256", Self::OneWay(ChapAlgorithm::Sha256)),
        ("mutual MD5", Self::Mutual(ChapAlgorithm::Md5)),
        ("mutual SHA-256", Self::Mutual(ChapAlgorithm::Sha256)),
    ];

    const fn algorithm(self) -> ChapAlgorithm {
        match self {
            Self::None => ChapAlgorithm::Md5,
            Self::OneWay(algorithm) | Self::Mutual(algorithm) => algorithm,
        }
    }

    const fn authentication(self) -> Authentication<'static> {
        let forward =
            ForwardCredentialRef { name: "host", secret: ForwardSecret::new(b"what-the-host-proves") };
        let reverse =
            ReverseCredentialRef { name: Some("disk"), secret: ReverseSecret::new(b"what-the-disk-proves") };
        match self {
            Self::None => Authentication::None,
            Self::OneWay(_) => Authentication::Chap(forward),
            Self::Mutual(_) => Authentication::Mutual(forward, reverse),
        }
    }
}

/// Names and proofs to log in with.
#[derive(Clone, Debug)]
pub struct InMemoryLogin {
    host: IscsiName,
    disk: IscsiName,
    proofs: Proofs,
    offer: PreparedOffer,
    algorithms: [ChapAlgorithm; 2],
}

impl InMemoryLogin {
    /// A login with this authentication.
    ///
    /// # Errors
    /// Never: the names are well-formed.
    pub fn new(proofs: Proofs) -> Result<Self, NameError> {
        Ok(Self {
            host: "iqn.2001-04.com.example:host".parse()?,
            disk: "iqn.2001-04.com.example:disk".parse()?,
            proofs,
            offer: Offer::default().into(),
            algorithms: [proofs.algorithm(), ChapAlgorithm::Md5],
        })
    }

    /// Logs in once; `None` if either half failed.
    #[must_use]
    pub fn run(&self, watch: &mut impl Watch) -> Option<initiator::CompletedLogin> {
        let accounts = [target::Account { name: &self.disk, authentication: self.proofs.authentication() }];
        let settings = portal(&accounts);
        let nonce = Nonce::from_random([2; Nonce::LENGTH]);
        let mut portal = target::Login::new(1, SerialNumber(0), nonce);
        let started = watch.watch(Part::Initiator(0), || initiator::Login::start(self.config()));
        let (mut login, mut request) = started.ok()?;
        for round in 1.. {
            let (next, response) = match watch.watch(Part::Target, || portal.receive(&settings, &request)) {
                target::Step::Send(next, response) => (Some(next), response),
                target::Step::Complete(response, _) => (None, response),
                target::Step::Refuse(..) => return None,
            };
            let step = watch.watch(Part::Initiator(round), || login.receive(&response));
            match (step.ok()?, next) {
                (initiator::Step::Send(next_login, next_request), Some(next)) => {
                    (portal, login, request) = (next, next_login, next_request);
                }
                (initiator::Step::Complete(completed), None) => return Some(completed),
                _ => return None,
            }
        }
        None
    }

    fn config(&self) -> initiator::LoginConfig<'_> {
        initiator::LoginConfig {
            initiator_name: &self.host,
            initiator_alias: None,
            session_type: initiator::SessionType::Normal(&self.disk),
            isid: Isid::from_random([1, 2, 3], 0),
            cid: 0,
            itt: InitiatorTaskTag(0),
            cmd_sn: SerialNumber(1),
            reinstates: false,
            authentication: self.proofs.authentication(),
            algorithms: &self.algorithms,
            offer: &self.offer,
            strictness: Strictness::Tolerant,
            nonce: Nonce::from_random([1; Nonce::LENGTH]),
            is_own_challenge: &|_| false,
        }
    }
}

fn portal<'a>(accounts: &'a [target::Account<'a>]) -> target::TargetConfig<'a> {
    target::TargetConfig {
        accounts,
        discovery: Authentication::None,
        algorithms: &ChapAlgorithm::ALL,
        offer: Offer::default(),
        portal_group_tag: 1,
    }
}
