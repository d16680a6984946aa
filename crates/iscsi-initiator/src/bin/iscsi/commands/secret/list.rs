//! `iscsi secret list`

use clap::Args;
use comfy_table::Table;
use iscsi_secrets::{Entry, Requirement, ReverseState};
use serde::Serialize;

use super::credential_line::{self, Direction, ScopeNames};
use crate::arguments::StoreOptions;
use crate::arguments::values::Output;
use crate::failure::Failure;
use crate::{output, store};

/// Names and flags of one entry.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    scope: ScopeNames,
    /// Is there a secret that we prove?
    remembered: bool,
    user: Option<String>,
    /// `set`, `cleared` or `unset`
    target_secret: &'static str,
    target_user: Option<String>,
    /// `none`, `chap` or `mutual`; nothing where what is required of all counts.
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
        let lines: Vec<Line> = entries.into_iter().map(Line::from).collect();
        output::show_list(output, &lines, "no stored credentials", table)
    }
}

impl From<Entry> for Line {
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

fn table(lines: &[Line]) -> Table {
    credential_line::table(lines.iter().map(|line| {
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
