//! The iSCSI name of the initiator.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use iscsi_initiator::{Error, GrammarError, IscsiName};
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::arguments::SessionOptions;
use crate::arguments::values::StorePlace;
use crate::arguments::values::note_odd_grammar;
use crate::failure::Failure;
use crate::messages::note;
use crate::store::state_directory::state_directory;

use super::name_file::{NameFile, NameFileFault};

/// The file of open-iscsi with the name of the host.
const HOST_FILE: &str = "/etc/iscsi/initiatorname.iscsi";

/// The file that holds a generated name.
const KEPT_FILE: &str = "initiatorname.iscsi";

/// The largest file that is read, in bytes; real ones have a few hundred.
const LARGEST: u64 = 64 << 10;

/// A name, and remarks about its file.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    name: IscsiName,
    remarks: Vec<String>,
}

/// Returns the given name, else the one of the host, else the one in the directory of the store or of the state, which is
/// generated on first use.
pub(crate) fn initiator_name(options: &SessionOptions) -> Result<IscsiName, Failure> {
    if let Some(name) = &options.connection.initiator_name {
        return checked(name);
    }
    let Found { name, remarks } = host_or_own(Path::new(HOST_FILE), name_directory(options))?;
    for remark in &remarks {
        note(remark);
    }
    Ok(name)
}

/// The directory of the generated name, and of the ISIDs that belong to it.
pub(crate) fn name_directory(options: &SessionOptions) -> Option<PathBuf> {
    match &options.store.store {
        Some(StorePlace::Sealed(directory)) => Some(directory.clone()),
        _ => state_directory(),
    }
}

/// Returns the name in the host's file. A user who may not read it (Debian lets only root) has a name of their own; a file
/// that can be read and holds no name is an error, since open-iscsi would not start with it either.
fn host_or_own(host_file: &Path, directory: Option<PathBuf>) -> Result<Found, Failure> {
    let unreadable = match read(host_file) {
        Ok(file) => return name_in(file?, host_file),
        Err(error) if is_absence(&error) => None,
        Err(error) => Some(error),
    };
    let directory = directory.ok_or_else(|| {
        Failure::usage("there is no directory for an initiator name", "give one with --initiator-name")
    })?;
    let mut found = kept(&directory)?;
    found.remarks.extend(unreadable.map(|error| {
        let (host_file, path) = (host_file.display(), directory.join(KEPT_FILE));
        format!("cannot read {host_file}: {error}; the initiator name is the one in {}", path.display())
    }));
    Ok(found)
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn kept(directory: &Path) -> Result<Found, Failure> {
    let path = directory.join(KEPT_FILE);
    match read(&path) {
        Ok(file) => name_in(file?, &path),
        Err(error) if error.kind() == ErrorKind::NotFound => make(directory, &path),
        Err(error) => Err(Failure::file("read", &path)(error)),
    }
}

/// Reads a file: the outer result is that of reading, the inner one that of parsing.
fn read(path: &Path) -> io::Result<Result<NameFile, Failure>> {
    // Opening a pipe would block until another process opens it for writing.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut content = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut content)?;
    let parsed =
        if content.len() as u64 > LARGEST { Err(NameFileFault::TooLarge) } else { NameFile::parse(&content) };
    Ok(parsed.map_err(|source| Failure::NameFile { path: path.to_owned(), source: source.into() }))
}

/// The name, with remarks about the lines of the file that are not as they should be.
fn name_in(file: NameFile, path: &Path) -> Result<Found, Failure> {
    let NameFile { name, line, remarks } = file;
    let name = own_name(&name).map_err(|error| Failure::NameFile {
        path: path.to_owned(),
        source: NameFileFault::Line { number: line, reason: error.to_string() }.into(),
    })?;
    let odd = name.check_grammar().err().map(|error| format!("line {line}: {error}"));
    let remarks = remarks.iter().map(ToString::to_string).chain(odd);
    let remarks = remarks.map(|remark| format!("{}: {remark}", path.display())).collect();
    Ok(Found { name, remarks })
}

/// Checks the name of an initiator more strictly than that of a target: it must have one of the three types.
fn own_name(text: &str) -> Result<IscsiName, Box<dyn std::error::Error>> {
    let name = IscsiName::new(text)?;
    match name.check_grammar() {
        Err(error @ GrammarError::Type) => Err(error.into()),
        _ => Ok(name),
    }
}

/// Generates a name and stores it for good. When another process was faster, its name is used.
fn make(directory: &Path, path: &Path) -> Result<Found, Failure> {
    let name = generate()?;
    match keep(directory, path, &name) {
        Ok(()) => Ok(Found { name, remarks: Vec::new() }),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            name_in(read(path).map_err(Failure::file("read", path))??, path)
        }
        Err(error) => Err(Failure::file("keep the new initiator name in", path)(error)),
    }
}

fn keep(directory: &Path, path: &Path, name: &IscsiName) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(file, "InitiatorName={name}")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

/// A locally assigned NAA name (type 3, RFC 7143 section 4.2.7.6) with 60 random bits. An `iqn.` name would have to
/// use a domain that belongs to the user.
fn generate() -> Result<IscsiName, Failure> {
    let mut bytes = [0; 8];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| Error::Random)?;
    let random = u64::from_be_bytes(bytes) >> 4;
    checked(&format!("naa.3{random:015x}"))
}

fn checked(name: &str) -> Result<IscsiName, Failure> {
    const WHAT: &str = "initiator name";
    let name = own_name(name).map_err(|error| Failure::unusable(WHAT, &*error))?;
    note_odd_grammar(WHAT, &name);
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const NAME: &str = "iqn.2001-04.com.example:host";

    fn without_remarks(found: Result<Found, Failure>) -> IscsiName {
        let Found { name, remarks } = found.unwrap();
        assert_eq!(remarks, Vec::<String>::new());
        name
    }

    #[test]
    fn nam_05_nam_11_a_name_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("state/iscsi");
        let name = without_remarks(kept(&place));
        assert!(name.as_str().starts_with("naa.3"));
        assert_eq!(without_remarks(kept(&place)), name);
        assert_ne!(without_remarks(kept(&directory.path().join("other"))), name);
    }

    /// A host's file with this content, and the directory for a name of one's own.
    fn host(content: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let (file, own) = (directory.path().join("initiatorname.iscsi"), directory.path().join("own"));
        fs::write(&file, content).unwrap();
        (directory, file, own)
    }

    #[test]
    fn the_file_of_the_host_goes_before_a_name_of_ones_own() {
        let (_directory, file, own) = host(&format!("## remark\nInitiatorName={NAME} \n"));
        assert_eq!(without_remarks(host_or_own(&file, Some(own.clone()))).as_str(), NAME);
        assert_eq!(without_remarks(host_or_own(&file, None)).as_str(), NAME);
        assert!(!own.exists());
    }

    #[test]
    fn remarks_about_lines_name_the_file() {
        let (_directory, file, _) = host(&format!("InitiatorName=\"{NAME}\""));
        let Found { name, remarks } = host_or_own(&file, None).unwrap();
        assert_eq!(name.as_str(), NAME);
        let begin = format!("{}: line 1: the quotation marks", file.display());
        assert!(matches!(&remarks[..], [remark] if remark.starts_with(&begin)), "{remarks:?}");
    }

    #[test]
    fn a_file_that_can_be_read_and_has_no_usable_name_is_an_error_with_its_line() {
        let too_large = "#".repeat(65_537);
        let cases = [
            ("", "there is no line InitiatorName=…"),
            ("GenerateName=yes\n", "there is no line InitiatorName=…"),
            ("\nInitiatorName=iqn.a/host\n", "line 2: iSCSI name cannot hold '/'"),
            ("\nInitiatorName=host\n", "line 2: name begins with neither iqn., eui. nor naa."),
            ("#\n#\nInitiatorName=\n", "line 3: there is no value behind the ="),
            (too_large.as_str(), "the file is larger than 64 KiB"),
        ];
        for (content, reason) in cases {
            let (_directory, file, own) = host(content);
            let Err(Failure::NameFile { path, source }) = host_or_own(&file, Some(own.clone())) else {
                panic!("{content:?}")
            };
            assert_eq!((path, source.to_string().as_str()), (file, reason));
            assert!(!own.exists(), "{content:?}");
        }
        let largest = format!("{}\nInitiatorName={NAME}", "#".repeat(65_536 - 15 - NAME.len()));
        let (_directory, file, own) = host(&largest);
        assert_eq!(without_remarks(host_or_own(&file, Some(own))).as_str(), NAME);
    }

    /// As any user finds a file that only root may read.
    #[test]
    fn whoever_cannot_read_the_file_of_the_host_has_a_name_of_their_own_and_is_told() {
        let (_directory, file, own) = host("");
        fs::remove_file(&file).unwrap();
        let name = without_remarks(host_or_own(&file, Some(own.clone())));
        fs::create_dir(&file).unwrap();
        let of_directory = host_or_own(&file, Some(own.clone())).unwrap();
        fs::remove_dir(&file).unwrap();
        symlink(&file, &file).unwrap();
        let of_circle = host_or_own(&file, Some(own.clone())).unwrap();
        for (found, reason) in [(of_directory, "it is not a regular file"), (of_circle, "os error")] {
            assert_eq!(found.name, name);
            let remark = found.remarks.concat();
            assert!(remark.starts_with(&format!("cannot read {}: ", file.display())), "{remark}");
            assert!(remark.contains(reason) && remark.contains("own/initiatorname.iscsi"), "{remark}");
        }
        assert!(matches!(host_or_own(&file, None), Err(Failure::Usage { .. })));
    }
}
