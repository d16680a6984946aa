//! One line about the credentials of a scope, as `secret list` and `secret import` show them.

use comfy_table::Table;
use iscsi_secrets::Scope;
use serde::Serialize;

use crate::output;

/// Whom credentials are for.
#[derive(Serialize)]
pub(super) struct ScopeNames {
    /// `global`, `target`, `discovery` or `portal`
    scope: &'static str,
    /// The name of one target.
    target: Option<String>,
    /// The address of one portal, where discovery takes credentials of its own.
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

/// What is to be said of one direction: its state, and the CHAP name that is stored or the one that counts without.
pub(super) struct Direction<'a> {
    pub(super) state: &'a str,
    pub(super) name: Option<&'a str>,
    /// Is there a secret, so that another name counts where none is stored?
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
pub(super) fn table<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> Table {
    let mut table = output::table(&["FOR", "INITIATOR SECRET", "AS", "TARGET SECRET", "AS", "REQUIRES"]);
    for (names, forward, reverse, requires) in rows {
        let (user, target_user) = (forward.name("(initiator name)"), reverse.name("(any)"));
        let (ours, theirs) = (forward.state.to_owned(), reverse.state.to_owned());
        let requires = requires.unwrap_or("-").to_owned();
        output::add_row(&mut table, &[names.scope(), ours, user, theirs, target_user, requires]);
    }
    table
}
