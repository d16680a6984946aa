//! What one file says.

use super::RecordFile;
use super::gathered::{Credential, Gathered};
use super::records::Part;
use super::root::Content;
use super::settings::{self, Line};
use super::warning::{ImportWarning, UnusableValue};
use crate::credential;
use crate::credential_keys::CredentialKeys;
use crate::secret::Secret;
use crate::secret_file::MIN_FILE_SECRET_BYTES;

/// Takes the credentials of one file, and tells what there is to tell about it.
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
    tell_about_file(file, content.mode, taken, &mut warnings);
    warnings
}

fn tell_about_file(file: &RecordFile, mode: u32, taken: bool, warnings: &mut Vec<ImportWarning>) {
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

/// A file that is being read.
struct Reading<'a> {
    file: &'a RecordFile,
    content: &'a [u8],
    warnings: &'a mut Vec<ImportWarning>,
}

impl<'a> Reading<'a> {
    /// One credential, if it is there and can be one.
    fn credential(&mut self, keys: &CredentialKeys) -> Option<(Option<String>, Secret)> {
        let (name, secret) = (self.value(keys.name), self.value(keys.secret));
        let name = match name.map(chap_name) {
            Some(None) => return self.refuse(keys.name, UnusableValue::NotAName),
            Some(name) => name,
            None => None,
        };
        match secret.map(Secret::from_bytes) {
            None if name.is_some() => self.refuse(keys.name, UnusableValue::NoSecret),
            None => None,
            Some(Err(_)) => self.refuse(keys.secret, UnusableValue::TooLong),
            Some(Ok(secret)) => {
                self.tell_length(keys.secret, secret.expose_secret().len());
                Some((name, secret))
            }
        }
    }

    /// The last value of a key that is not empty.
    fn value(&mut self, key: &'static str) -> Option<&'a [u8]> {
        let mut found = None;
        for line in settings::lines(self.content) {
            match line {
                Line::Setting(word, value) if word == key.as_bytes() && !value.is_empty() => {
                    found = Some(value);
                }
                Line::Other(word) if is_meant(word, key) => {
                    self.refuse::<()>(key, UnusableValue::NoSeparator);
                }
                Line::Setting(..) | Line::Other(_) => {}
            }
        }
        found
    }

    fn tell_length(&mut self, key: &'static str, bytes: usize) {
        if bytes < MIN_FILE_SECRET_BYTES {
            self.warnings.push(ImportWarning::Short { path: self.file.path.clone(), key, bytes });
        }
    }

    fn refuse<T>(&mut self, key: &'static str, fault: UnusableValue) -> Option<T> {
        self.warnings.push(ImportWarning::Unusable { path: self.file.path.clone(), key, fault });
        None
    }
}

/// Whether a line that is no setting looks as if it should set this key.
fn is_meant(word: &[u8], key: &str) -> bool {
    let rest = word.strip_prefix(key.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
}

fn chap_name(bytes: &[u8]) -> Option<String> {
    let name = str::from_utf8(bytes).ok()?.to_owned();
    credential::checked(Some(name)).ok()?
}
