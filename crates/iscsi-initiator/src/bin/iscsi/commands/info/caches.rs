//! Caches and write protection: the caching mode page and the header before it (SBC-3, 6.4).

use iscsi_initiator::scsi::{CachingPage, ModeParameters};
use serde::Serialize;

use crate::output::sections::Sections;

/// Caches and write protection of a disk.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CachesReport {
    /// Whether the unit is write-protected (WP).
    write_protected: bool,
    /// Whether reads and writes may have DPO and FUA (DPOFUA).
    dpo_and_fua: bool,
    /// Whether writes end when their data are in a volatile cache (WCE); null without the caching page.
    write_cache: Option<bool>,
    /// Whether reads may take data from the cache (RCD is 0); null without the caching page.
    read_cache: Option<bool>,
}

impl From<&ModeParameters> for CachesReport {
    fn from(parameters: &ModeParameters) -> Self {
        let page = CachingPage::of(parameters);
        Self {
            write_protected: parameters.write_protected(),
            dpo_and_fua: parameters.dpo_and_fua(),
            write_cache: page.map(|page| page.write_cache_enabled),
            read_cache: page.map(|page| !page.read_cache_disabled),
        }
    }
}

impl CachesReport {
    pub(super) fn rows(&self, sections: &mut Sections) {
        sections.heading("Caches and protection");
        sections.flag("write-protected (WP)", self.write_protected);
        sections.flag("DPO and FUA", self.dpo_and_fua);
        for (name, enabled) in
            [("write cache (WCE)", self.write_cache), ("read cache (RCD)", self.read_cache)]
        {
            sections.row_of(name, enabled.map(|enabled| if enabled { "enabled" } else { "disabled" }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(data: &[u8]) -> CachesReport {
        CachesReport::from(&ModeParameters::parse_6(data).unwrap())
    }

    #[test]
    fn flags_of_the_header_and_of_the_page() {
        let with = |header: u8, flags: u8| report(&[6, 0, header, 0, 0x08, 0x02, flags, 0]);
        for (header, protected, fua) in [(0, false, false), (0x80, true, false), (0x10, false, true)] {
            let CachesReport { write_protected, dpo_and_fua, .. } = with(header, 0);
            assert_eq!((write_protected, dpo_and_fua), (protected, fua));
        }
        for (flags, write, read) in [(0, false, true), (0x04, true, true), (0x01, false, false)] {
            let CachesReport { write_cache, read_cache, .. } = with(0, flags);
            assert_eq!((write_cache, read_cache), (Some(write), Some(read)));
        }
    }

    #[test]
    fn without_the_page_the_header_tells_its_part() {
        let CachesReport { write_protected, write_cache, read_cache, .. } = report(&[3, 0, 0x80, 0]);
        assert_eq!((write_protected, write_cache, read_cache), (true, None, None));
    }
}
