//! INQUIRY, vital product data pages 0x80 and 0x83 (SPC-4, 7.8).

use std::fmt;

use super::inquiry::text;
use super::{Command, Transfer};
use crate::Error;

const NAME: &str = "INQUIRY (vital product data)";

/// Asks for a page.
#[must_use]
pub fn vital_product_data(page: u8) -> Command {
    const LENGTH: u16 = 1024;
    Command::new(NAME, 0x12, Transfer::Read(LENGTH.into())).with(1, &[1, page]).with(3, &LENGTH.to_be_bytes())
}

/// The content of a page, once its header says that it is this one.
fn content(page: u8, octets: &[u8]) -> Result<&[u8], Error> {
    let wrong =
        |reason: &str| Error::Answer { command: NAME, reason: format!("page 0x{page:02x}: {reason}") };
    let Some((&[_, received, high, low], rest)) = octets.split_first_chunk::<4>() else {
        return Err(wrong("cut off in its header"));
    };
    if received != page {
        return Err(wrong("another page came"));
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    Ok(rest.get(..length).unwrap_or(rest))
}

/// The serial number of page 0x80.
pub(crate) fn parse_serial_number(octets: &[u8]) -> Result<String, Error> {
    Ok(text(Some(content(0x80, octets)?)))
}

/// Page 0x83: names of the logical unit and of what leads to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceIdentification {
    /// In the target's order.
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
    pub octets: Vec<u8>,
}

impl DeviceIdentification {
    /// Reads the page; a designator that is cut off ends the list.
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, Error> {
        let mut rest = content(0x83, octets)?;
        let mut designators = Vec::new();
        while let Some((&[codes, kind, _, length], body)) = rest.split_first_chunk::<4>() {
            let Some((octets, behind)) = body.split_at_checked(length.into()) else { break };
            designators.push(Designator {
                association: kind >> 4 & 0x03,
                designator_type: kind & 0x0f,
                code_set: codes & 0x0f,
                octets: octets.to_vec(),
            });
            rest = behind;
        }
        Ok(Self { designators })
    }
}

impl fmt::Display for Designator {
    /// `naa.…`, `eui.…`, `t10.…` or the text, safe for a terminal.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.designator_type {
            1 => "t10.",
            2 => "eui.",
            3 => "naa.",
            _ => "",
        };
        formatter.write_str(kind)?;
        match self.code_set {
            2 | 3 => formatter.write_str(&text(Some(&self.octets))),
            _ => self.octets.iter().try_for_each(|octet| write!(formatter, "{octet:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DeviceIdentification;

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
