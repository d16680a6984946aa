//! The answers of the sequences: each text with each common header, and a few others.

use bytes::Bytes;
use iscsi_login::target;
use iscsi_pdu::{InitiatorTaskTag, LoginRequest, LoginResponse, LoginStatus, SerialNumber, Stage};

use crate::texts::{TEXTS, Text};

/// A Login Response, except for the fields copied from the request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) text: Text,
    bytes: Bytes,
    header: Header,
    status: LoginStatus,
}

/// The header of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    /// The stage of the request, no transition.
    Stay,
    /// The requested transition, or the one to the next stage.
    Grant,
    /// A transition directly to full feature phase.
    ToFullFeature,
    /// A transition to the reserved stage 2.
    ToReservedStage,
    /// The operational stage, whether or not it has begun.
    InOperational,
    /// The end of the operational stage, whether or not it has begun.
    InOperationalToFullFeature,
    /// No transition, and more text to come.
    Continues,
    /// More text to come and a transition at once.
    ContinuesAndGrants,
    OtherTag,
    OtherVersion,
    WithoutSessionIdentifier,
}

/// Headers that go with every text; the others go with a few.
const COMMON: [Header; 5] = [
    Header::Stay,
    Header::Grant,
    Header::ToFullFeature,
    Header::InOperational,
    Header::InOperationalToFullFeature,
];

/// Texts that are incomplete. Only a few, since each multiplies the states by the texts collected before.
const SPLIT: [Text; 3] = [Text::Split, Text::MethodChap, Text::RightResponse];

const RARE: [Header; 5] = [
    Header::ToReservedStage,
    Header::ContinuesAndGrants,
    Header::OtherTag,
    Header::OtherVersion,
    Header::WithoutSessionIdentifier,
];

/// All answers, with unique names.
pub(crate) fn answers() -> Vec<Answer> {
    let common = TEXTS.into_iter().flat_map(|text| COMMON.map(|header| Answer::new(text, header, 0x0000)));
    let split = SPLIT.map(|text| Answer::new(text, Header::Continues, 0x0000));
    let rare = [Text::Empty, Text::Challenge, Text::RightResponse, Text::Operational].into_iter();
    let rare = rare.flat_map(|text| RARE.map(|header| Answer::new(text, header, 0x0000)));
    let statuses = [0x0001, 0x0101, 0x0200, 0x0201, 0x020b, 0x0301, 0x0400];
    let statuses = statuses.map(|status| Answer::new(Text::RightResponse, Header::ToFullFeature, status));
    common.chain(split).chain(rare).chain(statuses).collect()
}

impl Answer {
    fn new(text: Text, header: Header, status: u16) -> Self {
        let name = format!("{text:?}, {header:?}, {status:04x}");
        Self { name, text, bytes: text.bytes().into(), header, status: LoginStatus(status) }
    }

    /// The answer to this request.
    pub(crate) fn to(&self, request: &LoginRequest) -> LoginResponse {
        let stage = request.current_stage;
        let after = if stage == Stage::SECURITY { Stage::OPERATIONAL } else { Stage::FULL_FEATURE };
        let granted = if request.transit { request.next_stage } else { after };
        let (current_stage, next_stage) = match self.header {
            Header::Grant | Header::ContinuesAndGrants => (stage, Some(granted)),
            Header::WithoutSessionIdentifier | Header::ToFullFeature => (stage, Some(Stage::FULL_FEATURE)),
            Header::ToReservedStage => (stage, Some(Stage(2))),
            Header::InOperational => (Stage::OPERATIONAL, None),
            Header::InOperationalToFullFeature => (Stage::OPERATIONAL, Some(Stage::FULL_FEATURE)),
            Header::Stay | Header::Continues | Header::OtherTag | Header::OtherVersion => (stage, None),
        };
        let other_tag = u32::from(self.header == Header::OtherTag);
        LoginResponse {
            transit: next_stage.is_some(),
            continues: matches!(self.header, Header::Continues | Header::ContinuesAndGrants),
            current_stage,
            next_stage: next_stage.unwrap_or(Stage(0)),
            version_active: u8::from(self.header == Header::OtherVersion),
            tsih: u16::from(self.header != Header::WithoutSessionIdentifier),
            itt: InitiatorTaskTag(request.itt.0 + other_tag),
            status: self.status,
            text: self.bytes.clone(),
            ..target::answer(request, SerialNumber(5))
        }
    }
}
