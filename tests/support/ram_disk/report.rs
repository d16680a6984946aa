//! Counters and protocol violations of a portal, for tests to check.

use iscsi_pdu::LoginStatus;

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
    /// Logouts answered.
    pub logouts: u32,
    /// Bytes taken in write data, immediate data included.
    pub bytes_written: u64,
    /// R2Ts sent.
    pub r2ts: u64,
    /// Unsolicited Data-Out PDUs taken.
    pub unsolicited_data_outs: u64,
    /// Commands with immediate data.
    pub commands_with_immediate_data: u64,
    /// Connection tasks that panicked: 0 for any input.
    pub panics: u32,
    /// Statuses of the logins refused, at most the first 1000.
    pub refusals: Vec<LoginStatus>,
    /// Rules that initiators broke, at most the first 1000.
    pub violations: Vec<String>,
}

impl Report {
    pub(super) fn note_refusal(&mut self, status: LoginStatus) {
        if self.refusals.len() < MOST_ENTRIES {
            self.refusals.push(status);
        }
    }

    pub(super) fn note_violation(&mut self, rule: String) {
        if self.violations.len() < MOST_ENTRIES {
            self.violations.push(rule);
        }
    }
}
