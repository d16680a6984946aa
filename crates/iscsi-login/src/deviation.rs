//! The table of harmless deviations from RFC 7143 that targets in the field show.

/// A row of the table of harmless deviations: a way in which targets break
/// [RFC 7143](https://www.rfc-editor.org/rfc/rfc7143) and which the initiator can tolerate without harm.
///
/// CHAP rules, numbering and limits are not in the table: a target that breaks those is refused in either mode.
///
/// ```
/// use iscsi_login::Deviation;
/// assert_eq!(Deviation::TSIH_ZERO.id, "tsih-zero");
/// assert!(Deviation::ALL.contains(&Deviation::TSIH_ZERO));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deviation {
    /// The stable name of the row.
    pub id: &'static str,
    /// The section of RFC 7143 that the target breaks.
    pub section: &'static str,
    /// The behaviour of the target.
    pub target: &'static str,
    /// The targets that show it.
    pub seen: &'static str,
    /// The reaction of the initiator, and why it is safe.
    pub initiator: &'static str,
}

/// Reports that do not name the target; libiscsi logs in to such targets.
const REPORTED: &str = "field reports";

impl Deviation {
    /// A session without a session identifier.
    pub const TSIH_ZERO: Self = Self {
        id: "tsih-zero",
        section: "11.13.3",
        target: "sends TSIH 0 in the final Login Response of a new session",
        seen: "gotgt; crate iscsi-target 1.0",
        initiator: "continues: a session of one connection never sends its TSIH",
    };
    /// A missing choice of an authentication method.
    pub const SECURITY_STAGE_SKIPPED: Self = Self {
        id: "security-stage-skipped",
        section: "6.3.2",
        target: "answers the offer of None and CHAP, made because CHAP is used only if asked for, without `AuthMethod`",
        seen: "gotgt",
        initiator: "treats it as None; where CHAP is required, the login fails",
    };
    /// A repeated authentication method.
    pub const AUTH_METHOD_REPEATED: Self = Self {
        id: "auth-method-repeated",
        section: "6.3",
        target: "sends `AuthMethod` again, after it was chosen",
        seen: REPORTED,
        initiator: "ignores it if it names the method in use, else the login fails",
    };
    /// A declaration that only the initiator makes.
    pub const DECLARATION_ECHOED: Self = Self {
        id: "declaration-echoed",
        section: "13.4, 13.5, 13.7, 13.21",
        target: "sends `TargetName` back, or another key that only the initiator declares",
        seen: REPORTED,
        initiator: "ignores it if the value is the one it sent, else the login fails",
    };
    /// Operational keys before their stage.
    pub const KEY_IN_SECURITY_STAGE: Self = Self {
        id: "key-in-security-stage",
        section: "12",
        target: "sends an operational or unknown key in the security stage",
        seen: REPORTED,
        initiator: "does not answer, and offers all keys in the operational stage; where the target then says nothing \
                    about the key, the early value still limits the result",
    };
    /// An offer that can no longer be answered.
    pub const KEY_BESIDE_TRANSITION: Self = Self {
        id: "key-beside-transition",
        section: "6.3",
        target: "offers a key in a response with T=1, so that it cannot be answered",
        seen: REPORTED,
        initiator: "ignores it: a key that was not negotiated keeps its default",
    };
    /// A key without meaning in a discovery session.
    pub const KEY_IRRELEVANT_IN_DISCOVERY: Self = Self {
        id: "key-irrelevant-in-discovery",
        section: "6.3, 13",
        target: "offers a key that is irrelevant in a discovery session in a response with T=1",
        seen: "crate iscsi-target 1.0",
        initiator: "ignores it: no SCSI command is sent in that session",
    };
    /// A key that was already settled.
    pub const KEY_REPEATED: Self = Self {
        id: "key-repeated",
        section: "6.3",
        target: "declares or negotiates a key a second time",
        seen: REPORTED,
        initiator: "uses the more restrictive value; two different digests fail",
    };
    /// A repeated portal group tag.
    pub const PORTAL_GROUP_TAG_REPEATED: Self = Self {
        id: "portal-group-tag-repeated",
        section: "6.3, 13.9",
        target: "sends `TargetPortalGroupTag` a second time",
        seen: REPORTED,
        initiator: "keeps the first value, which is only reported",
    };
    /// An answer without an offer.
    pub const ANSWER_WITHOUT_OFFER: Self = Self {
        id: "answer-without-offer",
        section: "6.2",
        target: "sends `NotUnderstood`, `Irrelevant` or `Reject` for a key that was not offered",
        seen: REPORTED,
        initiator: "ignores it: the key keeps its default",
    };
    /// A key of RFC 7143 that the target does not know.
    pub const NOT_UNDERSTOOD: Self = Self {
        id: "not-understood",
        section: "6.2",
        target: "answers `NotUnderstood` to a key of RFC 7143",
        seen: REPORTED,
        initiator: "uses the default or its offer, whichever is more restrictive; a required digest fails",
    };
    /// The error recovery level that the target does not know.
    pub const RECOVERY_LEVEL_NOT_UNDERSTOOD: Self = Self {
        id: "recovery-level-not-understood",
        section: "6.2, 13.20",
        target: "answers `NotUnderstood` to `ErrorRecoveryLevel`",
        seen: REPORTED,
        initiator: "uses level 0, which requires nothing from the target",
    };
    /// `Irrelevant` without a reason.
    pub const IRRELEVANT: Self = Self {
        id: "irrelevant",
        section: "6.2",
        target: "answers `Irrelevant` to a key that no other key makes irrelevant",
        seen: REPORTED,
        initiator: "uses the default or its offer, whichever is more restrictive; a required digest fails",
    };
    /// A value that the function of the key does not allow.
    pub const VALUE_BEYOND_OFFER: Self = Self {
        id: "value-beyond-offer",
        section: "6.2.2",
        target: "answers with a value that the offer does not allow: above it, or below it where the larger value \
                 counts",
        seen: "gotgt, which has fixed values for some keys",
        initiator: "uses its offer: the initiator stays within both values",
    };
    /// Base64 without padding.
    pub const BASE64_UNPADDED: Self = Self {
        id: "base64-unpadded",
        section: "6.1",
        target: "writes `CHAP_C` or `CHAP_R` in base64 without padding (RFC 4648, 3.2)",
        seen: REPORTED,
        initiator: "decodes it: the bytes are unambiguous, and all checks follow",
    };
    /// An R2T with LUN 0 instead of the LUN of its command.
    pub const R2T_LUN_ZERO: Self = Self {
        id: "r2t-lun-zero",
        section: "4.2.5.3, 11.8.5",
        target: "names LUN 0 in an R2T for a command to another logical unit",
        seen: "gotgt",
        initiator: "finds the command by its task tag, and sends the data with the LUN of the command",
    };
    /// A status number that an answer before had.
    pub const STAT_SN_REPEATED: Self = Self {
        id: "stat-sn-repeated",
        section: "4.2.2.2",
        target: "answers a command with a `StatSN` that an answer before had",
        seen: "gotgt, which copies it from the command; crate `iscsi-target`, whose first one is that of the login",
        initiator: "takes the first answer to each command, finds it by its task tag, and leaves `ExpStatSN` as it is",
    };
    /// Data in an unsolicited NOP-In.
    pub const NOP_IN_DATA: Self = Self {
        id: "nop-in-data",
        section: "11.19",
        target: "sends data in a NOP-In that is no answer",
        seen: REPORTED,
        initiator: "sends the data back if it is a ping, as far as a segment of the target takes them",
    };
    /// A negative portal group tag.
    pub const ADDRESS_TAG_NEGATIVE: Self = Self {
        id: "address-tag-negative",
        section: "13.8",
        target: "gives an address with the portal group tag -1",
        seen: REPORTED,
        initiator: "uses the address without a tag",
    };
    /// Blanks at the end of an address.
    pub const ADDRESS_TRAILING_BLANK: Self = Self {
        id: "address-trailing-blank",
        section: "13.8",
        target: "gives an address with blanks at its end",
        seen: REPORTED,
        initiator: "uses the address without the blanks",
    };
    /// A colon without a port.
    pub const ADDRESS_PORT_MISSING: Self = Self {
        id: "address-port-missing",
        section: "13.8",
        target: "gives an address with a colon but no port",
        seen: REPORTED,
        initiator: "uses port 3260",
    };
    /// An IPv6 address without brackets.
    pub const ADDRESS_IPV6_UNBRACKETED: Self = Self {
        id: "address-ipv6-unbracketed",
        section: "13.8",
        target: "gives an IPv6 address without brackets",
        seen: REPORTED,
        initiator: "uses it, unless the last group could also be a port: then the address is unusable",
    };
    /// A name outside the grammar of iSCSI names.
    pub const NAME_GRAMMAR: Self = Self {
        id: "name-grammar",
        section: "4.2.7",
        target: "gives a name that breaks the grammar of its type, such as one with an underscore, a blank or an invalid date",
        seen: "jSCSI, by its default configuration",
        initiator: "uses the name unchanged, unless it contains a character that is unsafe in a terminal, a path or a log",
    };
    /// A malformed record of a `SendTargets` answer.
    pub const RECORD_UNUSABLE: Self = Self {
        id: "record-unusable",
        section: "appendix C",
        target: "sends a malformed record in its answer to `SendTargets`, or a malformed address among usable ones",
        seen: REPORTED,
        initiator: "lists the record as unusable, with its text and the reason, and uses the others",
    };

    /// All rows of the table.
    pub const ALL: [Self; 24] = [
        Self::TSIH_ZERO,
        Self::SECURITY_STAGE_SKIPPED,
        Self::AUTH_METHOD_REPEATED,
        Self::DECLARATION_ECHOED,
        Self::KEY_IN_SECURITY_STAGE,
        Self::KEY_BESIDE_TRANSITION,
        Self::KEY_IRRELEVANT_IN_DISCOVERY,
        Self::KEY_REPEATED,
        Self::PORTAL_GROUP_TAG_REPEATED,
        Self::ANSWER_WITHOUT_OFFER,
        Self::NOT_UNDERSTOOD,
        Self::RECOVERY_LEVEL_NOT_UNDERSTOOD,
        Self::IRRELEVANT,
        Self::VALUE_BEYOND_OFFER,
        Self::BASE64_UNPADDED,
        Self::R2T_LUN_ZERO,
        Self::STAT_SN_REPEATED,
        Self::NOP_IN_DATA,
        Self::ADDRESS_TAG_NEGATIVE,
        Self::ADDRESS_TRAILING_BLANK,
        Self::ADDRESS_PORT_MISSING,
        Self::ADDRESS_IPV6_UNBRACKETED,
        Self::NAME_GRAMMAR,
        Self::RECORD_UNUSABLE,
    ];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Deviation;

    /// A row that is missing in the list would be in no document and no test.
    #[test]
    fn every_row_is_listed_once() {
        let rows = include_str!("deviation.rs").matches(": Self = Self {\n").count();
        let ids: BTreeSet<_> = Deviation::ALL.iter().map(|row| row.id).collect();
        assert_eq!((ids.len(), Deviation::ALL.len()), (rows, rows));
    }

    #[test]
    fn ids_are_words_between_hyphens() {
        for row in Deviation::ALL {
            let fits = |word: &str| {
                !word.is_empty()
                    && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            };
            assert!(row.id.split('-').all(fits), "{}", row.id);
        }
    }
}
