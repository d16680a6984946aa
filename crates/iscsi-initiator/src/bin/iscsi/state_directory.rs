//! Where this program keeps things when it is not told where.

use std::env;
use std::path::PathBuf;

/// `$STATE_DIRECTORY` (systemd), else `/var/lib/iscsi` for root, else `iscsi` in `$XDG_STATE_HOME` or
/// `~/.local/state`. `None` for a user without a home.
pub(crate) fn state_directory() -> Option<PathBuf> {
    if let Some(directories) = env::var_os("STATE_DIRECTORY") {
        // systemd joins several with colons.
        if let Some(first) = env::split_paths(&directories).next().filter(|path| path.is_absolute()) {
            return Some(first);
        }
    }
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/var/lib/iscsi"));
    }
    let home = || env::home_dir().filter(|home| home.is_absolute());
    let base = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    base.or_else(|| Some(home()?.join(".local/state"))).map(|base| base.join("iscsi"))
}
