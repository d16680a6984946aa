//! A whole login of both halves, without sockets.

use iscsi_login::{
    Authentication, ChapAlgorithm, ForwardCredential, ForwardSecret, Nonce, Offer, ReverseCredential,
    ReverseSecret, initiator, target,
};
use iscsi_pdu::{InitiatorTaskTag, IscsiName, Isid, NameError, SerialNumber};

/// Names and an algorithm to log in with.
#[derive(Clone, Debug)]
pub struct InMemoryLogin {
    host: IscsiName,
    disk: IscsiName,
    algorithms: [ChapAlgorithm; 2],
}

impl InMemoryLogin {
    /// A mutual login whose proofs are made with this algorithm.
    ///
    /// # Errors
    /// Never: the names are well-formed.
    pub fn new(algorithm: ChapAlgorithm) -> Result<Self, NameError> {
        Ok(Self {
            host: "iqn.2001-04.com.example:host".parse()?,
            disk: "iqn.2001-04.com.example:disk".parse()?,
            algorithms: [algorithm, ChapAlgorithm::Md5],
        })
    }

    /// Logs in once; `None` if either half failed.
    #[must_use]
    pub fn run(&self) -> Option<initiator::Completed> {
        let authentication = Authentication::Mutual(
            ForwardCredential { name: "host", secret: ForwardSecret::new(b"what-the-host-proves") },
            ReverseCredential { name: Some("disk"), secret: ReverseSecret::new(b"what-the-disk-proves") },
        );
        let accounts = [target::Account { name: &self.disk, authentication }];
        let mut portal = target::Login::new(target::Config {
            accounts: &accounts,
            discovery: Authentication::None,
            algorithms: &ChapAlgorithm::ALL,
            offer: Offer::default(),
            portal_group_tag: 1,
            tsih: 1,
            stat_sn: SerialNumber(0),
            nonce: Nonce::from_random([2; Nonce::LENGTH]),
        });
        let (mut login, mut request) = initiator::Login::start(self.config(authentication)).ok()?;
        loop {
            let (next, response) = match portal.receive(&request) {
                target::Step::Send(next, response) => (Some(next), response),
                target::Step::Complete(response, _) => (None, response),
                target::Step::Refuse(..) => return None,
            };
            match (login.receive(&response).ok()?, next) {
                (initiator::Step::Send(next_login, next_request), Some(next)) => {
                    (portal, login, request) = (next, next_login, next_request);
                }
                (initiator::Step::Complete(completed), None) => return Some(completed),
                _ => return None,
            }
        }
    }

    fn config<'a>(&'a self, authentication: Authentication<'a>) -> initiator::Config<'a> {
        initiator::Config {
            initiator_name: &self.host,
            initiator_alias: None,
            session_type: initiator::SessionType::Normal(&self.disk),
            isid: Isid::from_random([1, 2, 3], 0),
            cid: 0,
            itt: InitiatorTaskTag(0),
            cmd_sn: SerialNumber(1),
            authentication,
            algorithms: &self.algorithms,
            offer: Offer::default(),
            nonce: Nonce::from_random([1; Nonce::LENGTH]),
            is_ours: &|_| false,
        }
    }
}
