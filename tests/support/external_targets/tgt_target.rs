//! One target of a tgtd.

use super::auth::Auth;

/// A target with one disk in a sparse file, and perhaps one more that stores nothing.
#[derive(Clone)]
pub struct TgtTarget {
    pub(super) name: String,
    pub(super) auth: Auth,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) size: u64,
    pub(super) block_size: u32,
    pub(super) null_unit: bool,
    pub(super) is_thin: bool,
}

impl TgtTarget {
    /// The unit in a file. Unit 0 is tgtd's own controller, which is not a disk.
    pub const FILE_LUN: u16 = 1;
    /// The unit of [`with_null_unit`](Self::with_null_unit).
    pub const NULL_LUN: u16 = 2;

    /// A target with an iSCSI name that ends in `:name`, a disk of 64 MiB, tgtd's default parameters and no
    /// authentication.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            auth: Auth::None,
            parameters: Vec::new(),
            size: 64 << 20,
            block_size: 512,
            null_unit: false,
            is_thin: false,
        }
    }

    /// Sets the required authentication.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Sets an operational parameter by its key of RFC 7143, section 13: `("InitialR2T", "No")`,
    /// `("HeaderDigest", "CRC32C")`, `("MaxRecvDataSegmentLength", "262144")` …
    #[must_use]
    pub fn parameter(mut self, key: &str, value: &str) -> Self {
        self.parameters.push((key.to_owned(), value.to_owned()));
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

    /// Lets UNMAP unmap blocks of the disk.
    #[must_use]
    pub fn thin(mut self) -> Self {
        self.is_thin = true;
        self
    }

    /// Adds a unit of 1 TiB that forgets what is written and reads back anything: it costs no I/O.
    #[must_use]
    pub fn with_null_unit(mut self) -> Self {
        self.null_unit = true;
        self
    }
}
