//! Page 0x86: extended INQUIRY data (SPC-4, 7.8.7).

use super::VpdPage;
use crate::scsi::CommandError;
use crate::scsi::parameter_data::ParameterData;

/// Extended INQUIRY data: what the unit supports beside the commands. A page that ends early states less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtendedInquiry {
    /// How microcode becomes active: 1 before WRITE BUFFER ends, 2 after a reset, a restart or another WRITE BUFFER; 0 if the
    /// unit does not say (ACTIVATE MICROCODE).
    pub microcode_activation: u8,
    /// The types of protection information of which the unit can be formatted, as a code (SPT; SPC-4, table 604).
    pub protection_types: u8,
    /// The unit checks the guards of protection information (`GRD_CHK`).
    pub checks_guard: bool,
    /// The unit checks its application tags (`APP_CHK`).
    pub checks_application_tag: bool,
    /// The unit checks its reference tags (`REF_CHK`).
    pub checks_reference_tag: bool,
    /// Unit attentions carry sense key specific data (`UASK_SUP`).
    pub attention_details: bool,
    /// Reads and writes have group numbers (`GROUP_SUP`).
    pub group_numbers: bool,
    /// Commands have priorities (`PRIOR_SUP`).
    pub priorities: bool,
    /// The task attribute HEAD OF QUEUE (HEADSUP).
    pub head_of_queue: bool,
    /// The task attribute ORDERED (ORDSUP).
    pub ordered: bool,
    /// The task attribute SIMPLE (SIMPSUP).
    pub simple: bool,
    /// WRITE UNCORRECTABLE through WRITE LONG (`WU_SUP`).
    pub write_uncorrectable: bool,
    /// Correction disabled through WRITE LONG (`CRD_SUP`).
    pub correction_disable: bool,
    /// The unit has a non-volatile cache (`NV_SUP`).
    pub non_volatile_cache: bool,
    /// The unit has a volatile cache (`V_SUP`).
    pub volatile_cache: bool,
    /// Blocks may be protected in intervals that are shorter than they (`P_I_I_SUP`).
    pub protection_intervals: bool,
    /// A logical unit clears the unit attentions of an `I_T` nexus when it ends (LUICLR).
    pub clears_attentions_of_nexus: bool,
    /// Referrals: the unit tells where blocks are best read (`R_SUP`).
    pub referrals: bool,
    /// Capability-based command security (CBCS).
    pub command_security: bool,
    /// How several `I_T` nexuses may send microcode, as a code (SPC-4, table 606).
    pub microcode_by_several_nexuses: u8,
    /// The time of an extended self-test in minutes; 0 if the unit does not say.
    pub extended_self_test_minutes: u16,
    /// Microcode can be activated by power on (`POA_SUP`).
    pub activates_at_power_on: bool,
    /// Microcode can be activated by a hard reset (`HRA_SUP`).
    pub activates_at_hard_reset: bool,
    /// Microcode can be activated by a vendor's event (`VSA_SUP`).
    pub activates_at_vendor_event: bool,
    /// The most bytes of sense data that the unit returns; 0 if it does not say.
    pub max_sense_length: u8,
}

impl VpdPage for ExtendedInquiry {
    const CODE: u8 = 0x86;

    fn parse(content: &[u8]) -> Result<Self, CommandError> {
        let data = ParameterData(content);
        Ok(Self {
            microcode_activation: data.byte(0) >> 6,
            protection_types: data.byte(0) >> 3 & 0x07,
            checks_guard: data.flag(0, 0x04),
            checks_application_tag: data.flag(0, 0x02),
            checks_reference_tag: data.flag(0, 0x01),
            attention_details: data.flag(1, 0x20),
            group_numbers: data.flag(1, 0x10),
            priorities: data.flag(1, 0x08),
            head_of_queue: data.flag(1, 0x04),
            ordered: data.flag(1, 0x02),
            simple: data.flag(1, 0x01),
            write_uncorrectable: data.flag(2, 0x08),
            correction_disable: data.flag(2, 0x04),
            non_volatile_cache: data.flag(2, 0x02),
            volatile_cache: data.flag(2, 0x01),
            protection_intervals: data.flag(3, 0x10),
            clears_attentions_of_nexus: data.flag(3, 0x01),
            referrals: data.flag(4, 0x10),
            command_security: data.flag(4, 0x01),
            microcode_by_several_nexuses: data.byte(5) & 0x0f,
            extended_self_test_minutes: data.u16(6),
            activates_at_power_on: data.flag(8, 0x80),
            activates_at_hard_reset: data.flag(8, 0x40),
            activates_at_vendor_event: data.flag(8, 0x20),
            max_sense_length: data.byte(9),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content: &[u8]) -> ExtendedInquiry {
        ExtendedInquiry::parse(content).unwrap()
    }

    /// Every second flag, then the others.
    #[test]
    fn all_fields_of_the_page() {
        let found = parse(&[0b1001_0101, 0x15, 0x05, 0x10, 0x01, 0xf3, 0x12, 0x34, 0xa0, 252]);
        let expected = ExtendedInquiry {
            microcode_activation: 2,
            protection_types: 2,
            checks_guard: true,
            checks_reference_tag: true,
            group_numbers: true,
            head_of_queue: true,
            simple: true,
            correction_disable: true,
            volatile_cache: true,
            protection_intervals: true,
            command_security: true,
            microcode_by_several_nexuses: 3,
            extended_self_test_minutes: 0x1234,
            activates_at_power_on: true,
            activates_at_vendor_event: true,
            max_sense_length: 252,
            ..ExtendedInquiry::default()
        };
        assert_eq!(found, expected);
        let found = parse(&[0x02, 0x2a, 0x0a, 0x01, 0x10, 0, 0, 0, 0x40, 0]);
        let expected = ExtendedInquiry {
            checks_application_tag: true,
            attention_details: true,
            priorities: true,
            ordered: true,
            write_uncorrectable: true,
            non_volatile_cache: true,
            clears_attentions_of_nexus: true,
            referrals: true,
            activates_at_hard_reset: true,
            ..ExtendedInquiry::default()
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_page_that_ends_early_states_less() {
        let all = [0xff; 60];
        assert_eq!(parse(&[]), ExtendedInquiry::default());
        for length in 0..all.len() {
            let found = parse(&all[..length]);
            assert_eq!(found.simple, length > 1, "{length}");
            assert_eq!(found.extended_self_test_minutes, if length > 7 { 0xffff } else { 0 }, "{length}");
            assert_eq!(found == parse(&all), length > 9, "{length}");
        }
    }
}
