//! The tests of the workspace, found in its sources.

use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::row::RowId;

/// A test function and the ids in its name.
#[derive(Clone, Debug)]
pub(crate) struct NamedTest {
    /// Path from the root of the workspace.
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) ids: Vec<RowId>,
}

/// The tests that carry an id, by file.
pub(crate) fn named_tests() -> Vec<NamedTest> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = Vec::new();
    for folder in ["benches", "crates", "tests"] {
        for entry in WalkDir::new(root.join(folder)).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                tests.extend(tests_in(&fs::read_to_string(&path).unwrap(), &file));
            }
        }
    }
    tests
}

/// A function counts when an attribute directly before it makes it a test.
fn tests_in(source: &str, file: &str) -> Vec<NamedTest> {
    let mut is_test = false;
    let mut tests = Vec::new();
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            continue;
        }
        if let (true, Some(name)) = (is_test, function_name(line)) {
            let ids = RowId::all_in(name);
            tests.push(NamedTest { file: file.to_owned(), name: name.to_owned(), ids });
        }
        is_test = false;
    }
    tests.retain(|test| !test.ids.is_empty());
    tests
}

fn function_name(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split_once('(').map(|(name, _)| name)
}
