//! The files of open-iscsi, and the scopes that they are for.

use std::path::{Path, PathBuf};

use iscsi_pdu::{IscsiName, Portal};

use super::diagnostics::{ImportError, ImportWarning, UnreadableFile};
use super::root::Root;
use crate::plain_credentials::{CredentialKeys, DISCOVERY, SESSION};
use crate::scope::Scope;

/// One file, and the scopes of its keys.
pub(super) struct RecordFile {
    pub(super) path: PathBuf,
    pub(super) parts: Vec<Part>,
}

/// Keys of a file, and the scope that they are for.
pub(super) struct Part {
    pub(super) scope: Scope,
    pub(super) keys: &'static [CredentialKeys],
}

/// The files of a directory.
pub(super) struct Records {
    pub(super) root: Root,
    pub(super) files: Vec<RecordFile>,
    /// Warnings about entries that are not such files.
    pub(super) warnings: Vec<ImportWarning>,
}

impl Records {
    /// Finds all files that open-iscsi stores there.
    pub(super) fn find(directory: &Path) -> Result<Self, ImportError> {
        let mut records = Self { root: Root::new(directory)?, files: Vec::new(), warnings: Vec::new() };
        let (configured, nodes, portals) =
            (records.add_configuration(), records.add_nodes()?, records.add_portals()?);
        if configured || nodes || portals {
            Ok(records)
        } else {
            Err(ImportError::NothingThere { path: directory.to_path_buf() })
        }
    }

    fn add_configuration(&mut self) -> bool {
        let path = self.root.join("iscsid.conf");
        let there = path.symlink_metadata().is_ok();
        if there {
            let session = Part { scope: Scope::Global, keys: &SESSION };
            let discovery = Part { scope: Scope::Discovery, keys: &DISCOVERY };
            self.files.push(RecordFile { path, parts: vec![session, discovery] });
        }
        there
    }

    /// Adds the records `nodes/TARGET/ADDRESS,PORT[,TAG]`, each a file, or a directory with a file for each interface.
    fn add_nodes(&mut self) -> Result<bool, ImportError> {
        let Some(targets) = self.list_known("nodes")? else { return Ok(false) };
        for target in targets {
            match target_name(&target) {
                Some(name) => self.add_target(&target, &name)?,
                None => self.warnings.push(ImportWarning::ForeignName { path: target }),
            }
        }
        Ok(true)
    }

    fn add_target(&mut self, directory: &Path, name: &IscsiName) -> Result<(), ImportError> {
        for file in self.list(directory)? {
            if portal(&file).is_none() {
                self.warnings.push(ImportWarning::ForeignName { path: file });
                continue;
            }
            let paths = if self.is_directory(&file) { self.list(&file)? } else { vec![file] };
            for path in paths {
                let part = Part { scope: Scope::Target(name.clone()), keys: &SESSION };
                self.files.push(RecordFile { path, parts: vec![part] });
            }
        }
        Ok(())
    }

    /// Adds the records `send_targets/ADDRESS,PORT`, each a file, or a directory with the file `st_config` and links to
    /// discovered targets.
    fn add_portals(&mut self) -> Result<bool, ImportError> {
        let Some(portals) = self.list_known("send_targets")? else { return Ok(false) };
        for file in portals {
            let Some(portal) = portal(&file) else {
                self.warnings.push(ImportWarning::ForeignName { path: file });
                continue;
            };
            let path = if self.is_directory(&file) { file.join("st_config") } else { file };
            let part = Part { scope: Scope::Portal(portal), keys: &DISCOVERY };
            self.files.push(RecordFile { path, parts: vec![part] });
        }
        Ok(true)
    }

    /// Lists a directory of open-iscsi; `None` if it does not exist.
    fn list_known(&mut self, name: &str) -> Result<Option<Vec<PathBuf>>, ImportError> {
        let path = self.root.join(name);
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        self.list(&path).map(Some)
    }

    /// Lists a directory. If it is not a directory or leads outside, adds a warning and returns nothing.
    fn list(&mut self, path: &Path) -> Result<Vec<PathBuf>, ImportError> {
        let fault = match self.root.is_directory(path) {
            Ok(true) => return self.root.list(path),
            Ok(false) => UnreadableFile::NotADirectory,
            Err(fault) => fault,
        };
        self.warnings.push(ImportWarning::Unreadable { path: path.to_path_buf(), fault });
        Ok(Vec::new())
    }

    /// Whether this is a directory. Errors count as no: reading the path then results in a warning.
    fn is_directory(&self, path: &Path) -> bool {
        self.root.is_directory(path).unwrap_or(false)
    }
}

/// Returns the target of a directory, if its name is an iSCSI name.
fn target_name(path: &Path) -> Option<IscsiName> {
    let name = path.file_name()?.to_str()?;
    let has_type =
        |name: &IscsiName| ["iqn.", "eui.", "naa."].iter().any(|kind| name.identity().starts_with(kind));
    IscsiName::new(name).ok().filter(has_type)
}

/// Parses `ADDRESS,PORT`, followed by a portal group tag for nodes. IPv6 addresses have no brackets.
fn portal(path: &Path) -> Option<Portal> {
    let mut parts = path.file_name()?.to_str()?.split(',');
    let (host, port) = (parts.next()?, parts.next()?.parse::<u16>().ok()?);
    let brackets = host.contains(':') && !host.starts_with('[');
    if brackets { format!("[{host}]:{port}") } else { format!("{host}:{port}") }.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portals_have_the_names_under_which_discovery_looks_them_up() {
        let name = |file: &str| portal(Path::new(file)).map(|portal| portal.identity());
        for (file, portal) in [
            ("192.0.2.7,3260", "192.0.2.7:3260"),
            ("192.0.2.7,3260,1", "192.0.2.7:3260"),
            ("2001:db8::7,3261,-1", "[2001:db8::7]:3261"),
            ("[2001:DB8::7],3261", "[2001:db8::7]:3261"),
            ("Host.Example,860", "host.example:860"),
        ] {
            assert_eq!(name(file).as_deref(), Some(portal));
        }
        for file in ["192.0.2.7", ",3260", "192.0.2.7,", "192.0.2.7,65536", "a b,3260", "lost+found", ""] {
            assert_eq!(name(file), None, "{file:?}");
        }
    }

    #[test]
    fn only_iscsi_names_are_targets() {
        let is_target = |file: &str| target_name(Path::new(file)).is_some();
        assert!(
            ["iqn.2001-04.com.example:Disk", "IQN.2001-04.com.example:a", "eui.02004567A425678D", "naa.52"]
                .iter()
                .all(|name| is_target(name))
        );
        assert!(!["disk", "iqn.a\\b", "iqn.a\x1b[2J", ""].iter().any(|name| is_target(name)));
    }
}
