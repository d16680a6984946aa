//! A session in full feature phase against any PDUs, in any order and segmentation.

mod peer;
mod sent;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use bytes::{Bytes, BytesMut};
use iscsi_initiator::engine::{Engine, Inbox, Limits, LogoutCause, Outcome, Request, SessionState};
use iscsi_initiator::scsi::{RawCommand, Transfer};
use iscsi_initiator::{Lun, Parameters, TaskManagement};
use iscsi_login::Tolerance;
use iscsi_pdu::{Digests, InitiatorTaskTag, SequenceNumbers, SerialNumber};
use peer::Peer;
use sent::Sent;

const MINUTE: Duration = Duration::from_mins(1);
const LUN: Lun = Lun([0, 3, 0, 0, 0, 0, 0, 0]);
/// The most requests without an outcome; the runtime accepts no more than 256.
const MOST_REQUESTS: usize = 256;

/// The input chooses parameters, requests, PDUs of the target (malformed, out of place or nearly right), the pieces in which
/// they arrive, what the socket accepts, and the time. Every request has exactly one outcome; what is sent is well-formed,
/// numbered without a gap, inside the command window, and carries the data of its command.
///
/// # Panics
/// When one of these does not hold.
pub fn session(data: &[u8]) {
    let mut source = Unstructured::new(data);
    let Ok(mut run) = Run::begin(&mut source) else { return };
    while !source.is_empty() && run.step(&mut source).is_ok() {
        run.take_outcomes();
    }
    run.finish();
}

/// A session with everything that was asked of it.
struct Run {
    engine: Engine,
    now: Duration,
    peer: Peer,
    sent: Sent,
    /// Requests without an outcome, with the order of their submission.
    open: BTreeMap<u32, Submitted>,
    submitted: u64,
    /// The place in the order of submission of the last request that the end of the session left open.
    last_left_open: Option<u64>,
}

/// A request as it was submitted.
struct Submitted {
    order: u64,
    transfer: Transfer,
}

impl Submitted {
    /// The length of its read data.
    fn expected(&self) -> usize {
        match &self.transfer {
            Transfer::Read(length) | Transfer::Both { read: length, .. } => *length as usize,
            Transfer::ReadInto(buffer) => buffer.len(),
            Transfer::Write(_) | Transfer::None => 0,
        }
    }
}

/// Write data, by which each byte says where it belongs.
fn pattern(length: usize) -> Bytes {
    (0..=250).cycle().take(length).collect()
}

impl Run {
    fn begin(source: &mut Unstructured<'_>) -> Result<Self> {
        let digests = Digests { header: source.arbitrary()?, data: source.arbitrary()? };
        let mut parameters = Parameters::default();
        parameters.digests = digests;
        (parameters.initial_r2t, parameters.immediate_data) = (source.arbitrary()?, source.arbitrary()?);
        parameters.max_send_data_segment_length = *source.choose(&[512, 514, 8192])?;
        parameters.max_burst_length = *source.choose(&[512, 1024, 65_536])?;
        parameters.first_burst_length = parameters.max_burst_length.min(*source.choose(&[512, 2048])?);
        parameters.max_outstanding_r2t = *source.choose(&[1, 3])?;
        let numbers = SequenceNumbers {
            stat_sn: SerialNumber(source.arbitrary()?),
            exp_cmd_sn: SerialNumber(source.arbitrary()?),
            max_cmd_sn: SerialNumber(0),
        };
        let window = source.int_in_range(0..=64)?;
        let max_cmd_sn = numbers.exp_cmd_sn.plus(window).minus(1);
        let numbers = SequenceNumbers { max_cmd_sn, ..numbers };
        let mut limits = Limits::new(MINUTE, MINUTE / 2);
        limits.ping_interval = source.arbitrary::<bool>()?.then_some(MINUTE / 3);
        let (cmd_sn, stat_sn) = (numbers.exp_cmd_sn, numbers.stat_sn);
        let session = SessionState::new(parameters, cmd_sn, stat_sn, numbers, Tolerance::default(), limits);
        let landing_length = *source.choose(&[1, 100, 8192])?;
        let inbox =
            Inbox::new(&[], digests, parameters.max_recv_data_segment_length).landing_from(landing_length);
        Ok(Self {
            engine: Engine::new(session, inbox, digests),
            now: Duration::ZERO,
            peer: Peer::new(numbers, digests),
            sent: Sent::new(numbers, digests),
            open: BTreeMap::new(),
            submitted: 0,
            last_left_open: None,
        })
    }

    fn step(&mut self, source: &mut Unstructured<'_>) -> Result<()> {
        match source.int_in_range(0..=11)? {
            0 if source.arbitrary()? => {
                self.submit(Transfer::ReadInto(BytesMut::zeroed(source.int_in_range(0..=40_000)?)));
            }
            0 => self.submit(Transfer::Read(source.int_in_range(0..=4096)?)),
            1 => {
                let mut data = pattern(source.int_in_range(0..=8192)?);
                let first = data.split_to(source.int_in_range(0..=data.len())?);
                self.submit(Transfer::Write(vec![first, data].into()));
            }
            2 if source.arbitrary()? => {
                let write = pattern(source.int_in_range(0..=4096)?).into();
                self.submit(Transfer::Both { write, read: source.int_in_range(0..=4096)? });
            }
            2 => self.submit(Transfer::None),
            3 => self.ask(),
            4 => {
                let cause = *source.choose(&[LogoutCause::Initiator, LogoutCause::Target])?;
                self.engine.session.log_out(cause, self.now);
            }
            5 => {
                self.now += Duration::from_secs(source.int_in_range(0..=20)?);
                self.engine.session.advance(self.now);
            }
            6 => self.send(source.int_in_range(0..=20_000)?),
            8 => self.manage(source)?,
            9 => self.submit_request(Request::ping(pattern(source.int_in_range(0..=600)?)), Transfer::None),
            7 => {
                let bytes = source.int_in_range(0..=200)?.min(source.len());
                let bytes = Bytes::copy_from_slice(source.bytes(bytes)?);
                self.sent.forget_the_window();
                self.receive(&bytes, source)?;
            }
            _ => {
                self.send(usize::MAX);
                let open: Vec<_> = self.open.keys().copied().collect();
                let pdu = self.peer.next_pdu(source, &open, &mut self.sent)?;
                self.receive(&pdu, source)?;
            }
        }
        Ok(())
    }

    fn submit(&mut self, transfer: Transfer) {
        let command = RawCommand::new("READ OR WRITE", 0x28, transfer.clone());
        self.submit_request(Request::command(LUN, command), transfer);
    }

    fn ask(&mut self) {
        let question = Bytes::from_static(b"SendTargets=All\0");
        self.submit_request(Request::text("SendTargets", question), Transfer::None);
    }

    /// A task management function for a unit, for all, or for the oldest request.
    fn manage(&mut self, source: &mut Unstructured<'_>) -> Result<()> {
        let oldest = self.open.keys().next().copied().map_or(InitiatorTaskTag::RESERVED, InitiatorTaskTag);
        let function = *source.choose(&[
            TaskManagement::AbortTask(oldest),
            TaskManagement::AbortTaskSet(LUN),
            TaskManagement::LogicalUnitReset(LUN),
            TaskManagement::TargetWarmReset,
            TaskManagement::QueryTask(oldest),
        ])?;
        self.submit_request(Request::management(function), Transfer::None);
        Ok(())
    }

    fn submit_request(&mut self, request: Request, transfer: Transfer) {
        if !self.engine.session.is_open() || self.engine.session.in_flight() >= MOST_REQUESTS {
            return;
        }
        let itt = self.engine.session.submit_since(request, self.now);
        if let Transfer::Write(data) | Transfer::Both { write: data, .. } = &transfer {
            self.sent.expect_data(itt, data.pieces().concat().into());
        }
        self.engine.session.advance(self.now);
        let submitted = Submitted { order: self.submitted, transfer };
        assert!(self.open.insert(itt.0, submitted).is_none(), "{itt:?} is in use");
        self.submitted += 1;
    }

    /// Bytes arrive in pieces.
    fn receive(&mut self, bytes: &[u8], source: &mut Unstructured<'_>) -> Result<()> {
        let piece = if source.ratio(1, 4)? { source.int_in_range(1..=60)? } else { usize::MAX };
        for piece in bytes.chunks(piece.min(bytes.len().max(1))) {
            self.engine.receive(piece, self.now);
        }
        // A clone is as good as the original.
        self.engine = self.engine.clone();
        Ok(())
    }

    /// The socket accepts this many bytes.
    fn send(&mut self, mut space: usize) {
        let sent = &mut self.sent;
        self.engine.send(|slices| {
            let mut taken = 0;
            for slice in slices {
                let piece = &slice[..slice.len().min(space)];
                sent.take(piece);
                (taken, space) = (taken + piece.len(), space - piece.len());
            }
            if taken == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(taken) }
        });
        assert!(self.engine.unsent() < 2 << 20, "the outbox is bounded");
    }

    fn take_outcomes(&mut self) {
        while let Some((itt, outcome)) = self.engine.session.poll_outcome() {
            self.take_outcome(itt, &outcome);
        }
    }

    fn take_outcome(&mut self, itt: InitiatorTaskTag, outcome: &Outcome) {
        let submitted = self.open.remove(&itt.0).expect("a request without an outcome");
        match outcome {
            Outcome::SessionOver => {
                assert!(self.engine.session.end().is_some());
                assert!(self.last_left_open < Some(submitted.order), "in order of submission");
                self.last_left_open = Some(submitted.order);
            }
            Outcome::Good(data) => assert_eq!(data.len(), submitted.expected()),
            Outcome::Scsi(ended, _) => {
                let (completion, expected) = (&ended.completion, submitted.expected());
                assert!(completion.data.len() <= expected);
                let complete = completion.incomplete.is_some() || completion.data.len() == expected;
                assert!(complete, "{completion:?} for {expected} bytes");
            }
            _ => {}
        }
    }

    /// The connection is lost in the end.
    fn finish(mut self) {
        self.send(usize::MAX);
        self.engine.closed(self.now);
        self.take_outcomes();
        assert!(self.open.is_empty(), "{} requests have no outcome", self.open.len());
        assert_eq!((self.engine.session.in_flight(), self.engine.session.next_deadline()), (0, None));
        assert!(self.engine.session.end().is_some() && self.engine.session.poll_transmit().is_none());
    }
}
