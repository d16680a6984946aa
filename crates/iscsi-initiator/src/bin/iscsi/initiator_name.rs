//! Our own iSCSI name.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use iscsi_initiator::{Error, IscsiName};
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::arguments::Options;
use crate::failure::Failure;
use crate::session;
use crate::state_directory::state_directory;
use crate::store::StorePlace;

/// Where open-iscsi keeps the name of the host.
const HOST_FILE: &str = "/etc/iscsi/initiatorname.iscsi";

/// Name of the file in which a name that was made here is kept.
const KEPT_FILE: &str = "initiatorname.iscsi";

/// The name given, else the host's, else the one kept in the directory of the store or of the state, made there on
/// first use.
pub(crate) fn initiator_name(options: &Options) -> Result<IscsiName, Failure> {
    if let Some(name) = &options.initiator_name {
        return checked(name);
    }
    match read(Path::new(HOST_FILE)) {
        Ok(name) => return name,
        // Debian lets only root read it; others are then their own initiators.
        Err(error) => tracing::debug!(%error, "no host-wide initiator name"),
    }
    let directory = name_directory(options).ok_or_else(|| {
        Failure::usage("there is no place for an initiator name", "give one with --initiator-name")
    })?;
    kept(&directory)
}

/// Where the name is kept, and the ISIDs that belong to it.
pub(crate) fn name_directory(options: &Options) -> Option<PathBuf> {
    match &options.store {
        Some(StorePlace::Sealed(directory)) => Some(directory.clone()),
        _ => state_directory(),
    }
}

fn kept(directory: &Path) -> Result<IscsiName, Failure> {
    let path = directory.join(KEPT_FILE);
    match read(&path) {
        Ok(name) => name,
        Err(error) if error.kind() == ErrorKind::NotFound => make(directory, &path),
        Err(error) => Err(Failure::file("read", &path)(error)),
    }
}

/// The name in a file of lines `key=value` and `# remarks`.
fn read(path: &Path) -> io::Result<Result<IscsiName, Failure>> {
    let text = fs::read_to_string(path)?;
    let mut names = text.lines().filter_map(|line| line.trim().strip_prefix("InitiatorName="));
    let name = names.next().and_then(|name| name.trim().parse().ok());
    Ok(name.ok_or_else(|| Failure::NameFile { path: path.to_path_buf() }))
}

/// Keeps a new name for ever. When another process was faster, its name counts.
fn make(directory: &Path, path: &Path) -> Result<IscsiName, Failure> {
    let name = draw()?;
    match keep(directory, path, &name) {
        Ok(()) => Ok(name),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(path).map_err(Failure::file("read", path))?
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
/// use a domain that somebody here owns.
fn draw() -> Result<IscsiName, Failure> {
    let mut octets = [0; 8];
    SysRng.try_fill_bytes(&mut octets).map_err(|_| Error::Random)?;
    let random = u64::from_be_bytes(octets) >> 4;
    checked(&format!("naa.3{random:015x}"))
}

fn checked(name: &str) -> Result<IscsiName, Failure> {
    const WHAT: &str = "initiator name";
    let name = IscsiName::new(name).map_err(|error| Failure::unusable(WHAT, &error))?;
    session::note_odd_grammar(WHAT, &name);
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nam_05_nam_11_a_name_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("state/iscsi");
        let name = kept(&place).unwrap();
        assert!(name.as_str().starts_with("naa.3"));
        assert_eq!(kept(&place).unwrap(), name);
        assert_ne!(kept(&directory.path().join("other")).unwrap(), name);
    }

    #[test]
    fn the_file_of_open_iscsi_is_understood() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("initiatorname.iscsi");
        fs::write(&path, "## remark\n#InitiatorName=iqn.2000-01.com.example:old\nInitiatorName=iqn.2001-04.com.example:host \n").unwrap();
        assert_eq!(kept(directory.path()).unwrap().as_str(), "iqn.2001-04.com.example:host");
        for text in ["", "GenerateName=yes\n", "InitiatorName=a/host\n"] {
            fs::write(&path, text).unwrap();
            assert!(matches!(kept(directory.path()), Err(Failure::NameFile { .. })), "{text:?}");
        }
    }
}
