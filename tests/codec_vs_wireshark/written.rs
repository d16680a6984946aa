//! Samples written to a record, each with the number of its last frame.

use bytes::{Bytes, BytesMut};
use fastrand::Rng;
use iscsi_pdu::{BHS_LENGTH, Digests, EncodedPdu, InitiatorPdu, Opcode};

use crate::initiator_fields;
use crate::opening::opening;
use crate::record::Record;
use crate::samples::{Pairs, Sample};
use crate::shown::Shown;

const DIGEST_LENGTH: usize = 4;

/// A sample in a record.
pub(crate) struct Written {
    pub(crate) sample: Sample,
    /// The frame that completes it.
    pub(crate) frame: u64,
    /// Its bytes in the stream.
    pub(crate) bytes: Bytes,
    pub(crate) digests: Digests,
}

impl Written {
    /// Writes a sample as it is.
    pub(crate) fn new(record: &mut Record, sample: Sample, digests: Digests) -> Self {
        Self::damaged(record, sample, digests, |_| {})
    }

    /// Writes a sample after changing its bytes by `damage`.
    ///
    /// Login PDUs have no digests: these begin with the full feature phase (13.1).
    pub(crate) fn damaged(
        record: &mut Record,
        sample: Sample,
        digests: Digests,
        damage: impl FnOnce(&mut [u8]),
    ) -> Self {
        let login = matches!(sample.opcode(), Opcode::LOGIN_REQUEST | Opcode::LOGIN_RESPONSE);
        let digests = if login { Digests::default() } else { digests };
        let mut bytes = BytesMut::new();
        EncodedPdu::new(sample.encode(), digests).unwrap().append_to(&mut bytes);
        damage(&mut bytes);
        let frame = record.bytes(sample.sender(), &bytes);
        Self { sample, frame, bytes: bytes.freeze(), digests }
    }

    /// The values that the dissector is expected to show.
    pub(crate) fn shown(&self) -> Shown {
        let mut shown = Shown::default();
        let raw = self.sample.encode();
        shown.number("iscsi.opcode", raw.bhs.opcode().0);
        shown.number("iscsi.totalahslength", raw.ahs.as_ref().map_or(0, Bytes::len) as u64 / 4);
        shown.number("iscsi.datasegmentlength", raw.data.len() as u64);
        self.sample.fields(&mut shown);
        self.header_digest().inspect(|&digest| shown.number("iscsi.headerdigest32", digest));
        self.data_digest().inspect(|&digest| shown.number("iscsi.datadigest32", digest));
        if let Some(rejected) = &self.sample.rejected {
            show_rejected(&mut shown, rejected);
        }
        shown
    }

    /// The header digest, which the dissector validates.
    pub(crate) fn header_digest(&self) -> Option<u32> {
        let at = BHS_LENGTH + self.sample.encode().ahs.map_or(0, |ahs| ahs.len());
        self.digests.header.then(|| self.digest_at(at))
    }

    /// The data digest; empty data has none.
    pub(crate) fn data_digest(&self) -> Option<u32> {
        let has_one = self.digests.data && !self.sample.encode().data.is_empty();
        has_one.then(|| self.digest_at(self.bytes.len() - DIGEST_LENGTH))
    }

    fn digest_at(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.bytes[at..at + DIGEST_LENGTH].try_into().unwrap())
    }
}

fn show_rejected(shown: &mut Shown, rejected: &InitiatorPdu) {
    shown.number("iscsi.opcode", rejected.encode().bhs.opcode().0);
    shown.number("iscsi.totalahslength", 0_u8);
    shown.number("iscsi.datasegmentlength", 0_u8);
    initiator_fields::fields(shown, rejected, &Pairs::default());
}

/// A connection: a login that agrees on the digests, a ping, the samples.
///
/// The dissector takes the digests from the first PDU that can have them, which the ping is.
pub(crate) fn connection(record: &mut Record, digests: Digests, samples: Vec<Sample>) -> Vec<Written> {
    record.connect();
    opening(digests).into_iter().chain(samples).map(|sample| Written::new(record, sample, digests)).collect()
}

/// The four settings of the digests.
pub(crate) fn settings() -> impl Iterator<Item = Digests> {
    [false, true].into_iter().flat_map(|header| [false, true].map(|data| Digests { header, data }))
}

/// A connection for each setting, with so many samples of every opcode.
pub(crate) fn every_setting(record: &mut Record, count: usize, rng: &mut Rng) -> Vec<Written> {
    settings().flat_map(|digests| connection(record, digests, Sample::of_every_opcode(count, rng))).collect()
}
