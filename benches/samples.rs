//! Sample PDUs and texts.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{
    DataIn, Digests, EncodedPdu, InitiatorTaskTag, Lun, ScsiStatus, SequenceNumbers, SerialNumber,
    TargetTransferTag,
};

const NUMBERS: SequenceNumbers =
    SequenceNumbers { stat_sn: SerialNumber(1), exp_cmd_sn: SerialNumber(1), max_cmd_sn: SerialNumber(128) };

/// A Data-In PDU in the midst of a read, its status still to come.
#[must_use]
pub const fn data_in(data_sn: u32, data: Bytes) -> DataIn {
    DataIn {
        is_final: true,
        acknowledge: false,
        overflow: false,
        underflow: false,
        has_status: false,
        status: ScsiStatus::GOOD,
        lun: Lun::ZERO,
        itt: InitiatorTaskTag(1),
        ttt: TargetTransferTag::RESERVED,
        numbers: NUMBERS,
        data_sn,
        buffer_offset: data_sn * 4096,
        residual_count: 0,
        data,
    }
}

/// A stream of `count` Data-In PDUs of 4 KiB each.
///
/// # Panics
/// Never: 4 KiB fit a PDU.
#[must_use]
#[allow(clippy::expect_used, reason = "4 KiB fit a PDU")]
pub fn data_in_stream(count: u32, digests: Digests) -> BytesMut {
    let mut stream = BytesMut::new();
    for data_sn in 0..count {
        let pdu = data_in(data_sn, Bytes::from_static(&[0x5a; 4096]));
        EncodedPdu::new(pdu.encode(), digests).expect("4 KiB fit a PDU").append_to(&mut stream);
    }
    stream
}

/// The keys of an operational login request.
#[must_use]
pub const fn login_text() -> &'static [u8] {
    b"HeaderDigest=None\0DataDigest=None\0MaxConnections=1\0InitialR2T=No\0ImmediateData=Yes\0\
      MaxRecvDataSegmentLength=262144\0MaxBurstLength=1048576\0FirstBurstLength=262144\0DefaultTime2Wait=2\0\
      DefaultTime2Retain=20\0MaxOutstandingR2T=1\0DataPDUInOrder=Yes\0DataSequenceInOrder=Yes\0ErrorRecoveryLevel=0\0"
}
