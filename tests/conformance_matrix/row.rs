//! Rows of the conformance table and the exceptions to them.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::source::NamedTest;

/// The id of a row, such as PDU-03.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowId {
    pub(crate) family: String,
    pub(crate) number: u32,
}

/// A rule of the RFCs that the project keeps.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: RowId,
    pub(crate) title: String,
    /// Why no test shows it, or not all of it.
    pub(crate) exception: Option<String>,
}

/// Rows that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

impl RowId {
    /// `PDU-03`.
    fn parse(text: &str) -> Self {
        let (family, number) = text.split_once('-').unwrap_or_else(|| panic!("{text:?} is no id"));
        Self { family: family.to_owned(), number: number.parse().unwrap() }
    }

    /// The ids in the name of a test, `pdu_03_...`: three characters, then two digits.
    pub(crate) fn all_in(name: &str) -> Vec<Self> {
        let words: Vec<_> = name.split('_').collect();
        let pairs = words.windows(2).filter(|pair| pair[0].len() == 3 && pair[1].len() == 2);
        pairs
            .filter_map(|pair| Some(Self { family: pair[0].to_uppercase(), number: pair[1].parse().ok()? }))
            .collect()
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.family, self.number)
    }
}

impl Row {
    /// True if the exception has the form `part N: REASON`: the row will hold after that work, and tests may show some of it before.
    pub(crate) fn is_open(&self) -> bool {
        let part = self.exception.as_deref().and_then(|reason| reason.strip_prefix("part "));
        part.and_then(|rest| rest.split_once(": ")).is_some_and(|(number, _)| number.parse::<u8>().is_ok())
    }

    pub(crate) fn is_shown_by(&self, tests: &[NamedTest]) -> bool {
        tests.iter().any(|test| test.ids.contains(&self.id))
    }
}

/// All rows, in order.
pub(crate) fn rows(folder: &Path) -> Vec<Row> {
    sections(folder).into_iter().flat_map(|section| section.rows).collect()
}

/// `# TITLE`, then lines `ID TITLE`.
pub(crate) fn sections(folder: &Path) -> Vec<Section> {
    let mut exceptions = entries(&folder.join("exceptions.txt"));
    let mut sections: Vec<Section> = Vec::new();
    for line in fs::read_to_string(folder.join("rows.txt")).unwrap().lines() {
        if let Some(title) = line.strip_prefix("# ") {
            sections.push(Section { title: title.to_owned(), rows: Vec::new() });
            continue;
        }
        let (id, title) = entry(line);
        let exception = exceptions.iter().position(|(exempt, _)| *exempt == id);
        let exception = exception.map(|at| exceptions.remove(at).1);
        sections.last_mut().unwrap().rows.push(Row { id, title, exception });
    }
    assert!(exceptions.is_empty(), "exceptions to no row: {exceptions:?}");
    sections
}

fn entries(file: &Path) -> Vec<(RowId, String)> {
    fs::read_to_string(file).unwrap().lines().map(entry).collect()
}

fn entry(line: &str) -> (RowId, String) {
    let (id, text) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?} is no entry"));
    (RowId::parse(id), text.to_owned())
}
