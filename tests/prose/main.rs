//! Rules for prose that a program can check, in sources and pages of the whole workspace; exceptions are in
//! `exceptions.txt`, each with the file, the word and the reason. The other rules are in `.github/CONTRIBUTING.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail so")]

mod exceptions;

use std::path::{Path, PathBuf};

use exceptions::Exceptions;

/// Folders with sources and pages; what tools fetch or make is not among them.
const FOLDERS: [&str; 7] =
    ["crates", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets", ".github", "fuzz/README.md"];

/// Words with a standard one in their place, or with a meaning here that a newcomer has to learn.
const AVOIDED: [&str; 15] = [
    "octet", "octets", "door", "doors", "vault", "fate", "fates", "wish", "wishes", "glance", "judge",
    "judges", "judged", "rogue", "storm",
];
/// Words that say nothing as names, though a sentence may need them.
const AVOIDED_NAMES: [&str; 4] = ["whose", "whom", "room", "lab"];

/// Beginnings of a module's description that leave out its noun.
const HEADLESS: [&str; 7] = ["What", "Whose", "Whom", "Where", "How", "Who", "Which"];

/// A file of the workspace, by its path from the root.
struct TextFile {
    name: String,
    is_source: bool,
    text: String,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Sources and pages, but not the ones that quote the words.
fn files() -> Vec<TextFile> {
    let root = workspace();
    let found = FOLDERS.iter().flat_map(|folder| walkdir::WalkDir::new(root.join(folder)));
    let mut files = vec![TextFile::read(&root, &root.join("README.md"))];
    for entry in found.map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("rs" | "md")) && !entry.path().ends_with("tests/prose/main.rs") {
            files.push(TextFile::read(&root, entry.path()));
        }
    }
    files
}

impl TextFile {
    fn read(root: &Path, path: &Path) -> Self {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        Self { name, is_source, text: std::fs::read_to_string(path).unwrap() }
    }
}

/// A line of a source without its comment, its texts, and the names of tests, which are sentences.
fn names(line: &str) -> String {
    let code = line.split("//").next().unwrap_or_default();
    let is_test =
        code.trim_start().trim_start_matches("async ").starts_with("fn ") && code.matches('_').count() > 3;
    if is_test { String::new() } else { code.split('"').step_by(2).collect::<Vec<_>>().join(" ") }
}

/// The parts of a line that are words: `SecretBook` has two, `take_half` has two.
fn words(line: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::with_capacity(line.len() * 2);
    let mut before = ' ';
    for c in line.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if c.is_alphabetic() { c } else { ' ' });
        before = c;
    }
    spaced.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().into_iter()
}

#[test]
fn avoided_words_stay_out() {
    let mut exceptions = Exceptions::read();
    let mut found = Vec::new();
    for file in files() {
        for (number, line) in file.text.lines().enumerate() {
            let names = if file.is_source { names(line) } else { String::new() };
            let avoided_names = words(&names).filter(|word| AVOIDED_NAMES.contains(&word.as_str()));
            let avoided = words(line).filter(|word| AVOIDED.contains(&word.as_str())).chain(avoided_names);
            for word in avoided.filter(|word| !exceptions.allow(&file.name, word)) {
                found.push(format!("{}:{}: {word}: {}", file.name, number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{} avoided words:\n{}", found.len(), found.join("\n"));
    let stale = exceptions.unused();
    assert!(stale.is_empty(), "exceptions without a use: {stale:?}");
}

/// The description of a module, and of a page, begins with a noun or a verb.
#[test]
fn descriptions_of_modules_say_their_noun() {
    let headless = |file: &TextFile| {
        let first =
            file.text.lines().find_map(|line| line.strip_prefix("//! ")).unwrap_or_default().to_owned();
        let word = first.split_whitespace().next().unwrap_or_default().to_owned();
        HEADLESS.contains(&word.as_str()).then(|| format!("{}: {first}", file.name))
    };
    let found: Vec<_> = files().iter().filter_map(headless).collect();
    assert!(found.is_empty(), "{} descriptions:\n{}", found.len(), found.join("\n"));
}

#[test]
fn names_are_what_is_left_of_code() {
    assert_eq!(names("let whom = f(\"whose\", room); // lab"), "let whom = f( , room); ");
    assert_eq!(names("    fn a_write_whose_data_were_all_taken() {"), "");
}

#[test]
fn words_are_parts_of_names_too() {
    let found = |line: &str| words(line).collect::<Vec<_>>();
    assert_eq!(found("SecretBook::take_half(8)"), ["secret", "book", "take", "half"]);
    assert_eq!(found("it's a PDU"), ["it", "s", "a", "pdu"]);
}
