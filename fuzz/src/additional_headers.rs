//! Additional header segments.

use bytes::Bytes;
use iscsi_pdu::{AdditionalHeaders, Bhs, Opcode, RawPdu, ScsiCommand};

/// Decodes the bytes as the additional headers of a SCSI Command, and by themselves.
///
/// Accepted headers are preserved; encoded again they have the same length and content.
///
/// # Panics
/// If they do not.
pub fn additional_headers(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let Ok(headers) = AdditionalHeaders::decode(bytes.clone()) else { return };
    assert_eq!(headers.as_bytes().map(|kept| &kept[..]).unwrap_or_default(), data);
    let each: Vec<_> = headers.iter().collect();
    if let Ok(again) = AdditionalHeaders::from_headers(&each) {
        assert!(again.iter().eq(each));
        assert_eq!(again.as_bytes().map_or(0, Bytes::len), data.len());
    } else {
        assert!(data.len() > AdditionalHeaders::MAX_LENGTH);
    }
    let _ = (headers.cdb_rest(), headers.bidirectional_read_length());
    let ahs = Some(bytes).filter(|bytes| !bytes.is_empty());
    let raw = RawPdu { ahs, ..RawPdu::header(Bhs::new(Opcode::SCSI_COMMAND)) };
    assert_eq!(ScsiCommand::decode(raw).map(|command| command.additional_headers), Ok(headers));
}
