//! MODE SELECT (6) and (10) (SPC-4, 6.11 and 6.12).

use bytes::Bytes;

use super::mode_parameters::ModeParameters;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// Byte 1 of the block.
const fn flags(page_format: bool, save_pages: bool) -> u8 {
    (page_format as u8) << 4 | save_pages as u8
}

/// MODE SELECT (6): changes mode pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModeSelect6 {
    /// The pages have the form that SPC gives them (PF); without it their form is that of the vendor.
    pub page_format: bool,
    /// The pages are also saved, and hold after a loss of power (SP).
    pub save_pages: bool,
    /// The header, block descriptors and pages ([`ModeParameters::to_list_6`]), 255 bytes at most; the target takes no more. An
    /// empty list changes nothing.
    pub parameter_list: Bytes,
}

impl ModeSelect6 {
    /// Returns the command that sends these parameters, without saving them. `None` if they do not fit
    /// ([`ModeParameters::to_list_6`]).
    #[must_use]
    pub fn new(parameters: &ModeParameters) -> Option<Self> {
        let parameter_list = parameters.to_list_6()?;
        Some(Self { page_format: true, save_pages: false, parameter_list })
    }
}

impl Command for ModeSelect6 {
    type Answer = ();
    const NAME: &'static str = "MODE SELECT (6)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        let length = u8::try_from(self.parameter_list.len()).unwrap_or(u8::MAX);
        Cdb::new(0x15).with(1, &[flags(self.page_format, self.save_pages)]).with(4, &[length])
    }

    fn transfer(&self) -> Transfer {
        to_target(&self.parameter_list)
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

/// MODE SELECT (10): changes mode pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModeSelect10 {
    /// The pages have the form that SPC gives them (PF); without it their form is that of the vendor.
    pub page_format: bool,
    /// The pages are also saved, and hold after a loss of power (SP).
    pub save_pages: bool,
    /// The header, block descriptors and pages ([`ModeParameters::to_list_10`]), 65535 bytes at most; the target takes no more.
    /// An empty list changes nothing.
    pub parameter_list: Bytes,
}

impl ModeSelect10 {
    /// Returns the command that sends these parameters, without saving them. `None` if they do not fit
    /// ([`ModeParameters::to_list_10`]).
    #[must_use]
    pub fn new(parameters: &ModeParameters) -> Option<Self> {
        let parameter_list = parameters.to_list_10()?;
        Some(Self { page_format: true, save_pages: false, parameter_list })
    }
}

impl Command for ModeSelect10 {
    type Answer = ();
    const NAME: &'static str = "MODE SELECT (10)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        let length = u16::try_from(self.parameter_list.len()).unwrap_or(u16::MAX);
        let flags = flags(self.page_format, self.save_pages);
        Cdb::new(0x55).with(1, &[flags]).with(7, &length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        to_target(&self.parameter_list)
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

fn to_target(list: &Bytes) -> Transfer {
    if list.is_empty() { Transfer::None } else { Transfer::Write(list.clone().into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::primary::mode_page::ModePage;

    fn parameters(length: usize) -> ModeParameters {
        let page = ModePage { code: 0x08, bytes: vec![7; length], ..ModePage::default() };
        ModeParameters { pages: vec![page], ..ModeParameters::default() }
    }

    #[test]
    fn blocks_with_all_fields() {
        let list = Bytes::from(vec![7; 0x12]);
        let short = ModeSelect6 { page_format: true, save_pages: true, parameter_list: list };
        assert_eq!(short.cdb()[..6], [0x15, 0x11, 0, 0, 0x12, 0]);
        let list = Bytes::from(vec![7; 0x1234]);
        let long = ModeSelect10 { page_format: true, save_pages: true, parameter_list: list.clone() };
        assert_eq!(long.cdb()[..10], [0x55, 0x11, 0, 0, 0, 0, 0, 0x12, 0x34, 0]);
        assert_eq!(long.transfer(), Transfer::Write(list.into()));
        let vendor = ModeSelect6 { page_format: false, ..short };
        assert_eq!(vendor.cdb()[1], 0x01);
    }

    #[test]
    fn parameters_become_a_list() {
        let short = ModeSelect6::new(&parameters(2)).unwrap();
        assert_eq!(short.parameter_list, [0, 0, 0, 0, 0x08, 2, 7, 7][..]);
        assert_eq!(short.cdb()[..6], [0x15, 0x10, 0, 0, 8, 0]);
        let long = ModeSelect10::new(&parameters(2)).unwrap();
        assert_eq!(long.parameter_list, [0, 0, 0, 0, 0, 0, 0, 0, 0x08, 2, 7, 7][..]);
        assert_eq!(ModeSelect6::new(&parameters(250)), None);
        assert!(ModeSelect10::new(&parameters(250)).is_some());
    }

    #[test]
    fn lists_at_the_limits() {
        for (length, stated) in [(0, 0), (255, 255), (256, 255)] {
            let parameter_list = Bytes::from(vec![0; length]);
            let command = ModeSelect6 { parameter_list, ..ModeSelect6::default() };
            assert_eq!(command.cdb()[4], stated);
            assert_eq!(command.transfer() == Transfer::None, length == 0);
        }
        let parameter_list = Bytes::from(vec![0; 65536]);
        let command = ModeSelect10 { parameter_list, ..ModeSelect10::default() };
        assert_eq!(command.cdb()[7..9], [0xff, 0xff]);
    }
}
