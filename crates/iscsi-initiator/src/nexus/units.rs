//! The logical units of a nexus: what they were in earlier sessions, and whether they still are.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::BytesMut;
use iscsi_pdu::{InitiatorTaskTag, Lun};

use super::identity::{UnitDifference, UnitIdentity};
use super::probe::{Probe, ProbeError};
use crate::scsi::{Capacity, Completion};
use crate::session::{Outcome, Request, SessionState};

/// The most units whose identity is kept.
const MOST_UNITS: usize = 256;

/// The units of a nexus, and the look at each of them that is under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Units {
    known: BTreeMap<[u8; 8], UnitIdentity>,
    waiting: VecDeque<Lun>,
    current: Option<Look>,
    /// Units that are seen for the first time.
    found: Vec<(Lun, UnitIdentity)>,
}

/// The look at one unit.
#[derive(Clone, Debug)]
struct Look {
    lun: Lun,
    probe: Probe,
    /// The command that is under way.
    itt: InitiatorTaskTag,
}

/// The result of a look at all units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// It is under way.
    UnderWay,
    /// All units that were known are the same.
    Same,
    /// A unit is another one.
    Other(Lun, UnitDifference),
    /// Another initiator has reserved a unit.
    Reserved(Lun),
    /// A unit is not ready or does not answer; it may be in another session.
    NotUsable(Lun),
}

impl Units {
    /// Remembers what a unit is. The first ones count if there are too many: later ones are not recognised.
    pub(super) fn remember(&mut self, lun: Lun, identity: UnitIdentity) {
        if self.known.len() < MOST_UNITS || self.known.contains_key(&lun.0) {
            self.known.insert(lun.0, identity);
        }
    }

    /// Takes note of the units that were seen for the first time.
    pub(super) fn remember_found(&mut self) {
        for (lun, identity) in std::mem::take(&mut self.found) {
            self.remember(lun, identity);
        }
    }

    /// Takes note of the size that a unit has told.
    pub(super) fn resize(&mut self, lun: Lun, capacity: Capacity) {
        if let Some(identity) = self.known.get_mut(&lun.0) {
            identity.resize(capacity);
        }
    }

    /// Whether the unit is known by a name, and was found to be the same.
    pub(super) fn is_known(&self, lun: Lun) -> bool {
        self.known.get(&lun.0).is_some_and(UnitIdentity::is_named)
    }

    /// The unit whose first answer was lost together with the session. It says only once that it has lost power, so it may have
    /// done so then.
    pub(super) fn take_unheard(&mut self) -> Option<Lun> {
        self.current.take().filter(|look| look.probe.awaits_events()).map(|look| look.lun)
    }

    /// Nobody wants to know any more.
    pub(super) fn abandon(&mut self, session: &mut SessionState) {
        if let Some(look) = self.current.take() {
            session.abandon(look.itt);
        }
    }

    /// Begins to look at the units that are known, and at these.
    pub(super) fn begin(&mut self, others: impl IntoIterator<Item = Lun>) {
        (self.current, self.found) = (None, Vec::new());
        self.waiting = self.known.keys().map(|lun| Lun(*lun)).collect();
        for lun in others {
            if !self.waiting.contains(&lun) {
                self.waiting.push_back(lun);
            }
        }
    }

    /// Goes on with the look, as far as the answers are there.
    pub(super) fn compare(&mut self, session: &mut SessionState, now: Duration) -> Comparison {
        loop {
            let Some(look) = &mut self.current else {
                let Some(lun) = self.waiting.pop_front() else { return Comparison::Same };
                self.current = Look::begin(lun, session, now);
                continue;
            };
            let lun = look.lun;
            match look.go_on(session, now) {
                None => return Comparison::UnderWay,
                Some(Err(error)) => {
                    self.current = None;
                    return match error {
                        ProbeError::Reserved => Comparison::Reserved(lun),
                        _ => Comparison::NotUsable(lun),
                    };
                }
                Some(Ok(())) => {}
            }
            let Some(Look { probe, .. }) = self.current.take() else { continue };
            let found = probe.finish();
            session.note_write_cache(lun, found.has_write_cache);
            match self.known.get(&lun.0) {
                Some(known) => {
                    if let Some(difference) = known.difference(&found.identity) {
                        return Comparison::Other(lun, difference);
                    }
                }
                // It is known from now on, which is too late for the commands of the last session.
                None => self.found.push((lun, found.identity)),
            }
        }
    }
}

impl Look {
    /// Sends the first command.
    fn begin(lun: Lun, session: &mut SessionState, now: Duration) -> Option<Self> {
        let probe = Probe::new();
        let itt = session.submit_ahead(Request::command(lun, probe.command()?), now);
        Some(Self { lun, probe, itt })
    }

    /// Takes the answer, and sends the next command; `None` while there is no answer, an error for one that cannot be used.
    fn go_on(&mut self, session: &mut SessionState, now: Duration) -> Option<Result<(), ProbeError>> {
        loop {
            let completion = match session.take_outcome(self.itt)? {
                Outcome::Good(data) => Completion { data: data.freeze(), ..Completion::good() },
                Outcome::Scsi(ended, data) => with_data(ended.completion, data),
                _ => return Some(Err(ProbeError::NoAnswer)),
            };
            if let Err(error) = self.probe.take(completion) {
                return Some(Err(error));
            }
            if self.probe.take_restart() {
                // At once: the unit says it only once, and this session may be lost before the look has ended.
                session.lose_cache(self.lun);
            }
            let Some(command) = self.probe.command() else { return Some(Ok(())) };
            self.itt = session.submit_ahead(Request::command(self.lun, command), now);
        }
    }
}

fn with_data(completion: Completion, data: BytesMut) -> Completion {
    Completion { data: data.freeze(), ..completion }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lun(number: u16) -> Lun {
        let [high, low] = number.to_be_bytes();
        Lun([high, low, 0, 0, 0, 0, 0, 0])
    }

    fn named() -> UnitIdentity {
        UnitIdentity { serial_number: Some("S1".to_owned()), ..UnitIdentity::default() }
    }

    /// The first units count, and what is known of them may change later.
    #[test]
    fn the_number_of_known_units_is_bounded() {
        let mut units = Units::default();
        (0..=256).for_each(|number| units.remember(lun(number), UnitIdentity::default()));
        assert_eq!(units.known.len(), 256);
        for number in [0, 255, 256] {
            assert!(!units.is_known(lun(number)), "it has no name");
            units.remember(lun(number), named());
            assert_eq!(units.is_known(lun(number)), number < 256, "{number}");
        }
    }

    /// Each is looked at once, the known ones first.
    #[test]
    fn units_that_are_looked_at() {
        let mut units = Units::default();
        units.remember(lun(2), named());
        units.begin([3, 2, 3, 1].map(lun));
        assert_eq!(units.waiting, [2, 3, 1].map(lun));
    }

    #[test]
    fn units_that_are_seen_for_the_first_time_are_known_later() {
        let mut units = Units::default();
        units.found.push((lun(1), named()));
        assert!(!units.is_known(lun(1)));
        units.remember_found();
        assert!(units.is_known(lun(1)) && units.found.is_empty());
    }
}
