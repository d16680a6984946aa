//! Control mode page (SPC-4, 7.5.8).

use super::mode_parameters::ModeParameters;
use crate::scsi::parameter_data::ParameterData;

/// The control mode page. Fields of a page that was cut off are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ControlPage {
    /// Which commands share a task set: 0 those of all `I_T` nexuses, 1 those of each (TST).
    pub task_set_type: u8,
    /// Only the `I_T` nexus of a faulted command may send task management functions (`TMF_ONLY`).
    pub task_management_by_faulted_only: bool,
    /// Protection information is not checked where the command leaves it open (DPICZ).
    pub protection_check_disabled: bool,
    /// Sense data come in descriptor format (`D_SENSE`).
    pub descriptor_sense: bool,
    /// Implicit saving of log parameters is disabled (GLTSD).
    pub log_saving_disabled: bool,
    /// Informational exceptions are reported in the log (RLEC).
    pub log_exceptions: bool,
    /// In which order SIMPLE commands may be carried out: 0 so that the data are those of the order of arrival, 1 in any order
    /// (QUEUE ALGORITHM MODIFIER).
    pub queue_algorithm: u8,
    /// What happens to the other commands when one of them fails: 0 nothing, 1 those of all nexuses are aborted, 3 those of the
    /// same nexus are aborted (QERR).
    pub queue_error: u8,
    /// Where the unit would be busy for long, it reports CHECK CONDITION instead (RAC).
    pub report_a_check: bool,
    /// How unit attentions interlock with commands, as a code (`UA_INTLCK_CTRL`).
    pub attention_interlock: u8,
    /// The unit is write-protected by software (SWP).
    pub software_write_protect: bool,
    /// The initiator may use the application tags of protection information (ATO).
    pub application_tag_owner: bool,
    /// Commands that another initiator aborted end in TASK ABORTED (TAS).
    pub task_aborted_status: bool,
    /// When a medium is loaded, as a code (AUTOLOAD MODE).
    pub autoload_mode: u8,
    /// The longest time for which the unit is busy, in tenths of a second; 0 if it does not say, 0xffff for no limit.
    pub busy_timeout: u16,
    /// The time of an extended self-test in seconds; 0xffff for that in the extended INQUIRY data.
    pub extended_self_test_seconds: u16,
}

impl ControlPage {
    /// The code of the page.
    pub const CODE: u8 = 0x0a;

    /// Returns the control page of mode parameters; `None` if it is not there, or ends before the flags of its first four bytes.
    #[must_use]
    pub fn of(parameters: &ModeParameters) -> Option<Self> {
        let page = parameters.page(Self::CODE, 0).filter(|page| page.bytes.len() >= 4)?;
        let data = ParameterData(&page.bytes);
        Some(Self {
            task_set_type: data.byte(0) >> 5,
            task_management_by_faulted_only: data.flag(0, 0x10),
            protection_check_disabled: data.flag(0, 0x08),
            descriptor_sense: data.flag(0, 0x04),
            log_saving_disabled: data.flag(0, 0x02),
            log_exceptions: data.flag(0, 0x01),
            queue_algorithm: data.byte(1) >> 4,
            queue_error: data.byte(1) >> 1 & 0x03,
            report_a_check: data.flag(2, 0x40),
            attention_interlock: data.byte(2) >> 4 & 0x03,
            software_write_protect: data.flag(2, 0x08),
            application_tag_owner: data.flag(3, 0x80),
            task_aborted_status: data.flag(3, 0x40),
            autoload_mode: data.byte(3) & 0x07,
            busy_timeout: data.u16(6),
            extended_self_test_seconds: data.u16(8),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::primary::mode_page::ModePage;

    fn of(subpage: u8, bytes: &[u8]) -> Option<ControlPage> {
        let page = ModePage { code: 0x0a, subpage, bytes: bytes.to_vec(), ..ModePage::default() };
        ControlPage::of(&ModeParameters { pages: vec![page], ..ModeParameters::default() })
    }

    /// Every second flag, then the others.
    #[test]
    fn all_fields_of_the_page() {
        let found = of(0, &[0x35, 0x16, 0x68, 0x45, 0, 0, 0x12, 0x34, 0x56, 0x78]);
        let expected = ControlPage {
            task_set_type: 1,
            task_management_by_faulted_only: true,
            descriptor_sense: true,
            log_exceptions: true,
            queue_algorithm: 1,
            queue_error: 3,
            report_a_check: true,
            attention_interlock: 2,
            software_write_protect: true,
            task_aborted_status: true,
            autoload_mode: 5,
            busy_timeout: 0x1234,
            extended_self_test_seconds: 0x5678,
            ..ControlPage::default()
        };
        assert_eq!(found, Some(expected));
        let expected = ControlPage {
            protection_check_disabled: true,
            log_saving_disabled: true,
            application_tag_owner: true,
            ..ControlPage::default()
        };
        assert_eq!(of(0, &[0x0a, 0, 0, 0x80]), Some(expected));
    }

    #[test]
    fn a_page_cut_off_at_every_length() {
        let all = [0xff; 10];
        for length in 0..all.len() {
            let found = of(0, &all[..length]);
            assert_eq!(found.is_some(), length >= 4, "{length}");
            let busy = found.map_or(0, |page| page.busy_timeout);
            assert_eq!(busy, if length >= 8 { 0xffff } else { 0 }, "{length}");
        }
    }

    #[test]
    fn a_subpage_is_another_page() {
        assert_eq!((of(1, &[0; 10]), of(0, &[0; 10])), (None, Some(ControlPage::default())));
    }
}
