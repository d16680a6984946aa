//! `iscsi secret check`

use clap::Args;
use comfy_table::Table;
use iscsi_secrets::{SecretUse, Weakness};
use serde::Serialize;

use crate::arguments::StoreOptions;
use crate::arguments::values::Output;
use crate::failure::Failure;
use crate::{output, store};

/// Something that somebody should change.
#[derive(Serialize)]
struct Line {
    /// `short`, `equal` or `shared`
    weakness: &'static str,
    explanation: String,
    /// Where the secret is used.
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
        let lines: Vec<Line> = weaknesses.iter().map(Line::from).collect();
        output::show(output, &lines, |lines| table(lines))?;
        if lines.is_empty() { Ok(()) } else { Err(Failure::WeakSecrets { count: lines.len() }) }
    }
}

impl From<&Weakness> for Line {
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

fn table(lines: &[Line]) -> Table {
    if lines.is_empty() {
        let mut table = output::table(&[]);
        output::add_row(&mut table, &["nothing to object to".to_owned()]);
        return table;
    }
    let mut table = output::table(&["WEAKNESS", "WHERE", "WHY"]);
    for Line { weakness, explanation, places } in lines {
        let mut first = [(*weakness).to_owned(), explanation.clone()];
        for place in places {
            let [weakness, explanation] = std::mem::take(&mut first);
            output::add_row(&mut table, &[weakness, place.clone(), explanation]);
        }
    }
    table
}
