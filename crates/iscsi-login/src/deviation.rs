//! The table of harmless deviations: what targets in the field do against RFC 7143 without harm to the initiator.

/// A row of the table: a way in which targets break RFC 7143 and which the initiator can tolerate without harm.
///
/// CHAP rules, numbering and bounds are not in the table: a target that breaks those is refused in either mode.
///
/// ```
/// use iscsi_login::Deviation;
/// assert_eq!(Deviation::TSIH_ZERO.id, "tsih-zero");
/// assert!(Deviation::ALL.contains(&Deviation::TSIH_ZERO));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deviation {
    /// The name of the row; it does not change.
    pub id: &'static str,
    /// The section of RFC 7143 that the target breaks.
    pub section: &'static str,
    /// What the target does.
    pub target: &'static str,
    /// Which target was seen doing it.
    pub seen: &'static str,
    /// What the initiator does about it, and why that is safe.
    pub initiator: &'static str,
}

/// Reports that do not say which target it was; the program of libiscsi logs in to such targets.
const REPORTED: &str = "field reports";

impl Deviation {
    /// No session handle.
    pub const TSIH_ZERO: Self = Self {
        id: "tsih-zero",
        section: "11.13.3",
        target: "sends TSIH 0 in the final Login Response of a new session",
        seen: "gotgt; crate iscsi-target 1.0",
        initiator: "goes on without a handle: a session of one connection never sends one",
    };
    /// No choice of an authentication method.
    pub const SECURITY_STAGE_SKIPPED: Self = Self {
        id: "security-stage-skipped",
        section: "6.3.2",
        target: "answers the offer of None and CHAP, made because CHAP is used only if asked for, without `AuthMethod`",
        seen: "gotgt",
        initiator: "takes it for None; where CHAP is required, the login fails",
    };
    /// The authentication method once more.
    pub const AUTH_METHOD_REPEATED: Self = Self {
        id: "auth-method-repeated",
        section: "6.3",
        target: "sends `AuthMethod` again, after it was chosen",
        seen: REPORTED,
        initiator: "ignores it if it names the method in use, else the login fails",
    };
    /// The initiator's own declarations.
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
    /// Keys that cannot be answered any more.
    pub const KEY_BESIDE_TRANSITION: Self = Self {
        id: "key-beside-transition",
        section: "6.3",
        target: "sends a key that nobody asked for beside T=1, so that it cannot be answered",
        seen: REPORTED,
        initiator: "ignores it: what was not negotiated keeps its default",
    };
    /// Keys without meaning in a discovery session.
    pub const KEY_IRRELEVANT_IN_DISCOVERY: Self = Self {
        id: "key-irrelevant-in-discovery",
        section: "6.3, 13",
        target: "sends a key that is irrelevant in a discovery session beside T=1",
        seen: "crate iscsi-target 1.0",
        initiator: "ignores it: no SCSI command is sent in that session",
    };
    /// A key that was settled before.
    pub const KEY_REPEATED: Self = Self {
        id: "key-repeated",
        section: "6.3",
        target: "declares or negotiates a key a second time",
        seen: REPORTED,
        initiator: "keeps the value that limits it more; two different digests fail",
    };
    /// The portal group tag once more.
    pub const PORTAL_GROUP_TAG_REPEATED: Self = Self {
        id: "portal-group-tag-repeated",
        section: "6.3, 13.9",
        target: "sends `TargetPortalGroupTag` a second time",
        seen: REPORTED,
        initiator: "keeps the first value, which it only reports",
    };
    /// An answer to no offer.
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
        initiator: "uses the default or its offer, whichever limits it more; a required digest fails",
    };
    /// The error recovery level that the target does not know.
    pub const RECOVERY_LEVEL_NOT_UNDERSTOOD: Self = Self {
        id: "recovery-level-not-understood",
        section: "6.2, 13.20",
        target: "answers `NotUnderstood` to `ErrorRecoveryLevel`",
        seen: REPORTED,
        initiator: "uses level 0, which needs nothing of the target",
    };
    /// `Irrelevant` without a reason.
    pub const IRRELEVANT: Self = Self {
        id: "irrelevant",
        section: "6.2",
        target: "answers `Irrelevant` to a key that no other key makes irrelevant",
        seen: REPORTED,
        initiator: "uses the default or its offer, whichever limits it more; a required digest fails",
    };
    /// A value that the function of the key does not allow.
    pub const VALUE_BEYOND_OFFER: Self = Self {
        id: "value-beyond-offer",
        section: "6.2.2",
        target: "answers with a value of its own that the offer does not allow: above it, or below it where the larger \
                 value counts",
        seen: "gotgt, which has constants for some keys",
        initiator: "uses its offer: what it sends stays within both values",
    };
    /// Base64 without the equals signs at its end.
    pub const BASE64_UNPADDED: Self = Self {
        id: "base64-unpadded",
        section: "6.1",
        target: "writes `CHAP_C` or `CHAP_R` in base64 without padding (RFC 4648, 3.2)",
        seen: REPORTED,
        initiator: "decodes it: the bytes are the same, and every check of them follows",
    };
    /// An R2T without its LUN.
    pub const R2T_LUN_ZERO: Self = Self {
        id: "r2t-lun-zero",
        section: "4.2.5.3, 11.8.5",
        target: "names LUN 0 in an R2T for a command to another logical unit",
        seen: "gotgt",
        initiator: "finds the command by its task tag, and sends the data with the LUN of the command",
    };
    /// A portal group tag that says that there is none.
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
        initiator: "uses the address without them",
    };
    /// A colon with no port behind it.
    pub const ADDRESS_PORT_MISSING: Self = Self {
        id: "address-port-missing",
        section: "13.8",
        target: "gives an address with a colon and no port behind it",
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
        target: "gives a name that breaks the grammar of its type, such as one with an underscore, a blank or an odd date",
        seen: "jSCSI, by its default configuration",
        initiator: "uses the name as it is, unless it has a character that could damage a terminal, a path or a log",
    };
    /// A record of a `SendTargets` answer that cannot be read.
    pub const RECORD_UNUSABLE: Self = Self {
        id: "record-unusable",
        section: "appendix C",
        target: "sends a malformed record in its answer to `SendTargets`, or a malformed address beside usable ones",
        seen: REPORTED,
        initiator: "lists the record as unusable, with its text and the reason, and uses the others",
    };

    /// All rows.
    pub const ALL: [Self; 22] = [
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

    /// A row that is missing in the list is in no document and no test.
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
