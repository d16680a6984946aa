//! Answers of SCSI commands.

use std::fmt::Debug;

use bytes::Bytes;
use iscsi_initiator::scsi::{
    BlockCharacteristics, BlockLimits, BlockProvisioning, Command, DeviceIdentification, ExtendedInquiry,
    GetLbaStatus, InquiryPage, LogSense, ModeSense6, ModeSense10, ReadBuffer, ReadCapacity10, ReadCapacity16,
    ReadDefectData10, ReadDefectData12, ReadFullStatus, ReadKeys, ReadReservation,
    ReceiveCopyOperatingParameters, ReceiveCopyStatus, ReceiveFailedSegmentDetails,
    ReceiveRodTokenInformation, ReportAllOperationCodes, ReportLuns, ReportOperationCode,
    ReportReservationCapabilities, ReportTargetPortGroups, ReportTaskManagementFunctions, RequestSense,
    SenseData, StandardInquiry, SupportedVpdPages, ThirdPartyCopy, TransportId, UnitSerialNumber,
};

/// Parsers, chosen by the first byte of the input. New ones are added at the end: the seeds name them by their places.
const PARSERS: [fn(&Bytes); 34] = [
    |data| bounded(&SenseData::parse(data), data),
    |data| answer(&StandardInquiry::default(), data),
    |data| answer(&ReadCapacity16, data),
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
    |data| answer(&InquiryPage::<SupportedVpdPages>::new(), data),
    |data| answer(&InquiryPage::<UnitSerialNumber>::new(), data),
    |data| answer(&InquiryPage::<DeviceIdentification>::new(), data),
    |data| answer(&InquiryPage::<ExtendedInquiry>::new(), data),
    |data| answer(&InquiryPage::<BlockLimits>::new(), data),
    |data| answer(&InquiryPage::<BlockCharacteristics>::new(), data),
    |data| answer(&InquiryPage::<BlockProvisioning>::new(), data),
    |data| answer(&InquiryPage::<ThirdPartyCopy>::new(), data),
    |data| answer(&ReportLuns::default(), data),
    |data| answer(&ModeSense6::default(), data),
    |data| answer(&ModeSense10::default(), data),
    |data| answer(&LogSense::default(), data),
    |data| answer(&RequestSense::default(), data),
    |data| answer(&ReadBuffer::default(), data),
    |data| answer(&ReportAllOperationCodes::default(), data),
    |data| answer(&ReportOperationCode::default(), data),
    |data| answer(&ReportTaskManagementFunctions::default(), data),
    |data| answer(&ReadCapacity10, data),
    |data| answer(&GetLbaStatus::default(), data),
    |data| answer(&ReadDefectData10::default(), data),
    |data| answer(&ReadDefectData12::default(), data),
];

/// Parses the bytes behind the first one as the answer of a command, which the first one chooses.
///
/// # Panics
/// If an answer is longer than the data account for, or a `TransportID` is parsed to another one from its bytes.
pub fn scsi_answers(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    if let Some(parse) = PARSERS.get(usize::from(*choice)) {
        parse(&Bytes::copy_from_slice(data));
    }
}

fn answer<C: Command>(command: &C, data: &Bytes)
where
    C::Answer: Debug,
{
    bounded(&command.parse(data.clone()), data);
}

/// What was parsed is no longer than a multiple of the data, whatever lengths stand in them.
fn bounded(answer: &impl Debug, data: &[u8]) {
    let text = format!("{answer:?}");
    assert!(text.len() <= 1000 + 100 * data.len(), "{} bytes, {text}", data.len());
}

/// A name whose normalized form is no name stays bytes the second time.
fn transport_id(data: &Bytes) {
    let id = TransportId::parse(data.clone());
    bounded(&id, data);
    let again = TransportId::parse(id.to_bytes());
    assert!(again == id || matches!(again, TransportId::Other(_)));
}
