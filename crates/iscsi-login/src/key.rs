//! The operational keys: one table of names, rules, ranges and defaults (RFC 7143, 13).

use crate::key_rule::Rule;
use crate::value::{CRC32C, NONE, Proposal, RFC3720, Value};
use crate::{Offer, Parameters};

/// One operational key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) rule: Rule,
    /// In force when the key is not settled.
    pub(crate) default: Value,
    /// Not offered in a discovery session, and answered `Irrelevant` there (NEG-32).
    pub(crate) irrelevant_in_discovery: bool,
    /// Not offered at all, only answered: an extension of which no more than the default is implemented.
    pub(crate) only_answered: bool,
    pub(crate) wish: fn(&Offer) -> Proposal,
    pub(crate) store: fn(&mut Parameters, Value),
}

const SEGMENT: Rule = Rule::Declare { low: 512, high: 16_777_215 };
const BURST: Rule = Rule::Minimum { low: 512, high: 16_777_215 };
const COUNT: Rule = Rule::Minimum { low: 1, high: 65_535 };
const SECONDS_MINIMUM: Rule = Rule::Minimum { low: 0, high: 3600 };
const SECONDS_MAXIMUM: Rule = Rule::Maximum { low: 0, high: 3600 };
const LEVEL: Rule = Rule::Minimum { low: 0, high: 2 };

/// Every key that is negotiated in the operational stage, in the order it is sent.
pub(crate) static KEYS: [Key; 16] = [
    Key {
        name: "HeaderDigest",
        rule: Rule::List,
        default: Value::Choice(NONE),
        irrelevant_in_discovery: false,
        only_answered: false,
        wish: |offer| Proposal::Choices(offer.header_digest.choices()),
        store: |parameters, value| parameters.digests.header = value == Value::Choice(CRC32C),
    },
    Key {
        name: "DataDigest",
        rule: Rule::List,
        default: Value::Choice(NONE),
        irrelevant_in_discovery: false,
        only_answered: false,
        wish: |offer| Proposal::Choices(offer.data_digest.choices()),
        store: |parameters, value| parameters.digests.data = value == Value::Choice(CRC32C),
    },
    Key {
        name: "MaxConnections",
        rule: COUNT,
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        only_answered: false,
        wish: |offer| Proposal::Number(offer.parameters.max_connections.into()),
        store: |parameters, value| parameters.max_connections = short(value),
    },
    Key {
        name: "InitialR2T",
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        only_answered: false,
        wish: |offer| Proposal::Boolean(offer.parameters.initial_r2t),
        store: |parameters, value| parameters.initial_r2t = boolean(value),
    },
    Key {
        name: "ImmediateData",
        rule: Rule::And,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        only_answered: false,
        wish: |offer| Proposal::Boolean(offer.parameters.immediate_data),
        store: |parameters, value| parameters.immediate_data = boolean(value),
    },
    Key {
        name: "MaxRecvDataSegmentLength",
        rule: SEGMENT,
        default: Value::Number(8192),
        irrelevant_in_discovery: false,
        only_answered: false,
        wish: |offer| Proposal::Number(offer.parameters.max_recv_data_segment_length),
        store: |parameters, value| parameters.max_send_data_segment_length = number(value),
    },
    Key {
        name: "MaxBurstLength",
        rule: BURST,
        default: Value::Number(262_144),
        irrelevant_in_discovery: true,
        only_answered: false,
        wish: |offer| Proposal::Number(offer.parameters.max_burst_length),
        store: |parameters, value| parameters.max_burst_length = number(value),
    },
    Key {
        name: "FirstBurstLength",
        rule: BURST,
        default: Value::Number(65_536),
        irrelevant_in_discovery: true,
        only_answered: false,
        wish: |offer| Proposal::Number(offer.parameters.first_burst_length),
        store: |parameters, value| parameters.first_burst_length = number(value),
    },
    Key {
        name: "DefaultTime2Wait",
        rule: SECONDS_MAXIMUM,
        default: Value::Number(2),
        irrelevant_in_discovery: false,
        only_answered: false,
        wish: |offer| Proposal::Number(offer.parameters.default_time2wait.into()),
        store: |parameters, value| parameters.default_time2wait = short(value),
    },
    Key {
        name: "DefaultTime2Retain",
        rule: SECONDS_MINIMUM,
        default: Value::Number(20),
        irrelevant_in_discovery: false,
        only_answered: false,
        wish: |offer| Proposal::Number(offer.parameters.default_time2retain.into()),
        store: |parameters, value| parameters.default_time2retain = short(value),
    },
    Key {
        name: "MaxOutstandingR2T",
        rule: COUNT,
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        only_answered: false,
        wish: |offer| Proposal::Number(offer.parameters.max_outstanding_r2t.into()),
        store: |parameters, value| parameters.max_outstanding_r2t = short(value),
    },
    Key {
        name: "DataPDUInOrder",
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        only_answered: false,
        wish: |offer| Proposal::Boolean(offer.parameters.data_pdu_in_order),
        store: |parameters, value| parameters.data_pdu_in_order = boolean(value),
    },
    Key {
        name: "DataSequenceInOrder",
        rule: Rule::Or,
        default: Value::Boolean(true),
        irrelevant_in_discovery: true,
        only_answered: false,
        wish: |offer| Proposal::Boolean(offer.parameters.data_sequence_in_order),
        store: |parameters, value| parameters.data_sequence_in_order = boolean(value),
    },
    Key {
        name: "ErrorRecoveryLevel",
        rule: LEVEL,
        default: Value::Number(0),
        irrelevant_in_discovery: false,
        only_answered: false,
        wish: |offer| Proposal::Number(offer.parameters.error_recovery_level.into()),
        store: |parameters, value| parameters.error_recovery_level = byte(value),
    },
    Key {
        name: "TaskReporting",
        rule: Rule::List,
        default: Value::Choice(RFC3720),
        irrelevant_in_discovery: true,
        only_answered: true,
        wish: |_| Proposal::Choices(&[RFC3720]),
        store: |_, _| {},
    },
    Key {
        name: "iSCSIProtocolLevel",
        rule: Rule::Minimum { low: 0, high: 31 },
        default: Value::Number(1),
        irrelevant_in_discovery: true,
        only_answered: true,
        wish: |offer| Proposal::Number(offer.parameters.protocol_level.into()),
        store: |parameters, value| parameters.protocol_level = byte(value),
    },
];

/// Marker keys of RFC 3720: rejected, never `NotUnderstood` (NEG-23).
pub(crate) const OBSOLETE_KEYS: [&str; 4] = ["IFMarker", "OFMarker", "IFMarkInt", "OFMarkInt"];

const fn number(value: Value) -> u32 {
    match value {
        Value::Number(number) => number,
        Value::Boolean(_) | Value::Choice(_) => 0,
    }
}

/// Every key stored by this has a range within 16 bits.
fn short(value: Value) -> u16 {
    u16::try_from(number(value)).unwrap_or(u16::MAX)
}

/// Every key stored by this has a range within 8 bits.
fn byte(value: Value) -> u8 {
    u8::try_from(number(value)).unwrap_or(u8::MAX)
}

const fn boolean(value: Value) -> bool {
    matches!(value, Value::Boolean(true))
}
