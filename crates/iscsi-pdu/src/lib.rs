#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod additional_header;
mod async_message;
mod bhs;
mod binary_value;
mod data_in;
mod data_out;
mod decoder;
mod digest;
mod encoded_pdu;
mod error;
#[cfg(feature = "names")]
mod iscsi_name;
mod isid;
mod login_request;
mod login_response;
mod login_status;
mod logout_request;
mod logout_response;
mod lun;
mod nop_in;
mod nop_out;
mod numbers;
mod numerical_value;
mod opcode;
mod pdu;
mod portal;
mod r2t;
mod raw_pdu;
mod reject;
mod scsi_command;
mod scsi_response;
mod scsi_status;
mod serial_number;
mod snack;
mod stage;
mod tags;
mod target_address;
mod task_management_request;
mod task_management_response;
mod text_assembler;
mod text_error;
mod text_keys;
mod text_request;
mod text_response;
mod text_value;
mod text_writer;

pub use additional_header::{AdditionalHeader, AdditionalHeaders, AhsType};
pub use async_message::{AsyncEvent, AsyncMessage};
pub use bhs::{BHS_LENGTH, Bhs};
pub use binary_value::{decode_binary, decode_unpadded_base64, encode_base64, encode_hex};
pub use data_in::DataIn;
pub use data_out::DataOut;
pub use decoder::Decoder;
pub use digest::{Crc32c, Digests};
pub use encoded_pdu::EncodedPdu;
pub use error::{DigestPart, Error};
#[cfg(feature = "names")]
pub use iscsi_name::{GrammarError, IscsiName, NameError};
pub use isid::Isid;
pub use login_request::LoginRequest;
pub use login_response::LoginResponse;
pub use login_status::LoginStatus;
pub use logout_request::{LogoutReason, LogoutRequest};
pub use logout_response::{LogoutResponse, LogoutResponseCode};
pub use lun::Lun;
pub use nop_in::NopIn;
pub use nop_out::NopOut;
pub use numbers::SequenceNumbers;
pub use numerical_value::{encode_range, parse_number, parse_range};
pub use opcode::Opcode;
pub use pdu::{InitiatorPdu, TargetPdu};
pub use portal::{Portal, PortalError};
pub use r2t::R2t;
pub use raw_pdu::RawPdu;
pub use reject::{Reject, RejectReason};
pub use scsi_command::{ScsiCommand, TaskAttribute};
pub use scsi_response::{ScsiResponse, ScsiResponseCode};
pub use scsi_status::ScsiStatus;
pub use serial_number::SerialNumber;
pub use snack::{Snack, SnackType};
pub use stage::Stage;
pub use tags::{InitiatorTaskTag, TargetTransferTag};
pub use target_address::{AddressError, TargetAddress};
pub use task_management_request::{TaskManagementFunction, TaskManagementRequest};
pub use task_management_response::{TaskManagementResponse, TaskManagementResponseCode};
pub use text_assembler::{TextAssembler, TextLimits};
pub use text_error::TextError;
pub use text_keys::{MalformedPair, TextKeys};
pub use text_request::TextRequest;
pub use text_response::TextResponse;
pub use text_value::{
    ValueError, check_local_name, check_text_value, encode_boolean, encode_list, parse_boolean, parse_list,
};
pub use text_writer::TextWriter;
