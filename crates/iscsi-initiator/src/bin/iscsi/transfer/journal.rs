//! The journal of a copy: how far it got, so that it goes on there after an interruption.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The journal of one copy.
pub(crate) struct Journal {
    path: PathBuf,
    /// What is copied; a journal of anything else is not used.
    copy: Identity,
}

/// What a copy is of. Another source, destination or range is another copy.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Identity {
    /// The source: a file with its size and time of change, or a unit with its name and serial number.
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) length: u64,
}

/// The content of the file.
#[derive(Deserialize, Serialize)]
struct Record {
    version: u32,
    #[serde(flatten)]
    copy: Identity,
    /// The bytes from the beginning on that are stable at the destination.
    done: u64,
}

const VERSION: u32 = 1;
/// A journal is shorter; anything longer is another file.
const MOST_BYTES: u64 = 1 << 16;

impl Journal {
    pub(crate) fn new(path: &Path, copy: Identity) -> Self {
        Self { path: path.to_path_buf(), copy }
    }

    /// Returns how many bytes an earlier run has copied; 0 without a journal.
    pub(crate) fn done(&self) -> Result<u64, Failure> {
        let length = match fs::metadata(&self.path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(Failure::file("examine", &self.path)(error)),
        };
        if length > MOST_BYTES {
            return Err(self.is_other("it is too long"));
        }
        let text = fs::read(&self.path).map_err(Failure::file("read", &self.path))?;
        let record: Record =
            serde_json::from_slice(&text).map_err(|_| self.is_other("it has another form"))?;
        if record.version != VERSION || record.copy != self.copy || record.done > self.copy.length {
            return Err(
                self.is_other("it is of another copy: the source, the destination or the range differs")
            );
        }
        Ok(record.done)
    }

    /// Keeps how many bytes are stable. The file appears complete or not at all.
    pub(crate) fn note(&self, done: u64) -> Result<(), Failure> {
        let record = Record { version: VERSION, copy: self.copy.clone(), done };
        let text = serde_json::to_vec(&record).map_err(Failure::Json)?;
        self.replace(&text).map_err(Failure::file("write", &self.path))
    }

    fn replace(&self, text: &[u8]) -> io::Result<()> {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        file.write_all(text)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// The copy is complete: there is nothing to go on with.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::file("remove", &self.path)(error))
            }
            _ => Ok(()),
        }
    }

    fn is_other(&self, reason: &str) -> Failure {
        Failure::File {
            message: format!("{} is not the journal of this copy: {reason}", self.path.display()),
            source: None,
            hint: Some("name the journal of this copy, or remove the file to begin anew"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity { source: "a".to_owned(), destination: "b".to_owned(), from: 1, to: 2, length: 1000 }
    }

    #[test]
    fn a_journal_is_of_one_copy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let journal = Journal::new(&path, identity());
        assert_eq!(journal.done().ok(), Some(0));
        for done in [0, 500, 1000] {
            journal.note(done).ok().unwrap();
            assert_eq!(journal.done().ok(), Some(done));
        }
        let others = [
            Identity { source: "c".to_owned(), ..identity() },
            Identity { destination: "c".to_owned(), ..identity() },
            Identity { from: 0, ..identity() },
            Identity { to: 0, ..identity() },
            Identity { length: 999, ..identity() },
        ];
        for other in others {
            assert!(Journal::new(&path, other).done().is_err());
        }
        journal.remove().ok().unwrap();
        journal.remove().ok().unwrap();
        assert_eq!(journal.done().ok(), Some(0));
    }

    #[test]
    fn another_file_is_not_taken_for_a_journal() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let journal = Journal::new(&path, identity());
        let long = vec![b' '; 1 << 17];
        let beyond =
            br#"{"version":1,"source":"a","destination":"b","from":1,"to":2,"length":1000,"done":1001}"#;
        let newer = br#"{"version":2,"source":"a","destination":"b","from":1,"to":2,"length":1000,"done":0}"#;
        for content in [&b""[..], b"text", b"{}", &long, beyond, newer] {
            fs::write(&path, content).unwrap();
            assert!(journal.done().is_err());
        }
    }
}
