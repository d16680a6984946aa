//! Measurement and output: tables, figures, samples and goals.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::Failure;
use crate::arguments::Plan;
use crate::machine::Machine;
use crate::measurement::{Measured, measure};
use crate::{chart, gallery, goals, table};

/// The page with the tables, relative to the root of the repository.
const README: &str = "benches/README.md";
/// The folder of the figures.
const FIGURES: &str = "benches/compare/figures";
/// The tables stand between these lines.
const BEGIN: &str = "<!-- compare: begin -->\n";
const END: &str = "<!-- compare: end -->\n";

/// The note instead of goals after a quick run.
const TRIED_OUT: &str = "quick run only: too few samples to quote, and goals are not checked";

/// The output of `--json`.
#[derive(Serialize)]
struct Record<'a> {
    machine: &'a Machine,
    measured: &'a [Measured],
}

/// Measures, prints, and writes what is asked for.
pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    let plan = plan.clone().trimmed();
    let (measured, machine) = (measure(&plan)?, Machine::this());
    let text = markdown(&plan, &measured, &machine);
    print!("{text}");
    if let Some(path) = &plan.json {
        let record = Record { machine: &machine, measured: &measured };
        fs::write(path, serde_json::to_string_pretty(&record)?)?;
    }
    if let Some(path) = &plan.markdown {
        fs::write(path, &text)?;
    }
    if plan.write { publish(&text, &measured) } else { Ok(()) }
}

fn markdown(plan: &Plan, measured: &[Measured], machine: &Machine) -> String {
    let verdicts = if plan.quick { TRIED_OUT.to_owned() } else { goals::verdicts(measured).join("\n- ") };
    let (rounds, runtime) = (plan.rounds, plan.runtime.word());
    format!(
        "{machine}.\n\nMedian (least–most) of {rounds} rounds; runtime of ours and bare: {runtime}.\n\n{}- {verdicts}\n",
        table::tables(measured)
    )
}

fn publish(text: &str, measured: &[Measured]) -> Result<(), Failure> {
    fs::create_dir_all(FIGURES)?;
    let figures = chart::figures(measured)?;
    for figure in &figures {
        fs::write(Path::new(FIGURES).join(&figure.file), &figure.svg)?;
    }
    let gallery = gallery::gallery(&figures, "compare/figures");
    let readme = fs::read_to_string(README)?;
    Ok(fs::write(README, between_marks(&readme, &format!("{text}\n{gallery}"))?)?)
}

fn between_marks(page: &str, text: &str) -> Result<String, Failure> {
    let parts = page.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("{README} does not have the marks of the tables"))?;
    Ok(format!("{head}{BEGIN}\n{text}\n{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("before\n{BEGIN}old\n{END}behind\n");
        let replaced = between_marks(&page, "new").unwrap();
        assert_eq!(replaced, format!("before\n{BEGIN}\nnew\n{END}behind\n"));
        assert_eq!(between_marks(&replaced, "new").unwrap(), replaced);
        assert!(between_marks("no marks", "new").is_err());
    }
}
