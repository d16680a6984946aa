//! Received read data (RFC 7143, 11.7).

use bytes::{Bytes, BytesMut};
use iscsi_pdu::DataIn;

use super::failure::ProtocolError;

/// The data of one read, in order: `DataPDUInOrder` and `DataSequenceInOrder` are always Yes here.
#[derive(Clone, Debug)]
pub(super) struct DataInBuffer {
    expected_length: u32,
    next_data_sn: u32,
    received: Received,
}

/// The received data; data from a single PDU are not copied.
#[derive(Clone, Debug)]
enum Received {
    Slice(Bytes),
    Joined(BytesMut),
}

impl DataInBuffer {
    pub(super) const fn new(expected_length: u32) -> Self {
        Self { expected_length, next_data_sn: 0, received: Received::Slice(Bytes::new()) }
    }

    /// The number of Data-In PDUs so far.
    pub(super) const fn pdus(&self) -> u32 {
        self.next_data_sn
    }

    /// The number of bytes received.
    pub(super) fn received(&self) -> u32 {
        // `accept` limits them to the expected length, which has 32 bits.
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    /// Takes the data of one PDU. A repeated PDU is dropped (RFC 7143, 7.9), unless it has a status and the first one
    /// had none.
    ///
    /// # Errors
    /// A number out of order, or data outside the buffer (NUM-13, DAT-16, DAT-17).
    pub(super) fn accept(&mut self, pdu: &DataIn) -> Result<(), ProtocolError> {
        if pdu.data_sn < self.next_data_sn && !pdu.has_status {
            return Ok(());
        }
        expect("DataSN counts up from 0 (4.2.2.4)", pdu.data_sn.into(), self.next_data_sn.into())?;
        if !pdu.data.is_empty() {
            let length = self.len() as u64;
            expect("data of a sequence come in order (13.18)", pdu.buffer_offset.into(), length)?;
            let end = length + pdu.data.len() as u64;
            if end > u64::from(self.expected_length) {
                let rule = "data end within the expected length (11.7.6)";
                return Err(sequence(rule, end, self.expected_length.into()));
            }
            self.append(&pdu.data);
        }
        self.next_data_sn = self.next_data_sn.wrapping_add(1);
        Ok(())
    }

    /// All received data.
    pub(super) fn into_data(self) -> Bytes {
        match self.received {
            Received::Slice(data) => data,
            Received::Joined(data) => data.freeze(),
        }
    }

    fn len(&self) -> usize {
        match &self.received {
            Received::Slice(data) => data.len(),
            Received::Joined(data) => data.len(),
        }
    }

    fn append(&mut self, data: &Bytes) {
        match &mut self.received {
            Received::Slice(slice) if slice.is_empty() => *slice = data.clone(),
            Received::Slice(slice) => {
                let mut joined = BytesMut::with_capacity(self.expected_length as usize);
                joined.extend_from_slice(slice);
                joined.extend_from_slice(data);
                self.received = Received::Joined(joined);
            }
            Received::Joined(joined) => joined.extend_from_slice(data),
        }
    }
}

const fn expect(rule: &'static str, received: u64, expected: u64) -> Result<(), ProtocolError> {
    if received == expected { Ok(()) } else { Err(sequence(rule, received, expected)) }
}

const fn sequence(rule: &'static str, received: u64, expected: u64) -> ProtocolError {
    ProtocolError::Sequence { pdu: "SCSI Data-In", rule, received, expected }
}
