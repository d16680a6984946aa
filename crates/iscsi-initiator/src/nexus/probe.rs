//! The look at a logical unit before commands are sent to it: is it ready, and which one is it?

use bytes::Bytes;
use iscsi_pdu::ScsiStatus;

use super::identity::UnitIdentity;
use crate::scsi::{
    CachingPage, Command as _, CommandError, Completion, DeviceIdentification, InquiryPage, RawCommand,
    ReadCapacity10, ReadCapacity16, SenseData, SenseKey, StandardInquiry, TestUnitReady, UnitSerialNumber,
};
use crate::status::AttentionKind;

/// The unit attentions after which a unit counts as one that is never quiet.
const MOST_ATTENTIONS: u32 = 16;

/// A look at one unit: commands one after the other, each with its answer.
#[derive(Clone, Debug)]
pub struct Probe {
    stage: Stage,
    attentions: u32,
    found: UnitIdentity,
    has_write_cache: Option<bool>,
    has_restarted: bool,
}

/// The question that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ready,
    Inquiry,
    SerialNumber,
    Designators,
    Capacity,
    ShortCapacity,
    Cache,
    Done,
}

/// What a probe has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The identity of the unit.
    pub identity: UnitIdentity,
    /// Whether it has a volatile write cache that is enabled, if it says so.
    pub has_write_cache: Option<bool>,
}

/// The reason why a unit cannot be used now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeError {
    /// It is not ready, not there, or answers something else than what was asked.
    NotUsable(CommandError),
    /// Another initiator has reserved it.
    Reserved,
    /// A command had no status.
    NoAnswer,
    /// It does not stop to report events.
    NeverQuiet,
}

impl Default for Probe {
    fn default() -> Self {
        Self::new()
    }
}

impl Probe {
    /// A probe that has asked nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let found = UnitIdentity::default();
        Self { stage: Stage::Ready, attentions: 0, found, has_write_cache: None, has_restarted: false }
    }

    /// The next command; `None` when all is known.
    #[must_use]
    pub fn command(&self) -> Option<RawCommand> {
        let command: RawCommand = match self.stage {
            Stage::Ready => TestUnitReady.into(),
            Stage::Inquiry => StandardInquiry::default().into(),
            Stage::SerialNumber => InquiryPage::<UnitSerialNumber>::new().into(),
            Stage::Designators => InquiryPage::<DeviceIdentification>::new().into(),
            Stage::Capacity => ReadCapacity16.into(),
            Stage::ShortCapacity => ReadCapacity10.into(),
            Stage::Cache => CachingPage::mode_sense().into(),
            Stage::Done => return None,
        };
        Some(command.once())
    }

    /// Takes the answer to the command. A unit attention has it asked again: the unit reports each of its events once (SAM-5,
    /// 5.14).
    ///
    /// # Errors
    /// [`ProbeError`], after which nothing more is asked.
    pub fn take(&mut self, completion: Completion) -> Result<(), ProbeError> {
        if let Some(sense) = attention(&completion) {
            return self.note_attention(sense);
        }
        if completion.status == ScsiStatus::RESERVATION_CONFLICT {
            return Err(ProbeError::Reserved);
        }
        match completion.into_good(self.name()) {
            Ok(good) => self.learn(good.data),
            Err(CommandError::Status { sense: Some(sense), .. })
                if sense.key == SenseKey::ILLEGAL_REQUEST && self.is_optional() =>
            {
                self.proceed(true);
                Ok(())
            }
            Err(error) => Err(ProbeError::NotUsable(error)),
        }
    }

    /// The identity of the unit, when there is no command any more.
    #[must_use]
    pub fn finish(self) -> Found {
        let Self { found: identity, has_write_cache, .. } = self;
        Found { identity, has_write_cache }
    }

    /// Whether the unit has reported since this was last asked that the target was set up anew: what was in a volatile cache may be
    /// lost. A reset or a loss of power is noted by the session itself.
    pub(super) const fn take_restart(&mut self) -> bool {
        std::mem::replace(&mut self.has_restarted, false)
    }

    /// Whether the unit may still have events to report, which the answer to the first command shows.
    pub(super) fn awaits_events(&self) -> bool {
        self.stage == Stage::Ready
    }

    fn note_attention(&mut self, sense: SenseData) -> Result<(), ProbeError> {
        self.attentions += 1;
        // LIO reports nothing else after a restart.
        self.has_restarted |= AttentionKind::of(sense) == AttentionKind::LunsChanged;
        if self.attentions > MOST_ATTENTIONS { Err(ProbeError::NeverQuiet) } else { Ok(()) }
    }

    const fn name(&self) -> &'static str {
        match self.stage {
            Stage::Ready | Stage::Done => "TEST UNIT READY",
            Stage::Inquiry | Stage::SerialNumber | Stage::Designators => "INQUIRY",
            Stage::Capacity | Stage::ShortCapacity => "READ CAPACITY",
            Stage::Cache => "MODE SENSE",
        }
    }

    /// Whether a unit may do without the command.
    const fn is_optional(&self) -> bool {
        matches!(self.stage, Stage::SerialNumber | Stage::Designators | Stage::Capacity | Stage::Cache)
    }

    fn learn(&mut self, data: Bytes) -> Result<(), ProbeError> {
        match self.stage {
            Stage::Ready | Stage::Done => Ok(()),
            Stage::Inquiry => {
                self.found.take_inquiry(&data);
                Ok(())
            }
            Stage::SerialNumber => self.found.take_serial_number(data),
            Stage::Designators => self.found.take_designators(data),
            Stage::Capacity | Stage::ShortCapacity => {
                self.found.take_capacity(&data);
                Ok(())
            }
            Stage::Cache => {
                let page = CachingPage::mode_sense().parse(data).ok().and_then(|data| CachingPage::of(&data));
                self.has_write_cache = page.map(|page| page.write_cache_enabled);
                Ok(())
            }
        }
        .map_err(ProbeError::NotUsable)?;
        self.proceed(false);
        Ok(())
    }

    fn proceed(&mut self, was_refused: bool) {
        self.stage = match self.stage {
            Stage::Ready => Stage::Inquiry,
            Stage::Inquiry => Stage::SerialNumber,
            Stage::SerialNumber => Stage::Designators,
            Stage::Designators => Stage::Capacity,
            Stage::Capacity if was_refused => Stage::ShortCapacity,
            Stage::Capacity | Stage::ShortCapacity => Stage::Cache,
            Stage::Cache | Stage::Done => Stage::Done,
        };
    }
}

fn attention(completion: &Completion) -> Option<SenseData> {
    SenseData::parse(&completion.sense).filter(|sense| sense.key == SenseKey::UNIT_ATTENTION)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use iscsi_pdu::ScsiStatus;

    use super::*;

    fn good(data: &[u8]) -> Completion {
        Completion { data: Bytes::copy_from_slice(data), ..Completion::good() }
    }

    fn check_condition(key: u8, asc: u8, ascq: u8) -> Completion {
        let sense = Bytes::copy_from_slice(&[0x72, key, asc, ascq]);
        Completion { status: ScsiStatus::CHECK_CONDITION, sense, ..Completion::good() }
    }

    const INQUIRY: &[u8; 36] = b"\0\0\x06\x02\x1f\0\0\x02VENDOR  PRODUCT         0001";

    /// A unit that has everything.
    fn answer(command: &RawCommand) -> Completion {
        match (command.cdb[0], command.cdb[1] & 1, command.cdb[2]) {
            (0x00, ..) => good(&[]),
            (0x12, 0, _) => good(INQUIRY),
            (0x12, 1, 0x80) => good(b"\0\x80\0\x02S1"),
            (0x12, 1, 0x83) => good(b"\0\x83\0\x08\x01\x03\0\x04unit"),
            (0x1a, ..) => good(&[15, 0, 0, 0, 8, 10, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            (0x9e, ..) => good(&[0, 0, 0, 0, 0, 0, 3, 0xe7, 0, 0, 2, 0, 0, 0, 0, 0]),
            (0x25, ..) => good(&[0, 0, 3, 0xe7, 0, 0, 2, 0]),
            _ => panic!("{command:?}"),
        }
    }

    /// Asks until all is known, and returns what was asked.
    fn run(answer: impl Fn(&RawCommand, usize) -> Completion) -> (Vec<u8>, Result<Found, ProbeError>) {
        let (mut probe, mut asked) = (Probe::new(), Vec::new());
        while let Some(command) = probe.command() {
            assert!(!command.is_repeated, "the probe repeats by itself");
            asked.push(command.cdb[0]);
            if let Err(error) = probe.take(answer(&command, asked.len())) {
                return (asked, Err(error));
            }
        }
        (asked, Ok(probe.finish()))
    }

    #[test]
    fn a_unit_that_answers_everything() {
        let (asked, found) = run(|command, _| answer(command));
        let found = found.unwrap();
        assert_eq!(asked, [0x00, 0x12, 0x12, 0x12, 0x9e, 0x1a]);
        assert_eq!(found.has_write_cache, Some(true));
        assert!(found.identity.is_named() && found.identity.serial_number.as_deref() == Some("S1"));
        assert!(found.identity.format.is_some() && found.identity.inquiry.is_some());
    }

    /// Pages and the long form of the capacity are optional; being ready and INQUIRY are not.
    #[test]
    fn what_a_unit_may_do_without() {
        let refuse = |refused: fn(&RawCommand) -> bool| {
            run(
                move |command, _| {
                    if refused(command) { check_condition(5, 0x20, 0) } else { answer(command) }
                },
            )
        };
        let (asked, found) = refuse(|command| command.cdb[0] == 0x12 && command.cdb[1] == 1);
        assert!(!found.unwrap().identity.is_named() && asked.len() == 6);
        let (asked, found) = refuse(|command| command.cdb[0] == 0x9e);
        assert_eq!(asked, [0x00, 0x12, 0x12, 0x12, 0x9e, 0x25, 0x1a]);
        assert!(found.unwrap().identity.format.is_some());
        let (_, found) = refuse(|command| command.cdb[0] == 0x00);
        assert!(matches!(found, Err(ProbeError::NotUsable(CommandError::Status { .. }))));
        let (_, found) = refuse(|command| command.cdb[..2] == [0x12, 0]);
        assert!(matches!(found, Err(ProbeError::NotUsable(_))));
        let (_, found) = refuse(|command| matches!(command.cdb[0], 0x9e | 0x25));
        assert!(matches!(found, Err(ProbeError::NotUsable(_))), "a disk has a size");
        let (_, found) = refuse(|command| command.cdb[0] == 0x1a);
        assert_eq!(found.unwrap().has_write_cache, None);
    }

    /// Events are taken until there are no more, wherever they come; too many are an error.
    #[test]
    fn unit_attentions_are_taken() {
        for place in 1..=6 {
            let (asked, found) =
                run(
                    |command, count| {
                        if count == place { check_condition(6, 0x29, 0x07) } else { answer(command) }
                    },
                );
            assert!(asked.len() == 7 && found.is_ok(), "nexus loss at {place}");
        }
        for many in [16, 17] {
            let (_, found) =
                run(
                    |command, count| {
                        if count <= many { check_condition(6, 0x3f, 0x0e) } else { answer(command) }
                    },
                );
            assert_eq!(found.is_err(), many > 16);
        }
    }

    /// LIO reports that its units have changed, and nothing else, when it was set up anew.
    #[test]
    fn a_target_that_was_set_up_anew() {
        for (asc, ascq, is_new) in [(0x3f, 0x0e, true), (0x29, 0x07, false), (0x3f, 0x03, false)] {
            let mut probe = Probe::new();
            probe.take(check_condition(6, asc, ascq)).unwrap();
            assert_eq!([probe.take_restart(), probe.take_restart()], [is_new, false], "{asc:02x}/{ascq:02x}");
        }
    }

    /// A reservation of another initiator is in the way wherever it comes.
    #[test]
    fn a_unit_that_is_reserved() {
        for place in 1..=6 {
            let (_, found) = run(|command, count| {
                let status = if count == place { ScsiStatus::RESERVATION_CONFLICT } else { ScsiStatus::GOOD };
                Completion { status, ..answer(command) }
            });
            assert_eq!(found, Err(ProbeError::Reserved));
        }
    }

    /// Another page than the one that was asked for names nothing.
    #[test]
    fn a_wrong_page_is_an_error() {
        let (_, found) =
            run(|command, _| if command.cdb[2] == 0x80 { good(INQUIRY) } else { answer(command) });
        assert!(matches!(found, Err(ProbeError::NotUsable(CommandError::InvalidResponse { .. }))));
    }

    /// The error names the command that failed.
    #[test]
    fn commands_that_fail() {
        for (operation_codes, name) in
            [(&[0x00][..], "TEST UNIT READY"), (&[0x12], "INQUIRY"), (&[0x9e, 0x25], "READ CAPACITY")]
        {
            let (_, found) = run(|command, _| {
                let is_refused = operation_codes.contains(&command.cdb[0]);
                if is_refused { check_condition(5, 0x20, 0) } else { answer(command) }
            });
            let Err(ProbeError::NotUsable(CommandError::Status { command, .. })) = found else {
                panic!("{name}: {found:?}")
            };
            assert_eq!(command, name);
        }
    }
}
