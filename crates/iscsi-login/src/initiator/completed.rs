//! What a login that succeeded gives.

use iscsi_pdu::{SequenceNumbers, SerialNumber};

use crate::{ChapAlgorithm, ObservedDeviation, Parameters, TargetAuthenticated};

/// A login that reached full feature phase.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completed {
    /// What was agreed on.
    pub parameters: Parameters,
    /// Who authenticated whom.
    pub authenticated: Authenticated,
    /// Target part of the session identifier.
    pub tsih: u16,
    /// Portal group the connection belongs to, if the target said so.
    pub target_portal_group_tag: Option<u16>,
    /// The target's name for people, not to be trusted.
    pub target_alias: Option<String>,
    /// `CmdSN` of the first command.
    pub cmd_sn: SerialNumber,
    /// The next status number expected.
    pub exp_stat_sn: SerialNumber,
    /// Numbers of the last response.
    pub numbers: SequenceNumbers,
    /// Requests sent, each with its response.
    pub round_trips: u32,
    /// Harmless deviations of the target that were tolerated, at most four of each row of the table.
    pub deviations: Vec<ObservedDeviation>,
}

/// Who proved what to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authenticated {
    /// Nobody.
    None,
    /// The target let us in on our proof.
    Initiator {
        /// The algorithm of the proof.
        algorithm: ChapAlgorithm,
    },
    /// The same, and the target proved itself to us.
    Mutual(TargetAuthenticated),
}
