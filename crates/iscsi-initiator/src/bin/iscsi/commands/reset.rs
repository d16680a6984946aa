//! `iscsi reset`

use std::time::Duration;

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::{Error, Lun, ManagementResponse, Session, TargetUrl, TaskManagement};
use serde::Serialize;
use tokio::time::timeout;

use crate::arguments::values::Output;
use crate::arguments::{SessionOptions, values};
use crate::failure::Failure;
use crate::output::remarks::UnauthenticatedReason;
use crate::{output, session};

pub(super) const EXAMPLE: &str =
    "Example: iscsi reset iscsi://192.0.2.1/iqn.2001-04.com.example:disk --lun 0";
pub(super) const DETAILS: &str = "\
A reset ends the commands of ALL initiators, and their reservations: it is for
units and targets that hang. --lun asks for LOGICAL UNIT RESET, --target for
TARGET WARM RESET, and --cold for TARGET COLD RESET, which may end all sessions;
the end of this one is success then. --timeout limits the wait for the answer.";

/// The time in which a target may end the session after a cold reset.
const END_OF_SESSION: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(crate) struct Reset {
    #[arg(help = "iscsi://host[:port]/target")]
    url: String,
    #[command(flatten)]
    scope: ScopeArgs,
    /// End all sessions too (with --target)
    #[arg(long, requires = "target", conflicts_with = "lun")]
    cold: bool,
    #[command(flatten)]
    session: SessionOptions,
}

/// Exactly one of these options.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct ScopeArgs {
    /// Reset one logical unit
    #[arg(long, value_name = "LUN", value_parser = values::lun)]
    lun: Option<Lun>,
    /// Reset the target with all its units
    #[arg(long)]
    target: bool,
}

/// A reset that was carried out.
#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// The name of the target.
    target: String,
    /// The portal of the session, `host:port`.
    portal: String,
    /// The task management function by its name in SAM, such as `LOGICAL UNIT RESET`.
    function: &'static str,
    /// The logical unit number; null for a reset of the target.
    lun: Option<String>,
    /// The answer of the target; null if the session ended before it.
    response: Option<&'static str>,
    /// Whether the target ended the session after a cold reset.
    session_ended: bool,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

impl Reset {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let url = values::target_url(&self.url)?;
        self.check_unit_of(&url)?;
        let mut report = None;
        let outcome = session::with_session(&self.session, url, async |session| {
            let report = report.insert(Report::new(session, self.function()));
            self.reset(session, report).await
        });
        let ended = outcome.await;
        let Some(mut report) = report else { return ended };
        report.session_ended = self.cold && ended.as_ref().is_err_and(is_end_of_session);
        if !report.session_ended {
            ended?;
        }
        output::show(output, &report, table)
    }

    /// Refuses a URL that names another unit than the option, or one where the target is reset.
    fn check_unit_of(&self, url: &TargetUrl) -> Result<(), Failure> {
        if url.lun.is_none() || url.lun == self.scope.lun {
            return Ok(());
        }
        let hint = "leave the logical unit out of the URL: --lun or --target says what is reset";
        Err(Failure::usage("the URL names another logical unit than the options", hint))
    }

    const fn function(&self) -> TaskManagement {
        match self.scope.lun {
            Some(lun) => TaskManagement::LogicalUnitReset(lun),
            None if self.cold => TaskManagement::TargetColdReset,
            None => TaskManagement::TargetWarmReset,
        }
    }

    /// Requests the reset. After a cold one the end of the session is returned, if it comes soon.
    async fn reset(&self, session: &Session, report: &mut Report) -> Result<(), Failure> {
        let ManagementResponse { code, .. } = session.manage_tasks(self.function()).await?;
        report.response = Some(code.meaning());
        let ended = async { timeout(END_OF_SESSION, session.ended()).await.ok() };
        let error = if self.cold { ended.await } else { None };
        error.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Whether a target ended the session that may do so.
fn is_end_of_session(failure: &Failure) -> bool {
    matches!(
        failure.of_initiator(),
        Some(Error::ConnectionLost { .. } | Error::SessionEnded(_) | Error::LogoutRequested)
    )
}

impl Report {
    fn new(session: &Session, function: TaskManagement) -> Self {
        let details = session.details();
        let lun = match function {
            TaskManagement::LogicalUnitReset(lun) => Some(lun.to_string()),
            _ => None,
        };
        Self {
            target: details.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            portal: details.portal.to_string(),
            function: function.name(),
            lun,
            unauthenticated: UnauthenticatedReason::of(details),
            ..Self::default()
        }
    }
}

fn table(report: &Report) -> Table {
    let mut table = output::table(&[]);
    let mut row = |name: &str, value: &str| output::add_row(&mut table, &[name.to_owned(), value.to_owned()]);
    row("target:", &report.target);
    if let Some(lun) = &report.lun {
        row("LUN:", lun);
    }
    row("function:", report.function);
    row("answer:", report.response.unwrap_or("-"));
    if report.session_ended {
        row("session:", "ended by the target");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_reset() {
        let file = expect_test::expect_file!["../../../../schemas/reset.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }

    #[test]
    fn only_a_target_ends_a_session() {
        let lost = Error::ConnectionLost { portal: "h".parse().unwrap(), reason: "closed".to_owned() };
        for error in [lost, Error::SessionEnded(String::new()), Error::LogoutRequested] {
            assert!(is_end_of_session(&error.into()));
        }
        let silent = Error::TaskManagement { function: "TARGET COLD RESET", response: None };
        assert!(!is_end_of_session(&silent.into()) && !is_end_of_session(&Failure::Interrupted));
    }
}
