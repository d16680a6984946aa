//! The ends of a copy: opened, and checked before anything is written.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use iscsi_initiator::Session;

use super::CopyData;
use crate::failure::Failure;
use crate::transfer::destination::Destination;
use crate::transfer::end::Ready;
use crate::transfer::source::Source;

/// A source with its size.
pub(in super::super) async fn opened(end: Ready) -> Result<(Source, u64), Failure> {
    match end {
        Ready::Unit(device, ..) => {
            let size = device.capacity().bytes();
            Ok((Source::Unit(device), size))
        }
        Ready::File(path) => Source::open(&path).await,
        Ready::Stream => Err(Failure::usage("a stream is no source for this", "name a file")),
    }
}

impl CopyData {
    /// The length of the copy of a source that has so many bytes.
    pub(super) fn length_within(&self, size: u64) -> Result<u64, Failure> {
        let available = size.checked_sub(self.from);
        let length = self.length.or(available);
        length.filter(|length| available.is_some_and(|available| *length <= available)).ok_or_else(|| {
            let length = self.length.map_or("everything".to_owned(), |length| format!("{length} bytes"));
            Failure::usage(
                format!(
                    "{length} from offset {} on reaches beyond the {size} bytes of the source",
                    self.from
                ),
                "use a smaller --from or --length",
            )
        })
    }

    /// Opens a destination of which an earlier run has written the first bytes of the range.
    pub(super) fn open_destination(&self, destination: Ready, begun: u64) -> Result<Destination, Failure> {
        match destination {
            Ready::Unit(device, ..) => Ok(Destination::Unit(device)),
            Ready::File(path) => {
                let begun = if begun == 0 { 0 } else { self.to.saturating_add(begun) };
                // A range within a file leaves the rest of it.
                Destination::open(&path, self.to > 0, begun)
            }
            Ready::Stream => Err(Failure::usage("a stream is no place for this", "name a file")),
        }
    }

    /// Nothing is written unless all of it fits.
    pub(super) fn check_fits(&self, destination: &Destination, length: u64) -> Result<(), Failure> {
        let Some(device) = destination.device() else { return Ok(()) };
        let size = device.capacity().bytes();
        if self.to.checked_add(length).is_some_and(|end| end <= size) {
            return Ok(());
        }
        Err(Failure::usage(
            format!("{length} bytes from offset {} on do not fit a logical unit of {size} bytes", self.to),
            "use a smaller --length, or a larger logical unit; nothing was written",
        ))
    }
}

/// Whether the ends are one unit, within which ranges may be copied that do not overlap.
pub(super) struct Apart {
    is_one_unit: bool,
}

impl Apart {
    /// # Errors
    /// Both ends are the same file, which the copy would empty.
    pub(super) fn of(source: &Ready, destination: &Ready) -> Result<Self, Failure> {
        match (source, destination) {
            (Ready::File(source), Ready::File(destination)) if is_same_file(source, destination) => {
                Err(Failure::usage("both ends are the same file", "name another destination"))
            }
            (Ready::Unit(_, session, lun), Ready::Unit(_, other, other_lun)) => {
                Ok(Self { is_one_unit: is_same_session(session, other) && lun == other_lun })
            }
            _ => Ok(Self { is_one_unit: false }),
        }
    }

    /// Refuses ranges of one unit that overlap: pieces are copied in any order.
    pub(super) fn check(&self, from: u64, to: u64, length: u64) -> Result<(), Failure> {
        if self.is_one_unit && from.abs_diff(to) < length {
            return Err(Failure::usage(
                "the two ranges of the logical unit overlap",
                "use a smaller --length, or other values of --from and --to",
            ));
        }
        Ok(())
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
    place(one).is_some_and(|one| Some(one) == place(other))
}

/// Whether two handles are of one session.
pub(super) fn is_same_session(one: &Session, other: &Session) -> bool {
    let (one, other) = (one.details(), other.details());
    one.target == other.target && one.isid == other.isid && one.portal == other.portal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_one_unit_do_not_overlap() {
        let check = |is_one_unit, from, to, length| Apart { is_one_unit }.check(from, to, length).is_ok();
        assert!(check(true, 0, 10, 10) && check(true, 10, 0, 10));
        assert!(!check(true, 0, 9, 10) && !check(true, 9, 0, 10) && !check(true, 5, 5, 1));
        assert!(check(true, 5, 5, 0) && check(false, 0, 9, 10));
    }
}
