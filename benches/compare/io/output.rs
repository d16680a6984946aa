//! Measurement of reads and writes, and its output.

use super::arguments::IoPlan;
use super::case::IoCase;
use super::figure::figures;
use super::measurement::measure;
use super::{goals, table};
use crate::Failure;
use crate::machine::Machine;
use crate::measurement::Measured;
use crate::output::{Output, TRIED_OUT, write_figure};

/// Measures, prints, and writes what is asked for.
pub(crate) fn run(plan: &IoPlan) -> Result<(), Failure> {
    let plan = &plan.clone().trimmed();
    // Before this process is pinned: it counts the processors.
    let machine = Machine::this();
    let measured = measure(plan)?;
    let text = markdown(plan, &measured, &machine);
    let output =
        Output { section: "compare io", json: plan.json.as_deref(), markdown: plan.markdown.as_deref() };
    output.write(&machine, &measured, &text)?;
    if plan.write { publish(&output, &text, &measured) } else { Ok(()) }
}

fn markdown(plan: &IoPlan, measured: &[Measured<IoCase>], machine: &Machine) -> String {
    let verdicts = if plan.quick { TRIED_OUT.to_owned() } else { goals::verdicts(measured).join("\n- ") };
    let rounds = plan.rounds;
    format!(
        "{machine}.\n\nMedian (least–most) of {rounds} rounds.\n\n{}- {verdicts}\n",
        table::tables(measured)
    )
}

fn publish(output: &Output<'_>, text: &str, measured: &[Measured<IoCase>]) -> Result<(), Failure> {
    let figures = figures(measured)?;
    figures.iter().try_for_each(|figure| write_figure(&figure.file, &figure.svg))?;
    let links = figures.iter().map(|figure| format!("![{}](compare/figures/{})", figure.title, figure.file));
    output.publish(&format!("{text}\n{}", links.collect::<Vec<_>>().join("\n\n")))
}
