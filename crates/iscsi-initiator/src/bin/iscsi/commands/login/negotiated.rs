//! The parameters of a session, in words.

use iscsi_initiator::Parameters;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Keys as RFC 7143 writes them, except that it has one name for the segment lengths of both directions. Lengths are in
/// bytes, times in seconds.
pub(super) struct Negotiated([(&'static str, Value); 16]);

impl Negotiated {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Self([
            ("HeaderDigest", digest(parameters.digests.header)),
            ("DataDigest", digest(parameters.digests.data)),
            ("MaxRecvDataSegmentLength", parameters.max_recv_data_segment_length.into()),
            ("MaxSendDataSegmentLength", parameters.max_send_data_segment_length.into()),
            ("MaxBurstLength", parameters.max_burst_length.into()),
            ("FirstBurstLength", parameters.first_burst_length.into()),
            ("InitialR2T", parameters.initial_r2t.into()),
            ("ImmediateData", parameters.immediate_data.into()),
            ("MaxOutstandingR2T", parameters.max_outstanding_r2t.into()),
            ("MaxConnections", parameters.max_connections.into()),
            ("DataPDUInOrder", parameters.data_pdu_in_order.into()),
            ("DataSequenceInOrder", parameters.data_sequence_in_order.into()),
            ("DefaultTime2Wait", parameters.default_time2wait.into()),
            ("DefaultTime2Retain", parameters.default_time2retain.into()),
            ("ErrorRecoveryLevel", parameters.error_recovery_level.into()),
            ("iSCSIProtocolLevel", parameters.protocol_level.into()),
        ])
    }

    /// Keys with values as they stand on the wire.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.0.iter().map(|(key, value)| (*key, text(value)))
    }
}

impl Serialize for Negotiated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

fn digest(negotiated: bool) -> Value {
    if negotiated { "CRC32C" } else { "None" }.into()
}

fn text(value: &Value) -> String {
    match value {
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
