//! Commands of all device types (SPC-4).

mod buffer_mode;
mod caching_page;
mod command_timeouts;
mod control_page;
mod log_page;
mod log_sense;
mod lun_address;
mod mode_block_descriptor;
mod mode_page;
mod mode_parameters;
mod mode_select;
mod mode_sense;
mod prevent_allow_medium_removal;
mod printable_text;
mod read_buffer;
mod report_all_operation_codes;
mod report_luns;
mod report_operation_code;
mod report_task_management_functions;
mod request_sense;
mod standard_inquiry;
mod start_stop_unit;
mod test_unit_ready;
mod vital_product_data;
mod write_buffer;

pub use buffer_mode::BufferMode;
pub use caching_page::CachingPage;
pub use command_timeouts::CommandTimeouts;
pub use control_page::ControlPage;
pub use log_page::{LogPage, LogParameter};
pub use log_sense::{LogSense, LogValues};
pub use lun_address::LunAddress;
pub use mode_block_descriptor::ModeBlockDescriptor;
pub use mode_page::ModePage;
pub use mode_parameters::ModeParameters;
pub use mode_select::{ModeSelect6, ModeSelect10};
pub use mode_sense::{ModeSense6, ModeSense10, ModeValues};
pub use prevent_allow_medium_removal::{MediumRemoval, PreventAllowMediumRemoval};
pub use read_buffer::{BufferDescriptor, ReadBuffer, ReadBufferDescriptor};
pub use report_all_operation_codes::{ReportAllOperationCodes, SupportedCommand};
pub use report_luns::{LunSelection, ReportLuns, ReportedLuns};
pub use report_operation_code::{CommandSupport, OperationCodeReport, ReportOperationCode};
pub use report_task_management_functions::{
    ReportTaskManagementFunctions, TaskManagementSupport, TaskManagementTimeouts,
};
pub use request_sense::RequestSense;
pub use standard_inquiry::{Inquiry, StandardInquiry};
pub use start_stop_unit::{PowerCondition, StartStopUnit};
pub use test_unit_ready::TestUnitReady;
pub use vital_product_data::{
    BlockCharacteristics, BlockLimits, BlockProvisioning, BlockRodLimits, Designator, DesignatorValue,
    DeviceIdentification, ExtendedInquiry, FormFactor, InquiryPage, NaaName, ProvisioningType,
    RodTokenFeatures, RotationRate, SupportedVpdPages, ThirdPartyCopy, ThirdPartyCopyDescriptor,
    ThirdPartyCopyType, UnitSerialNumber, UnmappedData, VitalProductData, VpdPage, ZonedModel,
};
pub use write_buffer::WriteBuffer;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::{Command, Replay};

    /// The rule of a command's type, and that of the table for its block.
    fn rules<C: Command>(command: &C) -> [Replay; 2] {
        [C::REPLAY, Replay::of(&command.cdb())]
    }

    #[test]
    fn the_table_of_replays_agrees_with_every_type() {
        let all = [
            rules(&TestUnitReady),
            rules(&StandardInquiry::default()),
            rules(&VitalProductData::new(0x80)),
            rules(&InquiryPage::<BlockLimits>::new()),
            rules(&ReportLuns::default()),
            rules(&ModeSense6::default()),
            rules(&ModeSense10::default()),
            rules(&ModeSelect6::default()),
            rules(&ModeSelect10::default()),
            rules(&LogSense::default()),
            rules(&RequestSense::default()),
            rules(&StartStopUnit::default()),
            rules(&PreventAllowMediumRemoval::default()),
            rules(&ReadBuffer::default()),
            rules(&ReadBufferDescriptor::default()),
            rules(&WriteBuffer::new(BufferMode::DATA, vec![0])),
            rules(&ReportAllOperationCodes::default()),
            rules(&ReportOperationCode::default()),
            rules(&ReportTaskManagementFunctions::default()),
        ];
        assert!(all.iter().all(|[of_type, of_table]| of_type == of_table), "{all:?}");
    }
}
