//! The operating system's generator, and nothing else (CHP-18).

use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::Error;

/// `N` fresh random octets.
pub(crate) fn octets<const N: usize>() -> Result<[u8; N], Error> {
    let mut octets = [0; N];
    SysRng.try_fill_bytes(&mut octets).map_err(|_| Error::Random)?;
    Ok(octets)
}
