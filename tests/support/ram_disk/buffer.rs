//! READ BUFFER (10) and WRITE BUFFER (SPC-4, 6.18 and 6.49): a buffer for data, and one for echoes, which all sessions share.

use bytes::Bytes;

use super::Sense;
use super::cdb::Cdb;
use super::scsi::Plan;

/// The size of either buffer in bytes.
const CAPACITY: u16 = 4096;
/// Modes: the data of the buffer and its size, the data of the echo buffer and its size.
const DATA: u8 = 0x02;
const DESCRIPTOR: u8 = 0x03;
const ECHO: u8 = 0x0a;
const ECHO_DESCRIPTOR: u8 = 0x0b;

/// The buffers of a unit.
#[derive(Clone, Default)]
pub(super) struct Buffer {
    /// What was written, up to the last byte; the rest is zeros.
    data: Vec<u8>,
    echo: Vec<u8>,
}

/// A write to a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Write {
    is_echo: bool,
    offset: usize,
    pub(super) length: u64,
}

/// Offset and length of a command, and the bytes of the buffer from the offset on; `None` for a buffer or an offset that does not
/// exist.
fn range(cdb: &Cdb) -> Option<(usize, usize, usize)> {
    let (offset, length) = (cdb.allocation_length(3, 3), cdb.allocation_length(6, 3));
    let rest = usize::from(CAPACITY).checked_sub(offset).filter(|_| cdb.byte(2) == 0)?;
    Some((offset, length, rest))
}

pub(super) fn plan_write(cdb: &Cdb) -> Plan {
    let is_echo = cdb.service_action() == ECHO;
    let Some((offset, length, _)) = range(cdb).filter(|(_, length, rest)| length <= rest) else {
        return Plan::Check(Sense::INVALID_FIELD);
    };
    match (cdb.service_action(), length) {
        (DATA, 0) => Plan::GOOD,
        (DATA, _) => Plan::WriteBuffer(Write { is_echo, offset, length: cdb.number(6, 3) }),
        (ECHO, 1..) => Plan::WriteBuffer(Write { is_echo, offset: 0, length: cdb.number(6, 3) }),
        _ => Plan::Check(Sense::INVALID_FIELD),
    }
}

impl Buffer {
    pub(super) fn read(&self, cdb: &Cdb) -> Plan {
        let [high, low] = CAPACITY.to_be_bytes();
        let allocation_length = cdb.allocation_length(6, 3);
        match (cdb.service_action(), cdb.byte(2), range(cdb)) {
            (DATA, _, Some((offset, length, rest))) => {
                Plan::data(self.part(offset, rest.min(length)), length)
            }
            (DESCRIPTOR, 0, _) | (ECHO_DESCRIPTOR, ..) => {
                Plan::data(Bytes::copy_from_slice(&[0, 0, high, low]), allocation_length)
            }
            (DESCRIPTOR, ..) => Plan::data(Bytes::from_static(&[0; 4]), allocation_length),
            (ECHO, ..) if self.echo.is_empty() => Plan::Check(Sense::COMMAND_SEQUENCE),
            (ECHO, ..) => Plan::data(Bytes::copy_from_slice(&self.echo), allocation_length),
            _ => Plan::Check(Sense::INVALID_FIELD),
        }
    }

    fn part(&self, offset: usize, length: usize) -> Bytes {
        let rest = self.data.iter().skip(offset).copied();
        rest.chain(std::iter::repeat(0)).take(length).collect()
    }

    pub(super) fn write(&mut self, write: Write, data: &[u8]) {
        if write.is_echo {
            self.echo = data.to_vec();
            return;
        }
        let end = write.offset.saturating_add(data.len());
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        let places = self.data.iter_mut().skip(write.offset);
        places.zip(data).for_each(|(place, byte)| *place = *byte);
    }
}
