//! Settings of an initiator.

use std::time::Duration;

use iscsi_login::{ChapAlgorithm, Offer, Strictness};
use iscsi_pdu::{IscsiName, Portal};
use iscsi_secrets::Requirement;

use crate::error::Error;
use crate::isid_pool::IsidPool;
use crate::nexus::RecoveryPolicy;
use crate::session::Limits;
use crate::status::RetryPolicy;

/// The longest wait for a Logout Response, which a working target sends at once.
const LONGEST_LOGOUT: Duration = Duration::from_secs(30);

/// Settings of an [`Initiator`](crate::Initiator), operational keys ([RFC 7143, section
/// 13](https://www.rfc-editor.org/rfc/rfc7143#section-13)) among them. Holds no secret.
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
    /// The initiator's iSCSI name, also its CHAP name unless a credential has one of its own ([RFC 7143, section
    /// 4.2.7](https://www.rfc-editor.org/rfc/rfc7143#section-4.2.7)).
    pub initiator_name: IscsiName,
    /// The pool that each session gets its ISID from. A pool on disk belongs to one initiator name.
    pub isids: IsidPool,
    /// The `InitiatorAlias`, a description that targets show to administrators.
    pub alias: Option<String>,
    /// Operational parameters to offer.
    pub offer: Offer,
    /// CHAP algorithms to offer, in order of preference. By default only MD5, because some targets fail on others.
    pub algorithms: Vec<ChapAlgorithm>,
    /// Treatment of harmless deviations of a target from RFC 7143: by default they are tolerated and reported.
    pub strictness: Strictness,
    /// Portals to which a target may redirect a login; `None` allows all. The required authentication is the same
    /// at every portal (LOG-31).
    pub redirect_to: Option<Vec<Portal>>,
    /// The least authentication that every login and discovery must have. If the store has a policy too, the stricter
    /// of the two applies.
    pub require: Requirement,
    /// Permission to use a secret towards one target and to expect it from another. Such logins are refused unless this
    /// is set, because a challenge can then be reflected between two processes. One secret for both directions of one
    /// login is always refused.
    pub allow_shared_secret: bool,
    /// Limit for a whole login from its turn on: reading the secrets, connecting, every exchange, every redirection.
    pub login_timeout: Duration,
    /// The most logins and discoveries under way at the same time, to all targets together, at least one; more wait for their
    /// turn. All clones of an initiator share it.
    pub most_logins: usize,
    /// The most of them to one target, or at one portal for discovery. A target with many logins does not keep those to
    /// others waiting.
    pub most_logins_per_target: usize,
    /// Limit for the wait of a login for its turn. [`login_timeout`](Self::login_timeout) begins afterwards.
    pub login_turn_timeout: Duration,
    /// Limit for each command, from the call to its end, and for a logout, which has at most 30 seconds. It begins anew while
    /// data of the command move. A command that exceeds it is aborted, and the session goes on if the target still answers.
    /// [`Duration::MAX`] means no limit for commands.
    pub command_timeout: Duration,
    /// The time after which a target that has sent nothing is pinged; `None` for never
    /// ([RFC 7143, section 11.18](https://www.rfc-editor.org/rfc/rfc7143#section-11.18)).
    pub noop_out_interval: Option<Duration>,
    /// Limit for the answer to a ping. When it is exceeded, the connection counts as lost.
    pub noop_out_timeout: Duration,
    /// Limit for the answer to ABORT TASK, and to each task management function that a caller requests.
    pub abort_timeout: Duration,
    /// Limit for the answer to LOGICAL UNIT RESET, the last step before the session is given up.
    pub lu_reset_timeout: Duration,
    /// The limits within which a lost session is replaced by another one; [`RecoveryPolicy::OFF`] for none.
    pub recovery: RecoveryPolicy,
    /// Commands that are sent again instead of being reported, such as those to a busy unit.
    pub retry: RetryPolicy,
}

impl Config {
    /// Returns the default settings, with an ISID pool in memory.
    ///
    /// # Errors
    /// [`Error::Random`] when the operating system returns no random bytes.
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
            most_logins: 256,
            most_logins_per_target: 64,
            login_turn_timeout: Duration::from_mins(5),
            command_timeout: Duration::from_mins(1),
            noop_out_interval: Some(Duration::from_secs(5)),
            noop_out_timeout: Duration::from_secs(5),
            abort_timeout: Duration::from_secs(15),
            lu_reset_timeout: Duration::from_secs(30),
            recovery: RecoveryPolicy::default(),
            retry: RetryPolicy::default(),
        })
    }

    /// The time after which a connection is dead on which nothing of what was sent arrives; `None` without pings.
    pub(crate) fn silence_limit(&self) -> Option<Duration> {
        Some(self.noop_out_interval?.saturating_add(self.noop_out_timeout))
    }

    /// The limits of a session.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            command: self.command_timeout,
            logout: self.command_timeout.min(LONGEST_LOGOUT),
            ping_interval: self.noop_out_interval,
            ping: self.noop_out_timeout,
            abort: self.abort_timeout,
            reset: self.lu_reset_timeout,
        }
    }
}
