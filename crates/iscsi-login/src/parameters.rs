//! Operational parameters: what a side offers, and what both agree on (RFC 7143, 13).

use iscsi_pdu::Digests;

/// A choice of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    None,
    Crc32c,
    Rfc3720,
}

impl Choice {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Crc32c, Self::Rfc3720];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Crc32c => "CRC32C",
            Self::Rfc3720 => "RFC3720",
        }
    }
}

/// The parameters of a session: the agreed values, or the defaults of keys that were not negotiated
/// ([RFC 7143, section 13](https://www.rfc-editor.org/rfc/rfc7143#section-13)).
///
/// Lengths are in bytes, times in seconds. Numbers in parentheses are subsections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameters {
    /// Digests, in use from the first full-feature PDU on (13.1).
    pub digests: Digests,
    /// The largest number of connections of the session (13.2).
    pub max_connections: u16,
    /// Whether the initiator has to wait for an R2T before it sends Data-Out PDUs (13.10).
    pub initial_r2t: bool,
    /// Whether a command PDU may carry write data (13.11).
    pub immediate_data: bool,
    /// The longest data segment that this side receives (13.12).
    pub max_recv_data_segment_length: u32,
    /// The longest data segment that the peer receives (13.12).
    pub max_send_data_segment_length: u32,
    /// The longest Data-In or solicited Data-Out sequence (13.13).
    pub max_burst_length: u32,
    /// The most unsolicited data of one command, at most `max_burst_length` (13.14).
    pub first_burst_length: u32,
    /// The wait before a reconnection (13.15).
    pub default_time2wait: u16,
    /// The time, after that wait, for which the target keeps tasks (13.16).
    pub default_time2retain: u16,
    /// The largest number of outstanding R2Ts per task (13.17).
    pub max_outstanding_r2t: u16,
    /// Whether the data PDUs of a sequence are in order (13.18).
    pub data_pdu_in_order: bool,
    /// Whether data sequences are in order (13.19).
    pub data_sequence_in_order: bool,
    /// Error recovery level (13.20).
    pub error_recovery_level: u8,
    /// `iSCSIProtocolLevel` (13.24): 1 is RFC 7143, 2 adds the task management functions of RFC 7144. Above 1 it is offered.
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

/// The values offered for a digest, in order of preference
/// ([RFC 7143, section 13.1](https://www.rfc-editor.org/rfc/rfc7143#section-13.1)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DigestPreference {
    /// Only `None`.
    #[default]
    None,
    /// Only `CRC32C`: without it the login fails.
    Crc32c,
    /// `CRC32C`, then `None`.
    PreferCrc32c,
    /// `None`, then `CRC32C`. A target with this preference accepts either.
    AcceptCrc32c,
}

impl DigestPreference {
    pub(crate) const fn choices(self) -> &'static [Choice] {
        match self {
            Self::None => &[Choice::None],
            Self::Crc32c => &[Choice::Crc32c],
            Self::PreferCrc32c => &[Choice::Crc32c, Choice::None],
            Self::AcceptCrc32c => &[Choice::None, Choice::Crc32c],
        }
    }
}

/// The values that one side offers, and uses for its answers when the other side offers first
/// ([RFC 7143, section 13](https://www.rfc-editor.org/rfc/rfc7143#section-13)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// Header digest.
    pub header_digest: DigestPreference,
    /// Data digest.
    pub data_digest: DigestPreference,
    /// All other values. `digests` and `max_send_data_segment_length` are not used.
    pub parameters: Parameters,
}

impl Default for Offer {
    /// Large segments and bursts, unsolicited data allowed, no digests, error recovery level 0.
    fn default() -> Self {
        let parameters = Parameters {
            initial_r2t: false,
            max_recv_data_segment_length: 262_144,
            max_burst_length: 1_048_576,
            first_burst_length: 262_144,
            ..Parameters::default()
        };
        Self { header_digest: DigestPreference::None, data_digest: DigestPreference::None, parameters }
    }
}
