//! Requests, answers, Rejects and the passing of time in any order: each request ends once, a target that keeps the rules is
//! never blamed for breaking one, and nothing is due for ever.

use std::collections::BTreeSet;

use iscsi_pdu::{RejectReason, TextResponse};

use super::unasked::{event, reject};
use super::*;

/// Numbers in no order that one can see, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one_of<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| items[self.below(items.len())].clone())
    }
}

struct Run {
    target: Target,
    random: Random,
    /// Requests of the caller without an outcome.
    open: BTreeSet<InitiatorTaskTag>,
    /// Requests that the target has neither answered nor rejected.
    unanswered: Vec<InitiatorPdu>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut target = Target::with_window(solicited_only(), 4);
        let (command, ping) = (MINUTE / 10, MINUTE / 2);
        target.session.limits = Limits { command, ping, ping_interval: Some(MINUTE / 4), ..LIMITS };
        Self { target, random: Random(seed), open: BTreeSet::new(), unanswered: Vec::new() }
    }

    fn step(&mut self) {
        match self.random.below(24) {
            0..=3 => self.submit(),
            4 => {
                let by = Duration::from_secs([0, 1, 1, 4, 5, 15][self.random.below(6)]);
                self.target.pass(self.target.now + by);
            }
            5 => {
                let number = [0, 4, 5, 255, 1][self.random.below(5)];
                if number != 1 || self.random.below(20) == 0 {
                    let event = event(&mut self.target, number);
                    let _ = self.target.receive(TargetPdu::AsyncMessage(event));
                }
            }
            6..=7 => {
                let itt = self.random.one_of(&self.open.iter().copied().collect::<Vec<_>>());
                if let Some(itt) = itt {
                    self.abort_or_abandon(itt);
                }
            }
            8 if !self.unanswered.is_empty() => {
                let pdu = self.unanswered.remove(self.random.below(self.unanswered.len()));
                self.reject(&pdu);
            }
            9..=17 if !self.unanswered.is_empty() => {
                self.target.session.heard(self.target.now);
                let pdu = self.unanswered.remove(self.random.below(self.unanswered.len()));
                self.answer(&pdu);
            }
            _ => {
                let is_request = |pdu: &InitiatorPdu| !matches!(pdu, InitiatorPdu::DataOut(_));
                self.unanswered.extend(self.target.sent().into_iter().filter(is_request));
            }
        }
        for (itt, outcome) in self.target.outcomes() {
            assert!(self.open.remove(&itt), "{itt:?}: {outcome:?}");
        }
    }

    fn submit(&mut self) {
        let command = |transfer| Request::command(LUN, RawCommand::new("TEST", 0, transfer));
        let named = self.random.one_of(&self.open.iter().copied().collect::<Vec<_>>());
        let request = match self.random.below(9) {
            0..=2 => command(Transfer::None),
            3 => command(Transfer::Read(512)),
            4 => command(Transfer::Write(pattern(512).into())),
            5 => Request::text("SendTargets", Bytes::from_static(b"SendTargets=\0")),
            6 => Request::ping(pattern(4)),
            7 => Request::management(named.map_or(TaskManagement::ClearAca(LUN), TaskManagement::AbortTask)),
            _ => Request::management(TaskManagement::AbortTaskSet(LUN)),
        };
        let itt = self.target.begin(request);
        assert!(self.open.insert(itt), "{itt:?} is in use");
    }

    fn abort_or_abandon(&mut self, itt: InitiatorTaskTag) {
        if self.random.below(2) == 0 {
            self.open.extend(self.target.session.abort(itt, self.target.now));
        } else {
            self.target.session.abandon(itt);
            self.open.remove(&itt);
        }
    }

    fn reject(&mut self, pdu: &InitiatorPdu) {
        let reason = RejectReason([4, 5, 6, 6, 10][self.random.below(5)]);
        let counted = self.target.numbers.exp_cmd_sn;
        if let (InitiatorPdu::ScsiCommand(command), 0) = (pdu, self.random.below(2)) {
            self.target.numbers.exp_cmd_sn = command.cmd_sn;
        }
        let _ = reject(&mut self.target, pdu, reason);
        self.target.numbers.exp_cmd_sn = counted;
    }

    fn answer(&mut self, pdu: &InitiatorPdu) {
        let _ = match pdu {
            InitiatorPdu::ScsiCommand(command) if command.write && self.random.below(2) == 0 => {
                let r2t = self.target.r2t(command.itt, 0, 0, 512);
                let outcome = self.target.receive(TargetPdu::R2t(r2t));
                self.unanswered
                    .push(InitiatorPdu::ScsiCommand(ScsiCommand { write: false, ..command.clone() }));
                outcome
            }
            InitiatorPdu::ScsiCommand(command) => {
                let status = [ScsiStatus::GOOD, ScsiStatus::GOOD, ScsiStatus::BUSY][self.random.below(3)];
                let response = self.target.response(command.itt, status);
                self.target.respond(response)
            }
            InitiatorPdu::TaskManagementRequest(request) => {
                let code = [0, 0, 1, 5, 255][self.random.below(5)];
                self.target.managed(request.itt, code)
            }
            InitiatorPdu::NopOut(ping) if ping.itt.is_valid() => self.target.pong(ping),
            InitiatorPdu::TextRequest(request) => {
                let (itt, ttt, numbers) =
                    (request.itt, TargetTransferTag::RESERVED, self.target.status_numbers());
                let (lun, text) = (Lun::ZERO, Bytes::new());
                let answer = TextResponse { is_final: true, continues: false, lun, itt, ttt, numbers, text };
                self.target.receive(TargetPdu::TextResponse(answer))
            }
            InitiatorPdu::LogoutRequest(request) => {
                let answer = self.target.logout_response(request.itt, LogoutResponseCode::CLOSED);
                self.target.receive(answer)
            }
            _ => Ok(()),
        };
    }

    fn finish(mut self, seed: u64) -> bool {
        let end = self.target.session.end().cloned();
        let is_blamed = matches!(end, Some(End::Failed(Failure::Format(_) | Failure::Gap(_))));
        assert!(!is_blamed, "{seed}: {end:?}");
        self.target.session.fail(Failure::Lost("reset".to_owned()));
        for (itt, _) in self.target.outcomes() {
            assert!(self.open.remove(&itt), "{itt:?}");
        }
        assert!(self.open.is_empty(), "{seed}: {:?} have no outcome", self.open);
        assert_eq!((self.target.session.in_flight(), self.target.session.next_deadline()), (0, None));
        end.is_none()
    }
}

#[test]
fn num_19_tmf_09_lgo_08_any_order() {
    let mut unfinished = 0;
    for seed in 0..2000 {
        let mut run = Run::new(seed);
        for _ in 0..150 {
            run.step();
        }
        unfinished += u32::from(run.finish(seed));
    }
    assert!(unfinished > 100, "{unfinished} sessions lived to the end");
}
