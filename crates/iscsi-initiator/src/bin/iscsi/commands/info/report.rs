//! The result of `iscsi info`: the facts about a logical unit.

use comfy_table::Table;
use iscsi_initiator::scsi::{
    BlockCharacteristics, BlockLimits, BlockProvisioning, Capacity, Designator, Inquiry, ReadCapacity16,
    ReadKeys, ReadReservation, ReportTargetPortGroups,
};
use iscsi_initiator::{Error, Lun, Session};
use serde::Serialize;

use super::block_limits::BlockLimitsReport;
use super::caches::CachesReport;
use super::characteristics::CharacteristicsReport;
use super::format::FormatReport;
use super::port_groups::{self, PortGroupReport};
use super::provisioning::ProvisioningReport;
use super::questions::Questions;
use super::reservations::ReservationsReport;
use super::standards::StandardsReport;
use crate::arguments::size;
use crate::output::remarks::{Remarks, UnauthenticatedReason};
use crate::output::sections::Sections;

/// A logical unit. What it does not report is null or empty, and the remarks say why.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Report {
    /// The logical unit number.
    lun: String,
    /// The peripheral device type (SPC-4, table 139).
    device_type: u8,
    /// The peripheral qualifier; 0 where there is a device.
    peripheral_qualifier: u8,
    /// Whether the medium can be removed.
    removable: bool,
    /// The vendor identification.
    vendor: String,
    /// The product identification.
    product: String,
    /// The product revision level.
    revision: String,
    /// The unit serial number.
    serial_number: Option<String>,
    /// The designators of the device identification page.
    designators: Vec<String>,
    /// The capacity; of disks only.
    capacity: Option<CapacityReport>,
    /// The format; of disks only.
    format: Option<FormatReport>,
    /// Caches and write protection; of disks only.
    caches: Option<CachesReport>,
    /// The medium; of disks only.
    medium: Option<CharacteristicsReport>,
    /// The limits of block commands; of disks only.
    block_limits: Option<BlockLimitsReport>,
    /// Logical block provisioning; of disks only.
    provisioning: Option<ProvisioningReport>,
    /// The target port groups.
    port_groups: Vec<PortGroupReport>,
    /// The persistent reservation.
    reservations: Option<ReservationsReport>,
    /// The standards that the unit claims.
    standards: StandardsReport,
    /// The codes of the pages of vital product data that the unit has.
    vpd_pages: Vec<u8>,
    /// The facts of this report that the unit has no command or page for.
    unsupported: Vec<&'static str>,
    /// What is missing because of an error.
    remarks: Remarks,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

/// The capacity of a disk.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CapacityReport {
    /// Bytes in all.
    size: u64,
    /// Logical blocks.
    blocks: u64,
    /// Bytes of a logical block.
    block_size: u32,
}

impl Report {
    /// A unit of which only the INQUIRY data are known.
    pub(super) fn new(lun: Lun, inquiry: Inquiry, unauthenticated: Option<UnauthenticatedReason>) -> Self {
        Self {
            lun: lun.to_string(),
            device_type: inquiry.device_type,
            peripheral_qualifier: inquiry.peripheral_qualifier,
            removable: inquiry.removable,
            standards: StandardsReport::of(&inquiry),
            vendor: inquiry.vendor,
            product: inquiry.product,
            revision: inquiry.revision,
            serial_number: None,
            designators: Vec::new(),
            capacity: None,
            format: None,
            caches: None,
            medium: None,
            block_limits: None,
            provisioning: None,
            port_groups: Vec::new(),
            reservations: None,
            vpd_pages: Vec::new(),
            unsupported: Vec::new(),
            remarks: Remarks::default(),
            unauthenticated,
        }
    }

    /// Asks for everything else. Only the end of the session is an error.
    ///
    /// # Cancel safety
    /// When the future is dropped, the answers so far are kept.
    pub(super) async fn complete(&mut self, session: &Session, lun: Lun, is_disk: bool) -> Result<(), Error> {
        let serial_number = session.unit_serial_number(lun).await;
        self.serial_number = self.remarks.keep("serial number", serial_number)?.flatten();
        let identification = session.device_identification(lun).await;
        let identification = self.remarks.keep("identification", identification)?.unwrap_or_default();
        self.designators = identification.designators.iter().map(Designator::to_string).collect();
        if is_disk {
            let capacity = session.read_capacity(lun).await;
            self.capacity = self.remarks.keep("size", capacity)?.map(CapacityReport::from);
        }
        self.ask_further(session, lun, is_disk, &identification.designators).await
    }

    /// Asks for what INQUIRY, identification and size leave open. One function, so that each answer is in its place when the
    /// next question is interrupted.
    async fn ask_further(
        &mut self,
        session: &Session,
        lun: Lun,
        is_disk: bool,
        designators: &[Designator],
    ) -> Result<(), Error> {
        let mut questions = Questions::new(session, lun, &mut self.remarks, &mut self.unsupported);
        self.vpd_pages = questions.supported_pages().await?;
        if is_disk {
            self.format = questions.ask("format", &ReadCapacity16).await?.map(FormatReport::from);
            self.caches = questions.mode_parameters().await?.as_ref().map(CachesReport::from);
            let medium = questions.page::<BlockCharacteristics>("medium").await?;
            self.medium = medium.map(CharacteristicsReport::from);
            let limits = questions.page::<BlockLimits>("block limits").await?;
            self.block_limits = limits.map(BlockLimitsReport::from);
            let provisioning = questions.page::<BlockProvisioning>("provisioning").await?;
            self.provisioning = provisioning.map(ProvisioningReport::from);
        }
        if let Some(groups) = questions.ask("target port groups", &ReportTargetPortGroups::default()).await? {
            self.port_groups = port_groups::reports(&groups, designators);
        }
        if let Some(status) = questions.ask("persistent reservations", &ReadReservation).await? {
            let keys = questions.ask("registered keys", &ReadKeys::default()).await?;
            self.reservations = Some(ReservationsReport::new(status, keys.as_ref()));
        }
        Ok(())
    }
}

impl From<Capacity> for CapacityReport {
    fn from(capacity: Capacity) -> Self {
        Self { size: capacity.bytes(), blocks: capacity.blocks, block_size: capacity.block_size }
    }
}

/// Names a device type (SPC-4, table 139).
const fn device_type(code: u8) -> &'static str {
    match code {
        0x00 => "disk",
        0x01 => "tape",
        0x05 => "CD/DVD",
        0x08 => "medium changer",
        0x0c => "storage array controller",
        0x0d => "enclosure services",
        0x1f => "none",
        _ => "other",
    }
}

impl Report {
    /// Formats the facts in sections.
    pub(super) fn table(&self) -> Table {
        let mut sections = Sections::new();
        self.identity(&mut sections);
        self.sections(&mut sections);
        sections.end_sections();
        if !self.unsupported.is_empty() {
            sections.row("not supported", self.unsupported.join(", "));
        }
        self.remarks.iter().for_each(|remark| sections.row("remark", remark));
        sections.into_table()
    }

    /// The rows without a heading: what the unit is, and its size.
    fn identity(&self, sections: &mut Sections) {
        sections.row("LUN", &self.lun);
        sections
            .row("device type", format!("0x{:02x} ({})", self.device_type, device_type(self.device_type)));
        if self.peripheral_qualifier != 0 {
            sections.row("peripheral qualifier", format!("{} (no device here)", self.peripheral_qualifier));
        }
        sections.flag("removable", self.removable);
        sections.row("vendor", &self.vendor);
        sections.row("product", &self.product);
        sections.row("revision", &self.revision);
        sections.row("serial number", self.serial_number.as_deref().unwrap_or("-"));
        self.designators.iter().for_each(|designator| sections.row("identification", designator));
        if let Some(CapacityReport { size, blocks, block_size }) = self.capacity {
            sections.row("size", format!("{size} bytes ({})", size::show(size)));
            sections.row("blocks", format!("{blocks} of {block_size} bytes"));
        }
    }

    /// The sections, as far as the unit has told.
    fn sections(&self, sections: &mut Sections) {
        if let Some(format) = &self.format {
            format.rows(sections);
        }
        if let Some(caches) = &self.caches {
            caches.rows(sections);
        }
        if let Some(medium) = &self.medium {
            medium.rows(sections);
        }
        if let Some(limits) = &self.block_limits {
            limits.rows(sections);
        }
        if let Some(provisioning) = &self.provisioning {
            provisioning.rows(sections);
        }
        if !self.port_groups.is_empty() {
            PortGroupReport::rows(&self.port_groups, sections);
        }
        if let Some(reservations) = &self.reservations {
            reservations.rows(sections);
        }
        self.standards.rows(&self.vpd_pages, sections);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_info() {
        let file = expect_test::expect_file!["../../../../../schemas/info.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}
