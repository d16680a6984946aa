//! PDU opcodes (RFC 7143, 11.2.1.2).

use core::fmt;

/// The six-bit opcode of a PDU ([RFC 7143, section 11.2.1.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.1.2)).
/// Unassigned values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opcode(pub u8);

impl Opcode {
    /// The bits of byte 0 that hold the opcode.
    pub const MASK: u8 = 0x3f;

    /// NOP-Out, initiator to target (11.18).
    pub const NOP_OUT: Self = Self(0x00);
    /// SCSI Command (11.3).
    pub const SCSI_COMMAND: Self = Self(0x01);
    /// Task Management Function Request (11.5).
    pub const TASK_MANAGEMENT_REQUEST: Self = Self(0x02);
    /// Login Request (11.12).
    pub const LOGIN_REQUEST: Self = Self(0x03);
    /// Text Request (11.10).
    pub const TEXT_REQUEST: Self = Self(0x04);
    /// SCSI Data-Out (11.7).
    pub const DATA_OUT: Self = Self(0x05);
    /// Logout Request (11.14).
    pub const LOGOUT_REQUEST: Self = Self(0x06);
    /// SNACK Request (11.16).
    pub const SNACK: Self = Self(0x10);
    /// NOP-In, target to initiator (11.19).
    pub const NOP_IN: Self = Self(0x20);
    /// SCSI Response (11.4).
    pub const SCSI_RESPONSE: Self = Self(0x21);
    /// Task Management Function Response (11.6).
    pub const TASK_MANAGEMENT_RESPONSE: Self = Self(0x22);
    /// Login Response (11.13).
    pub const LOGIN_RESPONSE: Self = Self(0x23);
    /// Text Response (11.11).
    pub const TEXT_RESPONSE: Self = Self(0x24);
    /// SCSI Data-In (11.7).
    pub const DATA_IN: Self = Self(0x25);
    /// Logout Response (11.15).
    pub const LOGOUT_RESPONSE: Self = Self(0x26);
    /// Ready To Transfer (11.8).
    pub const R2T: Self = Self(0x31);
    /// Asynchronous Message (11.9).
    pub const ASYNC_MESSAGE: Self = Self(0x32);
    /// Reject (11.17).
    pub const REJECT: Self = Self(0x3f);

    /// Returns `true` for the vendor-specific opcodes of initiators: 0x1c to 0x1e.
    #[must_use]
    pub const fn is_initiator_vendor(self) -> bool {
        matches!(self.0, 0x1c..=0x1e)
    }

    /// Returns `true` for the vendor-specific opcodes of targets: 0x3c to 0x3e.
    #[must_use]
    pub const fn is_target_vendor(self) -> bool {
        matches!(self.0, 0x3c..=0x3e)
    }

    /// Returns `true` if a PDU of this kind may have additional headers: a SCSI Command (11.2.2), or one that the RFC does
    /// not describe.
    #[must_use]
    pub const fn may_have_additional_headers(self) -> bool {
        self.0 == Self::SCSI_COMMAND.0 || self.name().is_none()
    }

    /// Returns the name of the PDU in the RFC, if the opcode is assigned.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NOP_OUT => "NOP-Out",
            Self::SCSI_COMMAND => "SCSI Command",
            Self::TASK_MANAGEMENT_REQUEST => "Task Management Function Request",
            Self::LOGIN_REQUEST => "Login Request",
            Self::TEXT_REQUEST => "Text Request",
            Self::DATA_OUT => "SCSI Data-Out",
            Self::LOGOUT_REQUEST => "Logout Request",
            Self::SNACK => "SNACK Request",
            Self::NOP_IN => "NOP-In",
            Self::SCSI_RESPONSE => "SCSI Response",
            Self::TASK_MANAGEMENT_RESPONSE => "Task Management Function Response",
            Self::LOGIN_RESPONSE => "Login Response",
            Self::TEXT_RESPONSE => "Text Response",
            Self::DATA_IN => "SCSI Data-In",
            Self::LOGOUT_RESPONSE => "Logout Response",
            Self::R2T => "Ready To Transfer",
            Self::ASYNC_MESSAGE => "Asynchronous Message",
            Self::REJECT => "Reject",
            _ => return None,
        })
    }
}

impl fmt::Debug for Opcode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Opcode(0x{:02x})", self.0)
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "opcode 0x{:02x}", self.0),
        }
    }
}
