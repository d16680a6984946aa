//! The table of operational keys (RFC 7143, 13), and the values of keys that a target sends before their stage.

use iscsi_pdu::TextKey;

use crate::error::ProtocolViolation;
use crate::key::{Key, Proposal, Rule, Value, is_reserved};
use crate::parameters::Choice;

const SEGMENT: Rule = Rule::Declare { low: 512, high: 16_777_215 };
const BURST: Rule = Rule::Minimum { low: 512, high: 16_777_215 };
const COUNT: Rule = Rule::Minimum { low: 1, high: 65_535 };
const SECONDS_MINIMUM: Rule = Rule::Minimum { low: 0, high: 3600 };
const SECONDS_MAXIMUM: Rule = Rule::Maximum { low: 0, high: 3600 };
const LEVEL: Rule = Rule::Minimum { low: 0, high: 2 };

/// The keys of the operational stage, in the order in which they are sent.
pub(crate) static KEYS: [Key; 16] = [
    Key {
        name: TextKey::new("HeaderDigest"),
        rule: Rule::List,
        default: Value::Choice(Choice::None),
        irrelevant_in_discovery: false,
        is_offered: |_| true,
        proposal: |offer| Proposal::Choices(offer.header_digest.choices()),
        store: |parameters, value| parameters.digests.header = value == Value::Choice(Choice::Crc32c),
    },
    Key {
        name: TextKey::new("DataDigest"),
        rule: Rule::List,
        default: Value::Choice(Choice::None),
        irrelevant_in_discovery: false,
        is_offered: |_| true,
        proposal: |offer| Proposal::Choices(offer.data_digest.choices()),
        store: |parameters, value| parameters.digests.data = value == Value::Choice(Choice::Crc32c),
    },
    Key {
        name: TextKey::new("MaxConnections"),
        rule: COUNT,
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        is_offered: |_| true,
        proposal: |offer| Proposal::Number(offer.parameters.max_connections.into()),
        store: |parameters, value| parameters.max_connections = short(value),
    },
    Key {
        name: TextKey::new("InitialR2T"),
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        is_offered: |_| true,
        proposal: |offer| Proposal::Boolean(offer.parameters.initial_r2t),
        store: |parameters, value| parameters.initial_r2t = boolean(value),
    },
    Key {
        name: TextKey::new("ImmediateData"),
        rule: Rule::And,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        is_offered: |_| true,
        proposal: |offer| Proposal::Boolean(offer.parameters.immediate_data),
        store: |parameters, value| parameters.immediate_data = boolean(value),
    },
    Key {
        name: TextKey::new("MaxRecvDataSegmentLength"),
        rule: SEGMENT,
        default: Value::Number(8192),
        irrelevant_in_discovery: false,
        is_offered: |_| true,
        proposal: |offer| Proposal::Number(offer.parameters.max_recv_data_segment_length),
        store: |parameters, value| parameters.max_send_data_segment_length = number(value),
    },
    Key {
        name: TextKey::new("MaxBurstLength"),
        rule: BURST,
        default: Value::Number(262_144),
        irrelevant_in_discovery: true,
        is_offered: |_| true,
        proposal: |offer| Proposal::Number(offer.parameters.max_burst_length),
        store: |parameters, value| parameters.max_burst_length = number(value),
    },
    Key {
        name: TextKey::new("FirstBurstLength"),
        rule: BURST,
        default: Value::Number(65_536),
        irrelevant_in_discovery: true,
        is_offered: |_| true,
        proposal: |offer| Proposal::Number(offer.parameters.first_burst_length),
        store: |parameters, value| parameters.first_burst_length = number(value),
    },
    Key {
        name: TextKey::new("DefaultTime2Wait"),
        rule: SECONDS_MAXIMUM,
        default: Value::Number(2),
        irrelevant_in_discovery: false,
        is_offered: |_| true,
        proposal: |offer| Proposal::Number(offer.parameters.default_time2wait.into()),
        store: |parameters, value| parameters.default_time2wait = short(value),
    },
    Key {
        name: TextKey::new("DefaultTime2Retain"),
        rule: SECONDS_MINIMUM,
        default: Value::Number(20),
        irrelevant_in_discovery: false,
        is_offered: |_| true,
        proposal: |offer| Proposal::Number(offer.parameters.default_time2retain.into()),
        store: |parameters, value| parameters.default_time2retain = short(value),
    },
    Key {
        name: TextKey::new("MaxOutstandingR2T"),
        rule: COUNT,
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        is_offered: |_| true,
        proposal: |offer| Proposal::Number(offer.parameters.max_outstanding_r2t.into()),
        store: |parameters, value| parameters.max_outstanding_r2t = short(value),
    },
    Key {
        name: TextKey::new("DataPDUInOrder"),
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        is_offered: |_| true,
        proposal: |offer| Proposal::Boolean(offer.parameters.data_pdu_in_order),
        store: |parameters, value| parameters.data_pdu_in_order = boolean(value),
    },
    Key {
        name: TextKey::new("DataSequenceInOrder"),
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        is_offered: |_| true,
        proposal: |offer| Proposal::Boolean(offer.parameters.data_sequence_in_order),
        store: |parameters, value| parameters.data_sequence_in_order = boolean(value),
    },
    Key {
        name: TextKey::new("ErrorRecoveryLevel"),
        rule: LEVEL,
        default: Value::Number(0),
        irrelevant_in_discovery: false,
        is_offered: |_| true,
        proposal: |offer| Proposal::Number(offer.parameters.error_recovery_level.into()),
        store: |parameters, value| parameters.error_recovery_level = byte(value),
    },
    Key {
        name: TextKey::new("TaskReporting"),
        rule: Rule::List,
        default: Value::Choice(Choice::Rfc3720),
        irrelevant_in_discovery: true,
        is_offered: |_| false,
        proposal: |_| Proposal::Choices(&[Choice::Rfc3720]),
        store: |_, _| {},
    },
    Key {
        name: TextKey::new("iSCSIProtocolLevel"),
        rule: Rule::Minimum { low: 0, high: 31 },
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        is_offered: |offer| offer.parameters.protocol_level > 1,
        proposal: |offer| Proposal::Number(offer.parameters.protocol_level.into()),
        store: |parameters, value| parameters.protocol_level = byte(value),
    },
];

/// The place of a key in [`KEYS`].
pub(crate) fn place(name: &str) -> Option<u8> {
    Some(match name {
        "HeaderDigest" => 0,
        "DataDigest" => 1,
        "MaxConnections" => 2,
        "InitialR2T" => 3,
        "ImmediateData" => 4,
        "MaxRecvDataSegmentLength" => 5,
        "MaxBurstLength" => 6,
        "FirstBurstLength" => 7,
        "DefaultTime2Wait" => 8,
        "DefaultTime2Retain" => 9,
        "MaxOutstandingR2T" => 10,
        "DataPDUInOrder" => 11,
        "DataSequenceInOrder" => 12,
        "ErrorRecoveryLevel" => 13,
        "TaskReporting" => 14,
        "iSCSIProtocolLevel" => 15,
        _ => return None,
    })
}

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
    /// Takes a value of the key at this place. Reserved words have no value.
    ///
    /// # Errors
    /// [`ProtocolViolation`] for a value outside the range of its key, or one that contradicts an earlier one.
    pub(crate) fn take(&mut self, place: u8, text: &str) -> Result<(), ProtocolViolation> {
        let at = usize::from(place);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_place() {
        for (at, key) in KEYS.iter().enumerate() {
            assert_eq!(place(key.name.as_str()).map(usize::from), Some(at));
        }
        assert_eq!(place("HeaderDigests"), None);
    }
}
