//! Damage on the wire, and the values that it affects.

use arbitrary::{Result, Unstructured};
use bytes::{Bytes, BytesMut};
use iscsi_pdu::{Decoder, Digests, EncodedPdu, RawPdu, TextKeys, decode_binary};

/// Largest number of damaged bytes.
const MOST: u8 = 6;

/// Length of the longest challenge or response in bytes.
const MAX_BINARY: usize = 1024;

/// A change of one byte: the PDU, the position in it, and the change.
struct Damage {
    pdu: u8,
    at: u16,
    change: u8,
}

/// All changes, and the values that they affected.
pub(super) struct Mangling {
    damages: Vec<Damage>,
    pdus: u8,
    hits: u32,
    /// The initiator's response or the target's challenge was changed.
    pub(super) initiators_proof: bool,
    /// The target's response or the initiator's challenge was changed.
    pub(super) targets_proof: bool,
    /// A text of the operational stage was changed.
    pub(super) parameters: bool,
}

/// The role of a PDU, which determines the effect of damage to it.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) by_initiator: bool,
    pub(super) operational: bool,
}

impl Mangling {
    pub(super) fn draw(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let count = bytes.int_in_range(0..=MOST)?;
        let mut damages = Vec::new();
        for _ in 0..count {
            damages.push(Damage {
                pdu: bytes.int_in_range(0..=31)?,
                at: bytes.int_in_range(0..=1023)?,
                change: bytes.arbitrary()?,
            });
        }
        Ok(Self {
            damages,
            pdus: 0,
            hits: 0,
            initiators_proof: false,
            targets_proof: false,
            parameters: false,
        })
    }

    /// Returns `true` if no byte of any PDU was changed.
    pub(super) const fn is_harmless(&self) -> bool {
        self.hits == 0
    }

    /// Returns the PDU as it arrives; `None` if it does not.
    pub(super) fn carry(&mut self, sent: RawPdu, load: Load) -> Option<RawPdu> {
        let text = sent.data.clone();
        let mut stream = BytesMut::new();
        EncodedPdu::new(sent, Digests::default()).expect("short enough").append_to(&mut stream);
        let whole = stream.clone();
        self.damage(&mut stream);
        let changed = whole != stream;
        self.hits += u32::from(changed);
        let mut decoder = Decoder::new(u32::try_from(stream.len()).expect("short enough"));
        let arrived = decoder.decode(&mut stream).ok()??;
        if changed {
            self.note(&text, &arrived.data, load);
        }
        stream.is_empty().then_some(arrived)
    }

    fn damage(&mut self, stream: &mut BytesMut) {
        for damage in self.damages.iter().filter(|damage| damage.pdu == self.pdus) {
            let at = usize::from(damage.at) % stream.len();
            stream[at] ^= damage.change;
        }
        self.pdus = self.pdus.saturating_add(1);
    }

    fn note(&mut self, sent: &Bytes, arrived: &Bytes, load: Load) {
        self.parameters |= load.operational && sent != arrived;
        let differs = |keys: &[&str]| keys.iter().any(|key| value(sent, key) != value(arrived, key));
        // A response authenticates its sender; identifier and challenge are for the authentication of the other side.
        let (response, challenge) = (differs(&["CHAP_R"]), differs(&["CHAP_I", "CHAP_C"]));
        let (initiators, targets) = (&mut self.initiators_proof, &mut self.targets_proof);
        let (own, other) = if load.by_initiator { (initiators, targets) } else { (targets, initiators) };
        *own |= response;
        *other |= challenge;
    }
}

/// Returns the value of a CHAP key as bytes, because one value has several encodings.
fn value(text: &[u8], key: &str) -> Option<Vec<u8>> {
    let pairs = TextKeys::parse(text).ok()?;
    let value = pairs.get(key)?;
    if key == "CHAP_I" {
        return iscsi_pdu::parse_number(value).ok().map(|number| number.to_be_bytes().to_vec());
    }
    decode_binary(value, MAX_BINARY).ok()
}
