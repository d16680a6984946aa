//! REPORT LUNS (SPC-4, 6.33).

use iscsi_pdu::Lun;

use super::{CommandError, RawCommand, Transfer};

const NAME: &str = "REPORT LUNS";
/// Length of the header before the list.
const HEADER_LENGTH: u32 = 8;
/// The most logical units of a target with single-level LUNs.
pub(crate) const MAX_LUNS: u32 = 16_384;

/// REPORT LUNS, with an allocation length for `luns` logical units.
#[must_use]
pub fn report_luns(luns: u32) -> RawCommand {
    let length = HEADER_LENGTH + 8 * luns.min(MAX_LUNS);
    RawCommand::new(NAME, 0xa0, Transfer::Read(length)).with(6, &length.to_be_bytes())
}

/// Parses the data of REPORT LUNS: the LUNs as received (PDU-18), and their total number by the target's count.
///
/// # Errors
/// [`CommandError::InvalidResponse`] when the header is cut off.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Vec<Lun>, u32), CommandError> {
    let Some((&[a, b, c, d, ..], list)) = bytes.split_first_chunk::<8>() else {
        return Err(CommandError::InvalidResponse {
            command: NAME,
            reason: format!("{} bytes instead of 8", bytes.len()),
        });
    };
    let total = u32::from_be_bytes([a, b, c, d]) / 8;
    let (luns, _) = list.as_chunks::<8>();
    Ok((luns.iter().take(total as usize).map(|bytes| Lun(*bytes)).collect(), total))
}
