//! Received read data (RFC 7143, 11.7).

use bytes::BytesMut;
use iscsi_pdu::DataIn;

use super::failure::ProtocolError;

/// The data of one read, in order: `DataPDUInOrder` and `DataSequenceInOrder` are always Yes here.
#[derive(Clone, Debug)]
pub(super) struct DataInBuffer {
    expected_length: u32,
    next_data_sn: u32,
    /// Numbers that R2Ts of a bidirectional command have used.
    r2ts: u32,
    /// The number of bytes received.
    received: u32,
    /// The place of the data. It is away while data are read to it.
    buffer: BytesMut,
}

impl DataInBuffer {
    /// A place for so many bytes, of which `buffer` is given; what is missing of it is allocated when data come.
    pub(super) const fn new(expected_length: u32, buffer: BytesMut) -> Self {
        Self { expected_length, next_data_sn: 0, r2ts: 0, received: 0, buffer }
    }

    /// The length of all data in bytes.
    pub(super) const fn expected(&self) -> u32 {
        self.expected_length
    }

    /// The number of Data-In PDUs so far.
    pub(super) const fn pdus(&self) -> u32 {
        self.next_data_sn.wrapping_sub(self.r2ts)
    }

    /// The number of the next PDU: that of the Data-In PDUs so far, and of the R2Ts of a bidirectional command.
    pub(super) const fn next_data_sn(&self) -> u32 {
        self.next_data_sn
    }

    /// The number of bytes received.
    pub(super) const fn received(&self) -> u32 {
        self.received
    }

    /// Takes the data of one PDU. A repeated PDU is dropped (RFC 7143, 7.9), unless it has a status and the first one
    /// had none.
    ///
    /// # Errors
    /// A number out of order, or data outside the buffer (NUM-13, DAT-16, DAT-17).
    #[inline]
    pub(super) fn accept(&mut self, pdu: &DataIn, data: &[u8]) -> Result<(), ProtocolError> {
        if !self.is_new(pdu, data.len())? {
            return Ok(());
        }
        self.make_space(data.len());
        let place = self.buffer.get_mut(self.received as usize..).and_then(|rest| rest.get_mut(..data.len()));
        if let Some(place) = place {
            place.copy_from_slice(data);
        }
        self.count(data.len());
        Ok(())
    }

    /// Lends the place of the data of a PDU, and the offset of its first byte; `None` for a repeated PDU. They count when
    /// they have [`landed`](Self::land).
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub(super) fn lend(
        &mut self,
        pdu: &DataIn,
        length: usize,
    ) -> Result<Option<(BytesMut, usize)>, ProtocolError> {
        if !self.is_new(pdu, length)? {
            return Ok(None);
        }
        self.make_space(length);
        Ok(Some((std::mem::take(&mut self.buffer), self.received as usize)))
    }

    /// Takes the place back, with the data of one more PDU.
    pub(super) fn land(&mut self, buffer: BytesMut, length: usize) {
        self.buffer = buffer;
        self.count(length);
    }

    /// Counts numbers that R2Ts of the task have used.
    pub(super) const fn count_numbers_to(&mut self, next: u32) {
        self.r2ts = self.r2ts.wrapping_add(next.wrapping_sub(self.next_data_sn));
        self.next_data_sn = next;
    }

    /// Has the data come once more, in another session, to the same place.
    pub(super) const fn restart(&mut self) {
        (self.next_data_sn, self.r2ts, self.received) = (0, 0, 0);
    }

    /// All received data, which leave the place.
    pub(super) fn take(&mut self) -> BytesMut {
        self.buffer.truncate(self.received as usize);
        std::mem::take(&mut self.buffer)
    }

    /// Checks the place of a PDU with so many bytes of data; false for a repeated one.
    fn is_new(&self, pdu: &DataIn, length: usize) -> Result<bool, ProtocolError> {
        if pdu.data_sn < self.next_data_sn && !pdu.has_status {
            return Ok(false);
        }
        expect("DataSN counts up from 0 (4.2.2.4)", pdu.data_sn.into(), self.next_data_sn.into())?;
        if length > 0 {
            let received = u64::from(self.received);
            expect("data of a sequence come in order (13.18)", pdu.buffer_offset.into(), received)?;
            let end = received + length as u64;
            if end > u64::from(self.expected_length) {
                let rule = "data end within the expected length (11.7.6)";
                return Err(sequence(rule, end, self.expected_length.into()));
            }
        }
        Ok(true)
    }

    /// Makes the buffer long enough for so many more bytes: at the first data for all, if they begin with half of them or
    /// more, otherwise as they come, since an allocation length may be far greater than what the unit has.
    fn make_space(&mut self, length: usize) {
        let end = self.received as usize + length;
        if self.buffer.len() < end {
            let expected = self.expected_length as usize;
            let size =
                if end * 2 >= expected { expected } else { end.max(self.buffer.len() * 2).min(expected) };
            self.buffer.resize(size, 0);
        }
    }

    fn count(&mut self, length: usize) {
        // `is_new` limits the sum to the expected length, which has 32 bits.
        self.received = self.received.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        self.next_data_sn = self.next_data_sn.wrapping_add(1);
    }
}

const fn expect(rule: &'static str, received: u64, expected: u64) -> Result<(), ProtocolError> {
    if received == expected { Ok(()) } else { Err(sequence(rule, received, expected)) }
}

const fn sequence(rule: &'static str, received: u64, expected: u64) -> ProtocolError {
    ProtocolError::Sequence { pdu: "SCSI Data-In", rule, received, expected }
}
