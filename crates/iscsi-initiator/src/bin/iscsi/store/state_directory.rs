//! The default directory for the secret store, the initiator name and the ISID seed.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use iscsi_secrets::{FileStore, ForeignHome, Relocation};

use crate::messages::{note, warn};

/// The state directory of root.
const OF_ROOT: &str = "/var/lib/iscsi-initiator";

/// The directory of root in earlier versions, which is the database of open-iscsi too.
const OF_ROOT_BEFORE: &str = "/var/lib/iscsi";

/// `$STATE_DIRECTORY` (systemd), else [`OF_ROOT`] for root, else `iscsi` in `$XDG_STATE_HOME` or `~/.local/state`. `None`
/// for a user without a home.
pub(crate) fn state_directory() -> Option<PathBuf> {
    given_by_systemd()
        .or_else(|| if is_root() { Some(of_root()) } else { Some(home_of_state()?.join("iscsi")) })
}

/// The home in which the state is looked for, if it belongs to another user.
pub(crate) fn foreign_home() -> Option<ForeignHome> {
    if given_by_systemd().is_some() || is_root() {
        return None;
    }
    let home = home_of_state()?;
    let (path, found) = home.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)))?;
    // Nothing of the home exists.
    path.parent()?;
    let (owner, user) = (found.uid(), rustix::process::geteuid().as_raw());
    (owner != user).then(|| ForeignHome { path: path.to_path_buf(), owner, user })
}

/// The first of `$STATE_DIRECTORY`: systemd joins several with colons.
fn given_by_systemd() -> Option<PathBuf> {
    let directories = env::var_os("STATE_DIRECTORY")?;
    env::split_paths(&directories).next().filter(|path| path.is_absolute())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn home_of_state() -> Option<PathBuf> {
    let home = || env::home_dir().filter(|home| home.is_absolute());
    let base = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    base.or_else(|| Some(home()?.join(".local/state")))
}

/// Determined once, since the first call may move the files of an earlier version.
fn of_root() -> PathBuf {
    static CHOSEN: OnceLock<PathBuf> = OnceLock::new();
    CHOSEN.get_or_init(|| after_moving(Path::new(OF_ROOT_BEFORE), Path::new(OF_ROOT))).clone()
}

/// Moves the store, the initiator name and the ISIDs of this program from one directory to the other, and returns the
/// one that has them.
fn after_moving(before: &Path, now: &Path) -> PathBuf {
    let own: Vec<&str> = COMPANIONS
        .iter()
        .filter(|(name, is_own)| is_own(&before.join(name)))
        .map(|(name, _)| *name)
        .collect();
    let (from, to) = (before.display(), now.display());
    match FileStore::relocate(before, now, &own) {
        Ok(Relocation::Nothing) => {}
        Ok(Relocation::Moved) => note(&format!("moved what this program kept in {from} to {to}")),
        Ok(Relocation::Both) => warn(&format!(
            "there is a secret store in {from} and one in {to}; only the second is read (--store names another)"
        )),
        Ok(Relocation::OtherFileSystem) => return before.to_path_buf(),
        Err(error) => {
            warn(&format!("the secret store in {from} cannot be moved to {to}: {error}"));
            // An error may follow a move that took effect.
            if !error.is_in_force() {
                return before.to_path_buf();
            }
        }
    }
    now.to_path_buf()
}

/// Files of this program beside a store, and how to distinguish them from those of other programs.
const COMPANIONS: [(&str, IsOwn); 2] = [("initiatorname.iscsi", is_generated_name), ("isid", is_isid_seed)];

type IsOwn = fn(&Path) -> bool;

/// Whether the file holds nothing but a name that this program generated.
fn is_generated_name(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let digits = text.strip_prefix("InitiatorName=naa.3").and_then(|rest| rest.strip_suffix('\n'));
    digits.is_some_and(|digits| is_hex(digits, 15))
}

/// Whether the file holds nothing but the random bits of ISIDs.
fn is_isid_seed(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.strip_suffix('\n').is_some_and(|digits| is_hex(digits, 6))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use iscsi_secrets::{Requirement, Scope, SecretStore as _};
    use std::os::unix::fs::PermissionsExt as _;

    /// A directory as root had it: a store, a name and an ISID seed of this program, and files of open-iscsi.
    fn before(place: &Path) -> PathBuf {
        let before = place.join("iscsi");
        FileStore::open(&before).unwrap().require(Scope::Global, Some(Requirement::Chap)).unwrap();
        fs::write(before.join("initiatorname.iscsi"), "InitiatorName=naa.30123456789abcde\n").unwrap();
        fs::write(before.join("isid"), "0a1b2c\n").unwrap();
        fs::create_dir(before.join("nodes")).unwrap();
        fs::set_permissions(&before, fs::Permissions::from_mode(0o755)).unwrap();
        before
    }

    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_of_this_program_move_and_files_of_open_iscsi_stay() {
        let place = tempfile::tempdir().unwrap();
        let (before, now) = (before(place.path()), place.path().join("iscsi-initiator"));
        assert_eq!(after_moving(&before, &now), now);
        assert_eq!(names(&before), ["nodes"]);
        assert_eq!(names(&now), ["initiatorname.iscsi", "isid", "secrets.db", "store.key"]);
        assert_eq!(FileStore::open_existing(&now).unwrap().entries().unwrap().len(), 1);
        assert_eq!(after_moving(&before, &now), now);
    }

    #[test]
    fn files_of_other_programs_stay() {
        let place = tempfile::tempdir().unwrap();
        let (before, now) = (place.path().join("iscsi"), place.path().join("iscsi-initiator"));
        fs::create_dir(&before).unwrap();
        for (name, content) in [
            ("initiatorname.iscsi", "InitiatorName=iqn.2001-04.com.example:host\n"),
            ("initiatorname.iscsi", "InitiatorName=naa.3012\n"),
            ("isid", "not hex\n"),
            ("secrets.db", "another database"),
        ] {
            fs::write(before.join(name), content).unwrap();
            assert_eq!(after_moving(&before, &now), now);
            assert_eq!(fs::read_to_string(before.join(name)).unwrap(), content);
            assert!(!now.exists(), "{content}");
        }
    }

    #[test]
    fn a_store_that_cannot_move_is_used_where_it_is() {
        let place = tempfile::tempdir().unwrap();
        let (before, now) = (before(place.path()), place.path().join("iscsi-initiator"));
        fs::set_permissions(before.join("secrets.db"), fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(after_moving(&before, &now), before);
        assert!(before.join("secrets.db").exists());
    }
}
