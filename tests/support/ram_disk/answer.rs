//! Answers of a session in the order in which they are sent: whole PDUs, and transfers of SCSI Data-In (RFC 7143, 11.7).

use bytes::Bytes;
use iscsi_login::Parameters;
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, DataIn, InitiatorTaskTag, Lun, ScsiResponse, ScsiResponseCode, ScsiStatus,
    SequenceNumbers, SerialNumber, TargetPdu, TargetTransferTag,
};

use super::Sense;
use super::connection::segment_limit;
use super::scsi::{Rejection, Source};

/// Numbers that are filled in when a PDU is sent.
pub(super) const UNNUMBERED: SequenceNumbers =
    SequenceNumbers { stat_sn: SerialNumber(0), exp_cmd_sn: SerialNumber(0), max_cmd_sn: SerialNumber(0) };

/// An answer that waits to be sent.
#[derive(Clone)]
pub(super) enum Answer {
    Pdu(TargetPdu),
    Transfer(Transfer),
}

impl Answer {
    /// The tag of the command that is answered, if a command is.
    pub(super) const fn command(&self) -> Option<InitiatorTaskTag> {
        match self {
            Self::Pdu(TargetPdu::ScsiResponse(response)) => Some(response.itt),
            Self::Pdu(_) => None,
            Self::Transfer(transfer) => Some(transfer.itt),
        }
    }
}

/// The residual count: the difference between transferred and expected bytes (11.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Residual {
    overflow: bool,
    underflow: bool,
    count: u32,
}

impl Residual {
    /// `available` bytes on the target's side, `expected` on the initiator's.
    pub(super) fn new(available: u64, expected: u32) -> Self {
        let expected = u64::from(expected);
        let count = u32::try_from(available.abs_diff(expected)).unwrap_or(u32::MAX);
        Self { overflow: available > expected, underflow: available < expected, count }
    }
}

/// The residual counts of a command: of what it moves, which is what it writes if it is bidirectional, and of what such a
/// command reads (11.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Residuals {
    main: Residual,
    read: Residual,
}

impl Residuals {
    /// Those of a command that moves data in one direction.
    pub(super) fn new(available: u64, expected: u32) -> Self {
        Self { main: Residual::new(available, expected), read: Residual::new(0, 0) }
    }

    /// The counts with these bytes to the initiator beside those to the target.
    pub(super) fn with_read(self, available: u64, expected: u32) -> Self {
        Self { read: Residual::new(available, expected), ..self }
    }
}

/// A SCSI Response after `data_ins` Data-In PDUs.
pub(super) fn response(
    itt: InitiatorTaskTag,
    rejection: Option<Rejection>,
    residuals: Residuals,
    data_ins: u32,
) -> Answer {
    let (status, sense) = match rejection {
        None => (ScsiStatus::GOOD, Bytes::new()),
        Some(Rejection::Check(sense)) => (ScsiStatus::CHECK_CONDITION, sense.to_fixed()),
        Some(Rejection::Miscompare { offset }) => {
            (ScsiStatus::CHECK_CONDITION, Sense::MISCOMPARE.to_fixed_with(offset))
        }
        Some(Rejection::Status(status)) => (status, Bytes::new()),
    };
    Answer::Pdu(TargetPdu::ScsiResponse(ScsiResponse {
        read_overflow: residuals.read.overflow,
        read_underflow: residuals.read.underflow,
        overflow: residuals.main.overflow,
        underflow: residuals.main.underflow,
        response: ScsiResponseCode::COMPLETED,
        status,
        status_qualifier: 0,
        itt,
        snack_tag: 0,
        numbers: UNNUMBERED,
        exp_data_sn: SerialNumber(data_ins),
        bidirectional_read_residual_count: residuals.read.count,
        residual_count: residuals.main.count,
        sense,
        response_data: Bytes::new(),
    }))
}

/// The announcement that the target drops the connection, and the seconds before it wants another one (11.9.1).
pub(super) const fn announcement_of_drop(time2wait: u16) -> Answer {
    Answer::Pdu(TargetPdu::AsyncMessage(AsyncMessage {
        lun: Lun::ZERO,
        numbers: UNNUMBERED,
        event: AsyncEvent::CONNECTION_DROP,
        vendor_code: 0,
        parameter1: 0,
        parameter2: time2wait,
        parameter3: 0,
        sense: Bytes::new(),
        event_data: Bytes::new(),
    }))
}

/// The data of a command on their way to the initiator. Each PDU is made when it is sent, so that a transfer of any length
/// takes no memory but the pages of the medium.
#[derive(Clone)]
pub(super) struct Transfer {
    pub(super) itt: InitiatorTaskTag,
    pub(super) lun: Lun,
    source: Source,
    residuals: Residuals,
    total: u32,
    offset: u32,
    data_ins: u32,
    /// The R2Ts before: they share the numbers of the Data-In PDUs (4.2.2.4).
    r2ts: u32,
    /// Bytes of a PDU and of a sequence (13.12, 13.13).
    segment: u32,
    burst: u32,
    status_in_data_in: bool,
}

impl Transfer {
    /// As much of the source as the initiator expects.
    pub(super) fn new(itt: InitiatorTaskTag, lun: Lun, source: Source, expected: u32) -> Self {
        let residuals = Residuals::new(source.length(), expected);
        let total = u32::try_from(source.length()).unwrap_or(u32::MAX).min(expected);
        let (segment, burst, status_in_data_in) = (1, 1, false);
        let (offset, data_ins, r2ts) = (0, 0, 0);
        Self { itt, lun, source, residuals, total, offset, data_ins, r2ts, segment, burst, status_in_data_in }
    }

    /// The transfer after one to the target with this residual count, for which there were so many R2Ts.
    pub(super) fn after_write(self, written: Residual, r2ts: u32) -> Self {
        let residuals = Residuals { main: written, read: self.residuals.main };
        Self { residuals, r2ts, ..self }
    }

    /// The answer under these parameters: a SCSI Response alone if there are no data.
    pub(super) fn into_answer(self, parameters: &Parameters, status_in_data_in: bool) -> Answer {
        let segment = parameters.max_send_data_segment_length.max(1);
        let burst = parameters.max_burst_length.max(1);
        if self.total == 0 {
            return response(self.itt, None, self.residuals, 0);
        }
        Answer::Transfer(Self { segment, burst, status_in_data_in, ..self })
    }

    /// The next Data-In, and what follows it.
    pub(super) fn send(mut self) -> (TargetPdu, Option<Answer>) {
        let pdu = self.next_data_in();
        self.offset += u32::try_from(pdu.data.len()).unwrap_or(u32::MAX);
        self.data_ins += 1;
        let rest = if pdu.has_status {
            None
        } else if self.offset >= self.total {
            Some(response(self.itt, None, self.residuals, self.data_ins))
        } else {
            Some(Answer::Transfer(self))
        };
        (TargetPdu::DataIn(pdu), rest)
    }

    fn next_data_in(&self) -> DataIn {
        let burst_left = self.burst - self.offset % self.burst;
        let length = self.segment.min(burst_left).min(self.total - self.offset);
        let is_last = self.offset + length == self.total;
        let has_status = is_last && self.status_in_data_in;
        DataIn {
            is_final: is_last || length == burst_left,
            acknowledge: false,
            overflow: has_status && self.residuals.main.overflow,
            underflow: has_status && self.residuals.main.underflow,
            has_status,
            status: ScsiStatus::GOOD,
            lun: Lun::ZERO,
            itt: self.itt,
            ttt: TargetTransferTag::RESERVED,
            numbers: UNNUMBERED,
            data_sn: self.r2ts + self.data_ins,
            buffer_offset: self.offset,
            residual_count: if has_status { self.residuals.main.count } else { 0 },
            data: self.source.read(self.offset, segment_limit(length)),
        }
    }
}

/// The numbers of a PDU, and whether it uses a status number.
pub(super) const fn numbers_of(pdu: &mut TargetPdu) -> Option<(&mut SequenceNumbers, bool)> {
    Some(match pdu {
        TargetPdu::NopIn(pdu) => (&mut pdu.numbers, pdu.itt.0 != InitiatorTaskTag::RESERVED.0),
        TargetPdu::ScsiResponse(pdu) => (&mut pdu.numbers, true),
        TargetPdu::TaskManagementResponse(pdu) => (&mut pdu.numbers, true),
        TargetPdu::LoginResponse(pdu) => (&mut pdu.numbers, true),
        TargetPdu::TextResponse(pdu) => (&mut pdu.numbers, true),
        TargetPdu::DataIn(pdu) => (&mut pdu.numbers, pdu.has_status),
        TargetPdu::LogoutResponse(pdu) => (&mut pdu.numbers, true),
        TargetPdu::R2t(pdu) => (&mut pdu.numbers, false),
        TargetPdu::AsyncMessage(pdu) => (&mut pdu.numbers, true),
        TargetPdu::Reject(pdu) => (&mut pdu.numbers, true),
        _ => return None,
    })
}
