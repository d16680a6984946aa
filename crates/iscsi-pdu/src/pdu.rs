//! Every PDU of one direction as one type (RFC 7143, 11.2.1.2).

use crate::{
    AsyncMessage, DataIn, DataOut, Error, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, NopIn,
    NopOut, Opcode, R2t, RawPdu, Reject, ScsiCommand, ScsiResponse, Snack, TargetNumbers,
    TaskManagementRequest, TaskManagementResponse, TextRequest, TextResponse,
};

/// A PDU sent by an initiator.
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
    /// A vendor's PDU, opcodes 0x1c to 0x1e.
    Vendor(RawPdu),
}

impl InitiatorPdu {
    /// Reads the PDU its opcode names.
    ///
    /// # Errors
    /// [`Error::Opcode`] for an unassigned opcode or one of a target (PDU-05), and what the PDU's own decoder finds.
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        Ok(match raw.bhs.opcode() {
            Opcode::NOP_OUT => Self::NopOut(NopOut::decode(raw)?),
            Opcode::SCSI_COMMAND => Self::ScsiCommand(ScsiCommand::decode(raw)?),
            Opcode::TASK_MANAGEMENT_REQUEST => {
                Self::TaskManagementRequest(TaskManagementRequest::decode(raw)?)
            }
            Opcode::LOGIN_REQUEST => Self::LoginRequest(LoginRequest::decode(raw)?),
            Opcode::TEXT_REQUEST => Self::TextRequest(TextRequest::decode(raw)?),
            Opcode::DATA_OUT => Self::DataOut(DataOut::decode(raw)?),
            Opcode::LOGOUT_REQUEST => Self::LogoutRequest(LogoutRequest::decode(raw)?),
            Opcode::SNACK => Self::Snack(Snack::decode(raw)?),
            opcode if opcode.is_initiator_vendor() => Self::Vendor(raw),
            received => return Err(Error::Opcode { received, expected: "a PDU of an initiator" }),
        })
    }

    /// The PDU as sent.
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

/// A PDU sent by a target.
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
    /// A vendor's PDU, opcodes 0x3c to 0x3e.
    Vendor(RawPdu),
}

impl TargetPdu {
    /// Reads the PDU its opcode names.
    ///
    /// # Errors
    /// [`Error::Opcode`] for an unassigned opcode or one of an initiator (PDU-05), and what the PDU's own decoder
    /// finds.
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        Ok(match raw.bhs.opcode() {
            Opcode::NOP_IN => Self::NopIn(NopIn::decode(raw)?),
            Opcode::SCSI_RESPONSE => Self::ScsiResponse(ScsiResponse::decode(raw)?),
            Opcode::TASK_MANAGEMENT_RESPONSE => {
                Self::TaskManagementResponse(TaskManagementResponse::decode(raw)?)
            }
            Opcode::LOGIN_RESPONSE => Self::LoginResponse(LoginResponse::decode(raw)?),
            Opcode::TEXT_RESPONSE => Self::TextResponse(TextResponse::decode(raw)?),
            Opcode::DATA_IN => Self::DataIn(DataIn::decode(raw)?),
            Opcode::LOGOUT_RESPONSE => Self::LogoutResponse(LogoutResponse::decode(raw)?),
            Opcode::R2T => Self::R2t(R2t::decode(raw)?),
            Opcode::ASYNC_MESSAGE => Self::AsyncMessage(AsyncMessage::decode(raw)?),
            Opcode::REJECT => Self::Reject(Reject::decode(raw)?),
            opcode if opcode.is_target_vendor() => Self::Vendor(raw),
            received => return Err(Error::Opcode { received, expected: "a PDU of a target" }),
        })
    }

    /// The PDU as sent.
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

    /// The numbers that every PDU of a target carries; a vendor's PDU is taken to carry them as well.
    #[must_use]
    pub fn numbers(&self) -> TargetNumbers {
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
            Self::Vendor(raw) => TargetNumbers::decode(&raw.bhs),
        }
    }
}
