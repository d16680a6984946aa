//! What became of everything that was read.

use comfy_table::Table;
use iscsi_secrets::Scope;
use iscsi_secrets::open_iscsi::{Arrival, Fate, Half, Plan};
use serde::Serialize;

use crate::arguments::Output;
use crate::failure::Failure;
use crate::output;

/// Names and flags of one scope.
#[derive(Serialize)]
struct Line {
    /// `global`, `target`, `discovery` or `portal`
    scope: &'static str,
    /// The name of one target.
    target: Option<String>,
    /// The address of one portal.
    portal: Option<String>,
    /// `imported`, `replaced`, `unchanged`, `kept` or `unset`: what we prove
    remembered: &'static str,
    user: Option<String>,
    /// The same for what the target proves.
    target_secret: &'static str,
    target_user: Option<String>,
}

pub(super) fn show(output: Output, plan: &Plan) -> Result<(), Failure> {
    let lines: Vec<Line> = plan.arrivals.iter().map(|(scope, arrival)| Line::of(scope, arrival)).collect();
    output::show(output, &lines, |lines| table(lines))
}

impl Line {
    fn of(scope: &Scope, arrival: &Arrival) -> Self {
        let (scope, target, portal) = match scope {
            Scope::Global => ("global", None, None),
            Scope::Target(name) => ("target", Some(name.to_string()), None),
            Scope::Discovery => ("discovery", None, None),
            Scope::Portal(name) => ("portal", None, Some(name.to_string())),
        };
        let (remembered, user) = fate_and_name(arrival.forward.as_ref());
        let (target_secret, target_user) = fate_and_name(arrival.reverse.as_ref());
        Self { scope, target, portal, remembered, user, target_secret, target_user }
    }

    fn whom(&self) -> String {
        match (&self.target, &self.portal, self.scope) {
            (Some(target), ..) => target.clone(),
            (None, Some(portal), _) => format!("discovery at {portal}"),
            (None, None, "discovery") => "discovery (every other)".to_owned(),
            (None, None, _) => "(every other)".to_owned(),
        }
    }
}

fn fate_and_name(half: Option<&Half>) -> (&'static str, Option<String>) {
    let Some(half) = half else { return ("unset", None) };
    let fate = match half.fate {
        Fate::Imported => "imported",
        Fate::Replaced => "replaced",
        Fate::Unchanged => "unchanged",
        Fate::Kept => "kept",
    };
    (fate, half.name.clone())
}

fn table(lines: &[Line]) -> Table {
    let mut table = output::table(&["TARGET", "WE PROVE", "AS", "TARGET PROVES", "AS"]);
    for line in lines {
        let name = |name: &Option<String>, fate: &str, default: &str| {
            name.clone()
                .unwrap_or_else(|| if matches!(fate, "unset" | "kept") { "-" } else { default }.to_owned())
        };
        output::add_row(
            &mut table,
            &[
                line.whom(),
                line.remembered.to_owned(),
                name(&line.user, line.remembered, "(initiator name)"),
                line.target_secret.to_owned(),
                name(&line.target_user, line.target_secret, "(any)"),
            ],
        );
    }
    table
}
