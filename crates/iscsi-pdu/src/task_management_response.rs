//! Task Management Function Response (RFC 7143, 11.6).

use core::fmt;

use crate::{Bhs, Error, InitiatorTaskTag, Opcode, RawPdu, SequenceNumbers};

/// Outcome of a task management function (11.6.1). Unknown values are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskManagementResponseCode(pub u8);

impl TaskManagementResponseCode {
    /// Done.
    pub const FUNCTION_COMPLETE: Self = Self(0);
    /// No such task; to SCSI the same as done.
    pub const TASK_DOES_NOT_EXIST: Self = Self(1);
    /// No such logical unit.
    pub const LUN_DOES_NOT_EXIST: Self = Self(2);
    /// The task still belongs to its connection.
    pub const TASK_STILL_ALLEGIANT: Self = Self(3);
    /// Tasks cannot be moved here.
    pub const REASSIGNMENT_NOT_SUPPORTED: Self = Self(4);
    /// The function is not supported.
    pub const FUNCTION_NOT_SUPPORTED: Self = Self(5);
    /// Not allowed.
    pub const AUTHORIZATION_FAILED: Self = Self(6);
    /// What was asked about is there. Level 2 (RFC 7144, 6.4.1).
    pub const FUNCTION_SUCCEEDED: Self = Self(7);
    /// Rejected.
    pub const FUNCTION_REJECTED: Self = Self(255);
}

impl fmt::Debug for TaskManagementResponseCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TaskManagementResponseCode({})", self.0)
    }
}

/// The answer to a task management request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskManagementResponse {
    /// Outcome.
    pub response: TaskManagementResponseCode,
    /// Additional response information, 24 bits; counts at level 2 (RFC 7144, 6.4.2).
    pub additional_information: [u8; 3],
    /// Tag of the request.
    pub itt: InitiatorTaskTag,
    /// Status and window numbers.
    pub numbers: SequenceNumbers,
}

impl TaskManagementResponse {
    /// Reads the fields; reserved ones are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] when the PDU carries data (11.6.2).
    #[inline]
    #[allow(clippy::needless_pass_by_value, reason = "every PDU is decoded by the same call")]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_header_only(
            Opcode::TASK_MANAGEMENT_RESPONSE,
            "a Task Management Function Response has no data (11.6.2)",
        )?;
        Ok(Self {
            response: TaskManagementResponseCode(raw.bhs.byte::<2>()),
            additional_information: raw.bhs.array::<8, 3>(),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            numbers: SequenceNumbers::decode(&raw.bhs),
        })
    }

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let mut bhs = Bhs::new(Opcode::TASK_MANAGEMENT_RESPONSE);
        bhs.set_byte::<1>(0x80);
        bhs.set_byte::<2>(self.response.0);
        bhs.set_array::<8, 3>(self.additional_information);
        bhs.set_u32::<16>(self.itt.0);
        self.numbers.encode(&mut bhs);
        RawPdu::header(bhs)
    }
}
