//! Cells and rows of tables in Markdown.

use crate::statistics::Spread;

/// The cell of a contender that does not take part.
const NONE: &str = "–";

/// A number, to as many decimals.
pub(crate) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{value:.decimals$}"))
}

/// A median with minimum and maximum, to as many decimals.
pub(crate) fn spread(spread: Option<Spread>, decimals: usize) -> String {
    spread.map_or_else(|| NONE.to_owned(), |spread| format!("{spread:.decimals$}"))
}

/// One row.
pub(crate) fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contender_that_does_not_take_part_has_a_dash() {
        let cells = [number(Some(1.234), 2), number(None, 2), spread(Spread::of([2.0]), 1), spread(None, 1)];
        assert_eq!(row(cells), "| 1.23 | – | 2.0 (2.0–2.0) | – |\n");
    }
}
