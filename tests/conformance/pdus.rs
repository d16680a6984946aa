//! Every PDU by list: round trip, truncation at every length, reserved bits.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{
    AdditionalHeaders, AsyncEvent, AsyncMessage, Bhs, DataIn, DataOut, Decoder, Digests, InitiatorPdu,
    InitiatorTaskTag, Isid, LoginRequest, LoginResponse, LoginStatus, LogoutReason, LogoutRequest,
    LogoutResponse, LogoutResponseCode, Lun, NopIn, NopOut, R2t, RawPdu, Reject, RejectReason, ScsiCommand,
    ScsiResponse, ScsiResponseCode, ScsiStatus, SerialNumber, Snack, SnackType, Stage, TargetNumbers,
    TargetPdu, TargetTransferTag, TaskAttribute, TaskManagementFunction, TaskManagementRequest,
    TaskManagementResponse, TaskManagementResponseCode, TextRequest, TextResponse, WirePdu,
};

const LUN: Lun = Lun([1, 2, 3, 4, 5, 6, 7, 8]);
const ITT: InitiatorTaskTag = InitiatorTaskTag(0x1122_3344);
const TTT: TargetTransferTag = TargetTransferTag(0x5566_7788);
const CMD_SN: SerialNumber = SerialNumber(0x99aa_bbcc);
const EXP_STAT_SN: SerialNumber = SerialNumber(0xddee_ff01);
const NUMBERS: TargetNumbers = TargetNumbers {
    stat_sn: SerialNumber(0x0102_0304),
    exp_cmd_sn: SerialNumber(0x0506_0708),
    max_cmd_sn: SerialNumber(0x090a_0b0c),
};

fn data(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// One of each, every field with octets of its own.
fn initiator_pdus() -> Vec<InitiatorPdu> {
    let (lun, itt, ttt, cmd_sn, exp_stat_sn) = (LUN, ITT, TTT, CMD_SN, EXP_STAT_SN);
    vec![
        InitiatorPdu::NopOut(NopOut {
            immediate: true,
            lun,
            itt,
            ttt,
            cmd_sn,
            exp_stat_sn,
            data: data("ping!"),
        }),
        InitiatorPdu::ScsiCommand(ScsiCommand {
            immediate: false,
            is_final: true,
            read: true,
            write: true,
            attribute: TaskAttribute::ORDERED,
            priority: 9,
            lun,
            itt,
            expected_data_transfer_length: 0x0d0e_0f10,
            cmd_sn,
            exp_stat_sn,
            cdb: core::array::from_fn(|at| u8::try_from(at).unwrap()),
            additional_headers: AdditionalHeaders::extended_cdb(&[7; 17]).unwrap(),
            data: data("immediate"),
        }),
        InitiatorPdu::TaskManagementRequest(TaskManagementRequest {
            immediate: true,
            function: TaskManagementFunction::ABORT_TASK,
            lun,
            itt,
            referenced_task_tag: InitiatorTaskTag(0x1112_1314),
            cmd_sn,
            exp_stat_sn,
            ref_cmd_sn: SerialNumber(0x2122_2324),
            exp_data_sn: SerialNumber(0x3132_3334),
        }),
        InitiatorPdu::LoginRequest(LoginRequest {
            transit: true,
            continues: false,
            current_stage: Stage::OPERATIONAL,
            next_stage: Stage::FULL_FEATURE,
            version_max: 1,
            version_min: 2,
            isid: Isid([1, 2, 3, 4, 5, 6]),
            tsih: 0x4142,
            itt,
            cid: 0x5152,
            cmd_sn,
            exp_stat_sn,
            text: data("A=1\0"),
        }),
        InitiatorPdu::TextRequest(TextRequest {
            immediate: true,
            is_final: true,
            continues: false,
            lun,
            itt,
            ttt,
            cmd_sn,
            exp_stat_sn,
            text: data("SendTargets=All\0"),
        }),
        InitiatorPdu::DataOut(DataOut {
            is_final: true,
            lun,
            itt,
            ttt,
            exp_stat_sn,
            data_sn: 0x6162_6364,
            buffer_offset: 0x7172_7374,
            data: data("12"),
        }),
        InitiatorPdu::LogoutRequest(LogoutRequest {
            immediate: true,
            reason: LogoutReason::REMOVE_CONNECTION_FOR_RECOVERY,
            itt,
            cid: 0x8182,
            cmd_sn,
            exp_stat_sn,
        }),
        InitiatorPdu::Snack(Snack {
            snack_type: SnackType::R_DATA,
            lun,
            itt,
            transfer_or_snack_tag: 0x9192_9394,
            exp_stat_sn,
            beg_run: 0xa1a2_a3a4,
            run_length: 0xb1b2_b3b4,
        }),
        InitiatorPdu::Vendor(RawPdu::with_data(Bhs::from_octets([0x1d; 48]), data("vendor"))),
    ]
}

fn target_pdus() -> Vec<TargetPdu> {
    let (lun, itt, ttt, numbers) = (LUN, ITT, TTT, NUMBERS);
    vec![
        TargetPdu::NopIn(NopIn { lun, itt, ttt, numbers, data: data("pong") }),
        TargetPdu::ScsiResponse(ScsiResponse {
            read_overflow: true,
            read_underflow: false,
            overflow: false,
            underflow: true,
            response: ScsiResponseCode::COMPLETED,
            status: ScsiStatus::CHECK_CONDITION,
            status_qualifier: 0x1011,
            itt,
            snack_tag: 0x1213_1415,
            numbers,
            exp_data_sn: SerialNumber(0x2021_2223),
            bidirectional_read_residual_count: 0x3031_3233,
            residual_count: 0x4041_4243,
            sense: data("sense"),
            response_data: data("more"),
        }),
        TargetPdu::TaskManagementResponse(TaskManagementResponse {
            response: TaskManagementResponseCode::FUNCTION_REJECTED,
            additional_information: [1, 2, 3],
            itt,
            numbers,
        }),
        TargetPdu::LoginResponse(LoginResponse {
            transit: false,
            continues: true,
            current_stage: Stage::SECURITY,
            next_stage: Stage::OPERATIONAL,
            version_max: 3,
            version_active: 4,
            isid: Isid([6, 5, 4, 3, 2, 1]),
            tsih: 0x5051,
            itt,
            numbers,
            status: LoginStatus::OUT_OF_RESOURCES,
            text: data("B=2\0"),
        }),
        TargetPdu::TextResponse(TextResponse {
            is_final: false,
            continues: true,
            lun,
            itt,
            ttt,
            numbers,
            text: data("C"),
        }),
        TargetPdu::DataIn(DataIn {
            is_final: true,
            acknowledge: true,
            overflow: true,
            underflow: false,
            has_status: true,
            status: ScsiStatus::CONDITION_MET,
            lun,
            itt,
            ttt,
            numbers,
            data_sn: 0x6061_6263,
            buffer_offset: 0x7071_7273,
            residual_count: 0x8081_8283,
            data: data("read"),
        }),
        TargetPdu::LogoutResponse(LogoutResponse {
            response: LogoutResponseCode::CLEANUP_FAILED,
            itt,
            numbers,
            time2wait: 0x9091,
            time2retain: 0x9293,
        }),
        TargetPdu::R2t(R2t {
            lun,
            itt,
            ttt,
            numbers,
            r2t_sn: 0xa0a1_a2a3,
            buffer_offset: 0xb0b1_b2b3,
            desired_data_transfer_length: 0xc0c1_c2c3,
        }),
        TargetPdu::AsyncMessage(AsyncMessage {
            lun,
            numbers,
            event: AsyncEvent(250),
            vendor_code: 7,
            parameter1: 0xd0d1,
            parameter2: 0xd2d3,
            parameter3: 0xd4d5,
            sense: data("sense"),
            event_data: data("event"),
        }),
        TargetPdu::Reject(Reject {
            reason: RejectReason::LONG_OPERATION,
            numbers,
            data_sn: 0xe0e1_e2e3,
            data: data("bhs"),
        }),
        TargetPdu::Vendor(RawPdu::with_data(Bhs::from_octets([0x3d; 48]), data("vendor"))),
    ]
}

const DIGESTS: [Digests; 4] = [
    Digests { header: false, data: false },
    Digests { header: true, data: false },
    Digests { header: false, data: true },
    Digests { header: true, data: true },
];

fn decoder(digests: Digests) -> Decoder {
    let mut decoder = Decoder::new(8192);
    decoder.set_full_feature(digests, 8192);
    decoder
}

/// The raw PDU as a peer gets it, lengths filled in.
fn over_the_wire(raw: RawPdu, digests: Digests) -> RawPdu {
    let mut stream = BytesMut::new();
    WirePdu::new(raw, digests).unwrap().append_to(&mut stream);
    let received = decoder(digests).decode(&mut stream).unwrap().unwrap();
    assert!(stream.is_empty());
    received
}

/// PDU-01, PDU-07, PDU-08, DIG-01, DIG-11: what goes out comes in, with every combination of digests.
#[test]
fn pdu_01_round_trips() {
    for digests in DIGESTS {
        for pdu in initiator_pdus() {
            let received = InitiatorPdu::decode(over_the_wire(pdu.encode(), digests)).unwrap();
            match (&received, &pdu) {
                (InitiatorPdu::Vendor(received), InitiatorPdu::Vendor(sent)) => {
                    assert_eq!(received.data, sent.data);
                }
                _ => assert_eq!(received, pdu),
            }
        }
        for pdu in target_pdus() {
            let received = TargetPdu::decode(over_the_wire(pdu.encode(), digests)).unwrap();
            match (&received, &pdu) {
                (TargetPdu::Vendor(received), TargetPdu::Vendor(sent)) => {
                    assert_eq!(received.data, sent.data);
                }
                _ => assert_eq!(received, pdu),
            }
        }
    }
}

/// PDU-13: whatever pieces the stream comes in, nothing is read too early or too late.
#[test]
fn pdu_13_any_segmentation() {
    for digests in DIGESTS {
        let mut whole = BytesMut::new();
        for pdu in target_pdus() {
            WirePdu::new(pdu.encode(), digests).unwrap().append_to(&mut whole);
        }
        let (mut decoder, mut stream, mut received) = (decoder(digests), BytesMut::new(), 0);
        for octet in &whole {
            stream.extend_from_slice(&[*octet]);
            let wanted = decoder.octets_wanted(&stream);
            let pdu = decoder.decode(&mut stream).unwrap();
            assert!(pdu.is_none() || wanted == 0);
            received += usize::from(pdu.is_some());
        }
        assert_eq!(received, target_pdus().len());
        assert!(decoder.is_idle(&stream));
    }
}

/// Truncation at every length gives nothing, and never a panic.
#[test]
fn truncation_at_every_length() {
    for pdu in target_pdus() {
        let mut whole = BytesMut::new();
        WirePdu::new(pdu.encode(), DIGESTS[3]).unwrap().append_to(&mut whole);
        for length in 0..whole.len() {
            let mut cut = BytesMut::from(&whole[..length]);
            assert_eq!(decoder(DIGESTS[3]).decode(&mut cut), Ok(None));
        }
    }
}

/// Every single bit flipped: with digests nothing is accepted, without them nothing panics.
#[test]
fn every_bit_flipped() {
    for pdu in target_pdus() {
        let (mut plain, mut covered) = (BytesMut::new(), BytesMut::new());
        WirePdu::new(pdu.encode(), DIGESTS[0]).unwrap().append_to(&mut plain);
        WirePdu::new(pdu.encode(), DIGESTS[3]).unwrap().append_to(&mut covered);
        for bit in 0..covered.len() * 8 {
            let mut flipped = covered.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let decoded = decoder(DIGESTS[3]).decode(&mut flipped);
            assert!(!matches!(decoded, Ok(Some(_))), "bit {bit} of {pdu:?}");
        }
        for bit in 0..plain.len() * 8 {
            let mut flipped = plain.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(Some(raw)) = decoder(DIGESTS[0]).decode(&mut flipped) {
                let _ = TargetPdu::decode(raw.clone());
                let _ = InitiatorPdu::decode(raw);
            }
        }
    }
}

/// PDU-12: a length beyond the limit is refused from the header alone.
#[test]
fn pdu_12_too_long() {
    let mut header = [0; 48];
    (header[0], header[5], header[6], header[7]) = (0x20, 0xff, 0xff, 0xff);
    let mut stream = BytesMut::from(&header[..]);
    let error = Decoder::new(8192).decode(&mut stream).unwrap_err();
    assert_eq!(error.to_string(), "DataSegmentLength is 16777215 octets, the limit is 8192");
}

/// PDU-05, PDU-06: opcodes of the other side, unassigned ones, and headers that have no place.
#[test]
fn pdu_05_wrong_opcodes() {
    for pdu in initiator_pdus() {
        assert!(TargetPdu::decode(over_the_wire(pdu.encode(), DIGESTS[0])).is_err());
    }
    for pdu in target_pdus() {
        assert!(InitiatorPdu::decode(over_the_wire(pdu.encode(), DIGESTS[0])).is_err());
        if !matches!(pdu, TargetPdu::Vendor(_)) {
            let raw = RawPdu { ahs: Some(Bytes::from_static(&[0, 1, 1, 0])), ..pdu.encode() };
            assert!(TargetPdu::decode(over_the_wire(raw, DIGESTS[0])).is_err());
        }
    }
    assert!(TargetPdu::decode(RawPdu::header(Bhs::from_octets([0x2f; 48]))).is_err());
}

/// DIG-04: five octets of data are covered with their padding; an empty segment has no digest.
#[test]
fn dig_04_data_digest() {
    let pdu =
        NopIn { lun: LUN, itt: ITT, ttt: TTT, numbers: NUMBERS, data: Bytes::from_static(&[1, 2, 3, 4, 5]) };
    let mut stream = BytesMut::new();
    WirePdu::new(pdu.encode(), DIGESTS[2]).unwrap().append_to(&mut stream);
    assert_eq!(stream[48..], [1, 2, 3, 4, 5, 0, 0, 0, 0x1c, 0x78, 0x8c, 0x67]);
    let empty = WirePdu::new(NopIn { data: Bytes::new(), ..pdu }.encode(), DIGESTS[2]).unwrap();
    assert_eq!(empty.length(), 48);
}
