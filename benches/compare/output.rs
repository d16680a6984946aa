//! Measurement and output: tables, figures, samples and goals.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::Failure;
use crate::arguments::Plan;
use crate::case::Case;
use crate::machine::Machine;
use crate::measurement::{Measured, measure};
use crate::{chart, gallery, goals, table};

/// The page with the tables, relative to the root of the repository.
const README: &str = "benches/README.md";
/// The folder of the figures.
const FIGURES: &str = "benches/compare/figures";
/// The note instead of goals after a quick run.
pub(crate) const TRIED_OUT: &str = "quick run only: too few samples to quote, and goals are not checked";

/// The places for the result of a measurement.
pub(crate) struct Output<'a> {
    /// The name of the section of the page in which the tables stand.
    pub(crate) section: &'static str,
    pub(crate) json: Option<&'a Path>,
    pub(crate) markdown: Option<&'a Path>,
}

/// The output of `--json`.
#[derive(Serialize)]
struct Record<'a, C> {
    machine: &'a Machine,
    measured: &'a [Measured<C>],
}

impl Output<'_> {
    /// Prints the tables, and writes the files that are asked for.
    pub(crate) fn write<C: Serialize>(
        &self,
        machine: &Machine,
        measured: &[Measured<C>],
        text: &str,
    ) -> Result<(), Failure> {
        print!("{text}");
        if let Some(path) = self.json {
            fs::write(path, serde_json::to_string_pretty(&Record { machine, measured })?)?;
        }
        if let Some(path) = self.markdown {
            fs::write(path, text)?;
        }
        Ok(())
    }

    /// Puts a text into the section of the page.
    pub(crate) fn publish(&self, text: &str) -> Result<(), Failure> {
        let readme = fs::read_to_string(README)?;
        Ok(fs::write(README, between_marks(&readme, self.section, text)?)?)
    }
}

/// Writes a figure to its place.
pub(crate) fn write_figure(file: &str, svg: &str) -> Result<(), Failure> {
    fs::create_dir_all(FIGURES)?;
    Ok(fs::write(Path::new(FIGURES).join(file), svg)?)
}

/// Measures logins, prints, and writes what is asked for.
pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    let plan = plan.clone().trimmed();
    // Before this process is pinned: it counts the processors.
    let machine = Machine::this();
    let measured = measure(&plan)?;
    let text = markdown(&plan, &measured, &machine);
    let output =
        Output { section: "compare", json: plan.json.as_deref(), markdown: plan.markdown.as_deref() };
    output.write(&machine, &measured, &text)?;
    if plan.write { publish(&output, &text, &measured) } else { Ok(()) }
}

fn markdown(plan: &Plan, measured: &[Measured<Case>], machine: &Machine) -> String {
    let verdicts = if plan.quick { TRIED_OUT.to_owned() } else { goals::verdicts(measured).join("\n- ") };
    let (rounds, runtime) = (plan.rounds, plan.runtime.word());
    format!(
        "{machine}.\n\nMedian (least–most) of {rounds} rounds; runtime of ours and bare: {runtime}.\n\n{}- {verdicts}\n",
        table::tables(measured)
    )
}

fn publish(output: &Output<'_>, text: &str, measured: &[Measured<Case>]) -> Result<(), Failure> {
    let figures = chart::figures(measured)?;
    figures.iter().try_for_each(|figure| write_figure(&figure.file, &figure.svg))?;
    output.publish(&format!("{text}\n{}", gallery::gallery(&figures, "compare/figures")))
}

/// Replaces what stands between the marks of a section.
fn between_marks(page: &str, section: &str, text: &str) -> Result<String, Failure> {
    let [begin, end] = ["begin", "end"].map(|word| format!("<!-- {section}: {word} -->\n"));
    let parts = page.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) =
        parts.ok_or_else(|| format!("{README} does not have the marks of the section {section:?}"))?;
    Ok(format!("{head}{begin}\n{text}\n{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_of_the_section_is_replaced() {
        let section =
            |name: &str, text: &str| format!("<!-- {name}: begin -->\n{text}<!-- {name}: end -->\n");
        let page = |text: &str| {
            format!("before\n{}{}behind\n", section("compare", text), section("compare io", "kept"))
        };
        let replaced = between_marks(&page("old"), "compare", "new").unwrap();
        assert_eq!(replaced, page("\nnew\n"));
        assert_eq!(between_marks(&replaced, "compare", "new").unwrap(), replaced);
        assert!(between_marks("no marks", "compare", "new").is_err());
    }
}
