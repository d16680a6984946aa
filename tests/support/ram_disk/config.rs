//! Configuration of a RAM-disk target.

use std::net::{Ipv4Addr, SocketAddr};

use iscsi_login::{ChapAlgorithm, DigestPreference, Offer};
use iscsi_pdu::{IscsiName, SerialNumber};

use super::Credentials;
use super::write_task::LARGEST_TRANSFER;

/// A portal and the targets behind it.
pub struct Config {
    /// The address to listen at; port 0 takes a free one.
    pub address: SocketAddr,
    /// The targets, in the order in which `SendTargets` lists them.
    pub targets: Vec<Target>,
    /// The authentication required for discovery.
    pub discovery: Credentials,
    /// CHAP algorithms accepted.
    pub algorithms: Vec<ChapAlgorithm>,
    /// Operational parameters. Whatever it says, data and sequences stay in order, error recovery level is 0 and a
    /// session has one connection: the target has no more than that.
    pub offer: Offer,
    /// Portal group of the portal.
    pub portal_group_tag: u16,
    /// Status number of the first Login Response of every connection. libiscsi takes none above 2^31.
    pub first_stat_sn: SerialNumber,
    /// If true, the first command of a session to each unit ends with UNIT ATTENTION 29h/00h.
    pub unit_attention: bool,
    /// If true, the first command to each unit ends with UNIT ATTENTION 29h/07h in a session of an initiator port that
    /// has had one since the last start of the target (SAM-5, 6.3.4).
    pub nexus_loss_attention: bool,
    /// If true, GOOD status is sent in the last Data-In instead of a SCSI Response.
    pub status_in_data_in: bool,
    /// Commands that an initiator may send ahead, until [`Engine::set_window`](super::Engine::set_window).
    pub window: u32,
    /// Commands kept in [`Engine::executions`](super::Engine::executions).
    pub most_executions: usize,
    /// Connections served at a time; more wait in the backlog.
    pub most_connections: usize,
    /// Connections that may wait to be served, if the operating system (`net.core.somaxconn`) allows as many.
    pub backlog: u32,
}

impl Config {
    /// A portal on a free port of 127.0.0.1 with these targets: no authentication for discovery, every CHAP algorithm,
    /// digests if the initiator offers them, 256 connections, a window of 64 commands.
    #[must_use]
    pub fn with_targets(targets: impl IntoIterator<Item = Target>) -> Self {
        let mut offer = Offer::default();
        offer.header_digest = DigestPreference::AcceptCrc32c;
        offer.data_digest = DigestPreference::AcceptCrc32c;
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            targets: targets.into_iter().collect(),
            discovery: Credentials::None,
            algorithms: ChapAlgorithm::ALL.to_vec(),
            offer,
            portal_group_tag: 1,
            first_stat_sn: SerialNumber(1),
            unit_attention: true,
            nexus_loss_attention: false,
            status_in_data_in: true,
            window: 64,
            most_executions: 1000,
            most_connections: 256,
            backlog: 1024,
        }
    }

    /// The offer, held to what the target can do.
    pub(super) fn feasible_offer(&self) -> Offer {
        let mut offer = self.offer;
        offer.parameters.max_connections = 1;
        offer.parameters.data_pdu_in_order = true;
        offer.parameters.data_sequence_in_order = true;
        offer.parameters.error_recovery_level = 0;
        offer.parameters.protocol_level = offer.parameters.protocol_level.clamp(1, 2);
        offer
    }
}

/// One target.
pub struct Target {
    /// Its name.
    pub name: IscsiName,
    /// The authentication required for a login.
    pub credentials: Credentials,
    /// Its logical units.
    pub units: Vec<LogicalUnit>,
}

impl Target {
    /// A target without authentication and with one unit, number 0, of 64 MiB.
    #[must_use]
    pub fn new(name: IscsiName) -> Self {
        Self { name, credentials: Credentials::None, units: vec![LogicalUnit::default()] }
    }
}

/// One disk of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogicalUnit {
    /// Its number, at most [`Lun::MAX_NUMBER`](iscsi_pdu::Lun::MAX_NUMBER).
    pub number: u16,
    /// Logical blocks, at least 1.
    pub blocks: u64,
    /// Bytes of a logical block, at least 1; 512 and 4096 are usual.
    pub block_size: u32,
    /// If true, writes land in a volatile cache, and only SYNCHRONIZE CACHE and the FUA bit make them stable.
    pub write_cache: bool,
    /// If true, the unit is provisioned thinly: blocks can be unmapped, and read as zeros then (SBC-3, 4.7).
    pub is_thin: bool,
    /// The longest transfer that the unit reports in its block limits, in bytes. It takes longer ones all the same.
    pub longest_transfer: u32,
    /// Part of the serial number and of the designators, beside the target's name and the LUN. Another edition is another
    /// unit.
    pub edition: u32,
    /// Whether the unit has a serial number and designators.
    pub is_named: bool,
}

impl Default for LogicalUnit {
    /// Number 0, 64 MiB in blocks of 512 bytes, without a cache, fully provisioned, and transfers of up to 16 MiB.
    fn default() -> Self {
        let longest_transfer = LARGEST_TRANSFER;
        Self {
            number: 0,
            blocks: 131_072,
            block_size: 512,
            write_cache: false,
            is_thin: false,
            longest_transfer,
            edition: 0,
            is_named: true,
        }
    }
}
