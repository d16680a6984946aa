//! RECEIVE COPY RESULTS (SPC-4, 6.18 to 6.24; SPC-3, 6.18): the block of its service actions, and the length of their answers.

use bytes::Bytes;

use crate::scsi::{Cdb, CommandError};

/// Returns the block with a list identifier of one byte.
pub(super) fn cdb(service_action: u8, list_id: u8, allocation_length: u32) -> Cdb {
    Cdb::new(0x84).with(1, &[service_action, list_id]).with(10, &allocation_length.to_be_bytes())
}

/// Returns what stands behind the length, as far as it came.
pub(super) fn content(name: &'static str, data: &Bytes) -> Result<Bytes, CommandError> {
    let Some((length, rest)) = data.split_first_chunk() else {
        return Err(CommandError::invalid(name, format!("{} bytes instead of 4", data.len())));
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    Ok(data.slice_ref(rest.get(..length).unwrap_or(rest)))
}

/// Returns the error for an answer that is shorter than its fixed part.
pub(super) fn too_short(name: &'static str, content: &[u8], least: usize) -> CommandError {
    CommandError::invalid(name, format!("{} bytes behind the length instead of {least}", content.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_ends_where_its_length_or_the_data_end() {
        let data = |length: u8| Bytes::copy_from_slice(&[0, 0, 0, length, 1, 2, 3]);
        for (length, expected) in [(0, 0), (2, 2), (3, 3), (4, 3), (255, 3)] {
            assert_eq!(content("", &data(length)).unwrap().len(), expected);
        }
        for length in 0..4 {
            let error = content("X", &data(3).slice(..length)).unwrap_err();
            assert_eq!(error, CommandError::invalid("X", format!("{length} bytes instead of 4")));
        }
    }
}
