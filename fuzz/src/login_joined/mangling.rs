//! Damage to PDUs on the wire, and its effects on the texts that arrive.

use arbitrary::{Result, Unstructured};
use bytes::{Bytes, BytesMut};
use iscsi_pdu::{Decoder, Digests, EncodedPdu, RawPdu, TextKeys, decode_binary};

/// The most bytes that are damaged.
const MAX_DAMAGES: u8 = 6;

/// The most bytes of a challenge or response.
const MAX_BINARY: usize = 1024;

/// A byte to change: the PDU, the place in it, and the bits.
struct Damage {
    pdu: u8,
    at: u16,
    change: u8,
}

/// All damage of a login, and its effects.
pub(super) struct Mangling {
    damages: Vec<Damage>,
    pdus: u8,
    hits: u32,
    /// The initiator's response, or the challenge that it answers, did not arrive as sent.
    pub(super) initiator_response: bool,
    /// The target's response, or the challenge that it answers, did not arrive as sent.
    pub(super) target_response: bool,
    /// A text of the operational stage did not arrive as sent.
    pub(super) parameters: bool,
}

/// The sender and stage of a PDU, on which the effect of damage depends.
#[derive(Clone, Copy)]
pub(super) struct PduKind {
    pub(super) by_initiator: bool,
    pub(super) operational: bool,
}

impl Mangling {
    pub(super) fn draw(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let count = bytes.int_in_range(0..=MAX_DAMAGES)?;
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
            initiator_response: false,
            target_response: false,
            parameters: false,
        })
    }

    /// Whether no byte of any PDU was changed.
    pub(super) const fn is_harmless(&self) -> bool {
        self.hits == 0
    }

    /// The PDU as it arrives; `None` if it does not arrive.
    pub(super) fn carry(&mut self, sent: RawPdu, kind: PduKind) -> Option<RawPdu> {
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
            self.note(&text, &arrived.data, kind);
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

    fn note(&mut self, sent: &Bytes, arrived: &Bytes, kind: PduKind) {
        self.parameters |= kind.operational && sent != arrived;
        let differs = |keys: &[&str]| keys.iter().any(|key| value(sent, key) != value(arrived, key));
        // A response authenticates its sender; identifier and challenge belong to the response of the other side.
        let (response, challenge) = (differs(&["CHAP_R"]), differs(&["CHAP_I", "CHAP_C"]));
        let (initiators, targets) = (&mut self.initiator_response, &mut self.target_response);
        let (own, other) = if kind.by_initiator { (initiators, targets) } else { (targets, initiators) };
        *own |= response;
        *other |= challenge;
    }
}

/// The decoded value of a CHAP key: one value has several notations.
fn value(text: &[u8], key: &str) -> Option<Vec<u8>> {
    let pairs = TextKeys::parse(text).ok()?;
    let value = pairs.get(key)?;
    if key == "CHAP_I" {
        return iscsi_pdu::parse_number(value).ok().map(|number| number.to_be_bytes().to_vec());
    }
    decode_binary(value, MAX_BINARY).ok()
}
