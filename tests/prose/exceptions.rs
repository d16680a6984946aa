//! The list of exceptions: a path or its beginning, a word, and a reason, separated by blanks.

use std::path::Path;

struct Exception {
    path: String,
    word: String,
    used: bool,
}

pub(crate) struct Exceptions(Vec<Exception>);

impl Exceptions {
    pub(crate) fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("prose/exceptions.txt");
        let text = std::fs::read_to_string(file).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(Exception::parse).collect())
    }

    /// Is this word allowed in this file?
    pub(crate) fn allow(&mut self, path: &str, word: &str) -> bool {
        let mut fitting =
            self.0.iter_mut().filter(|known| known.word == word && path.starts_with(&known.path));
        fitting.next().map(|known| known.used = true).is_some()
    }

    /// Exceptions that allowed nothing.
    pub(crate) fn unused(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|known| !known.used)
            .map(|known| format!("{} {}", known.path, known.word))
            .collect()
    }
}

impl Exception {
    fn parse(line: &str) -> Self {
        let mut parts = line.splitn(3, ' ').map(str::to_owned);
        let (Some(path), Some(word), Some(_reason)) = (parts.next(), parts.next(), parts.next()) else {
            panic!("path, word and reason are expected in {line:?}")
        };
        Self { path, word, used: false }
    }
}
