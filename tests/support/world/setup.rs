//! The values that a world borrows: settings, credentials, and the target's configuration.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iscsi_initiator::engine::{CredentialScope, Credentials, LoginSettings, Secrets};
use iscsi_initiator::scsi::Capacity;
use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, Config, DigestPreference, ForwardCredential, IscsiName, Isid,
    MemoryStore, Portal, RecoveryPolicy, ReverseCredential, Secret, SecretStore as _,
};
use iscsi_login::PreparedOffer;
use iscsi_login::initiator::SessionType;

use crate::ram_disk;

/// The disk of a world.
pub const DISK: Capacity = Capacity { blocks: 64, block_size: 512 };
/// The longest data segment, both ways: one block.
const SEGMENT: u32 = 512;
const FIRST_BURST: u32 = 1024;
const MAX_BURST: u32 = 2048;
/// The level of the query functions (RFC 7144).
const PROTOCOL_LEVEL: u8 = 2;
const FORWARD: &[u8] = b"secret-of-the-host";
const REVERSE: &[u8] = b"secret-of-the-disk";

/// The properties in which worlds differ.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Whether the target offers `InitialR2T=Yes`, so that no Data-Out is unsolicited.
    pub initial_r2t: bool,
    /// Whether commands may carry write data.
    pub immediate_data: bool,
    /// Whether both digests are in use.
    pub digests: bool,
    /// The R2Ts that a task may have at a time.
    pub max_outstanding_r2t: u16,
    /// Whether the unit has a volatile write cache.
    pub write_cache: bool,
    /// Whether the first command of a session to the unit meets a unit attention condition.
    pub unit_attention: bool,
    /// The longest transfer that the unit reports in its block limits, in bytes.
    pub longest_transfer: u32,
    /// The recovery of the initiator's sessions, if it has one.
    pub recovery: Option<RecoveryPolicy>,
}

impl Default for Variant {
    /// Every kind of burst: immediate, unsolicited and solicited data; no digests, no write cache, no unit attention.
    fn default() -> Self {
        Self {
            initial_r2t: false,
            immediate_data: true,
            digests: false,
            max_outstanding_r2t: 1,
            write_cache: false,
            unit_attention: false,
            longest_transfer: 1 << 20,
            recovery: None,
        }
    }
}

/// What all worlds of a variant have in common.
pub struct Setup {
    pub(super) config: Config,
    offer: PreparedOffer,
    pub(super) target: IscsiName,
    pub(super) portal: Portal,
    pub(super) variant: Variant,
    credentials: Credentials,
}

impl Setup {
    /// The initiator and the target of this variant, which authenticate each other.
    ///
    /// # Panics
    /// Fixed names and secrets are invalid, or the operating system has no random bytes for the ISID pool, which worlds do
    /// not use.
    #[must_use]
    #[allow(clippy::expect_used, reason = "fixed values")]
    pub fn new(variant: Variant) -> Self {
        let mut config =
            Config::new("iqn.2001-04.com.example:host".parse().expect("a name")).expect("random bytes");
        let digests = if variant.digests { DigestPreference::Crc32c } else { DigestPreference::None };
        (config.offer.header_digest, config.offer.data_digest) = (digests, digests);
        let parameters = &mut config.offer.parameters;
        parameters.max_recv_data_segment_length = SEGMENT;
        (parameters.first_burst_length, parameters.max_burst_length) = (FIRST_BURST, MAX_BURST);
        parameters.max_outstanding_r2t = variant.max_outstanding_r2t;
        parameters.protocol_level = PROTOCOL_LEVEL;
        let target: IscsiName = "iqn.2001-04.com.example:disk".parse().expect("a name");
        let credentials = credentials(&target, &config);
        let portal = Portal { host: "10.0.0.1".to_owned(), port: 3260 };
        Self { offer: config.offer.into(), config, target, portal, variant, credentials }
    }

    /// The settings of every login of a world.
    pub(super) fn login_settings(&self) -> LoginSettings<'_> {
        LoginSettings {
            config: &self.config,
            offer: &self.offer,
            session_type: SessionType::Normal(&self.target),
            isid: Isid::from_random([1, 2, 3], 4),
            credentials: &self.credentials,
            reinstates: false,
            is_own_challenge: &|_| false,
        }
    }

    /// The limit of a command.
    pub(super) const fn command_timeout(&self) -> Duration {
        self.config.command_timeout
    }

    /// The address of the portal, as the target sees it.
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], self.portal.port))
    }

    /// The target, without connections.
    ///
    /// # Panics
    /// The unit is impossible.
    #[allow(clippy::expect_used, reason = "fixed values")]
    pub(super) fn engine(&self) -> ram_disk::Engine {
        let mut target = ram_disk::Target::new(self.target.clone());
        target.credentials = ram_disk::Credentials::Mutual {
            initiator: ram_disk::Account::new("host", FORWARD),
            target: ram_disk::Account::new("disk", REVERSE),
        };
        target.units = vec![ram_disk::LogicalUnit {
            blocks: DISK.blocks,
            block_size: DISK.block_size,
            write_cache: self.variant.write_cache,
            longest_transfer: self.variant.longest_transfer,
            ..ram_disk::LogicalUnit::default()
        }];
        let mut config = ram_disk::Config::with_targets([target]);
        config.unit_attention = self.variant.unit_attention;
        let parameters = &mut config.offer.parameters;
        parameters.max_recv_data_segment_length = SEGMENT;
        parameters.initial_r2t = self.variant.initial_r2t;
        parameters.immediate_data = self.variant.immediate_data;
        parameters.max_outstanding_r2t = self.variant.max_outstanding_r2t;
        parameters.protocol_level = PROTOCOL_LEVEL;
        ram_disk::Engine::new(config).expect("a unit")
    }
}

#[allow(clippy::expect_used, reason = "fixed values")]
fn credentials(target: &IscsiName, config: &Config) -> Credentials {
    let secret = |bytes| Secret::from_bytes(bytes).expect("a secret");
    let forward = ForwardCredential::new(Some("host".into()), secret(FORWARD)).expect("a name");
    let reverse = ReverseCredential::new(Some("disk".into()), secret(REVERSE)).expect("a name");
    let request = AuthenticationRequest {
        mode: AuthenticationMode::Mutual,
        forward: Some(Arc::new(forward)),
        reverse: Some(Arc::new(reverse)),
    };
    let store = Arc::new(MemoryStore::new());
    let snapshot = store.snapshot();
    let secrets = Secrets { store, is_given: false };
    let scope = CredentialScope::Target(target.clone());
    Credentials::of(&scope, &request, &secrets, snapshot, config).expect("credentials of both sides")
}
