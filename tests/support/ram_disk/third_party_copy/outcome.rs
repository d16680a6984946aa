//! Outcomes of copies, and RECEIVE COPY RESULTS (SPC-4, 6.22 to 6.24 and 6.28).

use bytes::{BufMut as _, BytesMut};

use super::copy_list::{MOST_SEGMENTS, MOST_UNITS};
use super::{Copies, EXTENDED_COPY, MOST_LIST, MOST_MOVED, MOST_OUTCOMES};
use crate::ram_disk::Sense;
use crate::ram_disk::cdb::Cdb;
use crate::ram_disk::reservation::InitiatorPort;
use crate::ram_disk::scsi::{Plan, Rejection};

const COPY_STATUS: u8 = 0x00;
const OPERATING_PARAMETERS: u8 = 0x03;
const FAILED_SEGMENT_DETAILS: u8 = 0x04;
const ROD_TOKEN_INFORMATION: u8 = 0x07;
const COMPLETED: u8 = 1;
const FAILED: u8 = 2;
const CHECK_CONDITION: u8 = 2;

/// The end of a copy.
#[derive(Clone)]
pub(super) struct Outcome {
    port: InitiatorPort,
    action: u8,
    list_id: u32,
    segments: u16,
    bytes: u64,
    pub(super) rejection: Option<Rejection>,
    /// The token that was made.
    pub(super) token: Option<[u8; 512]>,
}

impl Outcome {
    pub(super) fn new(port: &InitiatorPort, action: u8, list_id: u32) -> Self {
        Self { port: port.clone(), action, list_id, segments: 0, bytes: 0, rejection: None, token: None }
    }

    /// Another segment was copied.
    pub(super) fn count(&mut self, bytes: u64) {
        self.segments = self.segments.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    const fn status(&self) -> u8 {
        if self.rejection.is_some() { FAILED } else { COMPLETED }
    }

    /// SCSI status and sense data of a copy that failed.
    fn failure(&self) -> (u8, Vec<u8>) {
        match self.rejection {
            Some(Rejection::Status(status)) => (status.0, Vec::new()),
            Some(Rejection::Check(sense)) => (CHECK_CONDITION, sense.to_fixed().to_vec()),
            Some(Rejection::Miscompare { .. }) => (CHECK_CONDITION, Sense::MISCOMPARE.to_fixed().to_vec()),
            None => (0, Vec::new()),
        }
    }

    fn copy_status(&self) -> BytesMut {
        const BYTES: u8 = 0;
        let mut data = BytesMut::new();
        data.put_u8(self.status());
        data.put_u16(self.segments);
        data.put_u8(BYTES);
        data.put_u32(u32::try_from(self.bytes).unwrap_or(u32::MAX));
        data
    }

    fn failed_segment_details(&self) -> BytesMut {
        let mut data = BytesMut::new();
        if self.rejection.is_some() {
            let (status, sense) = self.failure();
            data.put_bytes(0, 52);
            data.put_slice(&[status, 0]);
            data.put_u16(u16::try_from(sense.len()).unwrap_or(u16::MAX));
            data.put_slice(&sense);
        }
        data
    }

    fn rod_token_information(&self) -> BytesMut {
        const BYTES: u8 = 0;
        let ((status, sense), mut data) = (self.failure(), BytesMut::new());
        data.put_slice(&[self.action, self.status(), 0, 1]);
        data.put_u32(u32::MAX);
        let length = u8::try_from(sense.len()).unwrap_or(u8::MAX);
        data.put_slice(&[status, length, length, BYTES]);
        data.put_u64(self.bytes);
        data.put_u16(self.segments);
        data.put_bytes(0, 6);
        data.put_slice(&sense);
        data.put_u32(if self.token.is_some() { 514 } else { 0 });
        if let Some(token) = &self.token {
            data.put_u16(0);
            data.put_slice(token);
        }
        data
    }
}

impl Copies {
    /// Keeps an outcome instead of an earlier one with the same identifier.
    pub(super) fn keep(&mut self, outcome: Outcome) {
        let is_same = |known: &Outcome| known.port == outcome.port && known.list_id == outcome.list_id;
        self.outcomes.retain(|known| !is_same(known));
        if self.outcomes.len() >= MOST_OUTCOMES {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back(outcome);
    }

    fn find(&self, port: &InitiatorPort, list_id: u64) -> Option<&Outcome> {
        self.outcomes.iter().find(|known| known.port == *port && u64::from(known.list_id) == list_id)
    }

    /// RECEIVE COPY RESULTS.
    pub(in crate::ram_disk) fn report(&self, port: &InitiatorPort, cdb: &Cdb) -> Plan {
        let of_copy = || self.find(port, cdb.byte(2).into()).filter(|known| known.action == EXTENDED_COPY);
        let of_token = || self.find(port, cdb.number(2, 4)).filter(|known| known.action != EXTENDED_COPY);
        let content = match cdb.service_action() {
            COPY_STATUS => of_copy().map(Outcome::copy_status),
            FAILED_SEGMENT_DETAILS => of_copy().map(Outcome::failed_segment_details),
            ROD_TOKEN_INFORMATION => of_token().map(Outcome::rod_token_information),
            OPERATING_PARAMETERS => Some(operating_parameters()),
            _ => None,
        };
        let Some(content) = content else { return Plan::Check(Sense::INVALID_FIELD) };
        let mut data = BytesMut::with_capacity(4 + content.len());
        data.put_u32(u32::try_from(content.len()).unwrap_or(u32::MAX));
        data.put_slice(&content);
        Plan::data(data.freeze(), cdb.allocation_length(10, 4))
    }
}

/// The limits of EXTENDED COPY: identification descriptors, blocks to blocks, one copy at a time.
fn operating_parameters() -> BytesMut {
    const SNLID: u8 = 0x01;
    let number = |most: usize| u16::try_from(most).unwrap_or(u16::MAX);
    let length = |most: u64| u32::try_from(most).unwrap_or(u32::MAX);
    let mut data = BytesMut::new();
    data.put_slice(&[SNLID, 0, 0, 0]);
    data.put_u16(number(MOST_UNITS));
    data.put_u16(number(MOST_SEGMENTS));
    data.put_u32(length(MOST_LIST - 16));
    data.put_u32(length(MOST_MOVED));
    // No inline data, held data, or tapes.
    data.put_bytes(0, 14);
    data.put_u16(1);
    data.put_slice(&[1, 0, 0, 0, 0, 0, 0, 2, 0x02, 0xe4]);
    data
}
