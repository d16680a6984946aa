//! The standards that a logical unit claims (SPC-4, 6.6.2), and its pages of vital product data.

use iscsi_initiator::scsi::Inquiry;
use serde::Serialize;

use crate::output::sections::Sections;

/// Bits of a version descriptor that name a revision of a standard.
const REVISION: u16 = 0x1f;

/// Standards by their version descriptors without a revision (SPC-4, table E.6; SPC-5 for the later ones).
const STANDARDS: [(u16, &str); 21] = [
    (0x0020, "SAM"),
    (0x0040, "SAM-2"),
    (0x0060, "SAM-3"),
    (0x0080, "SAM-4"),
    (0x00a0, "SAM-5"),
    (0x00c0, "SAM-6"),
    (0x0120, "SPC"),
    (0x0140, "MMC"),
    (0x0180, "SBC"),
    (0x01a0, "SMC"),
    (0x01c0, "SES"),
    (0x0200, "SSC"),
    (0x0260, "SPC-2"),
    (0x0300, "SPC-3"),
    (0x0320, "SBC-2"),
    (0x0460, "SPC-4"),
    (0x04c0, "SBC-3"),
    (0x05c0, "SPC-5"),
    (0x0600, "SBC-4"),
    (0x0620, "ZBC"),
    (0x0960, "iSCSI"),
];

/// Pages of vital product data with their names.
const PAGES: [(u8, &str); 14] = [
    (0x00, "supported pages"),
    (0x80, "unit serial number"),
    (0x83, "device identification"),
    (0x84, "software interface identification"),
    (0x85, "management network addresses"),
    (0x86, "extended INQUIRY data"),
    (0x87, "mode page policy"),
    (0x88, "SCSI ports"),
    (0x8d, "power consumption"),
    (0x8f, "third-party copy"),
    (0xb0, "block limits"),
    (0xb1, "block device characteristics"),
    (0xb2, "logical block provisioning"),
    (0xb6, "zoned block device characteristics"),
];

/// The standards that a unit claims.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct StandardsReport {
    /// VERSION: 5 for SPC-3, 6 for SPC-4, 7 for SPC-5; 0 for none.
    version: u8,
    /// The version descriptors.
    descriptors: Vec<VersionReport>,
}

/// A version descriptor.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VersionReport {
    /// The descriptor.
    code: u16,
    /// The standard, without its revision; null for one that this program does not know.
    name: Option<&'static str>,
}

impl StandardsReport {
    pub(super) fn of(inquiry: &Inquiry) -> Self {
        let descriptors = inquiry.version_descriptors.iter();
        let descriptors = descriptors.map(|code| VersionReport { code: *code, name: standard(*code) });
        Self { version: inquiry.version, descriptors: descriptors.collect() }
    }

    /// Formats the section, with the pages of vital product data.
    pub(super) fn rows(&self, pages: &[u8], sections: &mut Sections) {
        sections.heading("Standards");
        sections.row("version", format!("{} ({})", self.version, version_name(self.version)));
        for VersionReport { code, name } in &self.descriptors {
            sections.row("claims", format!("{} (0x{code:04x})", name.unwrap_or("unknown standard")));
        }
        for page in pages {
            sections.row("VPD page", format!("0x{page:02x} {}", page_name(*page)));
        }
    }
}

/// The standard that a version descriptor names, in any revision.
fn standard(code: u16) -> Option<&'static str> {
    STANDARDS.iter().find(|(known, _)| *known == code & !REVISION).map(|(_, name)| *name)
}

fn page_name(code: u8) -> &'static str {
    PAGES.iter().find(|(known, _)| *known == code).map_or("other", |(_, name)| *name)
}

const fn version_name(version: u8) -> &'static str {
    match version {
        0x00 => "no standard",
        0x03 => "SPC",
        0x04 => "SPC-2",
        0x05 => "SPC-3",
        0x06 => "SPC-4",
        0x07 => "SPC-5",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_names_its_standard_in_every_revision() {
        for (code, name) in [
            (0x0460, Some("SPC-4")),
            (0x0461, Some("SPC-4")),
            (0x047f, Some("SPC-4")),
            (0x0480, None),
            (0x045f, None),
            (0x0960, Some("iSCSI")),
            (0xffff, None),
        ] {
            assert_eq!(standard(code), name, "{code:x}");
        }
    }

    #[test]
    fn tables_are_in_order_and_name_no_revision() {
        assert!(STANDARDS.is_sorted_by(|before, after| before.0 < after.0));
        assert!(PAGES.is_sorted_by(|before, after| before.0 < after.0));
        assert!(STANDARDS.iter().all(|(code, _)| code & REVISION == 0));
    }
}
