//! `iscsi secret import`

mod report;

use std::path::PathBuf;

use clap::Args;
use iscsi_secrets::open_iscsi::{self, ConflictPolicy, ImportOutcome, ImportWarning, Plan};
use iscsi_secrets::{Change, SecretStore};

use crate::arguments::StoreChangeOptions;
use crate::arguments::values::Output;
use crate::failure::{Failure, hint, warn};
use crate::store;

#[derive(Args)]
pub(crate) struct Import {
    /// Directory of open-iscsi, with iscsid.conf or records in it, such as /etc/iscsi or /var/lib/iscsi
    #[arg(long, value_name = "DIR")]
    open_iscsi: PathBuf,
    /// Overwrite what the store has already, where it differs
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    store: StoreChangeOptions,
}

impl Import {
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        let open_iscsi::Import { changes, warnings } = open_iscsi::read(&self.open_iscsi)?;
        tell(&warnings);
        let plan = self.carry_out(changes)?;
        report::show(output, &plan)?;
        let outcomes: Vec<ImportOutcome> = halves(&plan).collect();
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

    /// Stores what is to be stored, all of it or nothing.
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

/// What becomes of every credential.
fn halves(plan: &Plan) -> impl Iterator<Item = ImportOutcome> {
    plan.scopes
        .values()
        .flat_map(|scope_import| [&scope_import.forward, &scope_import.reverse])
        .flatten()
        .map(|credential| credential.outcome)
}

/// Every warning on a line of its own; records without credentials, of which there may be many, on one together.
fn tell(warnings: &[ImportWarning]) {
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
