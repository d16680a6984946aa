//! The configuration files of istgt.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::auth::{Account, Auth};

/// A target of an istgt with one disk in a sparse file. (istgt itself calls this a logical unit.)
#[derive(Clone)]
pub struct IstgtTarget {
    pub(super) name: String,
    pub(super) auth: Auth,
    pub(super) size: u64,
    block_size: u32,
    digests: &'static str,
}

impl IstgtTarget {
    /// The disk: units count from 0.
    pub const LUN: u16 = 0;

    /// A target with an iSCSI name that ends in `:name`, a disk of 64 MiB, no authentication, and the digests that the
    /// initiator prefers.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), auth: Auth::None, size: 64 << 20, block_size: 512, digests: "Auto" }
    }

    /// Sets the required authentication. istgt refuses one-way CHAP if mutual CHAP is configured.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// The size of the disk in bytes, a multiple of 512. The file is sparse: blocks that were never written take no space.
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

    /// Demands header and data digests. To an initiator that offers no data digest istgt answers `Reject`, reports
    /// success, and sends data digests all the same.
    #[must_use]
    pub fn require_digests(mut self) -> Self {
        self.digests = "Header Data";
        self
    }
}

/// Ports and global keys of one istgt.
pub(super) struct Setup<'a> {
    pub(super) folder: &'a Path,
    pub(super) portal_port: u16,
    pub(super) control_port: u16,
    pub(super) discovery: &'a Auth,
    pub(super) globals: &'a [(String, String)],
    pub(super) targets: &'a [IstgtTarget],
}

/// The authentication group of discovery; that of the target with index `i` is `i + 1`.
const DISCOVERY_GROUP: usize = 9999;

/// Global keys that a test may set otherwise.
const DEFAULTS: [(&str, &str); 10] = [
    ("Timeout", "30"),
    ("NopInInterval", "20"),
    ("MaxSessions", "255"),
    ("MaxConnections", "4"),
    ("MaxOutstandingR2T", "16"),
    ("FirstBurstLength", "65536"),
    ("MaxBurstLength", "262144"),
    ("MaxRecvDataSegmentLength", "262144"),
    ("InitialR2T", "Yes"),
    ("ImmediateData", "Yes"),
];

impl Setup<'_> {
    /// The text of `istgt.conf`.
    pub(super) fn main_file(&self) -> String {
        let mut text = self.global_section();
        let Self { portal_port, control_port, .. } = self;
        write!(
            text,
            "[UnitControl]\n AuthMethod None\n Portal UC1 127.0.0.1:{control_port}\n Netmask 127.0.0.1\n\
             [PortalGroup1]\n Portal DA1 127.0.0.1:{portal_port}\n\
             [InitiatorGroup1]\n InitiatorName \"ALL\"\n Netmask 127.0.0.0/8\n"
        )
        .expect("a string takes any text");
        for (index, target) in self.targets.iter().enumerate() {
            text += &self.target_section(index + 1, target);
        }
        text
    }

    /// The text of `auth.conf`.
    pub(super) fn auth_file(&self) -> String {
        let groups = self.targets.iter().map(|target| &target.auth).zip(1..);
        groups
            .chain([(self.discovery, DISCOVERY_GROUP)])
            .map(|(auth, group)| auth_section(group, auth))
            .collect()
    }

    fn global_section(&self) -> String {
        let folder = self.folder.display();
        let mut text = format!(
            "[Global]\n NodeBase \"{}\"\n PidFile {folder}/pid\n AuthFile {folder}/auth.conf\n \
             MediaDirectory {folder}\n LogFacility \"local7\"\n DiscoveryAuthMethod {}\n DiscoveryAuthGroup {}\n",
            super::istgt::NAME_PREFIX,
            method(self.discovery),
            group_name(self.discovery, DISCOVERY_GROUP),
        );
        let untouched = DEFAULTS.iter().filter(|(key, _)| self.globals.iter().all(|(set, _)| set != key));
        let given = self.globals.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in untouched.copied().chain(given) {
            writeln!(text, " {key} {value}").expect("a string takes any text");
        }
        text
    }

    fn target_section(&self, number: usize, target: &IstgtTarget) -> String {
        let IstgtTarget { name, auth, digests, block_size, .. } = target;
        format!(
            "[LogicalUnit{number}]\n TargetName {name}\n Mapping PortalGroup1 InitiatorGroup1\n AuthMethod {}\n \
             AuthGroup {}\n UseDigest {digests}\n UnitType Disk\n BlockLength {block_size}\n QueueDepth 32\n \
             UnitInquiry \"TEST\" \"{name}\" \"0001\" \"1000{number:04}\"\n LUN0 Storage {} Auto\n",
            method(auth),
            group_name(auth, number),
            media_file(self.folder, name).display(),
        )
    }
}

/// The file behind the disk of a target.
pub(super) fn media_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.img"))
}

const fn method(auth: &Auth) -> &'static str {
    match auth {
        Auth::None => "None",
        Auth::Chap(_) => "CHAP",
        Auth::Mutual { .. } => "CHAP Mutual",
    }
}

fn group_name(auth: &Auth, number: usize) -> String {
    auth.incoming().map_or_else(|| "None".to_owned(), |_| format!("AuthGroup{number}"))
}

/// Both accounts on one line, each in quotation marks; empty without authentication.
fn auth_section(number: usize, auth: &Auth) -> String {
    let accounts = auth.incoming().into_iter().chain(auth.outgoing());
    let words: Vec<String> = accounts.map(quoted).collect();
    if words.is_empty() { String::new() } else { format!("[AuthGroup{number}]\n Auth {}\n", words.join(" ")) }
}

fn quoted(Account { user, secret }: &Account) -> String {
    format!("\"{user}\" \"{secret}\"")
}
