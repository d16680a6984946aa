//! Task Management Function Request and Response (RFC 7143, 11.5 and 11.6).

use core::fmt;

use crate::header::{Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, SerialNumber};

/// Task management function, seven bits
/// ([RFC 7143, section 11.5.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.5.1);
/// [RFC 7144, section 6.3](https://www.rfc-editor.org/rfc/rfc7144#section-6.3)). Unknown values are preserved.
///
/// "Level 2" marks functions that need `iSCSIProtocolLevel` 2.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskManagementFunction(pub u8);

impl TaskManagementFunction {
    /// Aborts the task that the Referenced Task Tag identifies.
    pub const ABORT_TASK: Self = Self(1);
    /// Aborts all tasks of this session on the logical unit.
    pub const ABORT_TASK_SET: Self = Self(2);
    /// Clears the auto contingent allegiance condition.
    pub const CLEAR_ACA: Self = Self(3);
    /// Aborts all tasks of the task set.
    pub const CLEAR_TASK_SET: Self = Self(4);
    /// Resets the logical unit.
    pub const LOGICAL_UNIT_RESET: Self = Self(5);
    /// Resets all logical units of the target.
    pub const TARGET_WARM_RESET: Self = Self(6);
    /// Resets all logical units of the target and ends all its sessions.
    pub const TARGET_COLD_RESET: Self = Self(7);
    /// Moves a task to this connection.
    pub const TASK_REASSIGN: Self = Self(8);
    /// Queries whether the task exists. Level 2.
    pub const QUERY_TASK: Self = Self(9);
    /// Queries whether any task of this session exists on the logical unit. Level 2.
    pub const QUERY_TASK_SET: Self = Self(10);
    /// Ends the session at once. Level 2.
    pub const I_T_NEXUS_RESET: Self = Self(11);
    /// Queries whether a unit attention condition is pending. Level 2.
    pub const QUERY_ASYNCHRONOUS_EVENT: Self = Self(12);
}

impl fmt::Debug for TaskManagementFunction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TaskManagementFunction({})", self.0)
    }
}

/// Task Management Function Request: a request to abort, move or query tasks
/// ([RFC 7143, section 11.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskManagementRequest {
    /// Immediate delivery, outside the command order.
    pub immediate: bool,
    /// The function to perform.
    pub function: TaskManagementFunction,
    /// Logical unit; 0 if the function does not concern one.
    pub lun: Lun,
    /// Initiator Task Tag of this request.
    pub itt: InitiatorTaskTag,
    /// Referenced Task Tag: the task concerned, or reserved.
    pub referenced_task_tag: InitiatorTaskTag,
    /// Command sequence number (`CmdSN`).
    pub cmd_sn: SerialNumber,
    /// The next `StatSN` expected.
    pub exp_stat_sn: SerialNumber,
    /// `RefCmdSN`: `CmdSN` of the task concerned (11.5.5).
    pub ref_cmd_sn: SerialNumber,
    /// `ExpDataSN`: for a reassignment, the first `DataSN` or `R2TSN` not yet acknowledged (11.5.6).
    pub exp_data_sn: SerialNumber,
}

impl TaskManagementRequest {
    /// Decodes the fields; reserved fields are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] if the PDU has data (11.5.2).
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

    /// Encodes the PDU.
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

/// Outcome of a task management function
/// ([RFC 7143, section 11.6.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.6.1)). Unknown values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskManagementResponseCode(pub u8);

impl TaskManagementResponseCode {
    /// The function is complete.
    pub const FUNCTION_COMPLETE: Self = Self(0);
    /// The task does not exist; SCSI treats this as completion.
    pub const TASK_DOES_NOT_EXIST: Self = Self(1);
    /// The logical unit does not exist.
    pub const LUN_DOES_NOT_EXIST: Self = Self(2);
    /// The task still has allegiance to its connection.
    pub const TASK_STILL_ALLEGIANT: Self = Self(3);
    /// The target does not support reassignment of tasks.
    pub const REASSIGNMENT_NOT_SUPPORTED: Self = Self(4);
    /// The target does not support the function.
    pub const FUNCTION_NOT_SUPPORTED: Self = Self(5);
    /// The initiator is not authorized.
    pub const AUTHORIZATION_FAILED: Self = Self(6);
    /// The query is answered with yes. Level 2 (RFC 7144, 6.4.1).
    pub const FUNCTION_SUCCEEDED: Self = Self(7);
    /// The target rejected the function.
    pub const FUNCTION_REJECTED: Self = Self(255);

    /// Returns the meaning of the code.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::FUNCTION_COMPLETE => "the function is complete",
            Self::TASK_DOES_NOT_EXIST => "the task does not exist",
            Self::LUN_DOES_NOT_EXIST => "the logical unit does not exist",
            Self::TASK_STILL_ALLEGIANT => "the task still has allegiance to its connection",
            Self::REASSIGNMENT_NOT_SUPPORTED => "tasks cannot be reassigned",
            Self::FUNCTION_NOT_SUPPORTED => "the function is not supported",
            Self::AUTHORIZATION_FAILED => "the initiator is not authorized",
            Self::FUNCTION_SUCCEEDED => "the function has succeeded",
            Self::FUNCTION_REJECTED => "the function is rejected",
            _ => "the code is unknown",
        }
    }
}

impl fmt::Debug for TaskManagementResponseCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TaskManagementResponseCode({})", self.0)
    }
}

/// Task Management Function Response: the outcome of a task management function
/// ([RFC 7143, section 11.6](https://www.rfc-editor.org/rfc/rfc7143#section-11.6)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskManagementResponse {
    /// The outcome.
    pub response: TaskManagementResponseCode,
    /// Additional response information, 24 bits; valid from `iSCSIProtocolLevel` 2 on (RFC 7144, 6.4.2).
    pub additional_information: [u8; 3],
    /// Initiator Task Tag of the request.
    pub itt: InitiatorTaskTag,
    /// Status and command window numbers.
    pub numbers: SequenceNumbers,
}

impl TaskManagementResponse {
    /// Decodes the fields; reserved fields are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] if the PDU has data (11.6.2).
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

    /// Encodes the PDU.
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
