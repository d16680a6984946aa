//! Task Management Function Request and Response (RFC 7143, 11.5 and 11.6).

use core::fmt;

use crate::header::{Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, SerialNumber};

/// Task management function, seven bits (11.5.1; RFC 7144, 6.3). Unknown values are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskManagementFunction(pub u8);

impl TaskManagementFunction {
    /// Abort the task named by the referenced task tag.
    pub const ABORT_TASK: Self = Self(1);
    /// Abort all tasks of this session on the logical unit.
    pub const ABORT_TASK_SET: Self = Self(2);
    /// Clear the auto contingent allegiance condition.
    pub const CLEAR_ACA: Self = Self(3);
    /// Abort all tasks of the task set.
    pub const CLEAR_TASK_SET: Self = Self(4);
    /// Reset the logical unit.
    pub const LOGICAL_UNIT_RESET: Self = Self(5);
    /// Reset all logical units of the target.
    pub const TARGET_WARM_RESET: Self = Self(6);
    /// The same, and end all sessions.
    pub const TARGET_COLD_RESET: Self = Self(7);
    /// Move a task to this connection.
    pub const TASK_REASSIGN: Self = Self(8);
    /// Is the task there? Level 2.
    pub const QUERY_TASK: Self = Self(9);
    /// Is any task there? Level 2.
    pub const QUERY_TASK_SET: Self = Self(10);
    /// End the session at once. Level 2.
    pub const I_T_NEXUS_RESET: Self = Self(11);
    /// Is a unit attention pending? Level 2.
    pub const QUERY_ASYNCHRONOUS_EVENT: Self = Self(12);
}

impl fmt::Debug for TaskManagementFunction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TaskManagementFunction({})", self.0)
    }
}

/// A request to end, move or ask about tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskManagementRequest {
    /// Outside the command order.
    pub immediate: bool,
    /// What to do.
    pub function: TaskManagementFunction,
    /// The logical unit, or 0 where the function has none.
    pub lun: Lun,
    /// Names this request.
    pub itt: InitiatorTaskTag,
    /// The task concerned, or reserved.
    pub referenced_task_tag: InitiatorTaskTag,
    /// Command sequence number.
    pub cmd_sn: SerialNumber,
    /// The next status number expected.
    pub exp_stat_sn: SerialNumber,
    /// Command sequence number of the task concerned (11.5.5).
    pub ref_cmd_sn: SerialNumber,
    /// For a reassignment: the first data or R2T number not yet acknowledged (11.5.6).
    pub exp_data_sn: SerialNumber,
}

impl TaskManagementRequest {
    /// Reads the fields; reserved ones are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] when the PDU carries data (11.5.2).
    #[inline]
    #[allow(clippy::needless_pass_by_value, reason = "every PDU is decoded by the same call")]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_header_only(
            Opcode::TASK_MANAGEMENT_REQUEST,
            "a Task Management Function Request has no data (11.5.2)",
        )?;
        Ok(Self {
            immediate: raw.bhs.is_immediate(),
            function: TaskManagementFunction(raw.bhs.byte::<1>() & 0x7f),
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            referenced_task_tag: InitiatorTaskTag(raw.bhs.u32::<20>()),
            cmd_sn: SerialNumber(raw.bhs.u32::<24>()),
            exp_stat_sn: SerialNumber(raw.bhs.u32::<28>()),
            ref_cmd_sn: SerialNumber(raw.bhs.u32::<32>()),
            exp_data_sn: SerialNumber(raw.bhs.u32::<36>()),
        })
    }

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let mut bhs = Bhs::new(Opcode::TASK_MANAGEMENT_REQUEST);
        bhs.set_immediate(self.immediate);
        bhs.set_byte::<1>(0x80 | self.function.0);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.referenced_task_tag.0);
        bhs.set_u32::<24>(self.cmd_sn.0);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        bhs.set_u32::<32>(self.ref_cmd_sn.0);
        bhs.set_u32::<36>(self.exp_data_sn.0);
        RawPdu::header(bhs)
    }
}

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
