//! Caching mode page (SBC-3, 6.4.5).

use super::mode_parameters::ModeParameters;
use super::mode_sense::ModeSense6;
use crate::scsi::parameter_data::ParameterData;

/// The caching mode page. Fields of a page that was cut off, or is that of an older standard, are 0.
///
/// ```no_run
/// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{Lun, scsi::CachingPage};
/// let parameters = session.send(Lun::ZERO, &CachingPage::mode_sense()).await?;
/// if CachingPage::of(&parameters).is_some_and(|page| page.write_cache_enabled) {
///     println!("writes are volatile until they are flushed");
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachingPage {
    /// The cache is divided as the page says, not as the unit finds best (IC).
    pub initiator_control: bool,
    /// Data may be prefetched beyond discontinuities, such as the end of a cylinder (DISC).
    pub discontinuity: bool,
    /// Writes end when their data are in a volatile cache (WCE).
    pub write_cache_enabled: bool,
    /// Reads must not take data from the cache (RCD).
    pub read_cache_disabled: bool,
    /// Blocks of a read without prefetch: no data are prefetched for longer reads.
    pub max_read_with_prefetch: u16,
    /// The fewest blocks that are prefetched.
    pub min_prefetch: u16,
    /// The most blocks that are prefetched.
    pub max_prefetch: u16,
    /// The most blocks that are prefetched whatever the other fields say.
    pub prefetch_ceiling: u16,
    /// Blocks are written to the medium in the order in which they came (FSW).
    pub sequential_writes: bool,
    /// Nothing is read ahead (DRA).
    pub read_ahead_disabled: bool,
    /// The non-volatile cache is disabled (`NV_DIS`).
    pub non_volatile_cache_disabled: bool,
    /// The number of segments of the cache.
    pub segments: u8,
    /// The size of a segment in bytes, or in blocks if `segment_size_in_blocks` is set.
    pub segment_size: u16,
    /// The size of a segment counts blocks (LBCSS).
    pub segment_size_in_blocks: bool,
}

impl CachingPage {
    /// The code of the page.
    pub const CODE: u8 = 0x08;

    /// Returns the command that reads the current values of the page, without block descriptors.
    #[must_use]
    pub fn mode_sense() -> ModeSense6 {
        let (page, allocation_length) = (Self::CODE, 192);
        ModeSense6 { page, allocation_length, disable_block_descriptors: true, ..ModeSense6::default() }
    }

    /// Returns the caching page of mode parameters; `None` if it is not there, or ends before its first flags.
    #[must_use]
    pub fn of(parameters: &ModeParameters) -> Option<Self> {
        let page = parameters.page(Self::CODE, 0).filter(|page| !page.bytes.is_empty())?;
        let data = ParameterData(&page.bytes);
        Some(Self {
            initiator_control: data.flag(0, 0x80),
            discontinuity: data.flag(0, 0x10),
            write_cache_enabled: data.flag(0, 0x04),
            read_cache_disabled: data.flag(0, 0x01),
            max_read_with_prefetch: data.u16(2),
            min_prefetch: data.u16(4),
            max_prefetch: data.u16(6),
            prefetch_ceiling: data.u16(8),
            sequential_writes: data.flag(10, 0x80),
            read_ahead_disabled: data.flag(10, 0x20),
            non_volatile_cache_disabled: data.flag(10, 0x01),
            segments: data.byte(11),
            segment_size: data.u16(12),
            segment_size_in_blocks: data.flag(10, 0x40),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::Command as _;
    use crate::scsi::primary::mode_page::ModePage;

    fn of(code: u8, bytes: &[u8]) -> Option<CachingPage> {
        let page = ModePage { code, bytes: bytes.to_vec(), ..ModePage::default() };
        CachingPage::of(&ModeParameters { pages: vec![page], ..ModeParameters::default() })
    }

    #[test]
    fn all_fields_of_the_page() {
        let bytes = [0x95, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0xe1, 5, 0, 6, 0, 0, 0, 0];
        let expected = CachingPage {
            initiator_control: true,
            discontinuity: true,
            write_cache_enabled: true,
            read_cache_disabled: true,
            max_read_with_prefetch: 1,
            min_prefetch: 2,
            max_prefetch: 3,
            prefetch_ceiling: 4,
            sequential_writes: true,
            read_ahead_disabled: true,
            non_volatile_cache_disabled: true,
            segments: 5,
            segment_size: 6,
            segment_size_in_blocks: true,
        };
        assert_eq!(of(0x08, &bytes), Some(expected));
        assert_eq!(of(0x08, &[0; 18]), Some(CachingPage::default()));
    }

    #[test]
    fn the_command_that_reads_the_page() {
        let cdb = CachingPage::mode_sense().cdb();
        assert_eq!(cdb[..6], [0x1a, 0x08, 0x08, 0, 192, 0]);
    }

    /// With and without block descriptors, and in answers without the page: another page, or none within the length of the
    /// header.
    #[test]
    fn the_page_in_the_data_of_the_command() {
        let enabled = |data: &[u8]| {
            let parameters = CachingPage::mode_sense().parse(bytes::Bytes::copy_from_slice(data)).ok()?;
            CachingPage::of(&parameters).map(|page| page.write_cache_enabled)
        };
        assert_eq!(enabled(&[6, 0, 0x10, 0, 0x88, 18, 0x04]), Some(true));
        assert_eq!(enabled(&[14, 0, 0x10, 8, 4, 4, 4, 4, 4, 4, 4, 4, 0x08, 18, 0xfb]), Some(false));
        for data in [
            &[][..],
            &[3, 0, 0],
            &[3, 0, 0, 0],
            &[6, 0, 0x10, 0, 0x0a, 18, 0x04],
            &[6, 0, 0x10, 0, 0x08, 18],
            &[5, 0, 0x10, 0, 0x08, 18, 0x04],
            &[0, 0, 0x10, 0, 0x08, 18, 0x04],
            &[6, 0, 0x10, 200, 0x08, 18, 0x04],
        ] {
            assert_eq!(enabled(data), None, "{data:?}");
        }
    }

    #[test]
    fn the_bit_of_the_write_cache() {
        for (flags, enabled) in [(0x00, false), (0x04, true), (0xfb, false), (0xff, true)] {
            assert_eq!(of(0x08, &[flags, 0, 0, 0]).unwrap().write_cache_enabled, enabled, "{flags:#x}");
        }
    }

    #[test]
    fn a_page_cut_off_at_every_length() {
        let all = [0xff; 18];
        assert_eq!(of(0x08, &[]), None);
        for length in 1..all.len() {
            let found = of(0x08, &all[..length]).unwrap();
            assert_eq!((found.write_cache_enabled, found.segments > 0), (true, length > 11), "{length}");
            assert_eq!(found.segment_size > 0, length > 13, "{length}");
        }
        assert_eq!(of(0x0a, &all), None, "another page");
    }
}
