//! The ends of a transfer, as the arguments name them.

use std::path::{Path, PathBuf};

use iscsi_initiator::{BlockDevice, Lun, Overrides, Session, TargetUrl};

use super::local_data::{STANDARD_INPUT, STANDARD_OUTPUT};
use crate::arguments::{UnitOptions, values};
use crate::credentials::secret_source::DASH;
use crate::failure::Failure;
use crate::session;

/// One end of a transfer.
pub(crate) enum End {
    /// A logical unit.
    Unit {
        /// The URL; taken by the login.
        url: TargetUrl,
        lun: Lun,
    },
    /// A file or a block device of this host.
    File(PathBuf),
    /// Standard input or standard output.
    Stream,
}

impl End {
    /// Reads an argument: `iscsi://…`, `-`, or the name of a file.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        if text.to_ascii_lowercase().starts_with("iscsi://") {
            let (url, lun) = values::logical_unit_url(text)?;
            return Ok(Self::Unit { url, lun });
        }
        let path = Path::new(text);
        Ok(if path == DASH { Self::Stream } else { Self::File(path.to_path_buf()) })
    }

    /// The name of a source in messages. The URL is not repeated: it may hold a secret.
    pub(crate) fn name_of_source(&self) -> String {
        self.name(STANDARD_INPUT)
    }

    /// The name of a destination in messages.
    pub(crate) fn name_of_destination(&self) -> String {
        self.name(STANDARD_OUTPUT)
    }

    fn name(&self, stream: &str) -> String {
        match self {
            Self::Unit { url, lun } => format!("logical unit {lun} of {}", url.target),
            Self::File(path) => path.display().to_string(),
            Self::Stream => stream.to_owned(),
        }
    }

    /// The paths of files that are read or written, for the check that standard input is used once.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Unit { .. } => None,
            Self::File(path) => Some(path),
            Self::Stream => Some(Path::new(DASH)),
        }
    }
}

/// An end that is ready: a unit with a session, or what is local.
#[derive(Clone)]
pub(crate) enum Ready {
    Unit(BlockDevice, Session, Lun),
    File(PathBuf),
    Stream,
}

/// Logs in to the units among the ends, opens them, does the work, and logs out. Two units of one target share a session.
///
/// # Cancel safety
/// When the future is dropped, the connections are closed without a logout.
pub(crate) async fn with_ends<T>(
    options: &UnitOptions,
    overrides: Overrides,
    [first, second]: [End; 2],
    work: impl AsyncFnOnce(Ready, Ready) -> Result<T, Failure>,
) -> Result<T, Failure> {
    match (first, second) {
        (End::Unit { url, lun }, End::Unit { url: other, lun: other_lun }) => {
            let is_same = url.portal == other.portal && url.target == other.target;
            if is_same {
                // Either unit may be the one that a failure is about.
                let url = TargetUrl { lun: None, ..url };
                return session::with_units(options, url, async |session| {
                    let first = unit(session, lun, overrides).await?;
                    work(first, unit(session, other_lun, overrides).await?).await
                })
                .await;
            }
            session::with_units_of_two(options, [url, other], async |session, second| {
                let first = unit(session, lun, overrides).await?;
                work(first, unit(second, other_lun, overrides).await?).await
            })
            .await
        }
        (End::Unit { url, lun }, second) => {
            session::with_units(options, url, async |session| {
                work(unit(session, lun, overrides).await?, second.local()).await
            })
            .await
        }
        (first, End::Unit { url, lun }) => {
            session::with_units(options, url, async |session| {
                work(first.local(), unit(session, lun, overrides).await?).await
            })
            .await
        }
        (first, second) => session::until_interrupted(work(first.local(), second.local())).await,
    }
}

async fn unit(session: &Session, lun: Lun, overrides: Overrides) -> Result<Ready, Failure> {
    let device = BlockDevice::open_with(session, lun, overrides).await?;
    Ok(Ready::Unit(device, session.clone(), lun))
}

impl End {
    /// An end that needs no session.
    fn local(self) -> Ready {
        match self {
            Self::File(path) => Ready::File(path),
            Self::Unit { .. } | Self::Stream => Ready::Stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_units_files_and_streams() {
        let url = "iscsi://host/iqn.2001-04.com.example:disk";
        let unit = End::parse(&format!("{url}/3")).ok().unwrap();
        assert_eq!(unit.name_of_source(), "logical unit 3 of iqn.2001-04.com.example:disk");
        assert!(End::parse(url).is_err(), "without a logical unit");
        assert!(matches!(End::parse("ISCSI://host/iqn.2001-04.com.example:disk/0"), Ok(End::Unit { .. })));
        let file = End::parse("./iscsi:x").ok().unwrap();
        assert_eq!(file.name_of_source(), "./iscsi:x");
        let stream = End::parse("-").ok().unwrap();
        assert_eq!(stream.name_of_source(), "standard input");
        assert_eq!(stream.name_of_destination(), "standard output");
        assert_eq!(stream.path(), Some(Path::new("-")));
    }
}
