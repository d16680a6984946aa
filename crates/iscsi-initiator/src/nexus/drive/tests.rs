//! A nexus with its sessions, and a target with one unit.

mod comparisons;
mod portals;
mod replays;
mod stops;

use bytes::Bytes;
use iscsi_login::{Parameters, Strictness, Tolerance};
use iscsi_pdu::{
    DataIn, InitiatorPdu, InitiatorTaskTag, RawPdu, ScsiCommand, ScsiResponse, ScsiResponseCode, ScsiStatus,
    SequenceNumbers, SerialNumber, TargetPdu, TargetTransferTag,
};

use super::*;
use crate::nexus::RecoveryPolicy;
use crate::scsi::{RawCommand, Transfer};
use crate::session::{End, Limits, Request};

const NOW: Duration = Duration::from_secs(1);
const LUN: Lun = Lun([0, 1, 0, 0, 0, 0, 0, 0]);
const READ_10: u8 = 0x28;
const NUMBERS: SequenceNumbers = SequenceNumbers {
    stat_sn: SerialNumber(500),
    exp_cmd_sn: SerialNumber(100),
    max_cmd_sn: SerialNumber(199),
};

/// What the unit says of itself.
#[derive(Clone, Copy)]
struct Unit {
    inquiry: [u8; 36],
    serial_number: [u8; 2],
    designators: &'static [u8],
    capacity: [u8; 15],
}

impl Unit {
    /// It has 1000 blocks of 512 bytes.
    const KNOWN: Self = Self {
        inquiry: *b"\0\0\x06\x02\x1f\0\0\x02VENDOR  PRODUCT         0001",
        serial_number: *b"S1",
        designators: b"\x01\x03\0\x04unit",
        capacity: [0, 0, 0, 0, 0, 0, 3, 0xe7, 0, 0, 2, 0, 0, 0, 0],
    };

    /// The data of a command with these first bytes.
    fn data(&self, cdb: [u8; 3]) -> Bytes {
        match cdb {
            [0x12, 0, _] => Bytes::copy_from_slice(&self.inquiry),
            [0x12, _, 0x80] => [b"\0\x80\0\x02", &self.serial_number[..]].concat().into(),
            [0x12, ..] => {
                let length = u8::try_from(self.designators.len()).unwrap();
                [&[0, 0x83, 0, length], self.designators].concat().into()
            }
            [0x9e, ..] => [&self.capacity[..], &[0; 17]].concat().into(),
            _ => Bytes::new(),
        }
    }

    fn identity(&self) -> UnitIdentity {
        let mut identity = UnitIdentity::default();
        identity.take_inquiry(&self.data([0x12, 0, 0]));
        identity.take_serial_number(self.data([0x12, 1, 0x80])).unwrap();
        identity.take_designators(self.data([0x12, 1, 0x83])).unwrap();
        identity.take_capacity(&self.data([0x9e, 0, 0]));
        identity
    }
}

struct World {
    nexus: Nexus,
    session: SessionState,
    strictness: Strictness,
    now: Duration,
    /// The status number of the next answer.
    stat_sn: SerialNumber,
    /// The status of the next commands.
    status: ScsiStatus,
    unit: Unit,
}

impl World {
    /// A nexus whose first session is at this portal group.
    fn new(group: Option<u16>) -> Self {
        Self::with_strictness(group, Strictness::Tolerant)
    }

    fn with_strictness(group: Option<u16>, strictness: Strictness) -> Self {
        let (cmd_sn, stat_sn) = (NUMBERS.exp_cmd_sn, NUMBERS.stat_sn);
        let limits = Limits::new(Duration::from_mins(1), Duration::from_secs(30));
        let (parameters, tolerance) = (Parameters::default(), Tolerance::new(strictness));
        let mut session = SessionState::new(parameters, cmd_sn, stat_sn, NUMBERS, tolerance, limits);
        session.make_lasting();
        let nexus = Nexus::new(RecoveryPolicy::default(), group, 1, NOW);
        Self { nexus, session, strictness, now: NOW, stat_sn, status: ScsiStatus::GOOD, unit: Unit::KNOWN }
    }

    /// A nexus that knows the unit.
    fn with_unit() -> Self {
        let mut world = Self::new(Some(1));
        world.nexus.remember(LUN, world.unit.identity());
        world
    }

    /// A nexus that knows the unit, with a command that was sent.
    fn with_command() -> Self {
        let mut world = Self::with_unit();
        world.submit(READ_10);
        world.sent().unwrap();
        world
    }

    fn submit(&mut self, operation_code: u8) -> InitiatorTaskTag {
        self.session.submit(Request::command(LUN, RawCommand::new("TEST", operation_code, Transfer::None)))
    }

    /// Loses the session, and begins another one at this portal group.
    fn log_in_again(&mut self, group: Option<u16>) {
        assert_eq!(self.lose(Failure::Lost("reset".to_owned())), Step::Wait);
        self.begin_session(group);
    }

    fn lose(&mut self, failure: Failure) -> Step {
        self.session.fail(failure);
        self.drive()
    }

    /// Begins another session at once.
    fn begin_session(&mut self, group: Option<u16>) {
        assert_eq!(self.nexus.take(NexusEvent::ReconnectNow, self.now), Step::LogIn);
        let (cmd_sn, exp_stat_sn) = (NUMBERS.exp_cmd_sn, NUMBERS.stat_sn);
        let (parameters, tolerance) = (Parameters::default(), Tolerance::new(self.strictness));
        let next = NextSession { parameters, cmd_sn, exp_stat_sn, numbers: NUMBERS, tolerance };
        self.stat_sn = exp_stat_sn;
        assert_eq!(self.nexus.log_in_again(&mut self.session, next, group, self.now), Step::Probe);
    }

    fn drive(&mut self) -> Step {
        self.nexus.drive(&mut self.session, self.now)
    }

    /// Answers what the session sends until the nexus has something to do, or waits for something else.
    fn run(&mut self) -> Step {
        loop {
            let step = self.drive();
            if step != Step::Wait {
                return step;
            }
            let Some(command) = self.sent() else { return step };
            self.answer(&command);
        }
    }

    fn sent(&mut self) -> Option<ScsiCommand> {
        let outgoing = self.session.poll_transmit()?;
        match InitiatorPdu::decode(RawPdu::with_data(outgoing.bhs, outgoing.data)).unwrap() {
            InitiatorPdu::ScsiCommand(command) => Some(command),
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, command: &ScsiCommand) {
        let numbers = SequenceNumbers { stat_sn: self.stat_sn, ..NUMBERS };
        self.stat_sn = self.stat_sn.next();
        let [operation_code, flags, page, ..] = command.cdb;
        let data = self.unit.data([operation_code, flags, page]);
        let pdu = if data.is_empty() {
            TargetPdu::ScsiResponse(response(command, self.status, numbers))
        } else {
            TargetPdu::DataIn(data_in(command, data, numbers))
        };
        self.session.receive(pdu, self.now);
    }
}

fn response(command: &ScsiCommand, status: ScsiStatus, numbers: SequenceNumbers) -> ScsiResponse {
    ScsiResponse {
        read_overflow: false,
        read_underflow: false,
        overflow: false,
        underflow: command.read,
        response: ScsiResponseCode::COMPLETED,
        status,
        status_qualifier: 0,
        itt: command.itt,
        snack_tag: 0,
        numbers,
        exp_data_sn: SerialNumber(0),
        bidirectional_read_residual_count: 0,
        residual_count: command.expected_data_transfer_length,
        sense: Bytes::new(),
        response_data: Bytes::new(),
    }
}

fn data_in(command: &ScsiCommand, data: Bytes, numbers: SequenceNumbers) -> DataIn {
    let residual_count = command.expected_data_transfer_length - u32::try_from(data.len()).unwrap();
    DataIn {
        is_final: true,
        acknowledge: false,
        overflow: false,
        underflow: residual_count > 0,
        has_status: true,
        status: ScsiStatus::GOOD,
        lun: LUN,
        itt: command.itt,
        ttt: TargetTransferTag::RESERVED,
        numbers,
        data_sn: 0,
        buffer_offset: 0,
        residual_count,
        data,
    }
}

/// The next session has ended the tasks of the last one if both are at the same portal group.
#[test]
fn tasks_that_another_session_has_ended() {
    for (last, next, fences) in [
        (Some(1), Some(1), true),
        (Some(1), Some(2), false),
        (Some(1), None, false),
        (None, Some(1), false),
        (None, None, false),
    ] {
        let mut world = World::new(last);
        for fences in [fences, next.is_some()] {
            world.log_in_again(next);
            for (is_shared, permitted) in [(false, Fencing::Sole), (true, Fencing::Shared)] {
                world.nexus.policy.is_shared = is_shared;
                let expected = if fences { permitted } else { Fencing::None };
                assert_eq!(world.nexus.fencing(), expected, "{last:?} {next:?}");
            }
        }
    }
}

/// A session whose units are known logs out, and one in which they are compared is closed.
#[test]
fn sessions_that_are_suspended() {
    let mut world = World::new(None);
    assert_eq!(world.nexus.suspend(&mut world.session, NOW), Step::LogOut);
    assert!(world.session.is_logging_out() && world.session.end().is_none());

    let mut world = World::new(None);
    world.log_in_again(None);
    assert_eq!(world.nexus.suspend(&mut world.session, NOW), Step::Abandon);
    assert!(matches!(world.session.end(), Some(End::Failed(Failure::Lost(_)))));
}
