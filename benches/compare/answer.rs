//! The answer to a question of the page of the benchmarks: a compact table and a chart.

use std::fs;
use std::path::Path;

use crate::Failure;
use crate::chart::Chart;
use crate::page::Section;

/// The folder of the charts, and how the page of the benchmarks calls it.
const FIGURES: [&str; 2] = ["benches/compare/figures", "compare/figures"];

/// A table and a chart of the same medians.
pub(crate) struct Answer {
    /// The place of the answer; its name is also that of the chart's file.
    pub(crate) section: Section,
    pub(crate) table: String,
    pub(crate) chart: Chart,
}

impl Answer {
    /// Writes the chart to its folder, and the table with a link to the chart to its section.
    pub(crate) fn publish(&self) -> Result<(), Failure> {
        fs::create_dir_all(FIGURES[0])?;
        fs::write(Path::new(FIGURES[0]).join(self.file()), self.chart.svg()?)?;
        self.section.write(&self.markdown())
    }

    fn file(&self) -> String {
        format!("{}.svg", self.section.name)
    }

    fn markdown(&self) -> String {
        format!("{}\n![{}]({}/{})\n", self.table, self.chart.title, FIGURES[1], self.file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_followed_by_the_chart_that_is_named_as_the_section() {
        let chart =
            Chart { title: "Time", unit: "µs", series: Vec::new(), groups: Vec::new(), reference: None };
        let section = Section { page: "README.md", name: "login-time" };
        let answer = Answer { section, table: "| a |\n".to_owned(), chart };
        assert_eq!(answer.markdown(), "| a |\n\n![Time](compare/figures/login-time.svg)\n");
    }
}
