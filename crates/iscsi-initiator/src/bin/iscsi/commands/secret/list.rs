//! `iscsi secret list` and `check`, and the table of credentials that `iscsi secret import` shows too.

use clap::Args;
use comfy_table::Table;
use iscsi_secrets::{Entry, Requirement, ReverseState, Scope, SecretUse, Weakness};
use serde::Serialize;

use crate::arguments::StoreOptions;
use crate::arguments::values::Output;
use crate::failure::Failure;
use crate::{output, store};

/// Names and states of one entry of the store.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CredentialLine {
    #[serde(flatten)]
    scope: ScopeNames,
    /// Whether a secret of the initiator is stored.
    remembered: bool,
    /// The CHAP name of the initiator.
    user: Option<String>,
    /// The secret of the target: `set`, `cleared` or `unset`.
    target_secret: &'static str,
    /// The CHAP name of the target.
    target_user: Option<String>,
    /// The required authentication: `none`, `chap` or `mutual`; null where the requirement of all others applies.
    requires: Option<&'static str>,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    store: StoreOptions,
}

impl List {
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        let entries = store::for_reading(&self.store)?.entries()?;
        let lines: Vec<CredentialLine> = entries.into_iter().map(CredentialLine::from).collect();
        output::show_list(output, &lines, "no stored credentials", credential_table)
    }
}

impl From<Entry> for CredentialLine {
    fn from(entry: Entry) -> Self {
        Self {
            scope: ScopeNames::from(&entry.scope),
            remembered: entry.forward_set,
            user: entry.forward_name,
            target_secret: match entry.reverse {
                ReverseState::Set => "set",
                ReverseState::Cleared => "cleared",
                ReverseState::Unbound => "unset",
            },
            target_user: entry.reverse_name,
            requires: entry.requirement.map(Requirement::as_str),
        }
    }
}

fn credential_table(lines: &[CredentialLine]) -> Table {
    scope_table(lines.iter().map(|line| {
        let forward = Direction {
            state: if line.remembered { "set" } else { "unset" },
            name: line.user.as_deref(),
            in_force: line.remembered,
        };
        let reverse = Direction {
            state: line.target_secret,
            name: line.target_user.as_deref(),
            in_force: line.target_secret == "set",
        };
        (&line.scope, forward, reverse, line.requires)
    }))
}

/// A weakness of stored secrets.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WeaknessLine {
    /// `short`, `equal` or `shared`.
    weakness: &'static str,
    /// The weakness in words.
    explanation: String,
    /// Where the secrets are used.
    places: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    store: StoreOptions,
}

impl Check {
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        let weaknesses = store::for_reading(&self.store)?.snapshot()?.weaknesses();
        let lines: Vec<WeaknessLine> = weaknesses.iter().map(WeaknessLine::from).collect();
        output::show(output, &lines, |lines| weakness_table(lines))?;
        if lines.is_empty() { Ok(()) } else { Err(Failure::WeakSecrets { count: lines.len() }) }
    }
}

impl From<&Weakness> for WeaknessLine {
    fn from(found: &Weakness) -> Self {
        let (weakness, places) = match found {
            Weakness::Short { secret, .. } => ("short", vec![secret.to_string()]),
            Weakness::Equal { scope } => ("equal", vec![scope.to_string()]),
            Weakness::Shared { uses } => ("shared", uses.iter().map(SecretUse::to_string).collect()),
            _ => ("other", Vec::new()),
        };
        Self { weakness, explanation: found.to_string(), places }
    }
}

fn weakness_table(lines: &[WeaknessLine]) -> Table {
    if lines.is_empty() {
        let mut table = output::table(&[]);
        output::add_row(&mut table, &["no weak secrets found".to_owned()]);
        return table;
    }
    let mut table = output::table(&["WEAKNESS", "WHERE", "WHY"]);
    for WeaknessLine { weakness, explanation, places } in lines {
        let mut first = [(*weakness).to_owned(), explanation.clone()];
        for place in places {
            let [weakness, explanation] = std::mem::take(&mut first);
            output::add_row(&mut table, &[weakness, place.clone(), explanation]);
        }
    }
    table
}

/// The scope of credentials.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ScopeNames {
    /// `global`, `target`, `discovery` or `portal`.
    scope: &'static str,
    /// The name of the target, for the scope `target`.
    target: Option<String>,
    /// The address of the portal, for the scope `portal`: discovery there has credentials of its own.
    portal: Option<String>,
}

impl From<&Scope> for ScopeNames {
    fn from(scope: &Scope) -> Self {
        let (scope, target, portal) = match scope {
            Scope::Global => ("global", None, None),
            Scope::Target(name) => ("target", Some(name.to_string()), None),
            Scope::Discovery => ("discovery", None, None),
            Scope::Portal(name) => ("portal", None, Some(name.to_string())),
        };
        Self { scope, target, portal }
    }
}

impl ScopeNames {
    fn scope(&self) -> String {
        match (&self.target, &self.portal, self.scope) {
            (Some(target), ..) => target.clone(),
            (None, Some(portal), _) => format!("discovery at {portal}"),
            (None, None, "discovery") => "discovery (every other)".to_owned(),
            (None, None, _) => "(every other)".to_owned(),
        }
    }
}

/// The credential of one direction: its state, and its CHAP name.
pub(super) struct Direction<'a> {
    pub(super) state: &'a str,
    pub(super) name: Option<&'a str>,
    /// Whether there is a secret, with which a default name is used where none is stored.
    pub(super) in_force: bool,
}

impl Direction<'_> {
    fn name(&self, default: &str) -> String {
        self.name.unwrap_or(if self.in_force { default } else { "-" }).to_owned()
    }
}

/// A row of a table: a scope, the initiator's credential, the target's, and what is required.
type Row<'a> = (&'a ScopeNames, Direction<'a>, Direction<'a>, Option<&'a str>);

/// A table with a row for each scope.
pub(super) fn scope_table<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> Table {
    let mut table = output::table(&["FOR", "INITIATOR SECRET", "AS", "TARGET SECRET", "AS", "REQUIRES"]);
    for (names, forward, reverse, requires) in rows {
        let (user, target_user) = (forward.name("(initiator name)"), reverse.name("(any)"));
        let (own, expected) = (forward.state.to_owned(), reverse.state.to_owned());
        let requires = requires.unwrap_or("-").to_owned();
        output::add_row(&mut table, &[names.scope(), own, user, expected, target_user, requires]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_secret_list() {
        let file = expect_test::expect_file!["../../../../../schemas/secret-list.schema.json"];
        crate::output::expect_schema::<Vec<CredentialLine>>(&file);
    }

    #[test]
    fn the_schema_file_documents_the_output_of_secret_check() {
        let file = expect_test::expect_file!["../../../../../schemas/secret-check.schema.json"];
        crate::output::expect_schema::<Vec<WeaknessLine>>(&file);
    }
}
