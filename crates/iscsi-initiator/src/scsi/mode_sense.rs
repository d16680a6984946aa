//! MODE SENSE (6) for the caching mode page (SPC-4, 6.13; SBC-3, 6.4.5).

use super::{CommandError, RawCommand, Transfer};

const NAME: &str = "MODE SENSE (6)";
const CACHING: u8 = 0x08;
const HEADER_LENGTH: usize = 4;

/// MODE SENSE (6) for the current values of the caching mode page, without block descriptors.
pub(crate) fn caching_mode_page() -> RawCommand {
    const DISABLE_BLOCK_DESCRIPTORS: u8 = 0x08;
    const LENGTH: u8 = 192;
    RawCommand::new(NAME, 0x1a, Transfer::Read(LENGTH.into()))
        .with(1, &[DISABLE_BLOCK_DESCRIPTORS, CACHING])
        .with(4, &[LENGTH])
}

/// Parses the WCE bit of the page, which is set if a volatile write cache is enabled.
pub(crate) fn parse_write_cache_enabled(bytes: &[u8]) -> Result<bool, CommandError> {
    const WCE: u8 = 0x04;
    let wrong = |reason: &str| CommandError::InvalidResponse { command: NAME, reason: reason.to_owned() };
    let Some((&[length, _, _, descriptors], rest)) = bytes.split_first_chunk::<HEADER_LENGTH>() else {
        return Err(wrong("cut off in its header"));
    };
    // The length counts the bytes after it. Some units send block descriptors although DBD is set.
    let rest = rest.get(..(usize::from(length) + 1).saturating_sub(HEADER_LENGTH)).unwrap_or(rest);
    match rest.get(usize::from(descriptors)..) {
        Some(&[code, _, flags, ..]) if code & 0x3f == CACHING => Ok(flags & WCE != 0),
        _ => Err(wrong("the caching mode page is not in it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(descriptors: &[u8], page: &[u8]) -> Vec<u8> {
        let length = u8::try_from(3 + descriptors.len() + page.len()).unwrap();
        let header = [length, 0, 0x10, u8::try_from(descriptors.len()).unwrap()];
        [&header[..], descriptors, page].concat()
    }

    #[test]
    fn the_write_cache_bit_of_the_caching_mode_page() {
        for (flags, enabled) in [(0x00, false), (0x04, true), (0xfb, false), (0xff, true)] {
            for code in [0x08, 0x88] {
                for descriptors in [&[][..], &[4; 8]] {
                    let page = answer(descriptors, &[code, 18, flags, 0, 0, 0]);
                    assert_eq!(parse_write_cache_enabled(&page), Ok(enabled), "{flags:#x}");
                }
            }
        }
        let command = caching_mode_page();
        assert_eq!(command.cdb[..6], [0x1a, 0x08, 0x08, 0, 192, 0]);
        assert_eq!(command.transfer, Transfer::Read(192));
    }

    /// No page, another page, or a page outside the length in the header.
    #[test]
    fn answers_without_the_page() {
        let whole = answer(&[], &[0x08, 18, 0x04]);
        for bytes in [
            Vec::new(),
            vec![3, 0, 0],
            vec![3, 0, 0, 0],
            answer(&[], &[0x0a, 18, 0x04]),
            whole[..6].to_vec(),
            [&[5], &whole[1..]].concat(),
            [&[0], &whole[1..]].concat(),
            [&whole[..3], &[200], &whole[4..]].concat(),
        ] {
            assert!(parse_write_cache_enabled(&bytes).is_err(), "{bytes:?}");
        }
    }
}
