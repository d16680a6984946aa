//! The first PDUs of every connection: a login that negotiates the digests, and a ping.

use bytes::Bytes;
use iscsi_pdu::{
    Digests, InitiatorPdu, InitiatorTaskTag, Isid, LoginRequest, LoginResponse, LoginStatus, Lun, NopOut,
    SequenceNumbers, SerialNumber, Stage, TargetPdu, TargetTransferTag,
};

use crate::samples::{Pairs, Pdu, Sample};

const ISID: Isid = Isid::from_random([1, 2, 3], 4);

/// A login and a ping. The dissector detects the digests at the first PDU that can have them, which is the ping.
pub(crate) fn opening(digests: Digests) -> [Sample; 3] {
    [login_request(digests), login_response(digests), ping()]
}

fn digest_keys(digests: Digests) -> Pairs {
    let value = |digest| if digest { "CRC32C" } else { "None" };
    Pairs::of(&[("HeaderDigest", value(digests.header)), ("DataDigest", value(digests.data))])
}

fn login_request(digests: Digests) -> Sample {
    let pairs = digest_keys(digests);
    let pdu = InitiatorPdu::LoginRequest(LoginRequest {
        transit: true,
        continues: false,
        current_stage: Stage::OPERATIONAL,
        next_stage: Stage::FULL_FEATURE,
        version_max: 0,
        version_min: 0,
        isid: ISID,
        tsih: 0,
        itt: InitiatorTaskTag(1),
        cid: 1,
        cmd_sn: SerialNumber(1),
        exp_stat_sn: SerialNumber(0),
        text: pairs.written(),
    });
    Sample { pdu: Pdu::Initiator(pdu), pairs, rejected: None }
}

fn login_response(digests: Digests) -> Sample {
    let pairs = digest_keys(digests);
    let pdu = TargetPdu::LoginResponse(LoginResponse {
        transit: true,
        continues: false,
        current_stage: Stage::OPERATIONAL,
        next_stage: Stage::FULL_FEATURE,
        version_max: 0,
        version_active: 0,
        isid: ISID,
        tsih: 1,
        itt: InitiatorTaskTag(1),
        numbers: SequenceNumbers {
            stat_sn: SerialNumber(1),
            exp_cmd_sn: SerialNumber(1),
            max_cmd_sn: SerialNumber(32),
        },
        status: LoginStatus(0),
        text: pairs.written(),
    });
    Sample { pdu: Pdu::Target(pdu), pairs, rejected: None }
}

fn ping() -> Sample {
    let pdu = InitiatorPdu::NopOut(NopOut {
        immediate: true,
        lun: Lun::from_number(1).unwrap(),
        itt: InitiatorTaskTag(2),
        ttt: TargetTransferTag::RESERVED,
        cmd_sn: SerialNumber(1),
        exp_stat_sn: SerialNumber(2),
        data: Bytes::from_static(b"digests from here on"),
    });
    Sample { pdu: Pdu::Initiator(pdu), pairs: Pairs::default(), rejected: None }
}
