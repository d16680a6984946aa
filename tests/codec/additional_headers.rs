//! Additional headers (RFC 7143, 11.2.2): long CDBs, the read length of a bidirectional command, and bad lengths.

use bytes::Bytes;
use iscsi_pdu::{AdditionalHeaders, Error, InitiatorPdu, Opcode, ScsiCommand};

use crate::initiator_samples::initiator_pdus;
use crate::sample::{DIGESTS, over_the_wire};

fn decode(bytes: &'static [u8]) -> AdditionalHeaders {
    AdditionalHeaders::decode(Bytes::from_static(bytes)).unwrap()
}

/// CDBs of 16, 17, 18, 19, 20 and 32 bytes: the length includes the reserved byte but not the padding (11.2.2.3).
#[test]
fn pdu_14_lengths_of_extended_cdbs() {
    for (rest, length, words) in
        [(0, 1, 1), (1, 2, 2), (2, 3, 2), (3, 4, 2), (4, 5, 2), (5, 6, 3), (16, 17, 5)]
    {
        let headers = AdditionalHeaders::extended_cdb(&[0xcd; 16][..rest]).unwrap();
        let bytes = headers.as_bytes().unwrap();
        assert_eq!(bytes[..4], [0, length, 1, 0], "{rest} bytes more");
        assert_eq!(bytes.len(), words * 4);
        assert_eq!(bytes[4..4 + rest], [0xcd; 16][..rest]);
        assert!(bytes[4 + rest..].iter().all(|pad| *pad == 0));
        assert_eq!(headers.cdb_rest().unwrap(), [0xcd; 16][..rest]);
    }
}

/// `TotalAHSLength` counts words and includes the padding.
#[test]
fn pdu_14_pdu_15_both_in_one_command() {
    let bytes = b"\0\x05\x02\0\x10\x20\x30\x40\0\x03\x01\0\xa8\xa9\0\0";
    let InitiatorPdu::ScsiCommand(command) = initiator_pdus().swap_remove(1) else {
        panic!("a SCSI Command comes second")
    };
    let command = ScsiCommand { additional_headers: decode(bytes), ..command };
    for digests in DIGESTS {
        let raw = over_the_wire(command.encode(), digests);
        assert_eq!((raw.bhs.as_bytes()[4], raw.bhs.ahs_length()), (4, 16));
        let headers = ScsiCommand::decode(raw).unwrap().additional_headers;
        assert_eq!(headers.bidirectional_read_length(), Some(0x1020_3040));
        assert_eq!(headers.cdb_rest().unwrap(), [0xa8, 0xa9][..]);
    }
}

/// The byte after the type, the padding, and two bits of the type (11.2.2.1 to 11.2.2.4).
#[test]
fn pdu_03_reserved_parts_of_additional_headers() {
    let cdb = [b"\0\x03\x01\0\xa8\xa9\0\0", b"\0\x03\x01\xff\xa8\xa9\xff\xff", b"\0\x03\xc1\0\xa8\xa9\0\0"];
    for bytes in cdb {
        assert_eq!(decode(bytes).cdb_rest().unwrap(), [0xa8, 0xa9][..], "{bytes:x?}");
    }
    for bytes in [b"\0\x05\x02\0\0\0\x02\0", b"\0\x05\x02\xff\0\0\x02\0", b"\0\x05\x82\0\0\0\x02\0"] {
        assert_eq!(decode(bytes).bidirectional_read_length(), Some(512), "{bytes:x?}");
    }
}

#[test]
fn headers_that_say_nothing_of_it() {
    let none = AdditionalHeaders::NONE;
    assert_eq!((none.cdb_rest(), none.bidirectional_read_length(), none.iter().count()), (None, None, 0));
    assert_eq!(none, AdditionalHeaders::decode(Bytes::new()).unwrap());
    assert_eq!(none, AdditionalHeaders::from_headers(&[]).unwrap());
    let unknown = decode(b"\0\x05\x03\0\0\0\x02\0");
    assert_eq!((unknown.cdb_rest(), unknown.bidirectional_read_length()), (None, None));
    assert_eq!(decode(b"\0\x04\x02\0\0\0\x02\0").bidirectional_read_length(), None, "too short");
    assert_eq!(decode(b"\0\x01\x01\0").cdb_rest(), Some(Bytes::new()));
}

#[test]
fn the_wrong_length_is_reported() {
    for (bytes, value) in
        [(&b"\0\0\x01\0"[..], 0), (b"\0\x02\x01\0", 2), (b"\0\x01\x01\0\x01\x06\x01\0", 0x0106)]
    {
        let error = AdditionalHeaders::decode(Bytes::from_static(bytes)).unwrap_err();
        let Error::Field { pdu, field, value: reported, .. } = error else { panic!("{error}") };
        assert_eq!((pdu, field, reported), (Opcode::SCSI_COMMAND, "AHSLength", value));
    }
    let error = AdditionalHeaders::decode(Bytes::from_static(&[0, 1])).unwrap_err();
    assert!(error.to_string().ends_with("the header ends inside the fixed part (11.2.2)"), "{error}");
}
