//! Random PDUs, a given number of each opcode, within the rules for their kind.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use fastrand::Rng;
use iscsi_pdu::{InitiatorPdu, Opcode, RawPdu, TargetPdu, TextWriter};

use crate::record::Sender;
use crate::shown::Shown;
use crate::{initiator_fields, initiator_rules, target_fields, target_rules};

/// All opcodes that RFC 7143 assigns or leaves to vendors (11.2.1.2).
pub(crate) const OPCODES: [u8; 24] = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x1c, 0x1d, 0x1e, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25,
    0x26, 0x31, 0x32, 0x3c, 0x3d, 0x3e, 0x3f,
];

/// A PDU of either direction.
#[derive(Clone, Debug)]
pub(crate) enum Pdu {
    Initiator(InitiatorPdu),
    Target(TargetPdu),
}

/// The key=value pairs of a login or text PDU, before encoding.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

/// A PDU and the values it was made of.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) pdu: Pdu,
    pub(crate) pairs: Pairs,
    /// The PDU that a Reject is about; the Reject carries its header.
    pub(crate) rejected: Option<InitiatorPdu>,
}

impl Sample {
    /// A random PDU of a random kind.
    pub(crate) fn any(rng: &mut Rng) -> Self {
        let pairs = Pairs::any(rng);
        if rng.bool() {
            return Self { pdu: Pdu::Initiator(any_initiator_pdu(rng, &pairs)), pairs, rejected: None };
        }
        let mut pdu = from_bytes(rng, iscsi_fuzz::any_target_pdu);
        target_rules::obey(&mut pdu, rng, &pairs);
        let rejected = matches!(pdu, TargetPdu::Reject(_)).then(|| any_header_only(rng));
        if let (TargetPdu::Reject(reject), Some(rejected)) = (&mut pdu, &rejected) {
            reject.data = rejected.encode().bhs.as_bytes().to_vec().into();
        }
        Self { pdu: Pdu::Target(pdu), pairs, rejected }
    }

    /// A random PDU of this opcode.
    pub(crate) fn any_of(opcode: u8, rng: &mut Rng) -> Self {
        std::iter::repeat_with(|| Self::any(rng)).find(|sample| sample.opcode() == Opcode(opcode)).unwrap()
    }

    /// This many samples of every opcode.
    pub(crate) fn of_every_opcode(count: usize, rng: &mut Rng) -> Vec<Self> {
        let mut samples = Vec::new();
        let mut missing: BTreeMap<u8, usize> = OPCODES.map(|opcode| (opcode, count)).into();
        while missing.values().any(|&missing| missing > 0) {
            let sample = Self::any(rng);
            let left = missing.get_mut(&sample.opcode().0).expect("an opcode of the list");
            if *left > 0 {
                *left -= 1;
                samples.push(sample);
            }
        }
        samples
    }

    pub(crate) fn sender(&self) -> Sender {
        match self.pdu {
            Pdu::Initiator(_) => Sender::Initiator,
            Pdu::Target(_) => Sender::Target,
        }
    }

    pub(crate) fn encode(&self) -> RawPdu {
        match &self.pdu {
            Pdu::Initiator(pdu) => pdu.encode(),
            Pdu::Target(pdu) => pdu.encode(),
        }
    }

    pub(crate) fn opcode(&self) -> Opcode {
        self.encode().bhs.opcode()
    }

    /// The fields of its kind.
    pub(crate) fn fields(&self, shown: &mut Shown) {
        match &self.pdu {
            Pdu::Initiator(pdu) => initiator_fields::fields(shown, pdu, &self.pairs),
            Pdu::Target(pdu) => target_fields::fields(shown, pdu, &self.pairs),
        }
    }
}

impl Pairs {
    fn any(rng: &mut Rng) -> Self {
        let pair = |rng: &mut Rng| (format!("X-org.example.{}", word(rng, 20)), word(rng, 60));
        let count = rng.usize(0..5);
        Self(std::iter::repeat_with(|| pair(rng)).take(count).collect())
    }

    /// Pairs with these keys and values.
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    /// The pairs as text, written by the codec under test.
    pub(crate) fn written(&self) -> bytes::Bytes {
        let pairs = self.0.iter();
        pairs.fold(TextWriter::new(), |text, (key, value)| text.pair(key, value)).finish().unwrap()
    }

    /// The pairs that were to be written, behind which `text` is padded.
    pub(crate) fn show(&self, shown: &mut Shown, text: &[u8]) {
        for (key, value) in &self.0 {
            shown.text("iscsi.keyvalue", format!("{key}={value}"));
        }
        shown.padding(text.len());
    }
}

fn any_initiator_pdu(rng: &mut Rng, pairs: &Pairs) -> InitiatorPdu {
    let mut pdu = from_bytes(rng, iscsi_fuzz::any_initiator_pdu);
    initiator_rules::obey(&mut pdu, rng, pairs);
    pdu
}

/// A Reject holds a header alone (11.17.4): here that of a PDU that is nothing else.
fn any_header_only(rng: &mut Rng) -> InitiatorPdu {
    let header_only = |pdu: &InitiatorPdu| {
        let raw = pdu.encode();
        raw.data.is_empty() && raw.ahs.is_none() && !matches!(pdu, InitiatorPdu::Vendor(_))
    };
    std::iter::repeat_with(|| any_initiator_pdu(rng, &Pairs::default())).find(header_only).unwrap()
}

/// Up to 60 characters that a text value can hold.
fn word(rng: &mut Rng, length: usize) -> String {
    let length = rng.usize(1..=length);
    std::iter::repeat_with(|| rng.alphanumeric()).take(length).collect()
}

fn from_bytes<Pdu>(
    rng: &mut Rng,
    generate: impl FnOnce(&mut Unstructured<'_>) -> arbitrary::Result<Pdu>,
) -> Pdu {
    let mut bytes = [0; 4096];
    rng.fill(&mut bytes);
    generate(&mut Unstructured::new(&bytes)).expect("bytes enough for any PDU")
}
