//! What a login agrees on (RFC 7143, 13).

use iscsi_pdu::Digests;

/// What was agreed on, or the default where nothing was said. Lengths in bytes, times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameters {
    /// Digests from the first full-feature PDU on (13.1).
    pub digests: Digests,
    /// Connections the session may have (13.2).
    pub max_connections: u16,
    /// No unsolicited Data-Out (13.10).
    pub initial_r2t: bool,
    /// Write data may travel inside the command (13.11).
    pub immediate_data: bool,
    /// Largest data segment we take (13.12).
    pub max_recv_data_segment_length: u32,
    /// Largest data segment the peer takes (13.12).
    pub max_send_data_segment_length: u32,
    /// Most data of one Data-In or solicited Data-Out sequence (13.13).
    pub max_burst_length: u32,
    /// Most unsolicited data of one command, never above `max_burst_length` (13.14).
    pub first_burst_length: u32,
    /// Wait before reconnecting (13.15).
    pub default_time2wait: u16,
    /// How long, after that, tasks are kept (13.16).
    pub default_time2retain: u16,
    /// R2Ts in flight per task (13.17).
    pub max_outstanding_r2t: u16,
    /// Data PDUs of a sequence come in order (13.18).
    pub data_pdu_in_order: bool,
    /// Data sequences come in order (13.19).
    pub data_sequence_in_order: bool,
    /// Error recovery level (13.20).
    pub error_recovery_level: u8,
    /// `iSCSIProtocolLevel` (13.24): 1 is RFC 7143.
    pub protocol_level: u8,
}

impl Default for Parameters {
    /// The defaults of RFC 7143.
    fn default() -> Self {
        Self {
            digests: Digests::default(),
            max_connections: 1,
            initial_r2t: true,
            immediate_data: true,
            max_recv_data_segment_length: 8192,
            max_send_data_segment_length: 8192,
            max_burst_length: 262_144,
            first_burst_length: 65_536,
            default_time2wait: 2,
            default_time2retain: 20,
            max_outstanding_r2t: 1,
            data_pdu_in_order: true,
            data_sequence_in_order: true,
            error_recovery_level: 0,
            protocol_level: 1,
        }
    }
}
