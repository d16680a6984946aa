//! The figures side by side, in Markdown tables.

use crate::case::{Authentication, TargetKind};
use crate::chart::Figure;

/// A table for each target; `folder` is where the files are, seen from the page.
pub(crate) fn gallery(figures: &[Figure], folder: &str) -> String {
    let of = |target| figures.iter().filter(move |figure| figure.target == target);
    let targets = TargetKind::ALL.into_iter().filter(|target| of(*target).next().is_some());
    targets.map(|target| pictures(&of(target).collect::<Vec<_>>(), folder)).collect::<Vec<_>>().join("\n")
}

fn pictures(figures: &[&Figure], folder: &str) -> String {
    let mut rows: Vec<u32> = figures.iter().map(|figure| figure.concurrency).collect();
    rows.sort_unstable();
    rows.dedup();
    let heads = Authentication::ALL.map(|authentication| authentication.to_string()).join(" | ");
    let row = |concurrency: u32| {
        let at = |authentication| {
            let is_it = |figure: &&&Figure| {
                (figure.authentication, figure.concurrency) == (authentication, concurrency)
            };
            let link = |figure: &&Figure| format!("![{}]({folder}/{})", figure.title, figure.file);
            figures.iter().find(is_it).map(link).unwrap_or_default()
        };
        format!("| {} |\n", Authentication::ALL.map(at).join(" | "))
    };
    format!("| {heads} |\n| --- | --- | --- |\n{}", rows.into_iter().map(row).collect::<String>())
}
