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
    use iscsi_initiator::scsi::{DeviceIdentification, VpdPage as _};

    use super::*;

    /// A descriptor with a name of one byte.
    fn descriptor(association: u8, kind: u8, name: u8) -> [u8; 5] {
        [1, association << 4 | kind, 0, 1, name]
    }

    fn best_of(descriptors: &[[u8; 5]]) -> Option<String> {
        best(&DeviceIdentification::parse(&descriptors.concat()).unwrap().designators)
    }

    #[test]
    fn a_unit_has_the_name_that_lasts_longest() {
        // A name that only its vendor can read.
        let mut descriptors = vec![descriptor(0, 0, 9)];
        assert_eq!(best_of(&descriptors), None);
        for (kind, expected) in [(1, "t10.07"), (8, "07"), (2, "eui.07"), (3, "naa.07")] {
            descriptors.push(descriptor(0, kind, 7));
            assert_eq!(best_of(&descriptors).as_deref(), Some(expected));
        }
    }

    #[test]
    fn names_of_the_target_and_of_its_ports_are_not_those_of_the_unit() {
        let (port, target) = (descriptor(1, 3, 1), descriptor(2, 3, 2));
        assert_eq!(best_of(&[port, target]), None);
        assert_eq!(best_of(&[port, target, descriptor(0, 2, 3)]).as_deref(), Some("eui.03"));
    }

    #[test]
    fn a_unit_that_tells_nothing_of_itself_has_no_name() {
        assert!(is_named("iscsi iqn.2001-04.com.example:disk/0 naa.6001"));
        assert!(!is_named("iscsi iqn.2001-04.com.example:disk/0 "));
    }

    #[test]
    fn a_unit_may_refuse_to_answer_as_long_as_its_session_lasts() {
        assert_eq!(answer(Ok(1)).unwrap(), Some(1));
        assert_eq!(answer::<u8>(Err(Error::NotFlushed)).unwrap(), None);
        assert!(answer::<u8>(Err(Error::LoggedOut)).is_err());
    }
}
