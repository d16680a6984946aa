//! Heap allocations of the codec, counted by an allocator.

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use iscsi_benches::{data_in, data_in_stream};
use iscsi_pdu::{Decoder, Digests, EncodedPdu, TargetPdu};

const ON: Digests = Digests { header: true, data: true };
const PDUS: u64 = 1000;

/// Receives one PDU as a connection does: space is reserved in the buffer, bytes arrive, the PDU is used and dropped.
fn receive(decoder: &mut Decoder, buffer: &mut BytesMut, bytes: &[u8]) -> usize {
    buffer.reserve(bytes.len());
    buffer.extend_from_slice(bytes);
    match decoder.decode(buffer).map(|raw| raw.map(TargetPdu::decode)) {
        Ok(Some(Ok(TargetPdu::DataIn(pdu)))) => pdu.data.len(),
        _ => 0,
    }
}

#[test]
fn a_data_in_pdu_on_a_warmed_stream_allocates_nothing() {
    let bytes = data_in_stream(1, ON);
    let mut decoder = Decoder::new(4096);
    decoder.set_full_feature(ON, 4096);
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    (0..4).for_each(|_| _ = receive(&mut decoder, &mut buffer, &bytes));
    let mut received = 0;
    let counted = measure(|| {
        (0..PDUS).for_each(|_| received += receive(&mut decoder, &mut buffer, &bytes));
    });
    assert_eq!(received, 4096 * 1000);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn a_pdu_on_its_way_out_allocates_nothing() {
    let pdu = data_in(7, Bytes::from_static(&[0x5a; 4095]));
    let counted = measure(|| {
        let wire = EncodedPdu::new(pdu.encode(), ON).unwrap();
        assert_eq!(wire.parts().map(<[u8]>::len), [48, 0, 4, 4095, 5]);
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

/// The counter counts.
#[test]
fn a_copy_is_counted() {
    let bytes = data_in_stream(1, ON);
    assert_eq!(measure(|| assert_eq!(Bytes::copy_from_slice(&bytes).len(), bytes.len())).count_total, 1);
}
