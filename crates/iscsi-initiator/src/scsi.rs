//! SCSI commands and their results, each with its data in one file (SPC-4, SBC-3). Integers are big-endian on the wire.

mod block;
mod block_span;
mod cache_effect;
mod cdb;
mod command;
mod completion;
mod parameter_data;
mod primary;
mod raw_command;
mod replay;
mod reservations;
mod sense_data;
mod target_port_groups;
mod third_party_copy;
mod write_data;

pub(crate) use block_span::BlockSpan;
pub(crate) use cache_effect::CacheEffect;

pub use block::{
    BlockRange, Capacity, CompareAndWrite, DefectFormat, DefectList, GetLbaStatus, LbaRange, LbaReportType,
    LbaStatus, OrWrite16, PreFetch10, PreFetch16, Protect, ProvisioningStatus, Read6, Read10, Read12, Read16,
    ReadCapacity10, ReadCapacity16, ReadDefectData10, ReadDefectData12, Sanitize, SanitizeOperation,
    SanitizeOverwrite, ShortLba, SynchronizeCache10, SynchronizeCache16, UnitCapacity, Unmap, UnmapList,
    Verify10, Verify12, Verify16, VerifyData, Write6, Write10, Write12, Write16, WriteAndVerify10,
    WriteAndVerify12, WriteAndVerify16, WriteAtomic16, WriteSame10, WriteSame16, read_blocks,
    read_blocks_into, write_blocks,
};
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
pub use replay::Replay;
pub use reservations::*;
pub use sense_data::{SenseData, SenseDetails, SenseKey, SenseKeySpecific};
pub use target_port_groups::*;
pub use third_party_copy::*;
pub use write_data::WriteData;
