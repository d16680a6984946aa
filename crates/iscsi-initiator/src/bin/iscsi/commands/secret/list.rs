//! `iscsi secret list`

use comfy_table::Table;
use iscsi_secrets::{Entry, ReverseState, Scope};
use serde::Serialize;

use crate::arguments::Options;
use crate::failure::Failure;
use crate::{output, store};

/// Names and flags of one entry.
#[derive(Serialize)]
struct Line {
    /// `global`, `target`, `discovery` or `portal`
    scope: &'static str,
    /// The name of one target.
    target: Option<String>,
    /// The address of one portal, where discovery takes credentials of its own.
    portal: Option<String>,
    /// Is there a secret that we prove?
    remembered: bool,
    user: Option<String>,
    /// `set`, `cleared` or `unset`
    target_secret: &'static str,
    target_user: Option<String>,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let entries = store::for_reading(options)?.entries()?;
    let lines: Vec<Line> = entries.into_iter().map(Line::from).collect();
    output::show(options.output, &lines, |lines| table(lines))
}

impl From<Entry> for Line {
    fn from(entry: Entry) -> Self {
        let (scope, target, portal) = match entry.scope {
            Scope::Global => ("global", None, None),
            Scope::Target(name) => ("target", Some(name.to_string()), None),
            Scope::Discovery => ("discovery", None, None),
            Scope::Portal(name) => ("portal", None, Some(name.to_string())),
        };
        Self {
            scope,
            target,
            portal,
            remembered: entry.forward_set,
            user: entry.forward_name,
            target_secret: match entry.reverse {
                ReverseState::Set => "set",
                ReverseState::Cleared => "cleared",
                ReverseState::Unbound => "unset",
            },
            target_user: entry.reverse_name,
        }
    }
}

impl Line {
    fn whom(&self) -> String {
        match (&self.target, &self.portal, self.scope) {
            (Some(target), ..) => target.clone(),
            (None, Some(portal), _) => format!("discovery at {portal}"),
            (None, None, "discovery") => "discovery (every other)".to_owned(),
            (None, None, _) => "(every other)".to_owned(),
        }
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = output::table(&["TARGET", "WE PROVE", "AS", "TARGET PROVES", "AS"]);
    for line in lines {
        let name = |name: &Option<String>, set: bool, default: &str| {
            name.clone().unwrap_or_else(|| if set { default } else { "-" }.to_owned())
        };
        output::add_row(
            &mut table,
            &[
                line.whom(),
                if line.remembered { "set" } else { "unset" }.to_owned(),
                name(&line.user, line.remembered, "(initiator name)"),
                line.target_secret.to_owned(),
                name(&line.target_user, line.target_secret == "set", "(any)"),
            ],
        );
    }
    table
}
