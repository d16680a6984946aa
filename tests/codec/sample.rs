//! Sample PDUs of both directions, their encoding and their decoding.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{
    Bhs, Decoder, Digests, EncodedPdu, Error, InitiatorPdu, InitiatorTaskTag, Lun, RawPdu, SequenceNumbers,
    SerialNumber, TargetPdu, TargetTransferTag,
};

use crate::initiator_samples::initiator_pdus;
use crate::initiator_variants::initiator_variants;
use crate::target_samples::target_pdus;
use crate::target_variants::target_variants;

pub(crate) const LUN: Lun = Lun([0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8]);
pub(crate) const ITT: InitiatorTaskTag = InitiatorTaskTag(0x1122_3344);
pub(crate) const TTT: TargetTransferTag = TargetTransferTag(0x5566_7788);
pub(crate) const CMD_SN: SerialNumber = SerialNumber(0x99aa_bbcc);
pub(crate) const EXP_STAT_SN: SerialNumber = SerialNumber(0xddee_ff01);
pub(crate) const NUMBERS: SequenceNumbers = SequenceNumbers {
    stat_sn: SerialNumber(0x0102_0304),
    exp_cmd_sn: SerialNumber(0x0506_0708),
    max_cmd_sn: SerialNumber(0x090a_0b0c),
};

pub(crate) const OFF: Digests = Digests { header: false, data: false };
pub(crate) const ON: Digests = Digests { header: true, data: true };

/// Every combination of digests.
pub(crate) const DIGESTS: [Digests; 4] =
    [OFF, Digests { header: true, data: false }, Digests { header: false, data: true }, ON];

pub(crate) fn data(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// A PDU of either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnyPdu {
    Initiator(InitiatorPdu),
    Target(TargetPdu),
}

impl AnyPdu {
    pub(crate) fn encode(&self) -> RawPdu {
        match self {
            Self::Initiator(pdu) => pdu.encode(),
            Self::Target(pdu) => pdu.encode(),
        }
    }

    /// Decodes as a PDU of the same direction.
    pub(crate) fn decode_alike(&self, raw: RawPdu) -> Result<Self, Error> {
        match self {
            Self::Initiator(_) => InitiatorPdu::decode(raw).map(Self::Initiator),
            Self::Target(_) => TargetPdu::decode(raw).map(Self::Target),
        }
    }

    /// Returns the bytes from the header to the last digest.
    pub(crate) fn bytes(&self, digests: Digests) -> BytesMut {
        bytes(self.encode(), digests)
    }

    /// Returns the PDU with its lengths filled in, which only a vendor-specific PDU exposes.
    fn as_received(&self) -> Self {
        match self {
            Self::Initiator(InitiatorPdu::Vendor(raw)) => {
                Self::Initiator(InitiatorPdu::Vendor(measured(raw)))
            }
            Self::Target(TargetPdu::Vendor(raw)) => Self::Target(TargetPdu::Vendor(measured(raw))),
            other => other.clone(),
        }
    }
}

/// Returns the samples of both directions: one of each kind, then the variants.
pub(crate) fn samples() -> Vec<AnyPdu> {
    let initiators = initiator_pdus().into_iter().map(AnyPdu::Initiator);
    let samples =
        initiators.chain(target_pdus().into_iter().map(AnyPdu::Target)).map(|pdu| pdu.as_received());
    samples.chain(variants().into_iter().map(|(pdu, ..)| pdu)).collect()
}

/// Returns the variants of both directions, their headers in twelve words, and the bytes after the headers.
pub(crate) fn variants() -> Vec<(AnyPdu, &'static str, &'static [u8])> {
    let initiators =
        initiator_variants().into_iter().map(|(pdu, header, rest)| (AnyPdu::Initiator(pdu), header, rest));
    let targets =
        target_variants().into_iter().map(|(pdu, header, rest)| (AnyPdu::Target(pdu), header, rest));
    initiators.chain(targets).collect()
}

fn measured(raw: &RawPdu) -> RawPdu {
    let mut header = *raw.bhs.as_bytes();
    header[4] = 0;
    header[5..8].copy_from_slice(&u32::try_from(raw.data.len()).unwrap().to_be_bytes()[1..]);
    RawPdu { bhs: Bhs::from_bytes(header), ..raw.clone() }
}

pub(crate) fn bytes(raw: RawPdu, digests: Digests) -> BytesMut {
    let mut stream = BytesMut::new();
    EncodedPdu::new(raw, digests).unwrap().append_to(&mut stream);
    stream
}

/// Returns a decoder in full feature phase that accepts segments of 8192 bytes.
pub(crate) fn decoder(digests: Digests) -> Decoder {
    let mut decoder = Decoder::new(8192);
    decoder.set_full_feature(digests, 8192);
    decoder
}

/// Returns the PDU as a peer receives it.
pub(crate) fn over_the_wire(raw: RawPdu, digests: Digests) -> RawPdu {
    received(bytes(raw, digests), digests)
}

/// Returns the only PDU in these bytes.
pub(crate) fn received(mut bytes: BytesMut, digests: Digests) -> RawPdu {
    let received = decoder(digests).decode(&mut bytes).unwrap().unwrap();
    assert!(bytes.is_empty());
    received
}
