//! Error numbers for the failures of operations.

use fuser::Errno;
use iscsi_initiator::{Advice, Error};

/// The error number that a program sees for an error of the initiator. What is not the program's fault is EIO.
pub(super) fn of(error: &Error) -> Errno {
    match error {
        Error::WriteProtected { .. } => Errno::EROFS,
        Error::NotSupported { .. } => Errno::EOPNOTSUPP,
        Error::InvalidArgument(_) => Errno::EINVAL,
        _ => match error.advice() {
            Some(Advice::WriteProtected) => Errno::EROFS,
            Some(Advice::OutOfSpace | Advice::OutOfRange) => Errno::ENOSPC,
            _ => Errno::EIO,
        },
    }
}

#[cfg(test)]
mod tests {
    use iscsi_initiator::scsi::{SenseData, SenseKey};
    use iscsi_pdu::{Lun, ScsiStatus};

    use super::*;

    fn failed(key: SenseKey, asc: u8, ascq: u8) -> Error {
        let sense = Some(SenseData::new(key, asc, ascq));
        Error::Command { command: "WRITE", status: ScsiStatus::CHECK_CONDITION, sense }
    }

    #[test]
    fn errors_have_the_numbers_that_programs_expect() {
        let cases = [
            (Error::WriteProtected { lun: Lun::ZERO }, Errno::EROFS),
            (Error::NotSupported { lun: Lun::ZERO, command: "UNMAP" }, Errno::EOPNOTSUPP),
            (Error::InvalidArgument(String::new()), Errno::EINVAL),
            (failed(SenseKey::DATA_PROTECT, 0x27, 0x00), Errno::EROFS),
            (failed(SenseKey::DATA_PROTECT, 0x27, 0x07), Errno::ENOSPC),
            (failed(SenseKey::ILLEGAL_REQUEST, 0x21, 0x00), Errno::ENOSPC),
            (failed(SenseKey::MEDIUM_ERROR, 0x11, 0x00), Errno::EIO),
            (Error::WritesMayBeLost { lun: Lun::ZERO }, Errno::EIO),
            (Error::NotFlushed, Errno::EIO),
            (Error::LoggedOut, Errno::EIO),
        ];
        for (error, expected) in cases {
            assert_eq!(of(&error).code(), expected.code(), "{error}");
        }
    }
}
