//! Credentials in the lines of one file, and those of all files by scope.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::diagnostics::{ImportWarning, UnusableValue};
use super::records::{Part, RecordFile};
use super::root::Content;
use crate::change::Change;
use crate::credential;
use crate::plain_credentials::CredentialKeys;
use crate::scope::{Direction, Scope};
use crate::secret::Secret;
use crate::secret_file::MIN_FILE_SECRET_BYTES;

/// Collects the credentials of one file. Returns warnings about it.
pub(super) fn take(file: &RecordFile, content: &Content, gathered: &mut Gathered) -> Vec<ImportWarning> {
    let mut warnings = Vec::new();
    let mut taken = false;
    for Part { scope, keys } in &file.parts {
        for keys in *keys {
            let mut reading = Reading { file, content: &content.bytes, warnings: &mut warnings };
            if let Some((name, secret)) = reading.credential(keys) {
                taken = true;
                gathered.add(scope, keys.direction, Credential { name, secret, path: file.path.clone() });
            }
        }
    }
    warn_about_file(file, content.mode, taken, &mut warnings);
    warnings
}

fn warn_about_file(file: &RecordFile, mode: u32, taken: bool, warnings: &mut Vec<ImportWarning>) {
    let path = || file.path.clone();
    let unusable = warnings.iter().any(ImportWarning::is_left_out);
    if (taken || unusable) && mode & 0o044 != 0 {
        warnings.push(ImportWarning::OpenToOthers { path: path(), mode });
    }
    let is_record = file.parts.iter().all(|part| part.scope.is_single());
    if is_record && !taken && !unusable {
        warnings.push(ImportWarning::NoCredentials { path: path() });
    }
}

/// A file that is being parsed.
struct Reading<'a> {
    file: &'a RecordFile,
    content: &'a [u8],
    warnings: &'a mut Vec<ImportWarning>,
}

impl<'a> Reading<'a> {
    /// Returns one credential, if it is present and valid.
    fn credential(&mut self, keys: &CredentialKeys) -> Option<(Option<String>, Secret)> {
        let (name, secret) = (self.value(keys.name), self.value(keys.secret));
        let name = match name.map(chap_name) {
            Some(None) => return self.refuse(keys.name, UnusableValue::NotAName),
            Some(name) => name,
            None => None,
        };
        // The secret outlives the content of the file, which wipes itself; the copy is in locked memory, wiped on drop.
        match secret.map(Secret::from_bytes) {
            None if name.is_some() => self.refuse(keys.name, UnusableValue::NoSecret),
            None => None,
            Some(Err(_)) => self.refuse(keys.secret, UnusableValue::TooLong),
            Some(Ok(secret)) => {
                self.warn_if_short(keys.secret, secret.expose_secret().len());
                Some((name, secret))
            }
        }
    }

    /// The last value of a key that is not empty.
    fn value(&mut self, key: &'static str) -> Option<&'a [u8]> {
        let mut found = None;
        for line in lines(self.content) {
            match line {
                Line::Setting(word, value) if word == key.as_bytes() && !value.is_empty() => {
                    found = Some(value);
                }
                Line::Other(word) if mentions(word, key) => {
                    self.refuse::<()>(key, UnusableValue::NoSeparator);
                }
                Line::Setting(..) | Line::Other(_) => {}
            }
        }
        found
    }

    fn warn_if_short(&mut self, key: &'static str, bytes: usize) {
        if bytes < MIN_FILE_SECRET_BYTES {
            self.warnings.push(ImportWarning::Short { path: self.file.path.clone(), key, bytes });
        }
    }

    fn refuse<T>(&mut self, key: &'static str, fault: UnusableValue) -> Option<T> {
        self.warnings.push(ImportWarning::Unusable { path: self.file.path.clone(), key, fault });
        None
    }
}

/// Whether a line that is not a valid setting looks like an attempt to set this key.
fn mentions(word: &[u8], key: &str) -> bool {
    let rest = word.strip_prefix(key.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
}

fn chap_name(bytes: &[u8]) -> Option<String> {
    let name = str::from_utf8(bytes).ok()?.to_owned();
    credential::checked(Some(name)).ok()?
}

/// One line of a file.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    /// `key = value`; the value may be empty.
    Setting(&'a [u8], &'a [u8]),
    /// Any other line, which begins with this word.
    Other(&'a [u8]),
}

/// Whether this is a blank according to `isspace` in C.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Parses all lines that are neither empty nor comments.
fn lines(content: &[u8]) -> impl Iterator<Item = Line<'_>> {
    content.split(|&byte| byte == b'\n').filter_map(line)
}

fn line(bytes: &[u8]) -> Option<Line<'_>> {
    let line = without_blanks(bytes);
    if line.is_empty() || line.starts_with(b"#") {
        return None;
    }
    let (word, rest) = line.split_at(line.iter().position(|&byte| is_blank(byte)).unwrap_or(line.len()));
    let value = without_blanks(rest).strip_prefix(b"=").map(without_blanks);
    Some(value.map_or(Line::Other(word), |value| Line::Setting(word, value)))
}

/// Trims the blanks at both ends.
fn without_blanks(bytes: &[u8]) -> &[u8] {
    let first = bytes.iter().position(|&byte| !is_blank(byte)).unwrap_or(bytes.len());
    let behind_last = bytes.iter().rposition(|&byte| !is_blank(byte)).map_or(first, |last| last + 1);
    bytes.get(first..behind_last).unwrap_or_default()
}

/// The credentials found for each scope.
#[derive(Default)]
pub(super) struct Gathered {
    scopes: BTreeMap<Scope, Held>,
}

/// A credential, and the file that it comes from.
pub(super) struct Credential {
    pub(super) name: Option<String>,
    pub(super) secret: Secret,
    pub(super) path: PathBuf,
}

#[derive(Default)]
struct Held {
    forward: Option<Credential>,
    reverse: Option<Credential>,
    /// The first record that contradicts an earlier one, and the earlier one.
    conflict: Option<(PathBuf, PathBuf)>,
}

impl Gathered {
    /// Keeps the first credential of a scope and direction, and compares all others with it.
    pub(super) fn add(&mut self, scope: &Scope, direction: Direction, credential: Credential) {
        let held = self.held(scope);
        let place = match direction {
            Direction::Forward => &mut held.forward,
            Direction::Reverse => &mut held.reverse,
        };
        match place {
            None => *place = Some(credential),
            Some(earlier) if earlier.is_same(&credential) => {}
            Some(earlier) => {
                held.conflict.get_or_insert_with(|| (credential.path, earlier.path.clone()));
            }
        }
    }

    /// Returns one change for each credential, and a warning for each conflict.
    pub(super) fn into_changes(self) -> (Vec<Change>, Vec<ImportWarning>) {
        let (mut changes, mut conflicts) = (Vec::new(), Vec::new());
        for (scope, held) in self.scopes {
            match held.conflict {
                Some((path, earlier)) => conflicts.push(ImportWarning::Conflict { scope, path, earlier }),
                None => changes.extend(held.into_changes(&scope)),
            }
        }
        (changes, conflicts)
    }

    fn held(&mut self, scope: &Scope) -> &mut Held {
        self.scopes.entry(scope.clone()).or_default()
    }
}

impl Held {
    fn into_changes(self, scope: &Scope) -> impl Iterator<Item = Change> {
        let directions = [(Direction::Forward, self.forward), (Direction::Reverse, self.reverse)];
        // Names were validated when they were read, so no change is lost here.
        directions.into_iter().filter_map(|(direction, held)| {
            let Credential { name, secret, .. } = held?;
            Change::set(direction, scope.clone(), name, secret).ok()
        })
    }
}

impl Credential {
    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.secret.same_bytes(&other.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are those that iscsiadm 2.1.8 shows for these lines.
    #[test]
    fn lines_mean_what_they_mean_to_open_iscsi() {
        let cases: [(&[u8], &[u8]); 13] = [
            (b"k = abc", b"abc"),
            (b"k = abc  ", b"abc"),
            (b"k =   abc\t", b"abc"),
            (b"k =abc", b"abc"),
            (b"  k = abc", b"abc"),
            (b"k\t=\tabc", b"abc"),
            (b"k = \"abc def\"", b"\"abc def\""),
            (b"k = abc # no comment", b"abc # no comment"),
            (b"k = abc\r", b"abc"),
            (b"k = abc\x0b\x0c ", b"abc"),
            (b"k = a = b", b"a = b"),
            (b"k == b", b"= b"),
            (b"k =", b""),
        ];
        for (bytes, value) in cases {
            assert_eq!(line(bytes), Some(Line::Setting(b"k", value)), "{}", bytes.escape_ascii());
        }
        for (bytes, word) in
            [(&b"k=abc"[..], &b"k=abc"[..]), (b"k= abc", b"k="), (b"k abc", b"k"), (b"k", b"k")]
        {
            assert_eq!(line(bytes), Some(Line::Other(word)), "{}", bytes.escape_ascii());
        }
        for bytes in [&b""[..], b" \t", b"#k = abc", b"  # k = abc"] {
            assert_eq!(line(bytes), None, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn lines_end_at_their_line_feed_and_nowhere_else() {
        let found: Vec<Line<'_>> = lines(b"a = 1\n\n# c = 3\nb = 2\0\xff").collect();
        assert_eq!(found, [Line::Setting(b"a", b"1"), Line::Setting(b"b", b"2\0\xff")]);
    }
}
