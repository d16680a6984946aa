//! Remedies: the next step of an operator after each [`StoreError`].

use std::io::ErrorKind;
use std::path::Path;

use super::StoreError;

impl StoreError {
    /// Returns what the operator can do about the error.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::TargetSpecificNotSupported => Some("set the global secret instead".to_owned()),
            Self::GlobalNotSupported => Some("set the secret of each target instead".to_owned()),
            Self::ReadOnly => Some("change the source that this store reads".to_owned()),
            Self::Missing { .. } => {
                Some("check the path; storing the first secret creates the store".to_owned())
            }
            Self::DatabaseGone { path } => Some(format!("restore {} from a backup", path.display())),
            Self::KeyGone { path } => Some(format!(
                "restore {} from a backup: the store cannot be opened without it",
                path.display()
            )),
            Self::WrongKind { path, expected } => {
                Some(format!("move {} away or name another {expected}", path.display()))
            }
            Self::TooOpen { path, .. } => Some(format!(
                "run `chmod go= {}`, and replace the secrets if other users may have read them",
                path.display()
            )),
            Self::ForeignOwner { path, owner, user } => Some(format!(
                "run as user {owner}, or `chown {user} {}` if its content can be trusted",
                path.display()
            )),
            Self::KeyLength { path } | Self::WrongKey { key: path, .. } => {
                Some(format!("restore the {} of this store", path.display()))
            }
            Self::WrongPassphrase { .. } => Some("give the passphrase of this store".to_owned()),
            Self::PassphraseNeeded { .. } => Some("give its passphrase instead of a key".to_owned()),
            Self::NotByPassphrase { .. } => Some("give its key instead of a passphrase".to_owned()),
            Self::ForeignFile { path } => {
                Some(format!("move {} away, or name another directory", path.display()))
            }
            Self::UnknownVersion { .. } => Some("use the version of the program that wrote it".to_owned()),
            Self::Truncated { path, .. } | Self::Damaged { path } => Some(format!(
                "restore {} from a backup, or move it away with its key and start again",
                path.display()
            )),
            #[cfg(unix)]
            Self::SecretFile(error) => error.remedy(),
            Self::IncompleteCredential { found, missing } => {
                Some(format!("add {missing}, or remove {found}"))
            }
            Self::NoSecrets { path } => Some(format!(
                "mount the secrets at {}, in files named after open-iscsi's settings, such as \
                 node.session.auth.password",
                path.display()
            )),
            Self::Unsettled { .. } => Some("try again".to_owned()),
            Self::Dangling { path } => Some(format!(
                "mount the file system that {} leads to, or remove the link to go without secrets",
                path.display()
            )),
            Self::Locked { .. } => Some("try again when the other process has ended".to_owned()),
            Self::Unsynced { path, kind } => {
                let first = io_remedy(*kind, path);
                let first = first.unwrap_or_else(|| format!("check the disk of {}", path.display()));
                Some(format!("{first}, then make the change again"))
            }
            Self::Io { kind, path, .. } => io_remedy(*kind, path),
            Self::SecretDamaged { .. } => Some("store it again".to_owned()),
            Self::TooLarge { path, limit } => {
                Some(format!("check what {} is: a valid file has at most {limit} bytes", path.display()))
            }
            Self::Cipher | Self::OutOfMemory | Self::Generator(_) | Self::Backend { .. } => None,
        }
    }
}

fn io_remedy(kind: ErrorKind, path: &Path) -> Option<String> {
    let path = path.display();
    match kind {
        ErrorKind::PermissionDenied => Some(format!("run as the user who owns {path}")),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some(format!("free some space on the file system of {path}"))
        }
        ErrorKind::FileTooLarge => Some(format!("raise the file size limit, so that {path} fits")),
        ErrorKind::ReadOnlyFilesystem => Some(format!("mount the file system of {path} writable")),
        ErrorKind::NotFound => Some(format!("check the path: {path} does not exist, or is a dangling link")),
        ErrorKind::NotADirectory => Some(format!("check the path: a part of {path} is not a directory")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn errors_name_the_side_at_fault_the_file_and_the_remedy() {
        let path = PathBuf::from("store/secrets.db");
        let cases = [
            (
                StoreError::TooOpen { path: path.clone(), mode: 0o644 },
                "operator: ",
                "chmod go= store/secrets.db",
            ),
            (StoreError::Damaged { path: path.clone() }, "file: ", "backup"),
            (
                StoreError::Io { action: "write", path, kind: ErrorKind::StorageFull },
                "system: ",
                "free some space",
            ),
        ];
        for (error, side, remedy) in cases {
            assert!(error.to_string().starts_with(side), "{error}");
            assert!(error.to_string().contains("store/secrets.db"), "{error}");
            assert!(error.remedy().unwrap().contains(remedy), "{error}");
        }
    }
}
