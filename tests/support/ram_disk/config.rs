//! Configuration of a RAM-disk target.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use iscsi_login::{
    Authentication, ChapAlgorithm, DigestPreference, ForwardCredentialRef, ForwardSecret, Offer,
    ReverseCredentialRef, ReverseSecret,
};
use iscsi_pdu::{IscsiName, SerialNumber};
use iscsi_secrets::vds::VdsIscsiTarget;
use zeroize::Zeroizing;

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
    /// If true, GOOD status is sent in the last Data-In instead of a SCSI Response.
    pub status_in_data_in: bool,
    /// Connections served at a time; more wait in the backlog.
    pub most_connections: usize,
    /// Connections that may wait to be served, if the operating system (`net.core.somaxconn`) allows as many.
    pub backlog: u32,
}

impl Config {
    /// A portal on a free port of 127.0.0.1 with these targets: no authentication for discovery, every CHAP algorithm,
    /// digests if the initiator offers them, 256 connections.
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
            status_in_data_in: true,
            most_connections: 256,
            backlog: 1024,
        }
    }

    /// The offer, held to what the target can do.
    pub(super) const fn feasible_offer(&self) -> Offer {
        let mut offer = self.offer;
        offer.parameters.max_connections = 1;
        offer.parameters.data_pdu_in_order = true;
        offer.parameters.data_sequence_in_order = true;
        offer.parameters.error_recovery_level = 0;
        offer.parameters.protocol_level = 1;
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
}

impl Default for LogicalUnit {
    /// Number 0, 64 MiB in blocks of 512 bytes.
    fn default() -> Self {
        Self { number: 0, blocks: 131_072, block_size: 512 }
    }
}

/// A CHAP name and its secret. No `Debug`, wiped when dropped.
pub struct Account {
    name: String,
    secret: Zeroizing<Vec<u8>>,
}

impl Account {
    /// An account of this name with a copy of this secret.
    #[must_use]
    pub fn new(name: &str, secret: &[u8]) -> Self {
        Self { name: name.to_owned(), secret: Zeroizing::new(secret.to_vec()) }
    }
}

/// The required authentication, with owned accounts.
#[derive(Default)]
pub enum Credentials {
    /// Nobody anything.
    #[default]
    None,
    /// The initiator, by CHAP.
    Chap(Account),
    /// Both; an initiator that sends no challenge is refused.
    Mutual {
        /// The account of the initiator.
        initiator: Account,
        /// The account of the target.
        target: Account,
    },
    /// The accounts set through the target's side of the VDS API, as they are when a login begins. Not for discovery,
    /// which has no authentication with this setting.
    Managed(Arc<VdsIscsiTarget>),
}

impl Credentials {
    /// The credentials in the form that the login takes; managed ones have been looked up before.
    #[must_use]
    pub fn as_authentication(&self) -> Authentication<'_> {
        match self {
            Self::None | Self::Managed(_) => Authentication::None,
            Self::Chap(initiator) => Authentication::Chap(forward_credential(initiator)),
            Self::Mutual { initiator, target } => Authentication::Mutual(
                forward_credential(initiator),
                ReverseCredentialRef { name: Some(&target.name), secret: ReverseSecret::new(&target.secret) },
            ),
        }
    }
}

fn forward_credential(account: &Account) -> ForwardCredentialRef<'_> {
    ForwardCredentialRef { name: &account.name, secret: ForwardSecret::new(&account.secret) }
}
