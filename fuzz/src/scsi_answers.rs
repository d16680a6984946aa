//! Answers of SCSI commands.

use std::fmt::Debug;

use bytes::Bytes;
use iscsi_initiator::scsi::{
    Command, Inquiry, ReadFullStatus, ReadKeys, ReadReservation, ReceiveCopyOperatingParameters,
    ReceiveCopyStatus, ReceiveFailedSegmentDetails, ReceiveRodTokenInformation,
    ReportReservationCapabilities, ReportTargetPortGroups, SenseData, TransportId, parse_untyped,
};

/// Parsers, chosen by the first byte of the input. New ones are added at the end: the seeds name them by their places.
const PARSERS: [fn(Bytes); 13] = [
    |data| bounded(&SenseData::parse(&data), &data),
    |data| bounded(&Inquiry::parse(&data), &data),
    |data| parse_untyped(&data),
    |data| answer(&ReadKeys::default(), data),
    |data| answer(&ReadReservation, data),
    |data| answer(&ReportReservationCapabilities, data),
    |data| answer(&ReadFullStatus::default(), data),
    transport_id,
    |data| answer(&ReportTargetPortGroups::default(), data),
    |data| answer(&ReceiveCopyStatus::default(), data),
    |data| answer(&ReceiveCopyOperatingParameters, data),
    |data| answer(&ReceiveFailedSegmentDetails::default(), data),
    |data| answer(&ReceiveRodTokenInformation::new(0), data),
];

/// Parses the bytes behind the first one as the answer of a command, which the first one chooses.
///
/// # Panics
/// If an answer is longer than the data account for, or a `TransportID` is parsed to another one from its bytes.
pub fn scsi_answers(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    if let Some(parse) = PARSERS.get(usize::from(*choice)) {
        parse(Bytes::copy_from_slice(data));
    }
}

fn answer<C: Command>(command: &C, data: Bytes)
where
    C::Answer: Debug,
{
    bounded(&command.parse(data.clone()), &data);
}

/// What was parsed is no longer than a multiple of the data, whatever lengths stand in them.
fn bounded(answer: &impl Debug, data: &[u8]) {
    let text = format!("{answer:?}");
    assert!(text.len() <= 1000 + 100 * data.len(), "{} bytes, {text}", data.len());
}

/// A name whose normalized form is no name stays bytes the second time.
fn transport_id(data: Bytes) {
    let id = TransportId::parse(data.clone());
    bounded(&id, &data);
    let again = TransportId::parse(id.to_bytes());
    assert!(again == id || matches!(again, TransportId::Other(_)));
}
