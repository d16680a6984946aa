//! One connection in full feature phase: commands in, batches of answers out.

use std::io;
use std::net::TcpStream;
use std::ops::Range;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use iscsi_login::Parameters;
use iscsi_pdu::{
    DataIn, DataOut, InitiatorTaskTag, LogoutRequest, LogoutResponse, LogoutResponseCode, Lun, NopIn, NopOut,
    Opcode, R2t, RawPdu, ScsiCommand, ScsiResponse, ScsiResponseCode, ScsiStatus, SequenceNumbers,
    SerialNumber, TargetTransferTag,
};

use super::Shared;
use super::answers::Answers;
use super::inbox::{Arrived, Inbox};
use super::login::log_in;
use super::scsi::{self, Request};

/// Without another byte for so long, a batch is answered that is not full.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);
/// Commands that an initiator may have in flight.
const WINDOW: u32 = 512;

pub(super) fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut inbox = Inbox::new();
    let accepted = log_in(&mut stream, &mut inbox, shared)?;
    inbox.digests = accepted.parameters.digests;
    Session {
        shared,
        stream,
        parameters: accepted.parameters,
        stat_sn: accepted.stat_sn,
        exp_cmd_sn: accepted.cmd_sn,
        gathered: Vec::new(),
        writes: Vec::new(),
        answers: Answers::new(accepted.parameters.digests),
    }
    .run(&mut inbox)
}

struct Session<'a> {
    shared: &'a Shared,
    stream: TcpStream,
    parameters: Parameters,
    stat_sn: SerialNumber,
    exp_cmd_sn: SerialNumber,
    /// Reads and writes that are complete and not yet answered.
    gathered: Vec<Complete>,
    /// Writes whose data are still to come.
    writes: Vec<Write>,
    answers: Answers,
}

/// A command to be answered.
enum Complete {
    Read(InitiatorTaskTag, Range<usize>),
    Write(InitiatorTaskTag),
}

/// A write in progress.
struct Write {
    itt: InitiatorTaskTag,
    lun: Lun,
    range: Range<usize>,
    received: usize,
    r2t_sn: u32,
}

impl Session<'_> {
    /// Serves until the initiator logs out or closes the connection.
    fn run(mut self, inbox: &mut Inbox) -> io::Result<()> {
        loop {
            match inbox.fill(&mut self.stream)? {
                Arrived::End => return Ok(()),
                Arrived::Nothing => self.answer_batch()?,
                Arrived::Bytes => {}
            }
            while let Some(pdu) = inbox.next()? {
                if pdu.bhs.opcode() == Opcode::LOGOUT_REQUEST {
                    return self.log_out(RawPdu::header(pdu.bhs));
                }
                self.receive(RawPdu::header(pdu.bhs), inbox.data(&pdu))?;
            }
            self.answers.send(&mut self.stream, &[])?;
        }
    }

    fn receive(&mut self, header: RawPdu, data: &[u8]) -> io::Result<()> {
        match header.bhs.opcode() {
            Opcode::SCSI_COMMAND => {
                self.receive_command(&ScsiCommand::decode(header).map_err(io::Error::other)?, data)?;
            }
            Opcode::DATA_OUT => {
                self.receive_data(&DataOut::decode(header).map_err(io::Error::other)?, data)?;
            }
            Opcode::NOP_OUT => self.receive_ping(&NopOut::decode(header).map_err(io::Error::other)?, data),
            opcode => return Err(io::Error::other(format!("no support for {opcode:?}"))),
        }
        if self.gathered.len() >= self.shared.config.batch { self.answer_batch() } else { Ok(()) }
    }

    fn receive_command(&mut self, command: &ScsiCommand, data: &[u8]) -> io::Result<()> {
        if !command.immediate {
            self.exp_cmd_sn = command.cmd_sn.next();
        }
        let (itt, lun) = (command.itt, command.lun);
        let expected = usize::try_from(command.expected_data_transfer_length).map_err(io::Error::other)?;
        match scsi::decode(&command.cdb, self.shared.config.size) {
            Request::Read(range) if range.len() == expected => {
                self.gathered.push(Complete::Read(itt, range));
            }
            Request::Write(range) if range.len() == expected => {
                let write = Write { itt, lun, range, received: 0, r2t_sn: 0 };
                self.take_data(write, data, command.is_final)?;
            }
            Request::Question(answer) => self.answer_question(itt, &answer, expected),
            _ => self.refuse(itt),
        }
        Ok(())
    }

    fn receive_data(&mut self, pdu: &DataOut, data: &[u8]) -> io::Result<()> {
        let position = self.writes.iter().position(|write| write.itt == pdu.itt);
        let write = position.map(|at| self.writes.swap_remove(at));
        let write = write.ok_or_else(|| io::Error::other("Data-Out without a write"))?;
        if usize::try_from(pdu.buffer_offset) != Ok(write.received) {
            return Err(io::Error::other("Data-Out out of order"));
        }
        self.take_data(write, data, pdu.is_final)
    }

    /// Stores data, then waits for more, asks for more, or has all of it.
    fn take_data(&mut self, mut write: Write, data: &[u8], is_final: bool) -> io::Result<()> {
        let place = write.range.start + write.received;
        let beyond = || io::Error::other("more data than the write has");
        if !data.is_empty() {
            let mut medium = self.shared.medium.write().unwrap();
            let end = (place + data.len() <= write.range.end).then_some(place + data.len());
            medium[place..end.ok_or_else(beyond)?].copy_from_slice(data);
        }
        write.received += data.len();
        if write.received == write.range.len() {
            self.gathered.push(Complete::Write(write.itt));
            return Ok(());
        }
        if is_final {
            self.ask_for_data(&mut write);
        }
        self.writes.push(write);
        Ok(())
    }

    fn ask_for_data(&mut self, write: &mut Write) {
        let left = u32::try_from(write.range.len() - write.received).expect("a write is short");
        let r2t = R2t {
            lun: write.lun,
            itt: write.itt,
            ttt: TargetTransferTag(write.itt.0 & 0x7fff_ffff),
            numbers: self.numbers(),
            r2t_sn: write.r2t_sn,
            buffer_offset: u32::try_from(write.received).expect("a write is short"),
            desired_data_transfer_length: left.min(self.parameters.max_burst_length),
        };
        write.r2t_sn += 1;
        self.answers.push(r2t.encode());
    }

    fn receive_ping(&mut self, ping: &NopOut, data: &[u8]) {
        if !ping.immediate {
            self.exp_cmd_sn = ping.cmd_sn.next();
        }
        if !ping.itt.is_valid() {
            return;
        }
        let (ttt, numbers) = (TargetTransferTag::RESERVED, self.next_numbers());
        let answer = NopIn { lun: ping.lun, itt: ping.itt, ttt, numbers, data: Bytes::copy_from_slice(data) };
        self.answers.push(answer.encode());
    }

    /// Sends the answers of all gathered commands.
    fn answer_batch(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        thread::sleep(self.shared.config.pause);
        let medium = self.shared.medium.read().unwrap();
        for complete in std::mem::take(&mut self.gathered) {
            match complete {
                Complete::Read(itt, range) => self.push_data_in(itt, range, &medium),
                Complete::Write(itt) => {
                    let response = self.response(itt, ScsiStatus::GOOD, Bytes::new(), 0);
                    self.answers.push(response.encode());
                }
            }
        }
        self.answers.send(&mut self.stream, &medium)
    }

    /// The data of a read, in segments, with the status in the last one.
    fn push_data_in(&mut self, itt: InitiatorTaskTag, range: Range<usize>, medium: &[u8]) {
        let segment = self.shared.config.data_in_segment.min(self.parameters.max_send_data_segment_length);
        let segment = usize::try_from(segment).unwrap_or(usize::MAX);
        let burst = usize::try_from(self.parameters.max_burst_length).unwrap_or(usize::MAX);
        let (mut start, mut data_sn, mut in_burst) = (range.start, 0, 0);
        while start < range.end {
            let end = range.end.min(start + segment.min(burst - in_burst));
            in_burst = (in_burst + end - start) % burst;
            let offset = start - range.start;
            let pdu = self.data_in(itt, data_sn, offset, end == range.end, in_burst == 0);
            self.answers.push_from(&pdu.encode(), medium, start..end);
            (start, data_sn) = (end, data_sn + 1);
        }
    }

    fn data_in(
        &mut self,
        itt: InitiatorTaskTag,
        data_sn: u32,
        offset: usize,
        has_status: bool,
        ends_burst: bool,
    ) -> DataIn {
        let numbers = if has_status { self.next_numbers() } else { self.numbers() };
        DataIn {
            is_final: has_status || ends_burst,
            acknowledge: false,
            overflow: false,
            underflow: false,
            has_status,
            status: ScsiStatus::GOOD,
            lun: Lun::ZERO,
            itt,
            ttt: TargetTransferTag::RESERVED,
            numbers,
            data_sn,
            buffer_offset: u32::try_from(offset).expect("a read is short"),
            residual_count: 0,
            data: Bytes::new(),
        }
    }

    /// An answer that fits one Data-In PDU, cut to what the initiator expects.
    fn answer_question(&mut self, itt: InitiatorTaskTag, answer: &[u8], expected: usize) {
        let short = u32::try_from(expected.saturating_sub(answer.len())).unwrap_or(u32::MAX);
        let data = Bytes::copy_from_slice(&answer[..answer.len().min(expected)]);
        if data.is_empty() {
            let response = self.response(itt, ScsiStatus::GOOD, Bytes::new(), short);
            self.answers.push(response.encode());
            return;
        }
        let pdu = self.data_in(itt, 0, 0, true, true);
        self.answers.push(DataIn { underflow: short > 0, residual_count: short, data, ..pdu }.encode());
    }

    fn refuse(&mut self, itt: InitiatorTaskTag) {
        let sense = Bytes::from_static(&scsi::ILLEGAL_REQUEST);
        let response = self.response(itt, ScsiStatus::CHECK_CONDITION, sense, 0);
        self.answers.push(response.encode());
    }

    fn response(
        &mut self,
        itt: InitiatorTaskTag,
        status: ScsiStatus,
        sense: Bytes,
        short: u32,
    ) -> ScsiResponse {
        ScsiResponse {
            read_overflow: false,
            read_underflow: false,
            overflow: false,
            underflow: short > 0,
            response: ScsiResponseCode::COMPLETED,
            status,
            status_qualifier: 0,
            itt,
            snack_tag: 0,
            numbers: self.next_numbers(),
            exp_data_sn: SerialNumber(0),
            bidirectional_read_residual_count: 0,
            residual_count: short,
            sense,
            response_data: Bytes::new(),
        }
    }

    fn log_out(mut self, header: RawPdu) -> io::Result<()> {
        let request = LogoutRequest::decode(header).map_err(io::Error::other)?;
        let (response, numbers) = (LogoutResponseCode::CLOSED, self.next_numbers());
        let itt = request.itt;
        self.answers.push(LogoutResponse { response, itt, numbers, time2wait: 0, time2retain: 0 }.encode());
        self.answers.send(&mut self.stream, &[])
    }

    /// The numbers of a PDU that carries no status.
    fn numbers(&self) -> SequenceNumbers {
        SequenceNumbers {
            stat_sn: self.stat_sn,
            exp_cmd_sn: self.exp_cmd_sn,
            max_cmd_sn: self.exp_cmd_sn.plus(WINDOW - 1),
        }
    }

    /// The numbers of a PDU that carries a status.
    fn next_numbers(&mut self) -> SequenceNumbers {
        let numbers = self.numbers();
        self.stat_sn = self.stat_sn.next();
        numbers
    }
}
