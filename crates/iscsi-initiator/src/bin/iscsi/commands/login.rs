//! `iscsi login`

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::{Authenticated, RedirectKind, Session, SessionDetails};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{SessionOptions, urls};
use crate::deviation::ShownDeviation;
use crate::failure::Failure;
use crate::unauthenticated::Reason;
use crate::{output, session};
use negotiated::Negotiated;

mod negotiated;

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

/// What came of a login. Lengths in bytes, times in seconds.
#[derive(Serialize)]
struct Report {
    target: String,
    target_alias: Option<String>,
    portal: String,
    /// `temporarily` or `permanently`, if the target sent us there from another portal
    moved: Option<&'static str>,
    portal_group_tag: Option<u16>,
    isid: String,
    tsih: u16,
    round_trips: u32,
    authentication: Authentication,
    parameters: Negotiated,
    /// Harmless deviations from RFC 7143 that were tolerated.
    deviations: Vec<ShownDeviation>,
}

#[derive(Serialize)]
struct Authentication {
    /// `none`, `chap` or `mutual`
    method: &'static str,
    algorithm: Option<String>,
    /// As what the target proved itself.
    target_user: Option<String>,
    /// Why there is no authentication, if there is none and that was not demanded.
    unauthenticated: Option<Reason>,
}

impl Login {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let url = urls::target(&self.url)?;
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
        Self { method, algorithm, target_user, unauthenticated: Reason::of(details) }
    }

    /// Who authenticated whom, in a sentence.
    fn sentence(&self) -> String {
        let algorithm = self.algorithm.as_deref().unwrap_or_default();
        match &self.target_user {
            Some(user) => format!("mutual CHAP ({algorithm}): the target proved itself as {user:?}"),
            None if self.algorithm.is_some() => {
                format!("CHAP ({algorithm}): we proved ourselves, the target did not")
            }
            None => "none: neither side proved itself".to_owned(),
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
