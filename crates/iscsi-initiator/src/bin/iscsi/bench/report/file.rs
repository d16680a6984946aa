//! The file of the page.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Page, html};
use crate::failure::Failure;

/// The page of a run that is yet to come. Its file is checked before the run: afterwards the figures would be lost.
pub(crate) struct Report {
    path: PathBuf,
    open: Open,
}

enum Open {
    /// A temporary file that replaces the file when it is complete.
    Beside(NamedTempFile),
    /// A pipe or a device, which is not replaced.
    Itself(File),
}

impl Report {
    /// Checks that the file can be written. Nothing is visible of it until [`write`](Self::write).
    pub(crate) fn prepare(path: &Path) -> Result<Self, Failure> {
        let open = open(path).map_err(Failure::file("write", path))?;
        Ok(Self { path: path.to_owned(), open })
    }

    pub(crate) fn write(self, results: &impl Page) -> Result<(), Failure> {
        self.write_page(&html(results))
    }

    fn write_page(self, page: &str) -> Result<(), Failure> {
        let Self { path, open } = self;
        let written = match open {
            Open::Itself(mut file) => file.write_all(page.as_bytes()),
            Open::Beside(mut file) => {
                file.write_all(page.as_bytes()).and_then(|()| Ok(file.persist(followed(&path)?).map(drop)?))
            }
        };
        written.map_err(Failure::file("write", &path))
    }
}

fn open(path: &Path) -> io::Result<Open> {
    if path.exists() {
        // Opening changes nothing yet, and fails for a directory.
        let file = File::options().write(true).open(path)?;
        if !file.metadata()?.is_file() {
            return Ok(Open::Itself(file));
        }
    }
    let path = followed(path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // Reduced by the umask, as for any new file.
    builder.prefix(".iscsi-report-").permissions(Permissions::from_mode(0o666));
    builder.tempfile_in(directory.unwrap_or(Path::new("."))).map(Open::Beside)
}

/// The file that a symbolic link points to.
fn followed(path: &Path) -> io::Result<PathBuf> {
    if path.exists() { path.canonicalize() } else { Ok(path.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_that_fails_leaves_what_was_there() {
        let place = tempfile::tempdir().unwrap();
        let (old, new) = (place.path().join("old"), place.path().join("new"));
        fs::write(&old, "before").unwrap();
        drop((Report::prepare(&old).ok().unwrap(), Report::prepare(&new).ok().unwrap()));
        assert_eq!(
            (names(place.path()), fs::read_to_string(&old).unwrap()),
            (vec!["old".into()], "before".into())
        );
    }

    #[test]
    fn the_page_takes_the_place_of_a_file_and_not_of_a_link() {
        let place = tempfile::tempdir().unwrap();
        let (file, link) = (place.path().join("file"), place.path().join("link"));
        fs::write(&file, "a longer text than the page").unwrap();
        symlink(&file, &link).unwrap();
        Report::prepare(&link).and_then(|report| report.write_page("page")).ok().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "page");
        assert!(link.is_symlink() && names(place.path()) == ["file", "link"]);
    }

    #[test]
    fn a_device_stays_one() {
        let null = Path::new("/dev/null");
        Report::prepare(null).and_then(|report| report.write_page("page")).ok().unwrap();
        assert!(!null.metadata().unwrap().is_file());
    }

    #[test]
    fn what_cannot_be_written_is_an_error_at_once() {
        let place = tempfile::tempdir().unwrap();
        for path in [place.path(), &place.path().join("nowhere/report.html")] {
            assert!(Report::prepare(path).is_err(), "{path:?}");
        }
    }
}
