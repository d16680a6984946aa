//! Sections of pages that this program writes, between marks.

use std::fs;

use crate::Failure;

/// A section of a page.
pub(crate) struct Section {
    /// The file, relative to the root of the repository.
    pub(crate) page: &'static str,
    /// The name in the marks.
    pub(crate) name: &'static str,
}

impl Section {
    /// Replaces the text of the section.
    pub(crate) fn write(&self, text: &str) -> Result<(), Failure> {
        let Self { page, name } = self;
        let whole = fs::read_to_string(page).map_err(|error| format!("{page}: {error}"))?;
        let replaced = between_marks(&whole, name, text);
        Ok(fs::write(page, replaced.ok_or_else(|| format!("{page} lacks the marks of {name:?}"))?)?)
    }
}

/// `None` if the page does not have both marks.
fn between_marks(page: &str, name: &str, text: &str) -> Option<String> {
    let [begin, end] = ["begin", "end"].map(|word| format!("<!-- {name}: {word} -->\n"));
    let (head, rest) = page.split_once(&begin)?;
    let (_, tail) = rest.split_once(&end)?;
    Some(format!("{head}{begin}\n{text}\n{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_of_the_section_is_replaced() {
        let section =
            |name: &str, text: &str| format!("<!-- {name}: begin -->\n{text}<!-- {name}: end -->\n");
        let page = |text: &str| {
            format!("before\n{}{}behind\n", section("logins", text), section("logins more", "kept"))
        };
        let replaced = between_marks(&page("old"), "logins", "new").unwrap();
        assert_eq!(replaced, page("\nnew\n"));
        assert_eq!(between_marks(&replaced, "logins", "new").unwrap(), replaced);
        assert_eq!(between_marks("no marks", "logins", "new"), None);
    }

    #[test]
    fn every_section_has_its_page_and_marks() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for Section { page, name } in crate::output::SECTIONS {
            let whole = fs::read_to_string(root.join(page)).unwrap();
            assert!(between_marks(&whole, name, "").is_some(), "{page}: {name}");
        }
    }
}
