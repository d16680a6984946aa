#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod decoder;
mod digest;
mod encoded_pdu;
mod head;
mod header;
mod naming;
mod pdu;
mod text;

pub use decoder::Decoder;
pub use digest::{Crc32c, Digests};
pub use encoded_pdu::{EncodedPdu, encode_headers, encode_trailer};
pub use head::Head;
pub use header::{
    AdditionalHeader, AdditionalHeaders, AhsType, BHS_LENGTH, Bhs, DigestPart, Error, InitiatorTaskTag, Lun,
    Opcode, RawPdu, SequenceNumbers, SerialNumber, TargetTransferTag,
};
pub use naming::{AddressError, Isid, Portal, PortalError, TargetAddress};
#[cfg(feature = "names")]
pub use naming::{GrammarError, IscsiName, NameError};
pub use pdu::{
    AsyncEvent, AsyncMessage, DataIn, DataOut, InitiatorPdu, LoginRequest, LoginResponse, LoginStatus,
    LogoutReason, LogoutRequest, LogoutResponse, LogoutResponseCode, NopIn, NopOut, R2t, Reject,
    RejectReason, ScsiCommand, ScsiResponse, ScsiResponseCode, ScsiStatus, Snack, SnackType, Stage,
    TargetPdu, TaskAttribute, TaskManagementFunction, TaskManagementRequest, TaskManagementResponse,
    TaskManagementResponseCode, TextRequest, TextResponse,
};
pub use text::{
    MalformedPair, TextAssembler, TextError, TextKey, TextKeys, TextLimits, TextPair, TextWriter, ValueError,
    check_local_name, check_text_value, decode_binary, decode_binary_into, decode_unpadded_base64,
    encode_base64, encode_boolean, encode_hex, encode_list, encode_range, parse_boolean, parse_list,
    parse_number, parse_range,
};
