//! Results that an earlier run left in a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::results::{Results, SCHEMA};

/// Bytes of the largest file that is read: several times what a run of a day leaves.
const LARGEST: u64 = 64 << 20;

/// Why a file is no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResultsFileError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is larger than any result: more than {LARGEST} bytes", path.display())]
    TooLarge { path: PathBuf },
    #[error("{} is not what `iscsi bench login --output json` prints", path.display())]
    Foreign { path: PathBuf, source: serde_json::Error },
    #[error("{}: schema {schema} is not known to this program", path.display())]
    UnknownSchema { path: PathBuf, schema: u64 },
}

impl ResultsFileError {
    /// What a person can change.
    pub(crate) const fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::UnknownSchema { .. } => {
                Some("it comes from another version of this program; compare with that one")
            }
            Self::Foreign { .. } => Some("save one with `iscsi bench login URL --output json > FILE`"),
            Self::Read { .. } | Self::TooLarge { .. } => None,
        }
    }
}

/// What is read first: another schema has other fields.
#[derive(Deserialize)]
struct Head {
    schema: u64,
}

pub(crate) fn read(path: &Path) -> Result<Results, ResultsFileError> {
    let bytes = bytes(path)?;
    let foreign = |source| ResultsFileError::Foreign { path: path.to_owned(), source };
    let Head { schema } = serde_json::from_slice(&bytes).map_err(foreign)?;
    if schema != u64::from(SCHEMA) {
        return Err(ResultsFileError::UnknownSchema { path: path.to_owned(), schema });
    }
    serde_json::from_slice(&bytes).map_err(foreign)
}

fn bytes(path: &Path) -> Result<Vec<u8>, ResultsFileError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    match read {
        Err(source) => Err(ResultsFileError::Read { path: path.to_owned(), source }),
        Ok(length) if u64::try_from(length).is_ok_and(|length| length > LARGEST) => {
            Err(ResultsFileError::TooLarge { path: path.to_owned() })
        }
        Ok(_) => Ok(bytes),
    }
}
