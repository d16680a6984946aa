//! The texts of additional sense codes and their qualifiers (SPC-5, annex F; T10's list of assignments of 2020-08-17).

/// Each code and qualifier in hexadecimal with its text, in the order of the codes. A qualifier `NN` stands for any that the
/// text admits.
static LIST: &str = include_str!("additional_sense.txt");

/// Returns the text for code and qualifier, `None` for one that is not assigned.
pub(super) fn text(asc: u8, ascq: u8) -> Option<&'static str> {
    let of = |key: &str| LIST.lines().find_map(|line| line.strip_prefix(key));
    let exact = of(&format!("{asc:02X}/{ascq:02X} "));
    exact.or_else(|| of(&format!("{asc:02X}/NN ")).filter(|_| admits_any_qualifier(asc, ascq)))
}

/// Whether the qualifier may be that of a component, a task or an algorithm.
const fn admits_any_qualifier(asc: u8, ascq: u8) -> bool {
    // Components of a diagnostic failure have the numbers from 80h on.
    asc != 0x40 || ascq >= 0x80
}

#[cfg(test)]
mod tests {
    use super::{LIST, text};

    #[test]
    fn every_line_is_a_code_with_a_text_and_they_are_in_order_without_duplicates() {
        let keys: Vec<&str> = LIST.lines().map(|line| line.split_once(' ').unwrap().0).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "in order, each once");
        assert_eq!(keys.len(), 760);
        for line in LIST.lines() {
            let (key, text) = line.split_once(' ').unwrap();
            let (asc, ascq) = key.split_once('/').unwrap();
            assert!(asc.len() == 2 && u8::from_str_radix(asc, 16).unwrap() < 0x80, "{line}");
            assert!(ascq.len() == 2 && (ascq == "NN" || u8::from_str_radix(ascq, 16).is_ok()), "{line}");
            assert!(!text.is_empty() && text.trim() == text && text.is_ascii(), "{line}");
            assert_eq!(key, key.to_uppercase());
        }
    }

    #[test]
    fn every_listed_code_has_its_text() {
        for line in LIST.lines().filter(|line| !line.contains("/NN")) {
            let (key, expected) = line.split_once(' ').unwrap();
            let (asc, ascq) = key.split_once('/').unwrap();
            let code = |digits| u8::from_str_radix(digits, 16).unwrap();
            assert_eq!(text(code(asc), code(ascq)), Some(expected));
        }
    }

    #[test]
    fn a_range_of_qualifiers_shares_a_text() {
        for ascq in 0..=u8::MAX {
            let failure = match ascq {
                0 => Some("RAM FAILURE (SHOULD USE 40 NN)"),
                0x80.. => Some("DIAGNOSTIC FAILURE ON COMPONENT NN (80h-FFh)"),
                _ => None,
            };
            assert_eq!(text(0x40, ascq), failure);
            assert_eq!(text(0x4d, ascq), Some("TAGGED OVERLAPPED COMMANDS (NN = TASK TAG)"));
            assert_eq!(text(0x70, ascq), Some("DECOMPRESSION EXCEPTION SHORT ALGORITHM ID OF NN"));
            assert_eq!(text(0x71, ascq).is_some(), ascq == 0);
        }
    }

    #[test]
    fn codes_that_are_not_assigned_or_belong_to_a_vendor_have_no_text() {
        for (asc, ascq) in
            [(0x00, 0x08), (0x0f, 0x00), (0x04, 0x80), (0x20, 0x05), (0x7f, 0x00), (0x80, 0x00)]
        {
            assert_eq!(text(asc, ascq), None, "{asc:02x}/{ascq:02x}");
        }
        assert!((0x75..=u8::MAX).all(|asc| (0..=u8::MAX).all(|ascq| text(asc, ascq).is_none())));
    }

    /// Codes on which other parts of the program depend, and the newest ones.
    const FREQUENT: [(u8, u8, &str); 49] = [
        (0x00, 0x00, "NO ADDITIONAL SENSE INFORMATION"),
        (0x04, 0x00, "LOGICAL UNIT NOT READY, CAUSE NOT REPORTABLE"),
        (0x04, 0x01, "LOGICAL UNIT IS IN PROCESS OF BECOMING READY"),
        (0x04, 0x02, "LOGICAL UNIT NOT READY, INITIALIZING COMMAND REQUIRED"),
        (0x04, 0x03, "LOGICAL UNIT NOT READY, MANUAL INTERVENTION REQUIRED"),
        (0x04, 0x0a, "LOGICAL UNIT NOT ACCESSIBLE, ASYMMETRIC ACCESS STATE TRANSITION"),
        (0x04, 0x0b, "LOGICAL UNIT NOT ACCESSIBLE, TARGET PORT IN STANDBY STATE"),
        (0x04, 0x0c, "LOGICAL UNIT NOT ACCESSIBLE, TARGET PORT IN UNAVAILABLE STATE"),
        (0x08, 0x00, "LOGICAL UNIT COMMUNICATION FAILURE"),
        (0x0c, 0x00, "WRITE ERROR"),
        (0x0c, 0x0c, "WRITE ERROR - UNEXPECTED UNSOLICITED DATA"),
        (0x0c, 0x0d, "WRITE ERROR - NOT ENOUGH UNSOLICITED DATA"),
        (0x11, 0x00, "UNRECOVERED READ ERROR"),
        (0x11, 0x13, "READ ERROR - FAILED RETRANSMISSION REQUEST"),
        (0x1a, 0x00, "PARAMETER LIST LENGTH ERROR"),
        (0x1d, 0x00, "MISCOMPARE DURING VERIFY OPERATION"),
        (0x20, 0x00, "INVALID COMMAND OPERATION CODE"),
        (0x21, 0x00, "LOGICAL BLOCK ADDRESS OUT OF RANGE"),
        (0x24, 0x00, "INVALID FIELD IN CDB"),
        (0x25, 0x00, "LOGICAL UNIT NOT SUPPORTED"),
        (0x26, 0x00, "INVALID FIELD IN PARAMETER LIST"),
        (0x27, 0x00, "WRITE PROTECTED"),
        (0x27, 0x07, "SPACE ALLOCATION FAILED WRITE PROTECT"),
        (0x28, 0x00, "NOT READY TO READY CHANGE, MEDIUM MAY HAVE CHANGED"),
        (0x29, 0x00, "POWER ON, RESET, OR BUS DEVICE RESET OCCURRED"),
        (0x29, 0x01, "POWER ON OCCURRED"),
        (0x29, 0x02, "SCSI BUS RESET OCCURRED"),
        (0x29, 0x03, "BUS DEVICE RESET FUNCTION OCCURRED"),
        (0x29, 0x07, "I_T NEXUS LOSS OCCURRED"),
        (0x2a, 0x01, "MODE PARAMETERS CHANGED"),
        (0x2a, 0x03, "RESERVATIONS PREEMPTED"),
        (0x2a, 0x06, "ASYMMETRIC ACCESS STATE CHANGED"),
        (0x2a, 0x09, "CAPACITY DATA HAS CHANGED"),
        (0x2f, 0x00, "COMMANDS CLEARED BY ANOTHER INITIATOR"),
        (0x38, 0x08, "DEPOPULATION INTERRUPTED"),
        (0x39, 0x00, "SAVING PARAMETERS NOT SUPPORTED"),
        (0x3a, 0x00, "MEDIUM NOT PRESENT"),
        (0x3f, 0x01, "MICROCODE HAS BEEN CHANGED"),
        (0x3f, 0x03, "INQUIRY DATA HAS CHANGED"),
        (0x3f, 0x0e, "REPORTED LUNS DATA HAS CHANGED"),
        (0x44, 0x00, "INTERNAL TARGET FAILURE"),
        (0x47, 0x05, "PROTOCOL SERVICE CRC ERROR"),
        (0x47, 0x7f, "SOME COMMANDS CLEARED BY ISCSI PROTOCOL EVENT"),
        (0x49, 0x00, "INVALID MESSAGE ERROR"),
        (0x4b, 0x00, "DATA PHASE ERROR"),
        (0x55, 0x03, "INSUFFICIENT RESOURCES"),
        (0x55, 0x04, "INSUFFICIENT REGISTRATION RESOURCES"),
        (0x5d, 0x00, "FAILURE PREDICTION THRESHOLD EXCEEDED"),
        (0x74, 0x79, "SECURITY CONFLICT IN TRANSLATED DEVICE"),
    ];

    #[test]
    fn texts_of_frequent_codes() {
        for (asc, ascq, expected) in FREQUENT {
            assert_eq!(text(asc, ascq), Some(expected));
        }
    }
}
