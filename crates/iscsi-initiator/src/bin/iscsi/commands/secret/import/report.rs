//! What became of everything that was read.

use comfy_table::Table;
use iscsi_secrets::Scope;
use iscsi_secrets::open_iscsi::{ImportOutcome, ImportedCredential, Plan, ScopeImport};
use serde::Serialize;

use super::super::credential_line::{self, Direction, ScopeNames};
use crate::arguments::values::Output;
use crate::failure::Failure;
use crate::output;

/// Names and flags of one scope.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    scope: ScopeNames,
    /// `imported`, `replaced`, `unchanged`, `kept` or `unset`: what we prove
    remembered: &'static str,
    user: Option<String>,
    /// The same for what the target proves.
    target_secret: &'static str,
    target_user: Option<String>,
}

pub(super) fn show(output: Output, plan: &Plan) -> Result<(), Failure> {
    let lines: Vec<Line> =
        plan.scopes.iter().map(|(scope, scope_import)| Line::of(scope, scope_import)).collect();
    output::show_list(output, &lines, "no credentials to import", table)
}

impl Line {
    fn of(scope: &Scope, scope_import: &ScopeImport) -> Self {
        let (remembered, user) = fate_and_name(scope_import.forward.as_ref());
        let (target_secret, target_user) = fate_and_name(scope_import.reverse.as_ref());
        Self { scope: scope.into(), remembered, user, target_secret, target_user }
    }
}

fn fate_and_name(credential: Option<&ImportedCredential>) -> (&'static str, Option<String>) {
    let Some(credential) = credential else { return ("unset", None) };
    let outcome = match credential.outcome {
        ImportOutcome::Imported => "imported",
        ImportOutcome::Replaced => "replaced",
        ImportOutcome::Unchanged => "unchanged",
        ImportOutcome::Kept => "kept",
    };
    (outcome, credential.name.clone())
}

fn table(lines: &[Line]) -> Table {
    let direction = |state, name| Direction { state, name, in_force: !matches!(state, "unset" | "kept") };
    credential_line::table(lines.iter().map(|line| {
        let forward = direction(line.remembered, line.user.as_deref());
        let reverse = direction(line.target_secret, line.target_user.as_deref());
        (&line.scope, forward, reverse, None)
    }))
}
