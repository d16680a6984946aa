//! The keys that a login knows (RFC 7143, 13).

use iscsi_pdu::{TextKey, TextPair};

use crate::operational_keys::{KEYS, place};

/// A pair of a received text.
pub(crate) type Pair<'a> = TextPair<'a, LoginKey>;

/// A key of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginKey {
    InitiatorName,
    InitiatorAlias,
    SessionType,
    TargetName,
    TargetAlias,
    TargetAddress,
    TargetPortalGroupTag,
    NodeArchitecture,
    AuthMethod,
    ChapA,
    ChapI,
    ChapC,
    ChapN,
    ChapR,
    /// The key at this place of the [table](KEYS).
    Operational(u8),
}

impl LoginKey {
    /// The keys that are not negotiated in the operational stage.
    #[cfg(test)]
    const OTHERS: [Self; 14] = [
        Self::InitiatorName,
        Self::InitiatorAlias,
        Self::SessionType,
        Self::TargetName,
        Self::TargetAlias,
        Self::TargetAddress,
        Self::TargetPortalGroupTag,
        Self::NodeArchitecture,
        Self::AuthMethod,
        Self::ChapA,
        Self::ChapI,
        Self::ChapC,
        Self::ChapN,
        Self::ChapR,
    ];

    /// The key of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "InitiatorName" => Self::InitiatorName,
            "InitiatorAlias" => Self::InitiatorAlias,
            "SessionType" => Self::SessionType,
            "TargetName" => Self::TargetName,
            "TargetAlias" => Self::TargetAlias,
            "TargetAddress" => Self::TargetAddress,
            "TargetPortalGroupTag" => Self::TargetPortalGroupTag,
            "X#NodeArchitecture" => Self::NodeArchitecture,
            "AuthMethod" => Self::AuthMethod,
            "CHAP_A" => Self::ChapA,
            "CHAP_I" => Self::ChapI,
            "CHAP_C" => Self::ChapC,
            "CHAP_N" => Self::ChapN,
            "CHAP_R" => Self::ChapR,
            _ => return place(name).map(Self::Operational),
        })
    }

    /// The key to write.
    pub(crate) const fn key(self) -> TextKey {
        match self {
            Self::InitiatorName => const { TextKey::new("InitiatorName") },
            Self::InitiatorAlias => const { TextKey::new("InitiatorAlias") },
            Self::SessionType => const { TextKey::new("SessionType") },
            Self::TargetName => const { TextKey::new("TargetName") },
            Self::TargetAlias => const { TextKey::new("TargetAlias") },
            Self::TargetAddress => const { TextKey::new("TargetAddress") },
            Self::TargetPortalGroupTag => const { TextKey::new("TargetPortalGroupTag") },
            Self::NodeArchitecture => const { TextKey::new("X#NodeArchitecture") },
            Self::AuthMethod => const { TextKey::new("AuthMethod") },
            Self::ChapA => const { TextKey::new("CHAP_A") },
            Self::ChapI => const { TextKey::new("CHAP_I") },
            Self::ChapC => const { TextKey::new("CHAP_C") },
            Self::ChapN => const { TextKey::new("CHAP_N") },
            Self::ChapR => const { TextKey::new("CHAP_R") },
            Self::Operational(at) => operational(at),
        }
    }

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        self.key().as_str()
    }
}

#[allow(clippy::indexing_slicing, reason = "a place is only made for a key of the table")]
const fn operational(at: u8) -> TextKey {
    KEYS[at as usize].name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_belong_together() {
        for key in LoginKey::OTHERS.into_iter().chain((0..16).map(LoginKey::Operational)) {
            assert_eq!(LoginKey::of(key.name()), Some(key));
        }
        assert_eq!(LoginKey::of("CHAP_X"), None);
    }
}
