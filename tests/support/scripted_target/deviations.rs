//! Scripted targets for the table of deviations: each violates RFC 7143 as described in one row and conforms otherwise.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use iscsi_login::Deviation;
use iscsi_pdu::{
    InitiatorTaskTag, LoginRequest, LoginResponse, Lun, NopIn, R2t, ScsiCommand, ScsiStatus, Stage,
    TargetPdu, TargetTransferTag, TextKeys, TextWriter, decode_binary, encode_base64,
};

use super::{Moment, Reply, Script, r2t, response, text_response};
use crate::ram_disk::{Account, Config, Credentials, LogicalUnit, Target};

/// The target of every script.
pub const DEVIATING_TARGET: &str = "iqn.2001-04.com.example:disk";
/// CHAP name and secret that the scripts for [`Trial::LoginByChap`] want.
pub const DEVIATING_ACCOUNT: (&str, &[u8]) = ("host", b"what-the-host-proves");

const OTHER_TARGET: &str = "iqn.2001-04.com.example:other";
const WRITE_10: u8 = 0x2a;

/// The call of an initiator that reaches the deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Log in without authentication.
    Login,
    /// Log in, with CHAP only if asked for; the target does not ask.
    LoginIfAsked,
    /// Log in by CHAP with [`DEVIATING_ACCOUNT`].
    LoginByChap,
    /// Ask for the targets: [`DEVIATING_TARGET`] is the first one, and `iqn.2001-04.com.example:other` the last one.
    Discovery,
    /// Log in without authentication and write one block to LUN 1.
    Write,
}

/// The scripts for a row, with the calls that reach the deviation; `None` for a row without scripts.
#[must_use]
pub fn deviating(row: &Deviation) -> Option<(Trial, Vec<Script>)> {
    let (_, trial, scripts) = DEVIATING.iter().find(|(id, ..)| *id == row.id)?;
    Some((*trial, scripts()))
}

/// A row of the table of deviations by its id, the call that reaches it, and its scripts.
type DeviatingRow = (&'static str, Trial, fn() -> Vec<Script>);

const DEVIATING: &[DeviatingRow] = &[
    ("tsih-zero", Trial::Login, || vec![at_the_end(|response| LoginResponse { tsih: 0, ..response })]),
    ("security-stage-skipped", Trial::LoginIfAsked, || vec![silent_about_the_method()]),
    ("auth-method-repeated", Trial::LoginByChap, || {
        vec![at_the_challenge(|response| with_keys(&response, &[("AuthMethod", "CHAP")]))]
    }),
    ("declaration-echoed", Trial::Login, || {
        vec![
            ending_with(&[("TargetName", DEVIATING_TARGET)]),
            ending_with(&[("SessionType", "Normal"), ("InitiatorAlias", "x")]),
        ]
    }),
    ("key-in-security-stage", Trial::LoginByChap, keys_in_the_security_stage),
    ("key-beside-transition", Trial::Login, || {
        vec![
            ending_with(&[("X-com.example.key", "1")]),
            ending_with(&[("IFMarker", "No")]),
            ending_with(&[("TaskReporting", "RFC3720")]),
            ending_with(&[("iSCSIProtocolLevel", "2")]),
        ]
    }),
    ("key-irrelevant-in-discovery", Trial::Discovery, || {
        vec![ending_with(&[("ImmediateData", "Yes"), ("MaxBurstLength", "262144"), ("MaxConnections", "8")])]
    }),
    ("key-repeated", Trial::Login, || {
        vec![ending_with(&[("ImmediateData", "Yes")]), ending_with(&[("MaxRecvDataSegmentLength", "262144")])]
    }),
    ("portal-group-tag-repeated", Trial::Login, || vec![ending_with(&[("TargetPortalGroupTag", "1")])]),
    ("answer-without-offer", Trial::Login, || {
        vec![ending_with(&[("IFMarker", "Irrelevant")]), ending_with(&[("TaskReporting", "NotUnderstood")])]
    }),
    ("not-understood", Trial::Login, || {
        vec![answering("MaxConnections", "NotUnderstood"), answering("DataDigest", "NotUnderstood")]
    }),
    ("recovery-level-not-understood", Trial::Login, || {
        vec![answering("ErrorRecoveryLevel", "NotUnderstood")]
    }),
    ("irrelevant", Trial::Login, || vec![answering("MaxOutstandingR2T", "Irrelevant")]),
    ("value-beyond-offer", Trial::Login, || {
        vec![
            answering("MaxBurstLength", "16776192"),
            answering("DefaultTime2Wait", "0"),
            answering("DefaultTime2Retain", "60"),
            answering("MaxOutstandingR2T", "16"),
            answering("DataPDUInOrder", "No"),
        ]
    }),
    ("base64-unpadded", Trial::LoginByChap, || {
        vec![at_the_challenge(|response| in_unpadded_base64(&response))]
    }),
    ("r2t-lun-zero", Trial::Write, || vec![r2t_for_lun_0()]),
    ("stat-sn-repeated", Trial::Write, || vec![repeating_a_number()]),
    ("nop-in-data", Trial::Write, || vec![pinging_with_data()]),
    ("address-tag-negative", Trial::Discovery, || vec![addressed("10.0.0.5:3260,-1")]),
    ("address-trailing-blank", Trial::Discovery, || vec![addressed("10.0.0.5:3260,1 ")]),
    ("address-port-missing", Trial::Discovery, || {
        vec![addressed("10.0.0.5:,1"), addressed("[2001:db8::5]:,1")]
    }),
    ("address-ipv6-unbracketed", Trial::Discovery, || vec![addressed("2001:db8::5,1")]),
    ("name-grammar", Trial::Discovery, || {
        vec![
            discovering("TargetName=iqn.2001-04.com.example:my_disk\0TargetAddress=10.0.0.5:3260,1\0"),
            discovering("TargetName=disk 1\0"),
        ]
    }),
    ("record-unusable", Trial::Discovery, || {
        vec![
            addressed("10.0.0.5:0,1"),
            discovering("TargetName=disk/1\0TargetAddress=10.0.0.5,1\0"),
            discovering("TargetName\0"),
            discovering("TargetAlias=disk\0"),
        ]
    }),
];

/// A portal with the deviating target, which has units 0 and 1 and reports no unit attention, and another target.
fn config() -> Config {
    let mut target = Target::new(name(DEVIATING_TARGET));
    target.units.push(LogicalUnit { number: 1, ..LogicalUnit::default() });
    let mut config = Config::with_targets([target, Target::new(name(OTHER_TARGET))]);
    config.unit_attention = false;
    config
}

fn chap_config() -> Config {
    let mut config = config();
    let (name, secret) = DEVIATING_ACCOUNT;
    config.targets[0].credentials = Credentials::Chap(Account::new(name, secret));
    config
}

fn name(text: &str) -> iscsi_pdu::IscsiName {
    text.parse().expect("a name")
}

/// Changes the final Login Response, and serves like a conforming target afterwards.
fn at_the_end(change: impl Fn(LoginResponse) -> LoginResponse + Send + Sync + 'static) -> Script {
    let change = move |_: &LoginRequest, response: LoginResponse| {
        if response.next_stage == Stage::FULL_FEATURE { change(response) } else { response }
    };
    Script::new().log_in_changing(config(), change).serve()
}

/// Adds these keys to the final Login Response.
fn ending_with(keys: &'static [(&str, &str)]) -> Script {
    at_the_end(move |response| with_keys(&response, keys))
}

/// Answers a key with this value in the final Login Response.
fn answering(key: &'static str, value: &'static str) -> Script {
    at_the_end(move |response| with_value(&response, key, |_| value.to_owned()))
}

/// Changes the challenge.
fn at_the_challenge(change: impl Fn(LoginResponse) -> LoginResponse + Send + Sync + 'static) -> Script {
    let change = move |_: &LoginRequest, response: LoginResponse| {
        if value(&response, "CHAP_C").is_some() { change(response) } else { response }
    };
    Script::new().log_in_changing(chap_config(), change).serve()
}

/// Leaves the security stage without `AuthMethod`.
fn silent_about_the_method() -> Script {
    let change = |_: &LoginRequest, response: LoginResponse| {
        let text = rewritten(&response, |name, value| (name != "AuthMethod").then(|| value.to_owned()));
        LoginResponse { text, ..response }
    };
    Script::new().log_in_changing(config(), change).serve()
}

/// Operational and unknown keys beside the method, the challenge, and the end of the stage.
fn keys_in_the_security_stage() -> Vec<Script> {
    let beside = |key: Option<&'static str>, pair: (&'static str, &'static str)| {
        let change = move |_: &LoginRequest, response: LoginResponse| {
            let is_it =
                key.map_or(response.next_stage == Stage::OPERATIONAL, |key| value(&response, key).is_some());
            if is_it { with_keys(&response, &[pair]) } else { response }
        };
        Script::new().log_in_changing(chap_config(), change).serve()
    };
    let segment = ("MaxRecvDataSegmentLength", "65536");
    vec![
        beside(Some("AuthMethod"), segment),
        beside(Some("CHAP_C"), segment),
        beside(None, segment),
        beside(Some("AuthMethod"), ("X-com.example.key", "1")),
    ]
}

/// Writes the challenge in base64 without padding.
fn in_unpadded_base64(response: &LoginResponse) -> LoginResponse {
    with_value(response, "CHAP_C", |hex| {
        let bytes = decode_binary(hex, 1024).unwrap_or_default();
        encode_base64(&bytes).trim_end_matches('=').to_owned()
    })
}

/// Answers a WRITE with the status number of the answer before.
fn repeating_a_number() -> Script {
    let answer = |command: &ScsiCommand, moment: &Moment| {
        let mut repeated = *moment;
        repeated.numbers.stat_sn = repeated.numbers.stat_sn.minus(1);
        let response = response(command, &repeated, ScsiStatus::GOOD, Bytes::new());
        Reply { statuses: 0, ..Reply::of(&[TargetPdu::ScsiResponse(response)], moment.digests) }
    };
    Script::new().log_in(config()).answer_command(WRITE_10, answer).serve()
}

/// Pings with data in front of the answer to a WRITE.
fn pinging_with_data() -> Script {
    let answer = |command: &ScsiCommand, moment: &Moment| {
        let (itt, ttt, data) =
            (InitiatorTaskTag::RESERVED, TargetTransferTag(1), Bytes::from_static(b"data"));
        let ping = NopIn { lun: Lun::ZERO, itt, ttt, numbers: moment.numbers, data };
        let response = response(command, moment, ScsiStatus::GOOD, Bytes::new());
        Reply::of(&[TargetPdu::NopIn(ping), TargetPdu::ScsiResponse(response)], moment.digests)
    };
    Script::new().log_in(config()).answer_command(WRITE_10, answer).take().serve()
}

/// Requests the data of a command to LUN 1 by an R2T with LUN 0, and receives it.
fn r2t_for_lun_0() -> Script {
    let mut config = config();
    config.offer.parameters.immediate_data = false;
    config.offer.parameters.initial_r2t = true;
    let asked = Arc::new(Mutex::new(None));
    let answered = Arc::clone(&asked);
    Script::new()
        .log_in(config)
        .answer_command(WRITE_10, move |command, moment| {
            *asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(command.clone());
            let r2t =
                R2t { lun: Lun::ZERO, ..r2t(command, moment, 0, command.expected_data_transfer_length) };
            Reply::of(&[TargetPdu::R2t(r2t)], moment.digests)
        })
        .take()
        .announce(move |moment| {
            let command = answered.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let responses = command.map(|command| {
                TargetPdu::ScsiResponse(response(&command, moment, ScsiStatus::GOOD, Bytes::new()))
            });
            Reply::of(responses.as_slice(), moment.digests)
        })
        .serve()
}

/// A portal that lists only this address for its first target.
fn addressed(address: &str) -> Script {
    discovering(&format!("TargetAddress={address}\0"))
}

/// A portal that lists its target followed by this text, and then another target.
fn discovering(text: &str) -> Script {
    let other = format!("TargetName={OTHER_TARGET}\0TargetAddress=10.0.0.7:3260,1\0");
    let answer = Bytes::from(format!("TargetName={DEVIATING_TARGET}\0{text}{other}"));
    Script::new()
        .log_in(config())
        .answer_text(move |request, moment| {
            let response = text_response(request, moment, answer.clone());
            Reply::of(&[TargetPdu::TextResponse(response)], moment.digests)
        })
        .serve()
}

fn value(response: &LoginResponse, key: &str) -> Option<String> {
    TextKeys::parse(&response.text).ok()?.get(key).map(str::to_owned)
}

fn with_keys(response: &LoginResponse, pairs: &[(&str, &str)]) -> LoginResponse {
    let more = pairs.iter().fold(TextWriter::new(), |text, (key, value)| text.pair(key, value));
    let more = more.finish().expect("pairs");
    let text = [response.text.as_ref(), more.as_ref()].concat().into();
    LoginResponse { text, ..response.clone() }
}

fn with_value(response: &LoginResponse, key: &str, change: impl Fn(&str) -> String) -> LoginResponse {
    let text =
        rewritten(response, |name, value| Some(if name == key { change(value) } else { value.to_owned() }));
    LoginResponse { text, ..response.clone() }
}

fn rewritten(response: &LoginResponse, change: impl Fn(&str, &str) -> Option<String>) -> Bytes {
    let pairs = TextKeys::parse(&response.text).expect("pairs");
    let text = pairs.iter().fold(TextWriter::new(), |text, (key, value)| match change(key, value) {
        Some(value) => text.pair(key, value),
        None => text,
    });
    text.finish().expect("pairs")
}
