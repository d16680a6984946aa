//! SCSI commands and their results, each with its data in one file (SPC-4, SBC-3). Integers are big-endian on the wire.

mod block;
mod cache_effect;
mod cdb;
mod command;
mod completion;
mod parameter_data;
mod primary;
mod raw_command;
mod read_capacity;
mod replay;
mod sense_data;
mod write_data;

pub(crate) use cache_effect::CacheEffect;
pub(crate) use read_capacity::{parse_10 as parse_capacity_10, parse_16 as parse_capacity_16};

pub use block::{read_blocks, read_blocks_into, synchronize_cache, synchronize_cache_16, write_blocks};
pub use cdb::Cdb;
pub use command::Command;
pub use completion::{CommandError, Completion, Incomplete};
pub use primary::{
    BlockCharacteristics, BlockLimits, BlockProvisioning, BlockRodLimits, BufferDescriptor, BufferMode,
    CachingPage, CommandSupport, CommandTimeouts, ControlPage, Designator, DesignatorValue,
    DeviceIdentification, ExtendedInquiry, FormFactor, Inquiry, InquiryPage, LogPage, LogParameter, LogSense,
    LogValues, LunAddress, LunSelection, MediumRemoval, ModeBlockDescriptor, ModePage, ModeParameters,
    ModeSelect6, ModeSelect10, ModeSense6, ModeSense10, ModeValues, NaaName, OperationCodeReport,
    PowerCondition, PreventAllowMediumRemoval, ProvisioningType, ReadBuffer, ReadBufferDescriptor,
    ReportAllOperationCodes, ReportLuns, ReportOperationCode, ReportTaskManagementFunctions, ReportedLuns,
    RequestSense, RodTokenFeatures, RotationRate, StandardInquiry, StartStopUnit, SupportedCommand,
    SupportedVpdPages, TaskManagementSupport, TaskManagementTimeouts, TestUnitReady, ThirdPartyCopy,
    ThirdPartyCopyDescriptor, ThirdPartyCopyType, UnitSerialNumber, UnmappedData, VitalProductData, VpdPage,
    WriteBuffer, ZonedModel,
};
pub use raw_command::{RawCommand, Transfer, TransferLength};
pub use read_capacity::{Capacity, read_capacity_10, read_capacity_16};
pub use replay::Replay;
pub use sense_data::{SenseData, SenseDetails, SenseKey, SenseKeySpecific};
pub use write_data::WriteData;
