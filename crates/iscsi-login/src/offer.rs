//! What a side wants of a login.

use crate::Parameters;
use crate::value::{CRC32C, NONE};

/// What to offer for a digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DigestPreference {
    /// `None` alone.
    #[default]
    None,
    /// `CRC32C` alone: fail rather than go without.
    Crc32c,
    /// `CRC32C`, else `None`.
    PreferCrc32c,
    /// `None`, else `CRC32C`: a target's way of taking either.
    AcceptCrc32c,
}

impl DigestPreference {
    pub(crate) const fn choices(self) -> &'static [&'static str] {
        match self {
            Self::None => &[NONE],
            Self::Crc32c => &[CRC32C],
            Self::PreferCrc32c => &[CRC32C, NONE],
            Self::AcceptCrc32c => &[NONE, CRC32C],
        }
    }
}

/// What one side offers, and answers with when the other side offers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// Header digest.
    pub header_digest: DigestPreference,
    /// Data digest.
    pub data_digest: DigestPreference,
    /// Everything else; the digests and the peer's segment length in here are not used.
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
