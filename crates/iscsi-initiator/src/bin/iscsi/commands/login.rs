//! `iscsi login`

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::{Authenticated, Parameters, RedirectKind, Session, SessionDetails};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{SessionOptions, values};
use crate::failure::Failure;
use crate::output::remarks::ShownDeviation;
use crate::output::remarks::UnauthenticatedReason;
use crate::{output, session};

pub(super) const EXAMPLE: &str = "Example: iscsi login iscsi://192.0.2.1/iqn.2001-04.com.example:disk";
pub(super) const DETAILS: &str = "\
The command verifies credentials and negotiation: it attaches no disk.";

#[derive(Args)]
pub(crate) struct Login {
    #[arg(help = "iscsi://host[:port]/target")]
    url: String,
    #[command(flatten)]
    session: SessionOptions,
}

/// The outcome of a login.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// The name of the target.
    target: String,
    /// The `TargetAlias`, if the target sent one.
    target_alias: Option<String>,
    /// The portal of the session, `host:port`.
    portal: String,
    /// `temporarily` or `permanently`, if the target redirected the login from another portal.
    moved: Option<&'static str>,
    /// The portal group tag.
    portal_group_tag: Option<u16>,
    /// The initiator's part of the session identifier.
    isid: String,
    /// The target's part of the session identifier.
    tsih: u16,
    /// Login requests that were sent and answered.
    round_trips: u32,
    /// The authentication that took place.
    authentication: Authentication,
    /// The negotiated parameters.
    parameters: Negotiated,
    /// Harmless deviations from RFC 7143 that were tolerated.
    deviations: Vec<ShownDeviation>,
}

/// The authentication that took place.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Authentication {
    /// `none`, `chap` or `mutual`.
    method: &'static str,
    /// The CHAP algorithm.
    algorithm: Option<String>,
    /// The CHAP name with which the target authenticated itself.
    target_user: Option<String>,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

impl Login {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let url = values::target_url(&self.url)?;
        let report =
            session::with_session(&self.session, url, async |session| Ok(Report::new(session))).await?;
        output::show(output, &report, table)
    }
}

impl Report {
    fn new(session: &Session) -> Self {
        let details = session.details();
        let completed = &details.completed;
        Self {
            target: details.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            target_alias: completed.target_alias.clone(),
            portal: details.portal.to_string(),
            moved: details.redirect_kind.map(|moved| match moved {
                RedirectKind::Temporarily => "temporarily",
                RedirectKind::Permanently => "permanently",
            }),
            portal_group_tag: completed.target_portal_group_tag,
            isid: details.isid.to_string(),
            tsih: completed.tsih,
            round_trips: completed.round_trips,
            authentication: Authentication::new(details),
            parameters: Negotiated::new(&completed.parameters),
            deviations: session.deviations().iter().map(ShownDeviation::new).collect(),
        }
    }
}

impl Authentication {
    fn new(details: &SessionDetails) -> Self {
        let (method, algorithm, target_user) = match &details.completed.authenticated {
            Authenticated::None => ("none", None, None),
            Authenticated::Initiator { algorithm } => ("chap", Some(algorithm.to_string()), None),
            Authenticated::Mutual(target) => {
                ("mutual", Some(target.algorithm().to_string()), Some(target.name().to_owned()))
            }
        };
        Self { method, algorithm, target_user, unauthenticated: UnauthenticatedReason::of(details) }
    }

    /// Describes the authentication in a sentence.
    fn sentence(&self) -> String {
        let algorithm = self.algorithm.as_deref().unwrap_or_default();
        match &self.target_user {
            Some(user) => format!("mutual CHAP ({algorithm}): the target authenticated itself as {user:?}"),
            None if self.algorithm.is_some() => {
                format!("CHAP ({algorithm}): the initiator authenticated itself, the target did not")
            }
            None => "none: neither side authenticated itself".to_owned(),
        }
    }
}

fn table(report: &Report) -> Table {
    let mut table = output::table(&[]);
    let mut row = |name: &str, value: String| output::add_row(&mut table, &[name.to_owned(), value]);
    row("target:", report.target.clone());
    if let Some(alias) = &report.target_alias {
        row("alias:", alias.clone());
    }
    row("portal:", report.portal.clone());
    if let Some(moved) = report.moved {
        row("moved:", format!("{moved}, by redirection"));
    }
    row("portal group:", report.portal_group_tag.map_or_else(|| "-".to_owned(), |tag| tag.to_string()));
    row("session:", format!("ISID {}, TSIH {}", report.isid, report.tsih));
    row("round trips:", report.round_trips.to_string());
    row("authentication:", report.authentication.sentence());
    for (key, value) in report.parameters.rows() {
        row(&format!("{key}:"), value);
    }
    for deviation in &report.deviations {
        row("deviation:", deviation.to_string());
    }
    table
}

/// Parameters under their keys in RFC 7143 and 7144, which have one key for the segment lengths of both directions.
/// Lengths are in bytes, times in seconds.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
struct Negotiated {
    /// `None` or `CRC32C`.
    header_digest: &'static str,
    /// `None` or `CRC32C`.
    data_digest: &'static str,
    /// The longest data segment that the initiator receives.
    max_recv_data_segment_length: u32,
    /// The longest data segment that the initiator sends.
    max_send_data_segment_length: u32,
    /// The longest solicited burst.
    max_burst_length: u32,
    /// The most unsolicited data of a command, immediate data included.
    first_burst_length: u32,
    /// Whether every data burst needs an R2T.
    #[serde(rename = "InitialR2T")]
    initial_r2t: bool,
    /// Whether commands may carry data.
    immediate_data: bool,
    /// R2Ts of a command at the same time.
    #[serde(rename = "MaxOutstandingR2T")]
    max_outstanding_r2t: u16,
    /// Connections of the session.
    max_connections: u16,
    /// Whether the data PDUs of a sequence are in order.
    #[serde(rename = "DataPDUInOrder")]
    data_pdu_in_order: bool,
    /// Whether the data sequences of a command are in order.
    data_sequence_in_order: bool,
    /// Seconds to wait before a reconnection.
    #[serde(rename = "DefaultTime2Wait")]
    default_time2wait: u16,
    /// Seconds for which the target keeps tasks after a connection is lost.
    #[serde(rename = "DefaultTime2Retain")]
    default_time2retain: u16,
    /// 0 to 2.
    error_recovery_level: u8,
    /// The version of the protocol (RFC 7144).
    #[serde(rename = "iSCSIProtocolLevel")]
    protocol_level: u8,
}

impl Negotiated {
    fn new(parameters: &Parameters) -> Self {
        Self {
            header_digest: digest(parameters.digests.header),
            data_digest: digest(parameters.digests.data),
            max_recv_data_segment_length: parameters.max_recv_data_segment_length,
            max_send_data_segment_length: parameters.max_send_data_segment_length,
            max_burst_length: parameters.max_burst_length,
            first_burst_length: parameters.first_burst_length,
            initial_r2t: parameters.initial_r2t,
            immediate_data: parameters.immediate_data,
            max_outstanding_r2t: parameters.max_outstanding_r2t,
            max_connections: parameters.max_connections,
            data_pdu_in_order: parameters.data_pdu_in_order,
            data_sequence_in_order: parameters.data_sequence_in_order,
            default_time2wait: parameters.default_time2wait,
            default_time2retain: parameters.default_time2retain,
            error_recovery_level: parameters.error_recovery_level,
            protocol_level: parameters.protocol_level,
        }
    }

    /// Keys with values as they are sent.
    fn rows(&self) -> [(&'static str, String); 16] {
        [
            ("HeaderDigest", self.header_digest.to_owned()),
            ("DataDigest", self.data_digest.to_owned()),
            ("MaxRecvDataSegmentLength", self.max_recv_data_segment_length.to_string()),
            ("MaxSendDataSegmentLength", self.max_send_data_segment_length.to_string()),
            ("MaxBurstLength", self.max_burst_length.to_string()),
            ("FirstBurstLength", self.first_burst_length.to_string()),
            ("InitialR2T", yes_or_no(self.initial_r2t)),
            ("ImmediateData", yes_or_no(self.immediate_data)),
            ("MaxOutstandingR2T", self.max_outstanding_r2t.to_string()),
            ("MaxConnections", self.max_connections.to_string()),
            ("DataPDUInOrder", yes_or_no(self.data_pdu_in_order)),
            ("DataSequenceInOrder", yes_or_no(self.data_sequence_in_order)),
            ("DefaultTime2Wait", self.default_time2wait.to_string()),
            ("DefaultTime2Retain", self.default_time2retain.to_string()),
            ("ErrorRecoveryLevel", self.error_recovery_level.to_string()),
            ("iSCSIProtocolLevel", self.protocol_level.to_string()),
        ]
    }
}

const fn digest(negotiated: bool) -> &'static str {
    if negotiated { "CRC32C" } else { "None" }
}

fn yes_or_no(value: bool) -> String {
    if value { "Yes" } else { "No" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_login() {
        let file = expect_test::expect_file!["../../../../schemas/login.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}
