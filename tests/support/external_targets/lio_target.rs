//! One target of LIO, and the instructions by which the guest creates it.

use std::net::SocketAddr;
use std::time::Duration;

use super::auth::{Account, Auth};

/// The mebibytes of a second disk.
const SECOND_SIZE: u64 = 16;
/// The mebibytes of a slow disk, and those of a growing one that are stored.
const SLOW_SIZE: u32 = 16;
const STORED_SIZE: u32 = 80;

/// A target with one disk in a sparse file of the guest, and perhaps a second one, a slow one and one that grows.
#[derive(Clone)]
pub struct LioTarget {
    pub(super) name: String,
    pub(super) auth: Auth,
    pub(super) groups: usize,
    parameters: Vec<(String, String)>,
    size: u64,
    block_size: u32,
    is_thin: bool,
    has_second: bool,
    slow: Option<Duration>,
    grows: bool,
}

impl LioTarget {
    /// The disk: units count from 0.
    pub const LUN: u16 = 0;
    /// The unit of [`with_slow_unit`](Self::with_slow_unit).
    pub const SLOW_LUN: u16 = 1;
    /// The unit of [`with_growing_unit`](Self::with_growing_unit).
    pub const GROWING_LUN: u16 = 2;
    /// The unit of [`with_second_unit`](Self::with_second_unit).
    pub const SECOND_LUN: u16 = 3;

    /// A target with an iSCSI name that ends in `:name`, a disk of 64 MiB, LIO's default parameters, no authentication,
    /// and one portal group. LIO uses digests if the initiator offers them.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            auth: Auth::None,
            groups: 1,
            parameters: Vec::new(),
            size: 64 << 20,
            block_size: 512,
            is_thin: false,
            has_second: false,
            slow: None,
            grows: false,
        }
    }

    /// Sets the required authentication. LIO chooses the first CHAP algorithm of the initiator's list that it supports;
    /// it supports MD5, SHA-1, SHA-256 and SHA3-256.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Sets an operational parameter by its key of RFC 7143, section 13, in every portal group: `("InitialR2T", "No")`,
    /// `("HeaderDigest", "CRC32C")`, which demands it … `ErrorRecoveryLevel` has no effect here.
    #[must_use]
    pub fn parameter(mut self, key: &str, value: &str) -> Self {
        self.parameters.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The size of the disk in bytes, a multiple of 512. Written blocks take space in the guest's memory.
    #[must_use]
    pub fn size(mut self, bytes: u64) -> Self {
        self.size = bytes;
        self
    }

    /// Sets the bytes of a logical block of the disk, 512 or 4096.
    #[must_use]
    pub fn block_size(mut self, bytes: u32) -> Self {
        self.block_size = bytes;
        self
    }

    /// Lets UNMAP and WRITE SAME unmap blocks of the disk.
    #[must_use]
    pub fn thin(mut self) -> Self {
        self.is_thin = true;
        self
    }

    /// Adds another disk of 16 MiB like the first one.
    #[must_use]
    pub fn with_second_unit(mut self) -> Self {
        self.has_second = true;
        self
    }

    /// Gives it as many portal groups, with the tags 1, 2 and so on, each at a portal of its own
    /// ([`Lio::portals`](super::Lio::portals)). All of them lead to the same disk.
    #[must_use]
    pub fn portal_groups(mut self, count: usize) -> Self {
        self.groups = count;
        self
    }

    /// Adds a disk of 16 MiB whose reads and writes all take `delay`, any number at the same time; other commands are not
    /// delayed. LIO answers a task management function about such a command when the delay is over. After 5 seconds the
    /// kernel takes a command for lost: `delay` has to be shorter. The boot takes longer by one delay.
    #[must_use]
    pub fn with_slow_unit(mut self, delay: Duration) -> Self {
        self.slow = Some(delay);
        self
    }

    /// Adds a disk that begins with 1 GiB, grows by as much twice a second, and reports each growth by a unit attention,
    /// 2Ah/09h. Only 80 MiB are stored: addresses beyond these lead back to the beginning. A guest can have one such disk.
    #[must_use]
    pub fn with_growing_unit(mut self) -> Self {
        self.grows = true;
        self
    }

    /// The lines that make it, see `lio_guest/lio`.
    pub(super) fn setup(&self, iqn: &str, portals: &[SocketAddr]) -> String {
        let name = &self.name;
        let groups = portals.iter().take(self.groups).zip(1..);
        let groups = groups.map(|(portal, tag)| self.group(&format!("{iqn} {tag} {name} {portal}")));
        self.disks() + &groups.collect::<String>()
    }

    fn disks(&self) -> String {
        let Self { name, size, block_size, .. } = self;
        let slow = self.slow.map(|delay| format!("slow_disk {name}-slow {SLOW_SIZE} {}\n", delay.as_nanos()));
        let growing = self.grows.then(|| format!("growing_disk {name}-growing {STORED_SIZE}\n"));
        let thin = self.is_thin.then(|| format!("thin {name}\n"));
        let second =
            self.has_second.then(|| format!("disk {name}-second {} {block_size}\n", SECOND_SIZE << 20));
        let more = thin.into_iter().chain(second).chain(slow).chain(growing);
        format!("disk {name} {size} {block_size}\n{}", more.collect::<String>())
    }

    fn group(&self, words: &str) -> String {
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|(key, value)| format!("parameter {key} {}\n", quoted(value)));
        let demand = demand("demand", &self.auth);
        format!("group {words}\n{}{}{demand}enable\n", self.more_units(), parameters.collect::<String>())
    }

    /// The lines that give a portal group the units beside the first disk.
    fn more_units(&self) -> String {
        let (name, second, slow, growing) = (&self.name, Self::SECOND_LUN, Self::SLOW_LUN, Self::GROWING_LUN);
        let second = self.has_second.then(|| format!("unit {second} fileio_0/{name}-second\n"));
        let slow = self.slow.map(|_| format!("unit {slow} iblock_0/{name}-slow\n"));
        let growing = self.grows.then(|| format!("unit {growing} pscsi_0/{name}-growing\n"));
        second.into_iter().chain(slow).chain(growing).collect()
    }
}

/// The instruction with its accounts; empty without authentication.
pub(super) fn demand(word: &str, auth: &Auth) -> String {
    let accounts = auth.incoming().into_iter().chain(auth.outgoing());
    let words = accounts.map(|Account { user, secret }| format!(" {} {}", quoted(user), quoted(secret)));
    let words: String = words.collect();
    if words.is_empty() { words } else { format!("{word}{words}\n") }
}

/// One word for a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_its_own_lines() {
        let portals = ["127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()];
        let target = LioTarget::named("t").size(512).portal_groups(2).parameter("InitialR2T", "No");
        let setup = target.auth(Auth::chap(("o'user", "secret"))).setup("iqn:t", &portals);
        let settings = "parameter InitialR2T 'No'\ndemand 'o'\\''user' 'secret'\nenable\n";
        let groups = ["group iqn:t 1 t 127.0.0.1:1\n", "group iqn:t 2 t 127.0.0.1:2\n"];
        let [first, second] = groups.map(|group| format!("{group}{settings}"));
        assert_eq!(setup, format!("disk t 512 512\n{first}{second}"));
    }
    #[test]
    fn every_group_has_all_units() {
        let portals = ["127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()];
        let target = LioTarget::named("t").size(512).portal_groups(2).with_slow_unit(Duration::from_secs(3));
        let setup = target.with_growing_unit().setup("iqn:t", &portals);
        let units = "unit 1 iblock_0/t-slow\nunit 2 pscsi_0/t-growing\nenable\n";
        let disks = "disk t 512 512\nslow_disk t-slow 16 3000000000\ngrowing_disk t-growing 80\n";
        let groups = ["group iqn:t 1 t 127.0.0.1:1\n", "group iqn:t 2 t 127.0.0.1:2\n"];
        assert_eq!(setup, format!("{disks}{}{units}{}{units}", groups[0], groups[1]));
    }
}
