//! The name of a logical unit by which a device is taken over: that of its target, its LUN, and what the unit says of itself.

use iscsi_initiator::scsi::Designator;
use iscsi_initiator::{Error, Lun, Session};

/// The kinds of designators that name a unit for good, the best first: NAA, EUI-64, SCSI name string, T10.
const KINDS: [u8; 4] = [3, 2, 8, 1];

/// Returns the backend identifier of a unit. Two units have the same one only if they are one unit, as far as they tell.
///
/// # Errors
/// The error that ended the session.
///
/// # Cancel safety
/// A future that is dropped has changed nothing.
pub(super) async fn backend(session: &Session, lun: Lun) -> Result<String, Error> {
    let target = session.details().target.as_ref().map(ToString::to_string).unwrap_or_default();
    let name = match answer(session.device_identification(lun).await)? {
        Some(identification) => best(&identification.designators),
        None => None,
    };
    let name = match name {
        Some(name) => name,
        None => answer(session.unit_serial_number(lun).await)?.flatten().unwrap_or_default(),
    };
    Ok(format!("iscsi {target}/{lun} {name}"))
}

/// Whether a backend identifier has a name that the unit itself tells. Without one, another unit may have taken the LUN.
pub(super) fn is_named(backend: &str) -> bool {
    !backend.ends_with(' ')
}

/// The answer, if the unit has one.
fn answer<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.leaves_session_open() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The name of the unit itself that lasts longest.
fn best(designators: &[Designator]) -> Option<String> {
    let of_unit = |kind: u8| {
        let mut names = designators.iter();
        names.find(move |name| name.association == 0 && name.designator_type == kind)
    };
    KINDS.into_iter().find_map(of_unit).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_tells_nothing_of_itself_has_no_name() {
        assert!(is_named("iscsi iqn.2001-04.com.example:disk/0 naa.6001"));
        assert!(!is_named("iscsi iqn.2001-04.com.example:disk/0 "));
    }
}
