//! What RFC 7143 allows: the dissector takes nothing else for iSCSI.
//!
//! Fields that have a range of values get one of it, chosen by the random value that was there.

use bytes::Bytes;
use iscsi_pdu::{
    AdditionalHeader, AdditionalHeaders, AhsType, AsyncMessage, DataIn, InitiatorPdu, InitiatorTaskTag,
    LoginRequest, LoginResponse, LoginStatus, LogoutReason, LogoutResponseCode, Lun, RejectReason,
    ScsiResponse, ScsiResponseCode, ScsiStatus, SnackType, Stage, TargetPdu, TaskAttribute,
    TaskManagementFunction, TaskManagementResponseCode, TextWriter,
};

use crate::judged::Judged;

/// The PDU with every field in its range.
pub(crate) fn valid(pdu: Judged) -> Judged {
    match pdu {
        Judged::Initiator(pdu) => Judged::Initiator(initiator(pdu)),
        Judged::Target(pdu) => Judged::Target(target(pdu)),
    }
}

fn pick<const N: usize>(random: u8, from: [u8; N]) -> u8 {
    from[usize::from(random) % N]
}

/// One level, by peripheral or flat addressing.
fn lun(random: Lun) -> Lun {
    Lun::from_number(u16::from_be_bytes([random.0[0] & 0x3f, random.0[1]])).unwrap()
}

/// Pairs made of random octets; their number is random too.
fn text(random: &Bytes) -> Bytes {
    let pairs = random.chunks(24).take(usize::from(random.first().copied().unwrap_or(0) % 5));
    let text = pairs.enumerate().fold(TextWriter::new(), |text, (at, octets)| {
        text.pair(&format!("X-com.example.Key{at}"), hex::encode_upper(octets))
    });
    text.finish().unwrap()
}

fn stages(transit: bool, random: Stage) -> (Stage, Stage) {
    match (transit, random.0 & 1) {
        (true, 0) => (Stage::SECURITY, Stage::OPERATIONAL),
        (true, _) => (Stage::OPERATIONAL, Stage::FULL_FEATURE),
        (false, stage) => (Stage(stage), Stage(0)),
    }
}

fn initiator(pdu: InitiatorPdu) -> InitiatorPdu {
    match pdu {
        InitiatorPdu::NopOut(mut pdu) => {
            pdu.lun = lun(pdu.lun);
            InitiatorPdu::NopOut(pdu)
        }
        InitiatorPdu::ScsiCommand(mut pdu) => {
            pdu.lun = lun(pdu.lun);
            pdu.priority = 0;
            pdu.additional_headers = additional_headers(&pdu.additional_headers);
            pdu.attribute = TaskAttribute(pdu.attribute.0 % 5);
            // Data travel with a write only, and only a write may have more to come.
            pdu.is_final |= !pdu.write;
            pdu.data.truncate(if pdu.write { usize::MAX } else { 0 });
            pdu.expected_data_transfer_length *= u32::from(pdu.read || pdu.write);
            // A vendor's command: the dissector of SCSI reads no further.
            pdu.cdb[0] |= 0xc0;
            InitiatorPdu::ScsiCommand(pdu)
        }
        InitiatorPdu::TaskManagementRequest(mut pdu) => {
            pdu.lun = lun(pdu.lun);
            pdu.function = TaskManagementFunction(pdu.function.0 % 8 + 1);
            InitiatorPdu::TaskManagementRequest(pdu)
        }
        InitiatorPdu::LoginRequest(pdu) => InitiatorPdu::LoginRequest(login_request(pdu)),
        InitiatorPdu::TextRequest(mut pdu) => {
            (pdu.lun, pdu.text) = (lun(pdu.lun), text(&pdu.text));
            pdu.continues = !pdu.is_final;
            InitiatorPdu::TextRequest(pdu)
        }
        InitiatorPdu::DataOut(mut pdu) => {
            pdu.lun = lun(pdu.lun);
            InitiatorPdu::DataOut(pdu)
        }
        InitiatorPdu::LogoutRequest(mut pdu) => {
            pdu.reason = LogoutReason(pdu.reason.0 % 3);
            InitiatorPdu::LogoutRequest(pdu)
        }
        InitiatorPdu::Snack(mut pdu) => {
            (pdu.lun, pdu.snack_type) = (lun(pdu.lun), SnackType(pdu.snack_type.0 % 4));
            if matches!(pdu.snack_type, SnackType::STATUS | SnackType::DATA_ACK) {
                pdu.itt = InitiatorTaskTag::RESERVED;
            }
            InitiatorPdu::Snack(pdu)
        }
        vendor => vendor,
    }
}

/// A bidirectional read length has four octets behind its reserved one (11.2.2.4).
fn additional_headers(random: &AdditionalHeaders) -> AdditionalHeaders {
    let with_length = |mut header: AdditionalHeader| {
        if header.ahs_type == AhsType::BIDIRECTIONAL_READ_LENGTH {
            header.body =
                Bytes::copy_from_slice(&[0, 1, 2, 3, u8::try_from(header.body.len() % 256).unwrap()]);
        }
        header
    };
    AdditionalHeaders::from_headers(&random.iter().map(with_length).collect::<Vec<_>>()).unwrap()
}

fn login_request(mut pdu: LoginRequest) -> LoginRequest {
    (pdu.version_max, pdu.version_min) = (0, 0);
    (pdu.current_stage, pdu.next_stage) = stages(pdu.transit, pdu.current_stage);
    pdu.continues &= !pdu.transit;
    pdu.text = text(&pdu.text);
    pdu
}

fn target(pdu: TargetPdu) -> TargetPdu {
    match pdu {
        TargetPdu::NopIn(mut pdu) => {
            pdu.lun = lun(pdu.lun);
            TargetPdu::NopIn(pdu)
        }
        TargetPdu::ScsiResponse(pdu) => TargetPdu::ScsiResponse(scsi_response(pdu)),
        TargetPdu::TaskManagementResponse(mut pdu) => {
            pdu.additional_information = [0; 3];
            pdu.response = TaskManagementResponseCode(pick(pdu.response.0, [0, 1, 2, 3, 4, 5, 6, 255]));
            TargetPdu::TaskManagementResponse(pdu)
        }
        TargetPdu::LoginResponse(pdu) => TargetPdu::LoginResponse(login_response(pdu)),
        TargetPdu::TextResponse(mut pdu) => {
            (pdu.lun, pdu.text) = (lun(pdu.lun), text(&pdu.text));
            pdu.continues = !pdu.is_final;
            TargetPdu::TextResponse(pdu)
        }
        TargetPdu::DataIn(pdu) => TargetPdu::DataIn(data_in(pdu)),
        TargetPdu::LogoutResponse(mut pdu) => {
            pdu.response = LogoutResponseCode(pdu.response.0 % 4);
            TargetPdu::LogoutResponse(pdu)
        }
        TargetPdu::R2t(mut pdu) => {
            pdu.lun = lun(pdu.lun);
            TargetPdu::R2t(pdu)
        }
        TargetPdu::AsyncMessage(pdu) => TargetPdu::AsyncMessage(async_message(pdu)),
        TargetPdu::Reject(mut pdu) => {
            pdu.reason = RejectReason(pick(pdu.reason.0, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
            pdu.data = rejected_header();
            TargetPdu::Reject(pdu)
        }
        vendor => vendor,
    }
}

fn status(random: ScsiStatus) -> ScsiStatus {
    ScsiStatus(pick(random.0, [0, 2, 4, 8, 0x18, 0x28, 0x30, 0x40]))
}

fn scsi_response(mut pdu: ScsiResponse) -> ScsiResponse {
    pdu.read_overflow &= !pdu.read_underflow;
    pdu.overflow &= !pdu.underflow;
    pdu.status_qualifier = 0;
    pdu.response = ScsiResponseCode(pdu.response.0 % 2);
    pdu.status = status(pdu.status);
    pdu.sense = sense(&pdu.sense);
    pdu
}

/// Fixed format, 18 octets, or none.
fn sense(random: &Bytes) -> Bytes {
    let mut sense = [0; 18];
    (sense[0], sense[7]) = (0x70, 10);
    match random.first() {
        None => Bytes::new(),
        Some(key) => {
            (sense[2], sense[12]) = (key & 0x0f, key % 0x40);
            Bytes::copy_from_slice(&sense)
        }
    }
}

/// A NOP-Out's.
fn rejected_header() -> Bytes {
    let mut header = [0; 48];
    (header[0], header[1]) = (0x40, 0x80);
    header[16..20].fill(0xff);
    header[20..24].fill(0xff);
    Bytes::copy_from_slice(&header)
}

fn login_response(mut pdu: LoginResponse) -> LoginResponse {
    (pdu.version_max, pdu.version_active) = (0, 0);
    (pdu.current_stage, pdu.next_stage) = stages(pdu.transit, pdu.current_stage);
    pdu.continues &= !pdu.transit;
    let [class, detail] = pdu.status.0.to_be_bytes();
    pdu.status = LoginStatus(u16::from_be_bytes([class % 4, detail % 3]));
    pdu.text = text(&pdu.text);
    pdu
}

fn data_in(mut pdu: DataIn) -> DataIn {
    pdu.lun = lun(pdu.lun);
    pdu.is_final |= pdu.has_status;
    pdu.overflow &= !pdu.underflow;
    pdu.status = if pdu.has_status { status(pdu.status) } else { ScsiStatus::GOOD };
    pdu
}

fn async_message(mut pdu: AsyncMessage) -> AsyncMessage {
    pdu.lun = lun(pdu.lun);
    pdu.event.0 = pick(pdu.event.0, [0, 1, 2, 3, 4, 255]);
    pdu.sense = if pdu.event.0 == 0 { sense(&pdu.sense) } else { Bytes::new() };
    pdu
}
