//! The identity of a copy, for its journal.

use std::fs::File;
use std::path::Path;
use std::time::UNIX_EPOCH;

use iscsi_initiator::{Lun, Session};

use super::Names;
use crate::failure::Failure;
use crate::transfer::end::Ready;
use crate::transfer::journal::Identity;

/// What is copied from one end to the other, but for the length.
pub(super) async fn of(
    [source, destination]: [&Ready; 2],
    names: &Names,
    [from, to]: [u64; 2],
) -> Result<Identity, Failure> {
    Ok(Identity {
        source: identity_of(source, &names.source, true).await?,
        destination: identity_of(destination, &names.destination, false).await?,
        from,
        to,
        length: 0,
    })
}

/// A text that is another one for another unit, or another state of a file that is read.
async fn identity_of(end: &Ready, name: &str, is_source: bool) -> Result<String, Failure> {
    match end {
        Ready::Unit(device, session, lun) => {
            let serial = serial_number(session, *lun).await?;
            Ok(format!("{name}, serial number {serial}, {} bytes", device.capacity().bytes()))
        }
        Ready::File(path) => {
            let whole = std::path::absolute(path).map_err(Failure::file("find", path))?;
            let state = if is_source { state_of(path)? } else { String::new() };
            Ok(format!("{}{state}", whole.display()))
        }
        Ready::Stream => Ok(name.to_owned()),
    }
}

async fn serial_number(session: &Session, lun: Lun) -> Result<String, Failure> {
    match session.unit_serial_number(lun).await {
        Ok(serial) => Ok(serial.unwrap_or_default()),
        Err(error) if error.leaves_session_open() => Ok(String::new()),
        Err(error) => Err(error.into()),
    }
}

fn state_of(path: &Path) -> Result<String, Failure> {
    let found = File::open(path).and_then(|file| file.metadata()).map_err(Failure::file("examine", path))?;
    let changed = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(format!(", {} bytes, changed at {:?}", found.len(), changed.unwrap_or_default()))
}
