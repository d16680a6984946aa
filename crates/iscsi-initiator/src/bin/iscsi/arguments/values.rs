//! Values of options, and the URLs and names that commands take.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use iscsi_initiator::{
    AuthenticationMode, ChapAlgorithm, DigestPreference, IscsiName, Lun, Requirement, SecretFormat, TargetUrl,
};

use crate::failure::Failure;
use crate::messages::note;

/// `--auth`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Authentication {
    /// No authentication, whatever secrets are stored
    None,
    /// The initiator authenticates itself if the target asks for it
    IfAsked,
    /// The initiator authenticates itself
    Chap,
    /// The initiator and the target authenticate themselves
    Mutual,
}

impl From<Authentication> for AuthenticationMode {
    fn from(authentication: Authentication) -> Self {
        match authentication {
            Authentication::None => Self::None,
            Authentication::IfAsked => Self::IfAsked,
            Authentication::Chap => Self::Chap,
            Authentication::Mutual => Self::Mutual,
        }
    }
}

/// `--require-auth`, and the policy of a store
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// No authentication
    None,
    /// The initiator authenticates itself by CHAP
    Chap,
    /// The initiator and the target authenticate themselves by CHAP
    Mutual,
}

impl From<Level> for Requirement {
    fn from(level: Level) -> Self {
        match level {
            Level::None => Self::None,
            Level::Chap => Self::Chap,
            Level::Mutual => Self::Mutual,
        }
    }
}

/// `--secret-format`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The bytes themselves, without the line ending after a text
    Text,
    /// Hexadecimal digits, two for each byte, with or without 0x
    Hex,
}

impl From<Format> for SecretFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Hex => Self::Hex,
        }
    }
}

/// `--algorithms`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// MD5 (5), which every target supports
    Md5,
    /// SHA-1 (6)
    Sha1,
    /// SHA-256 (7), whose number tgt takes for SHA-1
    Sha256,
    /// SHA3-256 (8)
    #[value(name = "sha3-256")]
    Sha3_256,
}

impl From<Algorithm> for ChapAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5,
            Algorithm::Sha1 => Self::Sha1,
            Algorithm::Sha256 => Self::Sha256,
            Algorithm::Sha3_256 => Self::Sha3_256,
        }
    }
}

/// `--header-digest`, `--data-digest`
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Digest {
    /// No digest
    None,
    /// Require CRC32C
    Crc32c,
    /// CRC32C if the target supports it, else no digest
    PreferCrc32c,
}

impl From<Digest> for DigestPreference {
    fn from(digest: Digest) -> Self {
        match digest {
            Digest::None => Self::None,
            Digest::Crc32c => Self::Crc32c,
            Digest::PreferCrc32c => Self::PreferCrc32c,
        }
    }
}

/// `--output`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Tables for people
    Table,
    /// JSON for programs
    Json,
}

/// `--store`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StorePlace {
    /// A directory with an encrypted store.
    Sealed(PathBuf),
    /// `dir:`, a read-only directory with one file for each of open-iscsi's key names.
    Plain(PathBuf),
    /// `env:`, libiscsi's variables, which are only read.
    Environment,
}

impl FromStr for StorePlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("env", "")) => Ok(Self::Environment),
            Some(("env", _)) => Err("nothing follows `env:`"),
            Some(("dir", "")) => Err("a directory follows `dir:`"),
            Some(("dir", path)) => Ok(Self::Plain(path.into())),
            _ if text.is_empty() => Err("the path is empty"),
            _ => Ok(Self::Sealed(text.into())),
        }
    }
}

/// Reads a URL that has to be one of a target.
pub(crate) fn target_url(text: &str) -> Result<TargetUrl, Failure> {
    // A secret in the text stays in the arguments of the process, which nothing wipes; the program warns of that.
    let url: TargetUrl = text.parse()?;
    note_odd_grammar("target name", &url.target);
    Ok(url)
}

/// Reads a URL that has to name a logical unit.
pub(crate) fn logical_unit_url(text: &str) -> Result<(TargetUrl, Lun), Failure> {
    let url = target_url(text)?;
    let lun = url.lun.ok_or_else(|| {
        Failure::usage(
            "the URL names no logical unit",
            "add its number: iscsi://host/target/0; `iscsi luns` lists them",
        )
    })?;
    Ok((url, lun))
}

/// Reads a LUN, in the form that it has in a URL.
pub(crate) fn lun(text: &str) -> Result<Lun, &'static str> {
    Lun::parse(text).ok_or("a number from 0 to 16383, or 0x and 16 hexadecimal digits")
}

/// Reads the name of a target.
pub(crate) fn target_name(text: &str) -> Result<IscsiName, Failure> {
    const WHAT: &str = "target name";
    let name = IscsiName::new(text).map_err(|error| Failure::unusable(WHAT, &error))?;
    note_odd_grammar(WHAT, &name);
    Ok(name)
}

/// Notes a name that breaks the grammar without harm: such names exist, and typing errors make them too.
pub(crate) fn note_odd_grammar(what: &str, name: &IscsiName) {
    if let Err(error) = name.check_grammar() {
        // The name is not repeated: mistyped, it may be anything.
        note(&format!("{what}: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_places_are_distinguished_by_their_prefix() {
        let sealed = |path: &str| Ok(StorePlace::Sealed(path.into()));
        assert_eq!("/var/lib/iscsi".parse(), sealed("/var/lib/iscsi"));
        assert_eq!("./dir:x".parse(), sealed("./dir:x"));
        assert_eq!("dir:/etc/chap".parse(), Ok(StorePlace::Plain("/etc/chap".into())));
        assert_eq!("env:".parse(), Ok(StorePlace::Environment));
        for text in ["", "dir:", "env:x"] {
            assert!(text.parse::<StorePlace>().is_err(), "{text}");
        }
    }
}
