//! The pictures of the tables in `crates/README.md`, as Mermaid flow charts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::table::Table;

/// The page with the picture of this table between its marks.
pub(crate) fn replace(page: &str, table: &Table) -> String {
    let (begin, end) = (format!("<!-- layers of {} -->\n", table.name), "<!-- end -->".to_owned());
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no mark {begin:?} in the page"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no mark {end:?} in the page"));
    format!("{before}{begin}{}{end}{after}", chart(table))
}

/// An arrow that others imply is left out.
fn chart(table: &Table) -> String {
    let mut text = String::from("```mermaid\nflowchart TD\n");
    let reached = reached(table);
    for module in &table.modules {
        let implied = |used: &String| module.uses.iter().any(|other| reached[other].contains(used));
        let direct: Vec<_> = module.uses.iter().filter(|used| !implied(used)).map(String::as_str).collect();
        let arrow = if direct.is_empty() { "" } else { " --> " };
        writeln!(text, "  {}{arrow}{}", module.name, direct.join(" & ")).unwrap();
    }
    text + "```\n"
}

/// What each module reaches, directly or not; lower modules first.
fn reached(table: &Table) -> BTreeMap<String, BTreeSet<String>> {
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for module in table.modules.iter().rev() {
        let further = module.uses.iter().flat_map(|used| reached.get(used).cloned().unwrap_or_default());
        let all = further.chain(module.uses.iter().cloned()).collect();
        reached.insert(module.name.clone(), all);
    }
    reached
}
