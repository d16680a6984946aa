//! The parameters that the two sides of a captured connection negotiated, read from the captured bytes.

use bytes::BytesMut;
use iscsi_pdu::{
    Decoder, Digests, LoginRequest, LoginResponse, RawPdu, Stage, TextAssembler, TextKeys, TextLimits,
};

use crate::connection::{Connection, Side};

/// `MaxRecvDataSegmentLength` during login, and of a side that declares none (RFC 7143, 13.12).
const DEFAULT_LIMIT: u32 = 8192;

/// The parameters for splitting the bytes of a connection into PDUs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agreement {
    /// Number of login requests, which is also the number of responses.
    pub(crate) rounds: usize,
    /// Digests in full feature phase.
    pub(crate) digests: Digests,
    initiator_takes: u32,
    target_takes: u32,
}

impl Agreement {
    /// Follows the login, request by response, until full feature phase or the end of the connection.
    pub(crate) fn of(connection: &Connection) -> Self {
        let mut halves = [Side::Initiator, Side::Target].map(|side| Half::new(connection.bytes(side)));
        let mut agreement = Self {
            rounds: 0,
            digests: Digests::default(),
            initiator_takes: DEFAULT_LIMIT,
            target_takes: DEFAULT_LIMIT,
        };
        let mut keys = Negotiation::default();
        let [initiator, target] = &mut halves;
        while let Some(raw) = initiator.next() {
            agreement.rounds += 1;
            let request = LoginRequest::decode(raw).unwrap();
            if let Some(text) = initiator.text.push(request.text, request.continues).unwrap() {
                keys.take(Side::Initiator, &text);
            }
            let Some(raw) = target.next() else { break };
            let response = LoginResponse::decode(raw).unwrap();
            if let Some(text) = target.text.push(response.text, response.continues).unwrap() {
                keys.take(Side::Target, &text);
            }
            if response.transit && response.next_stage == Stage::FULL_FEATURE && response.status.0 == 0 {
                agreement.digests = keys.digests();
                agreement.initiator_takes = keys.limit(Side::Initiator);
                agreement.target_takes = keys.limit(Side::Target);
                break;
            }
        }
        agreement
    }

    /// Returns the longest data segment that `side` may send in full feature phase, as the other side declared it.
    pub(crate) const fn limit(&self, side: Side) -> u32 {
        match side {
            Side::Initiator => self.target_takes,
            Side::Target => self.initiator_takes,
        }
    }
}

/// One side's part of the login.
struct Half {
    decoder: Decoder,
    stream: BytesMut,
    text: TextAssembler,
}

impl Half {
    fn new(bytes: &[u8]) -> Self {
        Self {
            decoder: Decoder::new(DEFAULT_LIMIT),
            stream: BytesMut::from(bytes),
            text: TextAssembler::new(TextLimits::default()),
        }
    }

    fn next(&mut self) -> Option<RawPdu> {
        self.decoder.decode(&mut self.stream).unwrap()
    }
}

/// The keys of both sides in the order in which they were sent.
#[derive(Default)]
struct Negotiation(Vec<(Side, String, String)>);

impl Negotiation {
    fn take(&mut self, side: Side, text: &[u8]) {
        let keys = TextKeys::parse(text).unwrap();
        self.0.extend(keys.iter().map(|(key, value)| (side, key.to_owned(), value.to_owned())));
    }

    /// Returns the first value sent by the side that did not offer the key (RFC 7143, 6.2.1). Some targets repeat the
    /// key.
    fn agreed(&self, wanted: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(_, key, _)| key == wanted);
        let (offerer, ..) = values.next()?;
        values.find(|(side, ..)| side != offerer).map(|(.., answer)| answer.as_str())
    }

    fn digests(&self) -> Digests {
        let on = |key| self.agreed(key) == Some("CRC32C");
        Digests { header: on("HeaderDigest"), data: on("DataDigest") }
    }

    /// Returns the value of a key that is declared, not negotiated.
    fn limit(&self, by: Side) -> u32 {
        let declared =
            |(side, key, _): &&(Side, String, String)| *side == by && key == "MaxRecvDataSegmentLength";
        self.0.iter().find(declared).map_or(DEFAULT_LIMIT, |(_, _, value)| value.parse().unwrap())
    }
}
