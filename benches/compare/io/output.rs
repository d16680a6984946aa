//! Measurement of reads and writes, and its output.

use super::arguments::IoPlan;
use super::case::IoCase;
use super::measurement::measure;
use super::{answers, goals, table};
use crate::Failure;
use crate::arguments::Runtime;
use crate::machine::Machine;
use crate::output::{IO, Output, complete};
use crate::record::Record;

/// Measures reads and writes or reads their samples, prints, and writes what is asked for.
pub(crate) fn run(plan: &IoPlan) -> Result<(), Failure> {
    let record = plan.from.as_deref().map_or_else(|| record(plan), Record::read)?;
    let output = Output {
        json: plan.json.as_deref(),
        markdown: plan.markdown.as_deref(),
        section: plan.write.then_some(IO),
    };
    let measured = &record.measured;
    let tables = complete(&record, &table::tables(measured), &goals::verdicts(measured));
    output.write(&record, &tables, &answers::answers(measured))
}

fn record(plan: &IoPlan) -> Result<Record<IoCase>, Failure> {
    let plan = plan.clone().trimmed();
    // Before this process is pinned: it counts the processors.
    let machine = Machine::this();
    Ok(Record { machine, runtime: Runtime::CurrentThread, quick: plan.quick, measured: measure(&plan)? })
}
