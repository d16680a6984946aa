//! What could not be had, beside what could.

use iscsi_initiator::{BlockDevice, Error};
use serde::Serialize;

use crate::failure::warn;

/// Remarks on one result, in the order in which they arose. JSON: a list of texts.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Remarks(Vec<String>);

impl Remarks {
    pub(crate) fn add(&mut self, remark: impl Into<String>) {
        self.0.push(remark.into());
    }

    /// What a call gave. A failure becomes a remark on `what`, and is handed on only if the session ended with it.
    pub(crate) fn keep<T>(&mut self, what: &str, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        let error = match outcome {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error,
        };
        self.add(format!("{what}: {error}"));
        if error.leaves_session_open() { Ok(None) } else { Err(error) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// All in one line.
    pub(crate) fn joined(&self) -> String {
        self.0.join("; ")
    }
}

/// One warning about a device that had to recover from errors during a transfer. Its data are complete.
pub(crate) fn warn_of_recovered_errors(device: &BlockDevice) {
    let count = device.recovered_errors();
    if count > 0 {
        warn(&format!(
            "commands that succeeded after the logical unit had recovered from an error (RECOVERED ERROR): {count}; -v lists them"
        ));
    }
}

#[cfg(test)]
mod tests {
    use iscsi_initiator::Error;

    use super::Remarks;

    #[test]
    fn what_ends_the_session_is_remarked_and_handed_on() {
        let mut remarks = Remarks::default();
        assert_eq!(remarks.keep("size", Ok(7)), Ok(Some(7)));
        assert!(remarks.is_empty());
        let spared = Error::InvalidResponse { command: "INQUIRY", reason: "too short".to_owned() };
        assert_eq!(remarks.keep::<u8>("INQUIRY", Err(spared)), Ok(None));
        assert_eq!(remarks.keep::<u8>("size", Err(Error::LoggedOut)), Err(Error::LoggedOut));
        assert_eq!(remarks.iter().count(), 2);
        assert_eq!(
            remarks.joined(),
            "INQUIRY: unusable answer to INQUIRY: too short; size: the session is logged out"
        );
    }
}
