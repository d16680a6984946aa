//! Events of a world at certain times.

use std::io;
use std::time::Duration;

use bytes::BytesMut;

use super::run::World;
use super::setup::{DISK, unit};
use super::{Action, BlockStamp, Direction, Ending, Extent, Fault, Operation};
use crate::ram_disk::{LogicalUnit, Sense};

/// The number of the first operation of another initiator.
const FIRST_OF_ANOTHER: u32 = 1_000_000;

/// Something that happens at a certain time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// The target loses power and starts again.
    Restart,
    /// The target takes this many commands ahead from now on.
    Window(u32),
    /// The target shows its numbers by a NOP-In.
    ShowNumbers,
    /// A unit attention condition.
    Attention(Sense),
    /// The connection is cut.
    Cut(Direction, Ending),
    /// Connections are opened from now on, or not.
    Reach(Reach),
    /// Both sides have the settings of [`Variant::later`](super::Variant::later) from now on.
    Reconfigure,
    /// Another unit, of zeros, is under the LUN, if the initiator knows the one before, and the connection is reset.
    Replace(Replacement),
    /// The unit is ready from now on, or not.
    Ready(bool),
    /// Commands with this operation code take so long from now on.
    ServiceTime(u8, Duration),
    /// Another initiator writes blocks, with the FUA bit.
    WriteForAnother(Extent),
    /// Another initiator reserves the unit for its own writes.
    ReserveForAnother,
    /// The target announces that it drops the connection, and does so: it wants no other one before so many seconds.
    Drop {
        /// The seconds.
        time2wait: u16,
    },
}

/// What becomes of a connection that the initiator wants to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is opened.
    Open,
    /// It is refused.
    Refused,
    /// Nothing comes back.
    Silence,
}

/// A unit in the place of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// It has other names.
    Named,
    /// It has the same names, and is larger.
    Larger,
    /// It has the same names and as many bytes, in blocks of another length.
    OtherBlocks,
}

impl Replacement {
    const fn of(self, unit: LogicalUnit) -> LogicalUnit {
        match self {
            Self::Named => LogicalUnit { edition: 1, ..unit },
            Self::Larger => LogicalUnit { blocks: unit.blocks + 1, ..unit },
            Self::OtherBlocks => {
                LogicalUnit { blocks: unit.blocks / 8, block_size: unit.block_size * 8, ..unit }
            }
        }
    }
}

impl World<'_> {
    pub(super) fn happen(&mut self, event: Event) -> Result<(), Fault> {
        let (now, connection, name) = (self.now(), self.target.connection, &self.setup.target);
        let engine = &mut self.target.engine;
        match event {
            Event::Restart => {
                engine.restart(now);
                self.checker.power_lost();
            }
            Event::Window(commands) => engine.set_window(connection, commands),
            Event::ShowNumbers => engine.show_numbers(connection),
            Event::Attention(sense) => _ = engine.raise_attention(name, 0, sense),
            Event::Cut(direction, ending) => self.cut(direction, ending),
            Event::Reach(reach) => self.reach = reach,
            Event::Reconfigure => {
                engine.reconfigure(self.setup.later_target());
                self.initiator.reconfigure();
            }
            Event::Replace(replacement) => {
                if self.initiator.knows_unit() {
                    let unit = replacement.of(unit(&self.setup.variant));
                    engine.replace_unit(name, unit).map_err(|error| Fault::Protocol(error.to_string()))?;
                    self.is_replaced = true;
                    self.cut(Direction::ToTarget, Ending::Reset);
                }
            }
            Event::Ready(is_ready) => engine.set_ready(name, 0, is_ready),
            Event::ServiceTime(operation, time) => engine.set_service_time(operation, time),
            Event::WriteForAnother(extent) if !self.is_replaced => self.write_for_another(extent)?,
            Event::WriteForAnother(_) => {}
            Event::ReserveForAnother => {
                engine.reserve_for_another(name, 0, &self.setup.config.initiator_name);
            }
            Event::Drop { time2wait } => engine.drop_connection(connection, time2wait),
        }
        Ok(())
    }

    fn write_for_another(&mut self, extent: Extent) -> Result<(), Fault> {
        let now = self.now();
        let number = FIRST_OF_ANOTHER + self.writes_of_another;
        self.writes_of_another += 1;
        let operation = Operation { number, action: Action::Write { extent, is_stable: true } };
        self.checker.submitted(operation, now)?;
        let mut data = BytesMut::new();
        for lba in extent.lbas() {
            BlockStamp { operation: number, lba }.put(DISK.block_size as usize, &mut data);
        }
        let offset = extent.lba * u64::from(DISK.block_size);
        self.target.engine.write_for_another(&self.setup.target, 0, offset, &data);
        Ok(self.checker.completed(number, &[], now)?)
    }

    /// Opens a connection that the initiator wants, as far as the target can be reached.
    pub(super) fn open(&mut self, now: Duration) {
        match self.reach {
            Reach::Open => self.connect(now),
            Reach::Refused => {
                let refused = Err(io::Error::from(io::ErrorKind::ConnectionRefused));
                self.initiator.connected(&refused, now);
            }
            Reach::Silence => {
                self.connect(now);
                self.cut(Direction::ToTarget, Ending::Silence);
            }
        }
    }
}
