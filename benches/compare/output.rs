//! The output of a measurement: the complete page, the answers to questions, and the samples.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;
use crate::answer::Answer;
use crate::arguments::Plan;
use crate::case::Case;
use crate::machine::Machine;
use crate::measurement::measure;
use crate::page::Section;
use crate::record::Record;
use crate::{goals, login_answers, table};

const README: &str = "benches/README.md";
/// The complete tables of logins.
const LOGINS: Section = Section { page: "benches/compare/logins.md", name: "logins" };
/// The complete tables of reads and writes.
pub(crate) const IO: Section = Section { page: "benches/compare/io.md", name: "io" };
/// How much processor time does a login take?
pub(crate) const LOGIN_TIME: Section = Section { page: README, name: "login-time" };
/// How many logins per second?
pub(crate) const LOGIN_RATE: Section = Section { page: README, name: "login-rate" };
/// How much processor time does a read or write take?
pub(crate) const IO_TIME: Section = Section { page: README, name: "io-time" };
/// How many reads and writes per second?
pub(crate) const IO_RATE: Section = Section { page: README, name: "io-rate" };
/// Every section that is written.
#[cfg(test)]
pub(crate) const SECTIONS: [Section; 6] = [LOGINS, IO, LOGIN_TIME, LOGIN_RATE, IO_TIME, IO_RATE];

/// The note instead of goals after a quick run.
const TRIED_OUT: &str = "quick run only: too few samples to quote, and goals are not checked";

/// The places for the result of a measurement.
pub(crate) struct Output<'a> {
    pub(crate) json: Option<&'a Path>,
    pub(crate) markdown: Option<&'a Path>,
    /// The section of the complete tables, if pages are to be written.
    pub(crate) section: Option<Section>,
}

impl Output<'_> {
    /// Prints the complete tables, and writes the files that are asked for.
    pub(crate) fn write<C: Serialize + DeserializeOwned>(
        &self,
        record: &Record<C>,
        tables: &str,
        answers: &[Answer],
    ) -> Result<(), Failure> {
        print!("{tables}");
        if let Some(path) = self.json {
            record.write(path)?;
        }
        if let Some(path) = self.markdown {
            fs::write(path, tables)?;
        }
        let Some(section) = &self.section else { return Ok(()) };
        if record.quick {
            return Err(format!("not written into {}: {TRIED_OUT}", section.page).into());
        }
        section.write(tables)?;
        answers.iter().try_for_each(Answer::publish)
    }
}

/// The text of a complete page: the machine, the tables, and whether the goals are reached.
pub(crate) fn complete<C>(record: &Record<C>, tables: &str, verdicts: &[String]) -> String {
    let Record { machine, runtime, quick, .. } = record;
    let verdicts = if *quick { TRIED_OUT.to_owned() } else { verdicts.join("\n- ") };
    let (rounds, runtime) = (record.rounds(), runtime.word());
    format!(
        "{machine}.\n\nMedian (least–most) of {rounds} rounds; runtime of ours: {runtime}.\n\n{tables}## Goals\n\n- {verdicts}\n"
    )
}

/// Measures logins or reads their samples, prints, and writes what is asked for.
pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    let record = plan.from.as_deref().map_or_else(|| record(plan), Record::read)?;
    let output = Output {
        json: plan.json.as_deref(),
        markdown: plan.markdown.as_deref(),
        section: plan.write.then_some(LOGINS),
    };
    let measured = &record.measured;
    let tables = complete(&record, &table::tables(measured), &goals::verdicts(measured));
    output.write(&record, &tables, &login_answers::answers(measured))
}

fn record(plan: &Plan) -> Result<Record<Case>, Failure> {
    let plan = plan.clone().trimmed();
    // Before this process is pinned: it counts the processors.
    let machine = Machine::this();
    Ok(Record { machine, runtime: plan.runtime, quick: plan.quick, measured: measure(&plan)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Runtime;

    fn quick() -> Record<Case> {
        let (runtime, measured) = (Runtime::CurrentThread, Vec::new());
        Record { machine: Machine::this(), runtime, quick: true, measured }
    }

    #[test]
    fn a_quick_run_checks_no_goals_and_writes_no_pages() {
        let text = complete(&quick(), "", &["missed: all".to_owned()]);
        assert!(text.contains("- quick run only") && !text.contains("missed"), "{text}");
        let nowhere = Section { page: "nowhere.md", name: "logins" };
        let output = Output { json: None, markdown: None, section: Some(nowhere) };
        let error = output.write(&quick(), "", &[]).unwrap_err().to_string();
        assert!(error.starts_with("not written into nowhere.md: quick run"), "{error}");
    }

    #[test]
    fn goals_stand_below_the_tables() {
        let record = Record { quick: false, ..quick() };
        let text = complete(&record, "tables\n\n", &["reached: a".to_owned(), "missed: b".to_owned()]);
        assert!(text.ends_with("tables\n\n## Goals\n\n- reached: a\n- missed: b\n"), "{text}");
    }
}
