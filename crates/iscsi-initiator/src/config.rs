//! What an initiator is and how it behaves.

use std::time::Duration;

use iscsi_login::{ChapAlgorithm, Offer};
use iscsi_pdu::{IscsiName, Isid};

use crate::connection::random;
use crate::{Error, Portal};

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
    /// Initiator part of the session identifier. Two sessions to one portal group need two of them (NAM-06).
    pub isid: Isid,
    /// What to show to people at the target.
    pub alias: Option<String>,
    /// Operational parameters to offer.
    pub offer: Offer,
    /// CHAP algorithms to offer, in order of preference. MD5 alone by default: older targets read nothing else.
    pub algorithms: Vec<ChapAlgorithm>,
    /// Portals to which a target may redirect a login; `None` allows all. The authentication demanded is the same
    /// everywhere (LOG-31).
    pub redirect_to: Option<Vec<Portal>>,
    /// Limit for a whole login: connecting, every exchange, every redirection.
    pub login_timeout: Duration,
    /// Limit for each command, and for a logout.
    pub command_timeout: Duration,
}

impl Config {
    /// The defaults, with an ISID of type 10b drawn at random.
    ///
    /// # Errors
    /// [`Error::Random`] when the operating system gives no random octets.
    pub fn new(initiator_name: IscsiName) -> Result<Self, Error> {
        let [a, b, c, high, low] = random::octets::<5>()?;
        Ok(Self {
            initiator_name,
            isid: Isid::from_random([a, b, c], u16::from_be_bytes([high, low])),
            alias: None,
            offer: Offer::default(),
            algorithms: vec![ChapAlgorithm::Md5],
            redirect_to: None,
            login_timeout: Duration::from_secs(30),
            command_timeout: Duration::from_mins(1),
        })
    }
}
