//! Random bytes, from the operating system's generator only (CHP-18).

use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::error::Error;

/// Returns `N` fresh random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}
