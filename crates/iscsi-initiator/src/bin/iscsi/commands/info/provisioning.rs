//! Logical block provisioning: page 0xb2 (SBC-4, 6.6.7).

use iscsi_initiator::scsi::{BlockProvisioning, Designator, ProvisioningType, UnmappedData};
use serde::Serialize;

use crate::output::sections::Sections;

/// How a unit provides memory for its blocks, and which commands release it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ProvisioningReport {
    /// `thin`, `resource`, or `full` for full provisioning and units that do not tell.
    #[serde(rename = "type")]
    kind: &'static str,
    /// UNMAP (LBPU).
    unmap: bool,
    /// WRITE SAME (16) with the UNMAP bit (LBPWS).
    write_same_16: bool,
    /// WRITE SAME (10) with the UNMAP bit (LBPWS10).
    write_same_10: bool,
    /// The content of unmapped blocks (LBPRZ): `zeros`, `pattern` or `any`.
    unmapped_data: &'static str,
    /// Blocks can be anchored (`ANC_SUP`).
    anchor: bool,
    /// The blocks by which thresholds count; null without thresholds.
    threshold_set_blocks: Option<u64>,
    /// The part of the memory whose use is reported, in percent; 0 for none.
    threshold_percentage: u8,
    /// The group of units that share the memory.
    group: Option<String>,
}

impl From<BlockProvisioning> for ProvisioningReport {
    fn from(page: BlockProvisioning) -> Self {
        let exponent = u32::from(page.threshold_exponent);
        Self {
            kind: match page.provisioning_type {
                ProvisioningType::RESOURCE => "resource",
                ProvisioningType::THIN => "thin",
                _ => "full",
            },
            unmap: page.unmap,
            write_same_16: page.write_same_16,
            write_same_10: page.write_same_10,
            unmapped_data: match page.unmapped_data {
                data if data.is_zero() => "zeros",
                UnmappedData::PATTERN => "pattern",
                _ => "any",
            },
            anchor: page.anchor,
            threshold_set_blocks: 1_u64.checked_shl(exponent).filter(|_| exponent > 0),
            threshold_percentage: page.threshold_percentage,
            group: page.group.as_ref().map(Designator::to_string),
        }
    }
}

impl ProvisioningReport {
    pub(super) fn rows(&self, sections: &mut Sections) {
        sections.heading("Provisioning");
        sections.row("type", self.kind);
        sections.flag("UNMAP (LBPU)", self.unmap);
        sections.flag("WRITE SAME (16) (LBPWS)", self.write_same_16);
        sections.flag("WRITE SAME (10) (LBPWS10)", self.write_same_10);
        sections.row("unmapped blocks", self.unmapped_data);
        sections.flag("anchors", self.anchor);
        sections.row_of("threshold set", self.threshold_set_blocks.map(|blocks| format!("{blocks} blocks")));
        let percentage = Some(self.threshold_percentage).filter(|part| *part > 0);
        sections.row_of("threshold", percentage.map(|part| format!("{part} %")));
        sections.row_of("group", self.group.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use iscsi_initiator::scsi::VpdPage as _;

    use super::*;

    fn report(content: &[u8]) -> ProvisioningReport {
        BlockProvisioning::parse(content).unwrap().into()
    }

    #[test]
    fn types_and_content_of_unmapped_blocks_have_names() {
        for (kind, name) in [(0, "full"), (1, "resource"), (2, "thin"), (7, "full")] {
            assert_eq!(report(&[0, 0, kind, 0]).kind, name);
        }
        for (bits, name) in [(0, "any"), (1, "zeros"), (2, "pattern"), (3, "zeros"), (4, "any")] {
            assert_eq!(report(&[0, bits << 2, 0, 0]).unmapped_data, name);
        }
    }

    /// The target states an exponent, which may be greater than any number of blocks.
    #[test]
    fn a_threshold_exponent_that_is_no_number_of_blocks_is_none() {
        for (exponent, blocks) in [(0, None), (1, Some(2)), (63, Some(1 << 63)), (64, None), (255, None)] {
            assert_eq!(report(&[exponent, 0, 0, 0]).threshold_set_blocks, blocks, "{exponent}");
        }
    }
}
