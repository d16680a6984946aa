//! Requirements and offers of one side.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use iscsi_login::initiator::{self, Authenticated, SessionType};
use iscsi_login::{
    Authentication, ChapAlgorithm, DigestPreference, ForwardCredentialRef, ForwardSecret, Nonce, Offer,
    PreparedOffer, ReverseCredentialRef, ReverseSecret, Strictness, target,
};
use iscsi_pdu::{InitiatorTaskTag, IscsiName, Isid, SerialNumber};

static HOST: LazyLock<IscsiName> = LazyLock::new(|| name("iqn.2001-04.com.example:host"));
static DISK: LazyLock<IscsiName> = LazyLock::new(|| name("iqn.2001-04.com.example:disk"));

fn name(name: &str) -> IscsiName {
    IscsiName::new(name).expect("a name")
}

/// The target that is logged in to.
pub(super) fn target_name() -> &'static IscsiName {
    &DISK
}

/// Policy, algorithms and offer of one side, and the bytes of its nonce.
pub(super) struct Demands {
    policy: u8,
    algorithms: Vec<ChapAlgorithm>,
    offer: PreparedOffer,
    discovery: bool,
    nonce: u8,
}

impl Demands {
    pub(super) fn draw(bytes: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self {
            policy: bytes.int_in_range(0..=3)?,
            algorithms: algorithms(bytes)?,
            offer: offer(bytes)?.into(),
            discovery: bytes.arbitrary()?,
            nonce: bytes.arbitrary()?,
        })
    }

    pub(super) fn authentication(&self) -> Authentication<'static> {
        let forward =
            ForwardCredentialRef { name: "host", secret: ForwardSecret::new(b"secret-of-the-host") };
        let reverse =
            ReverseCredentialRef { name: Some("disk"), secret: ReverseSecret::new(b"secret-of-the-disk") };
        match self.policy {
            0 => Authentication::None,
            1 => Authentication::IfAsked(forward),
            2 => Authentication::Chap(forward),
            _ => Authentication::Mutual(forward, reverse),
        }
    }

    pub(super) fn initiator(&self, strictness: Strictness) -> initiator::LoginConfig<'_> {
        initiator::LoginConfig {
            initiator_name: &HOST,
            initiator_alias: None,
            session_type: if self.discovery { SessionType::Discovery } else { SessionType::Normal(&DISK) },
            isid: Isid::from_random([1, 2, 3], 4),
            cid: 0,
            itt: InitiatorTaskTag(0),
            cmd_sn: SerialNumber(1),
            reinstates: false,
            authentication: self.authentication(),
            algorithms: &self.algorithms,
            offer: &self.offer,
            strictness,
            nonce: Nonce::from_random([self.nonce; Nonce::LENGTH]),
            is_own_challenge: &|_| false,
        }
    }

    /// Discovery sessions require the same authentication.
    pub(super) fn target<'a>(&'a self, accounts: &'a [target::Account<'a>]) -> target::TargetConfig<'a> {
        target::TargetConfig {
            accounts,
            discovery: self.authentication(),
            algorithms: &self.algorithms,
            offer: *self.offer.offer(),
            portal_group_tag: 1,
        }
    }

    /// A login of the target.
    pub(super) fn target_login(&self) -> target::Login {
        target::Login::new(77, SerialNumber(0), Nonce::from_random([self.nonce; Nonce::LENGTH]))
    }

    /// Checks that an initiator that completed got the authentication that it requires, whatever happened on the wire.
    pub(super) fn check_initiator(&self, completed: Option<&initiator::CompletedLogin>) {
        let Some(completed) = completed else { return };
        let algorithm = match (self.policy, &completed.authenticated) {
            (0 | 1, Authenticated::None) => return,
            (1 | 2, Authenticated::Initiator { algorithm }) => *algorithm,
            (3, Authenticated::Mutual(target)) if target.name() == "disk" => target.algorithm(),
            (policy, authenticated) => panic!("policy {policy}, but {authenticated:?}"),
        };
        assert!(self.algorithms.contains(&algorithm), "{algorithm} is not acceptable");
    }

    /// Checks that a target that completed got the authentication that it requires.
    pub(super) fn check_target(&self, completed: Option<&target::AcceptedLogin>) {
        let Some(completed) = completed else { return };
        let authenticated = (completed.initiator_authenticated, completed.target_authenticated);
        assert!(
            matches!(
                (self.policy, authenticated),
                (0 | 1, (false, false)) | (1 | 2, (true, false)) | (3, (true, true))
            ),
            "policy {}, but {authenticated:?}",
            self.policy
        );
    }

    /// Whether the sides have no reason to fail: equal policies, a common algorithm, compatible digests, and different nonces.
    pub(super) fn can_agree_with(&self, target: &Self) -> bool {
        let digests = compatible(self.offer.offer().header_digest, target.offer.offer().header_digest)
            && compatible(self.offer.offer().data_digest, target.offer.offer().data_digest);
        let algorithm = self.algorithms.iter().any(|algorithm| target.algorithms.contains(algorithm));
        self.policy == target.policy
            && digests
            && (algorithm || self.policy < 2)
            && self.nonce != target.nonce
    }
}

fn compatible(initiator: DigestPreference, target: DigestPreference) -> bool {
    use DigestPreference::{Crc32c, None};
    !matches!((initiator, target), (None, Crc32c) | (Crc32c, None))
}

/// One or more, in any order.
fn algorithms(bytes: &mut Unstructured<'_>) -> Result<Vec<ChapAlgorithm>> {
    let mut algorithms = vec![*bytes.choose(&ChapAlgorithm::ALL)?];
    for algorithm in ChapAlgorithm::ALL {
        if !algorithms.contains(&algorithm) && bytes.arbitrary()? {
            algorithms.push(algorithm);
        }
    }
    Ok(algorithms)
}

/// Any legal values (RFC 7143, 13).
fn offer(bytes: &mut Unstructured<'_>) -> Result<Offer> {
    let mut offer = Offer::default();
    offer.header_digest = digest(bytes)?;
    offer.data_digest = digest(bytes)?;
    let parameters = &mut offer.parameters;
    parameters.max_connections = bytes.int_in_range(1..=65_535)?;
    parameters.initial_r2t = bytes.arbitrary()?;
    parameters.immediate_data = bytes.arbitrary()?;
    parameters.max_recv_data_segment_length = bytes.int_in_range(512..=16_777_215)?;
    parameters.max_burst_length = bytes.int_in_range(512..=16_777_215)?;
    parameters.first_burst_length = bytes.int_in_range(512..=16_777_215)?;
    parameters.default_time2wait = bytes.int_in_range(0..=3600)?;
    parameters.default_time2retain = bytes.int_in_range(0..=3600)?;
    parameters.max_outstanding_r2t = bytes.int_in_range(1..=65_535)?;
    parameters.data_pdu_in_order = bytes.arbitrary()?;
    parameters.data_sequence_in_order = bytes.arbitrary()?;
    parameters.error_recovery_level = bytes.int_in_range(0..=2)?;
    Ok(offer)
}

fn digest(bytes: &mut Unstructured<'_>) -> Result<DigestPreference> {
    use DigestPreference::{AcceptCrc32c, Crc32c, None, PreferCrc32c};
    bytes.choose(&[None, Crc32c, PreferCrc32c, AcceptCrc32c]).copied()
}
