//! INQUIRY: standard data (SPC-4, 6.6) and pages 0x80, 0x83 (SPC-4, 7.8) and 0xb0 (SBC-3, 6.5.3) of vital product
//! data.

use std::fmt;

use super::{CommandError, RawCommand, Transfer};

const NAME: &str = "INQUIRY";
const VPD_NAME: &str = "INQUIRY (vital product data)";
/// Allocation length for a page of vital product data.
const PAGE_ALLOCATION_LENGTH: u16 = 1024;

/// Standard INQUIRY data. The texts come from the target: control characters are replaced, nothing else is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inquiry {
    /// Peripheral qualifier: 0 when a device is connected, 3 when there is none at this LUN.
    pub peripheral_qualifier: u8,
    /// Peripheral device type: 0 for a direct-access block device, 5 for CD/DVD, 0x0c for a storage array controller,
    /// 0x1f for none.
    pub device_type: u8,
    /// The medium is removable.
    pub removable: bool,
    /// The vendor, eight characters at most.
    pub vendor: String,
    /// The product, sixteen characters at most.
    pub product: String,
    /// Its revision, four characters at most.
    pub revision: String,
}

/// INQUIRY for standard data.
#[must_use]
pub fn inquiry() -> RawCommand {
    const LENGTH: u16 = 96;
    RawCommand::new(NAME, 0x12, Transfer::Read(LENGTH.into())).with(3, &LENGTH.to_be_bytes())
}

impl Inquiry {
    /// Parses standard INQUIRY data.
    ///
    /// # Errors
    /// [`CommandError::InvalidResponse`] for fewer than 36 bytes, the length that SPC requires.
    pub fn parse(bytes: &[u8]) -> Result<Self, CommandError> {
        let Some(&[first, second, ..]) = bytes.first_chunk::<36>() else {
            return Err(CommandError::InvalidResponse {
                command: NAME,
                reason: format!("{} bytes instead of 36", bytes.len()),
            });
        };
        Ok(Self {
            peripheral_qualifier: first >> 5,
            device_type: first & 0x1f,
            removable: second & 0x80 != 0,
            vendor: text(bytes.get(8..16)),
            product: text(bytes.get(16..32)),
            revision: text(bytes.get(32..36)),
        })
    }

    /// Returns whether this is a connected direct-access block device.
    #[must_use]
    pub const fn is_disk(&self) -> bool {
        self.peripheral_qualifier == 0 && self.device_type == 0
    }
}

/// Printable ASCII without the blanks at the ends.
fn text(bytes: Option<&[u8]>) -> String {
    let shown = |byte: &u8| if matches!(byte, 0x20..=0x7e) { char::from(*byte) } else { '?' };
    let text: String = bytes.unwrap_or_default().iter().take_while(|byte| **byte != 0).map(shown).collect();
    text.trim().to_owned()
}

/// INQUIRY for a page of vital product data.
#[must_use]
pub fn vital_product_data(page: u8) -> RawCommand {
    RawCommand::new(VPD_NAME, 0x12, Transfer::Read(PAGE_ALLOCATION_LENGTH.into()))
        .with(1, &[1, page])
        .with(3, &PAGE_ALLOCATION_LENGTH.to_be_bytes())
}

/// Returns the content of a page after checking its header, because a target that ignores the page code or the EVPD bit
/// sends other data.
fn page_content(page: u8, bytes: &[u8]) -> Result<&[u8], CommandError> {
    let Some((&[_, received, high, low], rest)) = bytes.split_first_chunk::<4>() else {
        return Err(wrong_page(page, "cut off in its header"));
    };
    if received != page {
        return Err(wrong_page(
            page,
            &format!("the answer is page 0x{received:02x}, or standard INQUIRY data"),
        ));
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    Ok(rest.get(..length).unwrap_or(rest))
}

fn wrong_page(page: u8, reason: &str) -> CommandError {
    CommandError::InvalidResponse { command: VPD_NAME, reason: format!("page 0x{page:02x}: {reason}") }
}

/// Parses the serial number of page 0x80.
///
/// Standard INQUIRY data of a removable medium have 0x80 at the position of the page code. The length, which is then
/// read from version and response data format, exceeds the data received.
pub(crate) fn parse_serial_number(bytes: &[u8]) -> Result<String, CommandError> {
    const PAGE: u8 = 0x80;
    let content = page_content(PAGE, bytes)?;
    let length = bytes.get(2..).and_then(<[u8]>::first_chunk).map_or(0, |length| u16::from_be_bytes(*length));
    if content.len() < usize::from(length) && bytes.len() < usize::from(PAGE_ALLOCATION_LENGTH) {
        return Err(wrong_page(
            PAGE,
            "its length exceeds the data received: it may be standard INQUIRY data",
        ));
    }
    Ok(text(Some(content)))
}

/// Parses MAXIMUM TRANSFER LENGTH of page 0xb0, in blocks; `None` when the unit states no limit.
pub(crate) fn parse_max_transfer(bytes: &[u8]) -> Result<Option<u32>, CommandError> {
    let limit = page_content(0xb0, bytes)?.get(4..).and_then(<[u8]>::first_chunk);
    Ok(limit.map(|limit| u32::from_be_bytes(*limit)).filter(|limit| *limit > 0))
}

/// Page 0x83: designators of the logical unit, its target port and its target device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceIdentification {
    /// The designators in the target's order.
    pub designators: Vec<Designator>,
}

/// One name of a logical unit, target port or target device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Designator {
    /// 0 logical unit, 1 target port, 2 target device.
    pub association: u8,
    /// 0 vendor, 1 T10, 2 EUI-64, 3 NAA, 8 SCSI name string; others as in SPC-4, 7.8.6.1.
    pub designator_type: u8,
    /// 1 binary, 2 ASCII, 3 UTF-8.
    pub code_set: u8,
    /// The name itself.
    pub bytes: Vec<u8>,
}

impl DeviceIdentification {
    /// Parses the page; a designator that is cut off ends the list.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CommandError> {
        let mut rest = page_content(0x83, bytes)?;
        let mut designators = Vec::new();
        while let Some((&[codes, kind, _, length], body)) = rest.split_first_chunk::<4>() {
            let Some((bytes, behind)) = body.split_at_checked(length.into()) else { break };
            designators.push(Designator {
                association: kind >> 4 & 0x03,
                designator_type: kind & 0x0f,
                code_set: codes & 0x0f,
                bytes: bytes.to_vec(),
            });
            rest = behind;
        }
        Ok(Self { designators })
    }
}

impl fmt::Display for Designator {
    /// Writes `naa.…`, `eui.…`, `t10.…` or the text, with control characters replaced.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.designator_type {
            1 => "t10.",
            2 => "eui.",
            3 => "naa.",
            _ => "",
        };
        formatter.write_str(kind)?;
        match self.code_set {
            2 | 3 => formatter.write_str(&text(Some(&self.bytes))),
            _ => self.bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeviceIdentification, parse_max_transfer, parse_serial_number};

    /// Standard INQUIRY data, which a target that ignores the EVPD bit sends, of a fixed or a removable medium.
    fn standard_inquiry(removable: bool) -> Vec<u8> {
        let mut data = vec![0, if removable { 0x80 } else { 0 }, 5, 2, 31, 0, 0, 2];
        data.extend(b"VENDOR  PRODUCT         0001");
        data
    }

    #[test]
    fn serial_numbers() {
        let page = |length: u8, text: &[u8]| [&[0, 0x80, 0, length], text].concat();
        assert_eq!(parse_serial_number(&page(6, b" S001 ")), Ok("S001".to_owned()));
        assert_eq!(parse_serial_number(&page(4, b"S001rest")), Ok("S001".to_owned()));
        assert_eq!(parse_serial_number(&page(0, b"")), Ok(String::new()));
        // Only a page that filled the allocation length may be longer than the data received.
        let long = [&[0, 0x80, 0x04, 0x00][..], &[b'x'; 1020]].concat();
        assert_eq!(parse_serial_number(&long).unwrap().len(), 1020);
        assert!(parse_serial_number(&long[..1023]).is_err());
        for bytes in [Vec::new(), page(0, b"")[..3].to_vec(), page(5, b"S001"), vec![0, 0x83, 0, 0]] {
            assert!(parse_serial_number(&bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn standard_inquiry_data_instead_of_a_page() {
        for removable in [false, true] {
            let data = standard_inquiry(removable);
            assert!(parse_serial_number(&data).is_err());
            assert!(DeviceIdentification::parse(&data).is_err());
            assert!(parse_max_transfer(&data).is_err());
        }
    }

    #[test]
    fn transfer_limits() {
        let page = |length: u8, content: &[u8]| [&[0, 0xb0, 0, length], content].concat();
        assert_eq!(parse_max_transfer(&page(60, &[9, 9, 9, 9, 0, 0, 1, 0, 9])), Ok(Some(256)));
        assert_eq!(parse_max_transfer(&page(60, &[9, 9, 9, 9, 0, 0, 0, 0])), Ok(None));
        assert_eq!(parse_max_transfer(&page(4, &[9, 9, 9, 9, 0, 0, 1, 0])), Ok(None));
        assert_eq!(parse_max_transfer(&page(60, &[9, 9, 9, 9, 0, 0, 1])), Ok(None));
        assert!(parse_max_transfer(&[0, 0xb1, 0, 60]).is_err());
    }

    #[test]
    fn designators_and_cut_off_pages() {
        let page = [0, 0x83, 0, 16, 1, 3, 0, 4, 0x60, 1, 2, 3, 2, 0x11, 0, 4, b'd', 0x1b, b's', b'k'];
        let identification = DeviceIdentification::parse(&page).unwrap();
        let names: Vec<_> = identification.designators.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["naa.60010203", "t10.d?sk"]);
        assert_eq!(DeviceIdentification::parse(&page[..14]).unwrap().designators.len(), 1);
        assert!(DeviceIdentification::parse(&[0, 0x80, 0, 0]).is_err());
        assert!(DeviceIdentification::parse(&[]).is_err());
    }
}
