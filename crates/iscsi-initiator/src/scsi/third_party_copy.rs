//! Copies that the target makes by itself: EXTENDED COPY (SPC-4, 6.4) and copies by token (SPC-4, 5.17; SBC-3, 4.22).

mod copy_status;
mod cscd_descriptor;
mod extended_copy;
mod failed_segment;
mod operating_parameters;
mod populate_token;
mod receive_copy_results;
mod rod_token;
mod rod_token_information;
mod segment_descriptor;
mod transfer_count;
mod write_using_token;

pub use copy_status::{CopyState, CopyStatus, ReceiveCopyStatus};
pub use cscd_descriptor::CscdDescriptor;
pub use extended_copy::{ExtendedCopy, ListIdUsage};
pub use failed_segment::{FailedSegment, ReceiveFailedSegmentDetails};
pub use operating_parameters::{CopyOperatingParameters, ReceiveCopyOperatingParameters};
pub use populate_token::PopulateToken;
pub use rod_token::RodToken;
pub use rod_token_information::{CopyOperationStatus, ReceiveRodTokenInformation, RodTokenInformation};
pub use segment_descriptor::{BlockCopy, SegmentDescriptor};
pub use transfer_count::TransferCount;
pub use write_using_token::WriteUsingToken;
