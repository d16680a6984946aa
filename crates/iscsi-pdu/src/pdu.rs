//! One type per PDU, and one enum per direction (RFC 7143, 11.2.1.2 to 11.19).

mod async_message;
mod data;
mod login;
mod logout;
mod nop;
mod reject;
mod scsi_command;
mod scsi_response;
mod snack;
mod task_management;
mod text;

pub use async_message::{AsyncEvent, AsyncMessage};
pub use data::{DataIn, DataOut, R2t};
pub use login::{LoginRequest, LoginResponse, LoginStatus, Stage};
pub use logout::{LogoutReason, LogoutRequest, LogoutResponse, LogoutResponseCode};
pub use nop::{NopIn, NopOut};
pub use reject::{Reject, RejectReason};
pub use scsi_command::{ScsiCommand, TaskAttribute};
pub use scsi_response::{ScsiResponse, ScsiResponseCode, ScsiStatus};
pub use snack::{Snack, SnackType};
pub use task_management::{
    TaskManagementFunction, TaskManagementRequest, TaskManagementResponse, TaskManagementResponseCode,
};
pub use text::{TextRequest, TextResponse};

use crate::header::{Error, Opcode, RawPdu, SequenceNumbers};

/// A PDU that an initiator sends
/// ([RFC 7143, section 11.2.1.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.1.2)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitiatorPdu {
    /// NOP-Out.
    NopOut(NopOut),
    /// SCSI Command.
    ScsiCommand(ScsiCommand),
    /// Task Management Function Request.
    TaskManagementRequest(TaskManagementRequest),
    /// Login Request.
    LoginRequest(LoginRequest),
    /// Text Request.
    TextRequest(TextRequest),
    /// SCSI Data-Out.
    DataOut(DataOut),
    /// Logout Request.
    LogoutRequest(LogoutRequest),
    /// SNACK Request.
    Snack(Snack),
    /// A vendor-specific PDU, opcodes 0x1c to 0x1e.
    Vendor(RawPdu),
}

impl InitiatorPdu {
    /// Decodes the PDU that the opcode identifies.
    ///
    /// # Errors
    /// [`Error::Opcode`] if the opcode is unassigned or belongs to a target (PDU-05), or any error of the decoder of
    /// that PDU.
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        match raw.bhs.opcode() {
            Opcode::NOP_OUT => typed(raw, NopOut::decode, Self::NopOut),
            Opcode::SCSI_COMMAND => typed(raw, ScsiCommand::decode, Self::ScsiCommand),
            Opcode::TASK_MANAGEMENT_REQUEST => {
                typed(raw, TaskManagementRequest::decode, Self::TaskManagementRequest)
            }
            Opcode::LOGIN_REQUEST => typed(raw, LoginRequest::decode, Self::LoginRequest),
            Opcode::TEXT_REQUEST => typed(raw, TextRequest::decode, Self::TextRequest),
            Opcode::DATA_OUT => typed(raw, DataOut::decode, Self::DataOut),
            Opcode::LOGOUT_REQUEST => typed(raw, LogoutRequest::decode, Self::LogoutRequest),
            Opcode::SNACK => typed(raw, Snack::decode, Self::Snack),
            opcode if opcode.is_initiator_vendor() => Ok(Self::Vendor(raw)),
            received => Err(Error::Opcode { received, expected: "a PDU of an initiator" }),
        }
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        match self {
            Self::NopOut(pdu) => pdu.encode(),
            Self::ScsiCommand(pdu) => pdu.encode(),
            Self::TaskManagementRequest(pdu) => pdu.encode(),
            Self::LoginRequest(pdu) => pdu.encode(),
            Self::TextRequest(pdu) => pdu.encode(),
            Self::DataOut(pdu) => pdu.encode(),
            Self::LogoutRequest(pdu) => pdu.encode(),
            Self::Snack(pdu) => pdu.encode(),
            Self::Vendor(raw) => raw.clone(),
        }
    }
}

/// A PDU that a target sends
/// ([RFC 7143, section 11.2.1.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.1.2)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetPdu {
    /// NOP-In.
    NopIn(NopIn),
    /// SCSI Response.
    ScsiResponse(ScsiResponse),
    /// Task Management Function Response.
    TaskManagementResponse(TaskManagementResponse),
    /// Login Response.
    LoginResponse(LoginResponse),
    /// Text Response.
    TextResponse(TextResponse),
    /// SCSI Data-In.
    DataIn(DataIn),
    /// Logout Response.
    LogoutResponse(LogoutResponse),
    /// Ready To Transfer.
    R2t(R2t),
    /// Asynchronous Message.
    AsyncMessage(AsyncMessage),
    /// Reject.
    Reject(Reject),
    /// A vendor-specific PDU, opcodes 0x3c to 0x3e.
    Vendor(RawPdu),
}

impl TargetPdu {
    /// Decodes the PDU that the opcode identifies.
    ///
    /// # Errors
    /// [`Error::Opcode`] if the opcode is unassigned or belongs to an initiator (PDU-05), or any error of the decoder
    /// of that PDU.
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        match raw.bhs.opcode() {
            Opcode::NOP_IN => typed(raw, NopIn::decode, Self::NopIn),
            Opcode::SCSI_RESPONSE => typed(raw, ScsiResponse::decode, Self::ScsiResponse),
            Opcode::TASK_MANAGEMENT_RESPONSE => {
                typed(raw, TaskManagementResponse::decode, Self::TaskManagementResponse)
            }
            Opcode::LOGIN_RESPONSE => typed(raw, LoginResponse::decode, Self::LoginResponse),
            Opcode::TEXT_RESPONSE => typed(raw, TextResponse::decode, Self::TextResponse),
            Opcode::DATA_IN => typed(raw, DataIn::decode, Self::DataIn),
            Opcode::LOGOUT_RESPONSE => typed(raw, LogoutResponse::decode, Self::LogoutResponse),
            Opcode::R2T => typed(raw, R2t::decode, Self::R2t),
            Opcode::ASYNC_MESSAGE => typed(raw, AsyncMessage::decode, Self::AsyncMessage),
            Opcode::REJECT => typed(raw, Reject::decode, Self::Reject),
            opcode if opcode.is_target_vendor() => Ok(Self::Vendor(raw)),
            received => Err(Error::Opcode { received, expected: "a PDU of a target" }),
        }
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        match self {
            Self::NopIn(pdu) => pdu.encode(),
            Self::ScsiResponse(pdu) => pdu.encode(),
            Self::TaskManagementResponse(pdu) => pdu.encode(),
            Self::LoginResponse(pdu) => pdu.encode(),
            Self::TextResponse(pdu) => pdu.encode(),
            Self::DataIn(pdu) => pdu.encode(),
            Self::LogoutResponse(pdu) => pdu.encode(),
            Self::R2t(pdu) => pdu.encode(),
            Self::AsyncMessage(pdu) => pdu.encode(),
            Self::Reject(pdu) => pdu.encode(),
            Self::Vendor(raw) => raw.clone(),
        }
    }

    /// Returns the sequence numbers, which every PDU of a target carries; a vendor-specific PDU is assumed to.
    #[must_use]
    pub fn numbers(&self) -> SequenceNumbers {
        match self {
            Self::NopIn(pdu) => pdu.numbers,
            Self::ScsiResponse(pdu) => pdu.numbers,
            Self::TaskManagementResponse(pdu) => pdu.numbers,
            Self::LoginResponse(pdu) => pdu.numbers,
            Self::TextResponse(pdu) => pdu.numbers,
            Self::DataIn(pdu) => pdu.numbers,
            Self::LogoutResponse(pdu) => pdu.numbers,
            Self::R2t(pdu) => pdu.numbers,
            Self::AsyncMessage(pdu) => pdu.numbers,
            Self::Reject(pdu) => pdu.numbers,
            Self::Vendor(raw) => SequenceNumbers::decode(&raw.bhs),
        }
    }
}

/// Decodes one PDU type into its variant. Not inlined: with all decoders in one function, the compiler gathers the
/// fields of every variant after the match, which doubles the instruction count.
#[inline(never)]
fn typed<P, Any>(
    raw: RawPdu,
    decode: impl FnOnce(RawPdu) -> Result<P, Error>,
    variant: impl FnOnce(P) -> Any,
) -> Result<Any, Error> {
    decode(raw).map(variant)
}
