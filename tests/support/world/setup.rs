//! The values that a world borrows: settings, credentials, and the target's configuration.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iscsi_initiator::engine::{Credentials, LoginSettings};
use iscsi_initiator::scsi::Capacity;
use iscsi_initiator::{
    Config, DigestPreference, Error, IscsiName, Isid, Portal, RecoveryPolicy, Requirement,
};
use iscsi_login::PreparedOffer;
use iscsi_login::initiator::SessionType;

use super::Later;
use crate::ram_disk;

/// The disk of a world.
pub const DISK: Capacity = Capacity { blocks: 64, block_size: 512 };
/// The longest data segment, both ways: one block.
const SEGMENT: u32 = 512;
const FIRST_BURST: u32 = 1024;
const MAX_BURST: u32 = 2048;
/// The level of the query functions (RFC 7144).
const PROTOCOL_LEVEL: u8 = 2;

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
    /// Whether the first command of each later session to the unit meets the condition that the nexus was lost.
    pub nexus_loss_attention: bool,
    /// The longest transfer that the unit reports in its block limits, in bytes.
    pub longest_transfer: u32,
    /// Whether the unit has a serial number and designators.
    pub is_named: bool,
    /// The recovery of the initiator's sessions, if it has one.
    pub recovery: Option<RecoveryPolicy>,
    /// The settings of both sides from some time on.
    pub later: Later,
    /// The operations that are submitted before the first of them has ended.
    pub depth: usize,
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
            nexus_loss_attention: false,
            longest_transfer: 1 << 20,
            is_named: true,
            recovery: None,
            later: Later::SAME,
            depth: 8,
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
    later_credentials: Result<Credentials, Error>,
    later_target: Arc<ram_disk::Config>,
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
        config.recovery = variant.recovery.unwrap_or(RecoveryPolicy::OFF);
        let digests = if variant.digests { DigestPreference::Crc32c } else { DigestPreference::None };
        (config.offer.header_digest, config.offer.data_digest) = (digests, digests);
        let parameters = &mut config.offer.parameters;
        parameters.max_recv_data_segment_length = SEGMENT;
        (parameters.first_burst_length, parameters.max_burst_length) = (FIRST_BURST, MAX_BURST);
        parameters.max_outstanding_r2t = variant.max_outstanding_r2t;
        parameters.protocol_level = PROTOCOL_LEVEL;
        let target: IscsiName = "iqn.2001-04.com.example:disk".parse().expect("a name");
        let credentials = |later: Later| later.credentials(&target, &config, Requirement::Mutual);
        Self {
            credentials: credentials(Later::SAME).expect("credentials of both sides"),
            later_credentials: credentials(variant.later),
            later_target: Arc::new(target_config(&target, &variant, variant.later)),
            offer: config.offer.into(),
            portal: Portal { host: "10.0.0.1".to_owned(), port: 3260 },
            config,
            target,
            variant,
        }
    }

    /// The settings of the first login of a world.
    pub(super) fn login_settings(&self) -> LoginSettings<'_> {
        self.settings_with(&self.credentials)
    }

    /// The settings of a login for another session, before or after the change.
    ///
    /// # Errors
    /// The secrets do not suffice for the authentication that was reached before.
    pub(super) fn next_login_settings(&self, is_later: bool) -> Result<LoginSettings<'_>, Error> {
        let credentials = if is_later { self.later_credentials.as_ref() } else { Ok(&self.credentials) };
        credentials.map(|credentials| self.settings_with(credentials)).map_err(Clone::clone)
    }

    fn settings_with<'a>(&'a self, credentials: &'a Credentials) -> LoginSettings<'a> {
        LoginSettings {
            config: &self.config,
            offer: &self.offer,
            session_type: SessionType::Normal(&self.target),
            isid: Isid::from_random([1, 2, 3], 4),
            credentials,
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
        ram_disk::Engine::new(target_config(&self.target, &self.variant, Later::SAME)).expect("a unit")
    }

    /// The settings of the target from the change on.
    pub(super) fn later_target(&self) -> Arc<ram_disk::Config> {
        Arc::clone(&self.later_target)
    }
}

/// The unit of a world's target.
pub(super) fn unit(variant: &Variant) -> ram_disk::LogicalUnit {
    ram_disk::LogicalUnit {
        blocks: DISK.blocks,
        block_size: DISK.block_size,
        write_cache: variant.write_cache,
        longest_transfer: variant.longest_transfer,
        is_named: variant.is_named,
        ..ram_disk::LogicalUnit::default()
    }
}

fn target_config(name: &IscsiName, variant: &Variant, later: Later) -> ram_disk::Config {
    let mut target = ram_disk::Target::new(name.clone());
    target.credentials = later.accounts();
    target.units = vec![unit(variant)];
    let mut config = ram_disk::Config::with_targets([target]);
    config.unit_attention = variant.unit_attention;
    config.nexus_loss_attention = variant.nexus_loss_attention;
    config.portal_group_tag = later.portal_group;
    let parameters = &mut config.offer.parameters;
    parameters.max_recv_data_segment_length = SEGMENT;
    parameters.initial_r2t = variant.initial_r2t != later.has_other_parameters;
    parameters.immediate_data = variant.immediate_data != later.has_other_parameters;
    parameters.max_outstanding_r2t = variant.max_outstanding_r2t;
    parameters.protocol_level = PROTOCOL_LEVEL;
    if later.has_other_parameters {
        parameters.max_recv_data_segment_length = 2 * SEGMENT;
        (parameters.first_burst_length, parameters.max_burst_length) = (FIRST_BURST / 2, MAX_BURST / 2);
        config.window = 2;
    }
    config
}
