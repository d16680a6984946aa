//! Windows result codes, as 32 bits.

use std::fmt;

/// A Windows result code. Values without a constant here are valid too.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HResult(pub i32);

impl HResult {
    /// Success.
    pub const S_OK: Self = Self::from_bits(0);
    /// Success, in a negative sense.
    pub const S_FALSE: Self = Self::from_bits(1);
    /// Not implemented.
    pub const E_NOTIMPL: Self = Self::from_bits(0x8000_4001);
    /// No such interface.
    pub const E_NOINTERFACE: Self = Self::from_bits(0x8000_4002);
    /// A pointer for a result is null.
    pub const E_POINTER: Self = Self::from_bits(0x8000_4003);
    /// Aborted.
    pub const E_ABORT: Self = Self::from_bits(0x8000_4004);
    /// Unspecified failure.
    pub const E_FAIL: Self = Self::from_bits(0x8000_4005);
    /// Unexpected.
    pub const E_UNEXPECTED: Self = Self::from_bits(0x8000_FFFF);
    /// Access denied; the same as Win32 code 5.
    pub const E_ACCESSDENIED: Self = Self::from_bits(0x8007_0005);
    /// Not a valid handle.
    pub const E_HANDLE: Self = Self::from_bits(0x8007_0006);
    /// Out of memory; the same as Win32 code 14.
    pub const E_OUTOFMEMORY: Self = Self::from_bits(0x8007_000E);
    /// An argument is not valid; the same as Win32 code 87.
    pub const E_INVALIDARG: Self = Self::from_bits(0x8007_0057);
    /// The operation is not supported by the object.
    pub const VDS_E_NOT_SUPPORTED: Self = Self::from_bits(0x8004_2400);
    /// The service did not start.
    pub const VDS_E_INITIALIZED_FAILED: Self = Self::from_bits(0x8004_2401);
    /// There is no such object.
    pub const VDS_E_OBJECT_NOT_FOUND: Self = Self::from_bits(0x8004_2405);
    /// The object was deleted.
    pub const VDS_E_OBJECT_DELETED: Self = Self::from_bits(0x8004_240B);
    /// The cache of the provider is corrupt.
    pub const VDS_E_PROVIDER_CACHE_CORRUPT: Self = Self::from_bits(0x8004_241F);
    /// Access denied by VDS.
    pub const VDS_E_ACCESS_DENIED: Self = Self::from_bits(0x8004_2427);
    /// The initiator does not support secrets for single targets.
    pub const VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED: Self = Self::from_bits(0x8004_2706);
    /// The target does not support secrets for single initiators.
    pub const VDS_E_INITIATOR_SPECIFIC_NOT_SUPPORTED: Self = Self::from_bits(0x8004_2707);
    /// The login did not succeed.
    pub const VDS_E_ISCSI_LOGIN_FAILED: Self = Self::from_bits(0x8004_2708);
    /// The code of the initiator service for a target secret of invalid length.
    pub const ISDSC_INVALID_TARGET_CHAP_SECRET: Self = Self::from_bits(0xEFFF_004B);
    /// The code of the initiator service for an initiator secret of invalid length.
    pub const ISDSC_INVALID_INITIATOR_CHAP_SECRET: Self = Self::from_bits(0xEFFF_004C);

    /// The code with these 32 bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits.cast_signed())
    }

    /// The 32 bits of the code.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// `HRESULT_FROM_WIN32`: zero, and codes with the top bit set, are returned unchanged; of other codes the low 16 bits
    /// become an error of facility 7.
    #[must_use]
    pub const fn from_win32(code: u32) -> Self {
        if code.cast_signed() <= 0 {
            Self::from_bits(code)
        } else {
            Self::from_bits((code & 0xFFFF) | 0x8007_0000)
        }
    }

    /// Whether the code is a failure: its top bit is set.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Debug for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HResult({self})")
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vds_25_hresult_from_win32() {
        let cases = [
            (0, 0),
            (5, 0x8007_0005),
            (8, 0x8007_0008),
            (14, 0x8007_000E),
            (50, 0x8007_0032),
            (87, 0x8007_0057),
            (1168, 0x8007_0490),
            (0x8004_2706, 0x8004_2706),
            (0xEFFF_004C, 0xEFFF_004C),
            (0xAFFF_0048, 0xAFFF_0048),
            (0x0001_2345, 0x8007_2345),
        ];
        for (code, bits) in cases {
            assert_eq!(HResult::from_win32(code), HResult::from_bits(bits), "{code:#x}");
            assert_eq!(HResult::from_win32(code).is_failure(), code != 0, "{code:#x}");
        }
    }

    #[test]
    fn codes_show_as_hexadecimal() {
        assert_eq!(HResult::VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED.to_string(), "0x80042706");
        assert_eq!(format!("{:?}", HResult::S_OK), "HResult(0x00000000)");
    }
}
