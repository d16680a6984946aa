//! The table of operational keys (RFC 7143, 13), and the values of keys that a target sends before their stage.

use crate::error::ProtocolViolation;
use crate::key::{Key, Proposal, RFC3720, Rule, Value, is_reserved};
use crate::parameters::{CRC32C, NONE};

const SEGMENT: Rule = Rule::Declare { low: 512, high: 16_777_215 };
const BURST: Rule = Rule::Minimum { low: 512, high: 16_777_215 };
const COUNT: Rule = Rule::Minimum { low: 1, high: 65_535 };
const SECONDS_MINIMUM: Rule = Rule::Minimum { low: 0, high: 3600 };
const SECONDS_MAXIMUM: Rule = Rule::Maximum { low: 0, high: 3600 };
const LEVEL: Rule = Rule::Minimum { low: 0, high: 2 };

/// The keys of the operational stage, in the order in which they are sent.
pub(crate) static KEYS: [Key; 16] = [
    Key {
        name: "HeaderDigest",
        rule: Rule::List,
        default: Value::Choice(NONE),
        irrelevant_in_discovery: false,
        only_answered: false,
        proposal: |offer| Proposal::Choices(offer.header_digest.choices()),
        store: |parameters, value| parameters.digests.header = value == Value::Choice(CRC32C),
    },
    Key {
        name: "DataDigest",
        rule: Rule::List,
        default: Value::Choice(NONE),
        irrelevant_in_discovery: false,
        only_answered: false,
        proposal: |offer| Proposal::Choices(offer.data_digest.choices()),
        store: |parameters, value| parameters.digests.data = value == Value::Choice(CRC32C),
    },
    Key {
        name: "MaxConnections",
        rule: COUNT,
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        only_answered: false,
        proposal: |offer| Proposal::Number(offer.parameters.max_connections.into()),
        store: |parameters, value| parameters.max_connections = short(value),
    },
    Key {
        name: "InitialR2T",
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        only_answered: false,
        proposal: |offer| Proposal::Boolean(offer.parameters.initial_r2t),
        store: |parameters, value| parameters.initial_r2t = boolean(value),
    },
    Key {
        name: "ImmediateData",
        rule: Rule::And,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        only_answered: false,
        proposal: |offer| Proposal::Boolean(offer.parameters.immediate_data),
        store: |parameters, value| parameters.immediate_data = boolean(value),
    },
    Key {
        name: "MaxRecvDataSegmentLength",
        rule: SEGMENT,
        default: Value::Number(8192),
        irrelevant_in_discovery: false,
        only_answered: false,
        proposal: |offer| Proposal::Number(offer.parameters.max_recv_data_segment_length),
        store: |parameters, value| parameters.max_send_data_segment_length = number(value),
    },
    Key {
        name: "MaxBurstLength",
        rule: BURST,
        default: Value::Number(262_144),
        irrelevant_in_discovery: true,
        only_answered: false,
        proposal: |offer| Proposal::Number(offer.parameters.max_burst_length),
        store: |parameters, value| parameters.max_burst_length = number(value),
    },
    Key {
        name: "FirstBurstLength",
        rule: BURST,
        default: Value::Number(65_536),
        irrelevant_in_discovery: true,
        only_answered: false,
        proposal: |offer| Proposal::Number(offer.parameters.first_burst_length),
        store: |parameters, value| parameters.first_burst_length = number(value),
    },
    Key {
        name: "DefaultTime2Wait",
        rule: SECONDS_MAXIMUM,
        default: Value::Number(2),
        irrelevant_in_discovery: false,
        only_answered: false,
        proposal: |offer| Proposal::Number(offer.parameters.default_time2wait.into()),
        store: |parameters, value| parameters.default_time2wait = short(value),
    },
    Key {
        name: "DefaultTime2Retain",
        rule: SECONDS_MINIMUM,
        default: Value::Number(20),
        irrelevant_in_discovery: false,
        only_answered: false,
        proposal: |offer| Proposal::Number(offer.parameters.default_time2retain.into()),
        store: |parameters, value| parameters.default_time2retain = short(value),
    },
    Key {
        name: "MaxOutstandingR2T",
        rule: COUNT,
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        only_answered: false,
        proposal: |offer| Proposal::Number(offer.parameters.max_outstanding_r2t.into()),
        store: |parameters, value| parameters.max_outstanding_r2t = short(value),
    },
    Key {
        name: "DataPDUInOrder",
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        only_answered: false,
        proposal: |offer| Proposal::Boolean(offer.parameters.data_pdu_in_order),
        store: |parameters, value| parameters.data_pdu_in_order = boolean(value),
    },
    Key {
        name: "DataSequenceInOrder",
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        only_answered: false,
        proposal: |offer| Proposal::Boolean(offer.parameters.data_sequence_in_order),
        store: |parameters, value| parameters.data_sequence_in_order = boolean(value),
    },
    Key {
        name: "ErrorRecoveryLevel",
        rule: LEVEL,
        default: Value::Number(0),
        irrelevant_in_discovery: false,
        only_answered: false,
        proposal: |offer| Proposal::Number(offer.parameters.error_recovery_level.into()),
        store: |parameters, value| parameters.error_recovery_level = byte(value),
    },
    Key {
        name: "TaskReporting",
        rule: Rule::List,
        default: Value::Choice(RFC3720),
        irrelevant_in_discovery: true,
        only_answered: true,
        proposal: |_| Proposal::Choices(&[RFC3720]),
        store: |_, _| {},
    },
    Key {
        name: "iSCSIProtocolLevel",
        rule: Rule::Minimum { low: 0, high: 31 },
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        only_answered: true,
        proposal: |offer| Proposal::Number(offer.parameters.protocol_level.into()),
        store: |parameters, value| parameters.protocol_level = byte(value),
    },
];

/// Marker keys of RFC 3720, which are answered `Reject`, not `NotUnderstood` (NEG-23).
pub(crate) const OBSOLETE_KEYS: [&str; 4] = ["IFMarker", "OFMarker", "IFMarkInt", "OFMarkInt"];

const fn number(value: Value) -> u32 {
    match value {
        Value::Number(number) => number,
        Value::Boolean(_) | Value::Choice(_) => 0,
    }
}

/// The value as 16 bits: the ranges of the keys stored with it fit.
fn short(value: Value) -> u16 {
    u16::try_from(number(value)).unwrap_or(u16::MAX)
}

/// The value as 8 bits: the ranges of the keys stored with it fit.
fn byte(value: Value) -> u8 {
    u8::try_from(number(value)).unwrap_or(u8::MAX)
}

const fn boolean(value: Value) -> bool {
    matches!(value, Value::Boolean(true))
}

/// Values of operational keys that a target sent in the security stage (RFC 7143, 12), in the order of [`KEYS`].
///
/// They settle nothing, since every key is negotiated in the operational stage. But a target that does not answer there may
/// rely on the early value, so the result must not exceed it.
#[derive(Clone, Debug, Default)]
pub(crate) struct EarlyValues {
    /// Boxed because hardly any target sends one, and every step of a login moves them.
    values: Option<Box<[Option<Value>; KEYS.len()]>>,
}

impl EarlyValues {
    /// Takes a pair. Unknown keys and reserved words have no value.
    ///
    /// # Errors
    /// [`ProtocolViolation`] for a value outside the range of its key, or one that contradicts an earlier one.
    pub(crate) fn take(&mut self, name: &str, text: &str) -> Result<(), ProtocolViolation> {
        let Some(at) = KEYS.iter().position(|key| key.name == name) else { return Ok(()) };
        let early = self.values.get_or_insert_default().get_mut(at);
        if let (Some(key), Some(early), false) = (KEYS.get(at), early, is_reserved(text)) {
            *early = match *early {
                Some(early) => Some(key.repeated(early, text)?),
                None => key.read(text)?,
            };
        }
        Ok(())
    }

    /// Limits the result of a key that the operational stage did not settle.
    ///
    /// # Errors
    /// [`ProtocolViolation::Rule`] for a digest that differs from the early one.
    pub(crate) fn limit(&self, key: &Key, result: Value) -> Result<Value, ProtocolViolation> {
        let values = self.values.as_deref().into_iter().flatten();
        let early = KEYS.iter().zip(values).find(|(known, _)| known.name == key.name);
        match early.and_then(|(_, early)| *early) {
            None => Ok(result),
            Some(early) => key
                .safer(result, early)
                .ok_or_else(|| key.breaks("the value that was sent in the security stage")),
        }
    }
}
