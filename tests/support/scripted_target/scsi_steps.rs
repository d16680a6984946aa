//! Scripts that violate the protocol after a login; each needs [`Script::log_in`] before, and answers the first command
//! with operation code `operation`.

use bytes::Bytes;
use iscsi_pdu::{
    DataIn, InitiatorTaskTag, Lun, R2t, ScsiCommand, ScsiResponse, ScsiResponseCode, ScsiStatus,
    SerialNumber, TargetPdu, TargetTransferTag,
};

use super::{Moment, Reply, Script, with_bad_data_digest};
use crate::ram_disk::Sense;

/// The SCSI Response that ends `command` with this status, for scripts of one's own.
#[must_use]
pub fn response(command: &ScsiCommand, moment: &Moment, status: ScsiStatus, sense: Bytes) -> ScsiResponse {
    ScsiResponse {
        read_overflow: false,
        read_underflow: false,
        overflow: false,
        underflow: false,
        response: ScsiResponseCode::COMPLETED,
        status,
        status_qualifier: 0,
        itt: command.itt,
        snack_tag: 0,
        numbers: moment.numbers,
        exp_data_sn: SerialNumber(0),
        bidirectional_read_residual_count: 0,
        residual_count: 0,
        sense,
        response_data: Bytes::new(),
    }
}

/// A Data-In with this much data at this offset that ends `command` with GOOD status, for scripts of one's own.
#[must_use]
pub fn data_in(command: &ScsiCommand, moment: &Moment, offset: u32, length: usize) -> DataIn {
    DataIn {
        is_final: true,
        acknowledge: false,
        overflow: false,
        underflow: false,
        has_status: true,
        status: ScsiStatus::GOOD,
        lun: Lun::ZERO,
        itt: command.itt,
        ttt: TargetTransferTag::RESERVED,
        numbers: moment.numbers,
        data_sn: 0,
        buffer_offset: offset,
        residual_count: 0,
        data: Bytes::from(vec![0xda; length]),
    }
}

/// An R2T for this range of `command`, for scripts of one's own.
#[must_use]
pub fn r2t(command: &ScsiCommand, moment: &Moment, offset: u32, length: u32) -> R2t {
    R2t {
        lun: command.lun,
        itt: command.itt,
        ttt: TargetTransferTag(0),
        numbers: moment.numbers,
        r2t_sn: 0,
        buffer_offset: offset,
        desired_data_transfer_length: length,
    }
}

/// The whole answer to a command such as INQUIRY: these bytes, up to the expected data transfer length, and GOOD.
#[must_use]
pub fn parameter_data(command: &ScsiCommand, moment: &Moment, data: &[u8]) -> Reply {
    let wanted = command.expected_data_transfer_length;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let sent = data.get(..usize::try_from(wanted).unwrap_or(usize::MAX)).unwrap_or(data);
    let pdu = DataIn {
        overflow: length > wanted,
        underflow: length < wanted,
        residual_count: length.abs_diff(wanted),
        data: Bytes::copy_from_slice(sent),
        ..data_in(command, moment, 0, 0)
    };
    Reply::of(&[TargetPdu::DataIn(pdu)], moment.digests)
}

/// CHECK CONDITION with this sense, as the whole answer to a command.
#[must_use]
pub fn check_condition(command: &ScsiCommand, moment: &Moment, sense: Sense) -> Reply {
    let response = response(command, moment, ScsiStatus::CHECK_CONDITION, sense.to_fixed());
    Reply::of(&[TargetPdu::ScsiResponse(response)], moment.digests)
}

impl Script {
    /// Ends the command with CHECK CONDITION and this sense.
    #[must_use]
    pub fn check_condition(self, operation: u8, sense: Sense) -> Self {
        self.scsi_status(operation, ScsiStatus::CHECK_CONDITION, sense.to_fixed())
    }

    /// Ends the command with this status and these bytes of sense data.
    #[must_use]
    pub fn scsi_status(self, operation: u8, status: ScsiStatus, sense: Bytes) -> Self {
        self.answer_with(operation, move |command, moment| {
            TargetPdu::ScsiResponse(response(command, moment, status, sense.clone()))
        })
    }

    /// Says that the target failed (11.4.3).
    #[must_use]
    pub fn target_failure(self, operation: u8) -> Self {
        self.answer_with(operation, |command, moment| {
            let response = response(command, moment, ScsiStatus::GOOD, Bytes::new());
            TargetPdu::ScsiResponse(ScsiResponse { response: ScsiResponseCode::TARGET_FAILURE, ..response })
        })
    }

    /// Asks for data past the end of the command.
    #[must_use]
    pub fn r2t_beyond_command(self, operation: u8) -> Self {
        self.answer_with(operation, |command, moment| {
            TargetPdu::R2t(r2t(command, moment, command.expected_data_transfer_length, 512))
        })
    }

    /// Sends data past the end of the command.
    #[must_use]
    pub fn data_in_beyond_command(self, operation: u8) -> Self {
        self.answer_with(operation, |command, moment| {
            TargetPdu::DataIn(data_in(command, moment, command.expected_data_transfer_length, 512))
        })
    }

    /// Answers with a task tag that the initiator never used.
    #[must_use]
    pub fn unknown_task_tag(self, operation: u8) -> Self {
        self.answer_with(operation, |command, moment| {
            let response = response(command, moment, ScsiStatus::GOOD, Bytes::new());
            let itt = InitiatorTaskTag(command.itt.0 ^ 0x0bad_0000);
            TargetPdu::ScsiResponse(ScsiResponse { itt, ..response })
        })
    }

    /// Sends the data of the command with a data digest that does not match. Needs data digests in the login; without
    /// them the last byte of the data is changed.
    #[must_use]
    pub fn bad_data_digest(self, operation: u8) -> Self {
        self.answer_command(operation, |command, moment| {
            let length = command.expected_data_transfer_length.min(moment.max_data_segment);
            let length = usize::try_from(length).unwrap_or_default();
            let pdu = TargetPdu::DataIn(data_in(command, moment, 0, length));
            Reply { bytes: with_bad_data_digest(&pdu, moment.digests), statuses: 1 }
        })
    }

    /// Closes the connection instead of answering the command.
    #[must_use]
    pub fn close_at_command(self, operation: u8) -> Self {
        self.answer_command(operation, |_, _| Reply::default()).close()
    }

    fn answer_with(
        self,
        operation: u8,
        answer: impl Fn(&ScsiCommand, &Moment) -> TargetPdu + Send + Sync + 'static,
    ) -> Self {
        self.answer_command(operation, move |command, moment| {
            Reply::of(&[answer(command, moment)], moment.digests)
        })
    }
}
