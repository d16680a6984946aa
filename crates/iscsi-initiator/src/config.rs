//! What an initiator is and how it behaves.

use std::time::Duration;

use iscsi_login::{ChapAlgorithm, Offer, Strictness};
use iscsi_pdu::{IscsiName, Portal};
use iscsi_secrets::Requirement;

use crate::error::Error;
use crate::isid_pool::IsidPool;

/// Settings of an [`Initiator`](crate::Initiator). Holds no secret.
///
/// ```
/// use iscsi_initiator::Config;
/// let mut config = Config::new("iqn.2001-04.com.example:host".parse()?)?;
/// config.login_timeout = std::time::Duration::from_secs(5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Our iSCSI name, also the CHAP name unless a credential has one of its own.
    pub initiator_name: IscsiName,
    /// Where each session gets its ISID from. What is kept belongs to the initiator name.
    pub isids: IsidPool,
    /// What to show to people at the target.
    pub alias: Option<String>,
    /// Operational parameters to offer.
    pub offer: Offer,
    /// CHAP algorithms to offer, in order of preference. MD5 alone by default: older targets read nothing else.
    pub algorithms: Vec<ChapAlgorithm>,
    /// What becomes of harmless deviations of a target from RFC 7143: by default they are tolerated and reported.
    pub strictness: Strictness,
    /// Portals to which a target may redirect a login; `None` allows all. The authentication demanded is the same
    /// everywhere (LOG-31).
    pub redirect_to: Option<Vec<Portal>>,
    /// The least authentication that every login and discovery must have. Where the store has a policy too, the
    /// stricter of the two counts; without a store this is the only one.
    pub require: Requirement,
    /// Whether a secret may be used towards one target and be expected from another. A challenge can then be reflected
    /// between two processes, so such logins are refused unless this is set. One secret in both directions of one login
    /// is refused whatever this says.
    pub allow_shared_secret: bool,
    /// Limit for a whole login: reading the secrets, connecting, every exchange, every redirection.
    pub login_timeout: Duration,
    /// Limit for each command, from the call to its end, and for a logout, which has at most 30 seconds.
    /// [`Duration::MAX`] is no limit for commands.
    pub command_timeout: Duration,
}

impl Config {
    /// The defaults, with ISIDs of a pool in memory.
    ///
    /// # Errors
    /// [`Error::Random`] when the operating system gives no random bytes.
    pub fn new(initiator_name: IscsiName) -> Result<Self, Error> {
        Ok(Self {
            initiator_name,
            isids: IsidPool::in_memory()?,
            alias: None,
            offer: Offer::default(),
            algorithms: vec![ChapAlgorithm::Md5],
            strictness: Strictness::Tolerant,
            redirect_to: None,
            require: Requirement::None,
            allow_shared_secret: false,
            login_timeout: Duration::from_secs(30),
            command_timeout: Duration::from_mins(1),
        })
    }
}
