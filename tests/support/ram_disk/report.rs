//! Counters, protocol violations and executed commands, for tests to check.

use std::time::Duration;

use iscsi_login::target::Refusal;
use iscsi_pdu::{InitiatorTaskTag, LoginStatus, Lun, SerialNumber};

use super::engine::ConnectionId;
use super::fault::Fault;

/// Most entries kept of each list.
const MOST_ENTRIES: usize = 1000;

/// Counts since the portal was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// TCP connections accepted.
    pub connections: u32,
    /// TCP connections closed.
    pub connections_closed: u32,
    /// Normal sessions that reached full feature phase.
    pub normal_sessions: u32,
    /// Discovery sessions that reached full feature phase.
    pub discovery_sessions: u32,
    /// Sessions in which both sides authenticated themselves.
    pub mutual_sessions: u32,
    /// Sessions ended because another login had the same initiator name, ISID and target (6.3.5).
    pub reinstatements: u32,
    /// Logouts of normal sessions answered.
    pub logouts: u32,
    /// Logouts of discovery sessions answered.
    pub discovery_logouts: u32,
    /// Bytes of write data taken by commands that were executed, immediate data included.
    pub bytes_written: u64,
    /// R2Ts sent.
    pub r2ts: u64,
    /// Unsolicited Data-Out PDUs taken.
    pub unsolicited_data_outs: u64,
    /// Commands with immediate data.
    pub commands_with_immediate_data: u64,
    /// Commands executed with an effect: reads, writes, cache flushes and reservations.
    pub executions: u64,
    /// Connection tasks that panicked: 0 for any input.
    pub panics: u32,
    /// Statuses of the logins refused, at most the first 1000.
    pub refusals: Vec<LoginStatus>,
    /// Rules that initiators broke, at most the first 1000.
    pub violations: Vec<String>,
}

impl Report {
    /// Notes how a connection ended.
    pub(super) fn note(&mut self, fault: &Fault) {
        match fault {
            Fault::Refused(Refusal { status, .. }) if self.refusals.len() < MOST_ENTRIES => {
                self.refusals.push(*status);
            }
            Fault::ProtocolViolation(_) | Fault::Malformed(_) if self.violations.len() < MOST_ENTRIES => {
                self.violations.push(fault.to_string());
            }
            _ => {}
        }
    }
}

/// A command that was executed with an effect: data were read or written, a cache was flushed, or reservations were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The time of the execution.
    pub time: Duration,
    /// The connection that the command came on.
    pub connection: ConnectionId,
    /// The place of the target in [`Config::targets`](super::Config::targets).
    pub target: usize,
    /// The unit.
    pub lun: Lun,
    /// The task tag of the command.
    pub itt: InitiatorTaskTag,
    /// Its command number.
    pub cmd_sn: SerialNumber,
    /// Its operation code.
    pub operation: u8,
    /// The first logical block, if the command names one.
    pub lba: u64,
    /// The number of logical blocks, if the command names one.
    pub blocks: u64,
    /// The first bytes of the data that came with it, behind which there are zeros.
    pub data: [u8; 16],
}
