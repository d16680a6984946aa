//! INQUIRY for a page of vital product data (SPC-4, 6.6 and 7.8).

mod block_characteristics;
mod block_limits;
mod block_provisioning;
mod designator;
mod designator_value;
mod device_identification;
mod extended_inquiry;
mod supported_pages;
mod third_party_copy;
mod unit_serial_number;

pub use block_characteristics::{BlockCharacteristics, FormFactor, RotationRate, ZonedModel};
pub use block_limits::BlockLimits;
pub use block_provisioning::{BlockProvisioning, ProvisioningType, UnmappedData};
pub use designator::Designator;
pub use designator_value::{DesignatorValue, NaaName};
pub use device_identification::DeviceIdentification;
pub use extended_inquiry::ExtendedInquiry;
pub use supported_pages::SupportedVpdPages;
pub use third_party_copy::{
    BlockRodLimits, RodTokenFeatures, ThirdPartyCopy, ThirdPartyCopyDescriptor, ThirdPartyCopyType,
};
pub use unit_serial_number::UnitSerialNumber;

use std::marker::PhantomData;

use bytes::Bytes;

use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

const NAME: &str = "INQUIRY (vital product data)";
/// Length of the header of a page.
const HEADER_LENGTH: usize = 4;
/// Default allocation length of a page.
const ALLOCATION_LENGTH: u16 = 1024;

/// INQUIRY for a page of vital product data, whose content is returned without its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VitalProductData {
    /// The code of the page.
    pub page: u8,
    /// The most bytes that the target may send, with the four of the header.
    pub allocation_length: u16,
}

impl VitalProductData {
    /// Returns the command for a page of up to 1024 bytes.
    #[must_use]
    pub const fn new(page: u8) -> Self {
        Self { page, allocation_length: ALLOCATION_LENGTH }
    }

    /// The content of a page after checking its header, because a target that ignores the page code or the EVPD bit sends other
    /// data. A page that was cut off is shorter than its header states.
    fn content(self, bytes: &Bytes) -> Result<Bytes, CommandError> {
        let Some(&[_, received, high, low]) = bytes.first_chunk::<HEADER_LENGTH>() else {
            return Err(self.wrong(&format!("cut off in its header: {} bytes of 4", bytes.len())));
        };
        if received != self.page {
            let reason = format!("the answer is page 0x{received:02x}, or standard INQUIRY data");
            return Err(self.wrong(&reason));
        }
        let stated = usize::from(u16::from_be_bytes([high, low]));
        let end = HEADER_LENGTH.saturating_add(stated);
        if end > bytes.len() && self.looks_like_standard_data(bytes.len()) {
            let reason = format!(
                "its length of {stated} bytes exceeds the {} received: it may be standard INQUIRY data",
                bytes.len()
            );
            return Err(self.wrong(&reason));
        }
        Ok(bytes.slice(HEADER_LENGTH..end.min(bytes.len())))
    }

    /// Standard INQUIRY data have 0x00 at the position of the page code, or 0x80 if the medium is removable. The length, which
    /// is then read from version and response data format, exceeds the data received. A page is shorter than its length only
    /// when it fills the allocation length.
    fn looks_like_standard_data(self, received: usize) -> bool {
        matches!(self.page, SupportedVpdPages::CODE | UnitSerialNumber::CODE)
            && received < usize::from(self.allocation_length)
    }

    fn wrong(self, reason: &str) -> CommandError {
        wrong_page(self.page, reason)
    }
}

fn wrong_page(page: u8, reason: &str) -> CommandError {
    CommandError::invalid(NAME, format!("page 0x{page:02x}: {reason}"))
}

impl Command for VitalProductData {
    type Answer = Bytes;
    const NAME: &'static str = NAME;
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x12).with(1, &[1, self.page]).with(3, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    fn parse(&self, data: Bytes) -> Result<Bytes, CommandError> {
        self.content(&data)
    }
}

/// A page of vital product data.
pub trait VpdPage: Sized {
    /// Its code.
    const CODE: u8;

    /// Parses the content of the page, without its header of four bytes.
    ///
    /// # Errors
    /// [`CommandError::InvalidResponse`] for a content that is not that of the page.
    fn parse(content: &[u8]) -> Result<Self, CommandError>;
}

/// INQUIRY for a page of vital product data of this type.
///
/// ```no_run
/// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{Lun, scsi::{BlockLimits, InquiryPage}};
/// let limits = session.send(Lun::ZERO, &InquiryPage::<BlockLimits>::new()).await?;
/// println!("blocks of an UNMAP: {}", limits.max_unmap_blocks);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InquiryPage<P> {
    allocation_length: u16,
    page: PhantomData<P>,
}

impl<P: VpdPage> InquiryPage<P> {
    /// Returns the command for a page of up to 1024 bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self::up_to(ALLOCATION_LENGTH)
    }

    /// Returns the command for a page of up to this many bytes, with the four of its header.
    #[must_use]
    pub const fn up_to(allocation_length: u16) -> Self {
        Self { allocation_length, page: PhantomData }
    }

    const fn untyped(&self) -> VitalProductData {
        VitalProductData { page: P::CODE, allocation_length: self.allocation_length }
    }
}

impl<P: VpdPage> Default for InquiryPage<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: VpdPage> Command for InquiryPage<P> {
    type Answer = P;
    const NAME: &'static str = NAME;
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        self.untyped().cdb()
    }

    fn transfer(&self) -> Transfer {
        self.untyped().transfer()
    }

    fn parse(&self, data: Bytes) -> Result<P, CommandError> {
        P::parse(&self.untyped().content(&data)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Standard INQUIRY data, which a target that ignores the EVPD bit sends, of a fixed or a removable medium.
    fn standard_inquiry(removable: bool) -> Bytes {
        let mut data = vec![0, if removable { 0x80 } else { 0 }, 5, 2, 31, 0, 0, 2];
        data.extend(b"VENDOR  PRODUCT         0001");
        data.into()
    }

    fn content(page: u8, data: &[u8]) -> Result<Bytes, CommandError> {
        VitalProductData::new(page).parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_block_asks_for_the_page() {
        let command = VitalProductData { page: 0xb0, allocation_length: 0x1234 };
        assert_eq!(command.cdb()[..6], [0x12, 0x01, 0xb0, 0x12, 0x34, 0]);
        assert_eq!(command.transfer(), Transfer::Read(0x1234));
        let typed = InquiryPage::<BlockLimits>::up_to(0x1234);
        assert_eq!((typed.cdb(), typed.transfer()), (command.cdb(), command.transfer()));
        assert_eq!(InquiryPage::<BlockLimits>::new().transfer(), Transfer::Read(1024));
    }

    #[test]
    fn the_length_in_the_header_bounds_the_content() {
        assert_eq!(content(0xc0, &[0, 0xc0, 0, 2, 7, 8, 9]).unwrap(), [7, 8][..]);
        assert_eq!(content(0xc0, &[0x1f, 0xc0, 0, 0, 7]).unwrap(), [0; 0][..]);
        assert_eq!(content(0xc0, &[0, 0xc0, 0xff, 0xff, 7]).unwrap(), [7][..]);
    }

    #[test]
    fn a_page_cut_off_in_its_header_is_an_error() {
        for length in 0..4 {
            assert!(content(0xc0, &[0, 0xc0, 0, 2][..length]).is_err(), "{length}");
        }
        for length in 4..7 {
            assert_eq!(content(0xc0, &[0, 0xc0, 0, 3, 7, 8, 9][..length]).unwrap().len(), length - 4);
        }
    }

    #[test]
    fn standard_inquiry_data_instead_of_a_page_are_an_error() {
        for removable in [false, true] {
            for page in [0x00, 0x80, 0x83, 0x86, 0x8f, 0xb0, 0xb1, 0xb2, 0xc0] {
                let error = VitalProductData::new(page).parse(standard_inquiry(removable)).unwrap_err();
                let CommandError::InvalidResponse { reason, .. } = error else { panic!("{error:?}") };
                assert!(reason.contains("standard INQUIRY data"), "{page:#x} {removable}: {reason}");
            }
        }
    }

    /// Only a page that fills the allocation length may be longer than the data received.
    #[test]
    fn a_page_that_fills_the_allocation_length_is_cut_off() {
        for page in [0x00, 0x80] {
            let long = [&[0, page, 0x04, 0x00][..], &[b'x'; 1020]].concat();
            assert_eq!(content(page, &long).unwrap().len(), 1020);
            assert!(content(page, &long[..1023]).is_err());
        }
    }
}
