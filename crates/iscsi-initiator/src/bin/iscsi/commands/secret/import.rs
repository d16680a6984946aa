//! `iscsi secret import`

use std::path::PathBuf;

use clap::Args;
use comfy_table::Table;
use iscsi_secrets::open_iscsi::{
    self, ConflictPolicy, ImportOutcome, ImportWarning, ImportedCredential, Plan, ScopeImport,
};
use iscsi_secrets::{Change, Scope, SecretStore};
use serde::Serialize;

use super::list::{Direction, ScopeNames, scope_table};
use crate::arguments::StoreChangeOptions;
use crate::arguments::values::Output;
use crate::failure::Failure;
use crate::messages::{hint, warn};
use crate::{output, store};

#[derive(Args)]
pub(crate) struct Import {
    /// Such as /etc/iscsi or /var/lib/iscsi
    #[arg(long, value_name = "DIR")]
    open_iscsi: PathBuf,
    /// Overwrite differing entries of the store
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    store: StoreChangeOptions,
}

impl Import {
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        let open_iscsi::Import { changes, warnings } = open_iscsi::read(&self.open_iscsi)?;
        show_warnings(&warnings);
        let plan = self.carry_out(changes)?;
        show(output, &plan)?;
        let outcomes: Vec<ImportOutcome> = outcomes(&plan).collect();
        if !outcomes.is_empty() {
            hint(&format!(
                "the files in {} still hold these secrets in the clear: remove them there once nothing else uses them",
                self.open_iscsi.display()
            ));
        }
        let left_out = warnings.iter().filter(|warning| warning.is_left_out()).count();
        let kept = outcomes.iter().filter(|outcome| **outcome == ImportOutcome::Kept).count();
        if left_out + kept == 0 { Ok(()) } else { Err(Failure::NotAllImported { left_out, kept }) }
    }

    /// Stores the credentials, all of them or none.
    fn carry_out(&self, changes: Vec<Change>) -> Result<Plan, Failure> {
        if changes.is_empty() {
            return Ok(Plan::default());
        }
        let existing = if self.replace { ConflictPolicy::Replace } else { ConflictPolicy::Keep };
        let store = store::made_if_missing(&self.store)?;
        let mut plan = Plan::of(changes, &*store.snapshot()?, existing)?;
        let changes = std::mem::take(&mut plan.changes);
        if !changes.is_empty() {
            store.apply_all(changes)?;
        }
        Ok(plan)
    }
}

/// Returns the outcome of every credential.
fn outcomes(plan: &Plan) -> impl Iterator<Item = ImportOutcome> {
    plan.scopes
        .values()
        .flat_map(|scope_import| [&scope_import.forward, &scope_import.reverse])
        .flatten()
        .map(|credential| credential.outcome)
}

/// Prints each warning on its own line; records without credentials, of which there may be many, share one.
fn show_warnings(warnings: &[ImportWarning]) {
    let is_bare = |warning: &&ImportWarning| matches!(warning, ImportWarning::NoCredentials { .. });
    for warning in warnings.iter().filter(|warning| !is_bare(warning)) {
        warn(&warning.to_string());
    }
    match warnings.iter().filter(is_bare).count() {
        0 => {}
        1 => warn("1 record holds no credentials"),
        records => warn(&format!("{records} records hold no credentials")),
    }
}

/// Names and states of the credentials of one scope.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ImportLine {
    #[serde(flatten)]
    scope: ScopeNames,
    /// The secret of the initiator: `imported`, `replaced`, `unchanged`, `kept` or `unset`.
    remembered: &'static str,
    /// The CHAP name of the initiator.
    user: Option<String>,
    /// The secret of the target, with the same values.
    target_secret: &'static str,
    /// The CHAP name of the target.
    target_user: Option<String>,
}

fn show(output: Output, plan: &Plan) -> Result<(), Failure> {
    let lines: Vec<ImportLine> =
        plan.scopes.iter().map(|(scope, scope_import)| ImportLine::of(scope, scope_import)).collect();
    output::show_list(output, &lines, "no credentials to import", table)
}

impl ImportLine {
    fn of(scope: &Scope, scope_import: &ScopeImport) -> Self {
        let (remembered, user) = outcome_and_name(scope_import.forward.as_ref());
        let (target_secret, target_user) = outcome_and_name(scope_import.reverse.as_ref());
        Self { scope: scope.into(), remembered, user, target_secret, target_user }
    }
}

fn outcome_and_name(credential: Option<&ImportedCredential>) -> (&'static str, Option<String>) {
    let Some(credential) = credential else { return ("unset", None) };
    let outcome = match credential.outcome {
        ImportOutcome::Imported => "imported",
        ImportOutcome::Replaced => "replaced",
        ImportOutcome::Unchanged => "unchanged",
        ImportOutcome::Kept => "kept",
    };
    (outcome, credential.name.clone())
}

fn table(lines: &[ImportLine]) -> Table {
    let direction = |state, name| Direction { state, name, in_force: !matches!(state, "unset" | "kept") };
    scope_table(lines.iter().map(|line| {
        let forward = direction(line.remembered, line.user.as_deref());
        let reverse = direction(line.target_secret, line.target_user.as_deref());
        (&line.scope, forward, reverse, None)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_secret_import() {
        let file = expect_test::expect_file!["../../../../../schemas/secret-import.schema.json"];
        crate::output::expect_schema::<Vec<ImportLine>>(&file);
    }
}
