//! Errors as those of the standard library, for its traits of reading and writing.

use std::io::{self, ErrorKind};

use super::Error;
use crate::session::{Abort, AbortCause};

impl From<Error> for io::Error {
    /// Wraps an error; [`io::Error::get_ref`] returns it. The kind says what fits one of the standard library, and is
    /// [`ErrorKind::Other`] for what does not.
    fn from(error: Error) -> Self {
        Self::new(kind(&error), error)
    }
}

/// The kind that fits. Callers retry what is interrupted or would block, and take an early end of the data for that of the device:
/// no error has one of these kinds.
const fn kind(error: &Error) -> ErrorKind {
    match error {
        Error::InvalidArgument(_) => ErrorKind::InvalidInput,
        Error::Timeout { .. }
        | Error::LoginTimeout { .. }
        | Error::Aborted { abort: Abort { cause: AbortCause::Timeout, .. }, .. } => ErrorKind::TimedOut,
        Error::ConnectionLost { .. } | Error::ClosedDuringLogin { .. } => ErrorKind::ConnectionReset,
        Error::SessionEnded(_) | Error::TakenOver => ErrorKind::ConnectionAborted,
        Error::LoggedOut | Error::LogoutRequested | Error::NoSession { .. } => ErrorKind::NotConnected,
        Error::Protocol(_) | Error::MalformedDuringLogin { .. } | Error::InvalidResponse { .. } => {
            ErrorKind::InvalidData
        }
        Error::WriteProtected { .. } => ErrorKind::ReadOnlyFilesystem,
        Error::NotSupported { .. } => ErrorKind::Unsupported,
        _ => ErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use iscsi_pdu::Lun;

    use super::*;
    use crate::session::Extent;

    #[test]
    fn kinds_are_those_of_the_cause() {
        let aborted =
            |cause| Error::Aborted { command: "READ (10)", abort: Abort { cause, extent: Extent::Unknown } };
        for (error, kind) in [
            (Error::InvalidArgument(String::new()), ErrorKind::InvalidInput),
            (Error::Timeout { operation: "logout", limit: Duration::ZERO }, ErrorKind::TimedOut),
            (aborted(AbortCause::Timeout), ErrorKind::TimedOut),
            (aborted(AbortCause::Requested("ABORT TASK")), ErrorKind::Other),
            (Error::SessionEnded(String::new()), ErrorKind::ConnectionAborted),
            (Error::LoggedOut, ErrorKind::NotConnected),
            (Error::WriteProtected { lun: Lun::ZERO }, ErrorKind::ReadOnlyFilesystem),
            (Error::NotSupported { lun: Lun::ZERO, command: "UNMAP" }, ErrorKind::Unsupported),
            (Error::NotFlushed, ErrorKind::Other),
        ] {
            let wrapped = io::Error::from(error.clone());
            assert_eq!(wrapped.kind(), kind, "{error:?}");
            assert_eq!(wrapped.get_ref().and_then(|source| source.downcast_ref()), Some(&error));
            assert_eq!(wrapped.to_string(), error.to_string());
        }
    }
}
