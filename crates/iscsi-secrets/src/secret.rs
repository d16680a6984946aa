//! A CHAP secret, as bytes.

use ctutils::CtEq;
use zeroize::Zeroizing;

use crate::locked_buf::LockedBuf;

/// A CHAP secret: 1 to 255 bytes, accessible only through [`Secret::expose_secret`].
///
/// It cannot be printed, cloned, serialized or compared with `==`. Its memory is locked against swapping and excluded
/// from core dumps where the system allows it, and is zeroized when the secret is dropped.
/// Any byte is valid, NUL and `0xff` included; no text encoding is implied.
pub struct Secret(LockedBuf);

impl Secret {
    /// The longest secret, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// Copies `bytes`. Zeroizing the original is left to the caller.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        match bytes.len() {
            0 => Err(SecretError::Empty),
            // The copy is in locked memory, which is wiped on drop.
            1..=Self::MAX_BYTES => Ok(Self(LockedBuf::of(bytes))),
            bytes => Err(SecretError::TooLong { bytes }),
        }
    }

    /// Copies a zeroizing buffer, which is wiped before this returns.
    #[allow(clippy::needless_pass_by_value, reason = "the buffer is taken so that it is wiped here")]
    pub fn from_zeroizing(buffer: Zeroizing<Vec<u8>>) -> Result<Self, SecretError> {
        // A `Vec` cannot become locked memory, so the bytes are copied to it; dropping `buffer` wipes the original.
        Self::from_bytes(&buffer)
    }

    /// A secret of `N` bytes that `fill` writes in place. The length is checked at compile time.
    pub(crate) fn filled_exactly<const N: usize, E>(
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        const { assert!(1 <= N && N <= Self::MAX_BYTES) }
        LockedBuf::filled(N, fill).map(Self)
    }

    /// A secret of 1 to [`MAX_BYTES`](Self::MAX_BYTES) bytes that `fill` writes in place.
    pub(crate) fn filled<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Option<Self> {
        let legal = (1..=Self::MAX_BYTES).contains(&length);
        legal.then(|| LockedBuf::filled(length, fill).ok()).flatten().map(Self)
    }

    /// The bytes. This is the only access to them; the name makes uses easy to find.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose()
    }

    /// Whether both secrets are equal, compared in time that depends on their lengths only.
    ///
    /// [RFC 7143, section 9.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-9.2.1) forbids one secret for both
    /// directions of mutual CHAP.
    #[must_use]
    pub fn same_bytes(&self, other: &Self) -> bool {
        self.expose_secret().ct_eq(other.expose_secret()).to_bool()
    }
}

/// The reason why bytes cannot be a [`Secret`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There are no bytes.
    #[error("caller: a secret has at least 1 byte")]
    Empty,
    /// There are more bytes than [`Secret::MAX_BYTES`].
    #[error("caller: a secret has at most 255 bytes, not {bytes}")]
    TooLong {
        /// The number of bytes.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_from_1_to_255_are_secrets() {
        for bytes in [1, 11, 12, 16, 255] {
            assert!(Secret::from_bytes(&vec![0; bytes]).is_ok(), "{bytes} bytes");
        }
        assert_eq!(Secret::from_bytes(b"").err(), Some(SecretError::Empty));
        assert_eq!(Secret::from_bytes(&[0; 256]).err(), Some(SecretError::TooLong { bytes: 256 }));
    }

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let bytes = [0, 0xff, b'%', b'\n', 0];
        let secret = Secret::from_zeroizing(Zeroizing::new(bytes.to_vec())).unwrap();
        assert_eq!(secret.expose_secret(), bytes);
    }

    #[test]
    fn same_bytes_tells_value_and_length_apart() {
        let secret = |bytes: &[u8]| Secret::from_bytes(bytes).unwrap();
        assert!(secret(b"abcdefghijkl").same_bytes(&secret(b"abcdefghijkl")));
        assert!(!secret(b"abcdefghijkl").same_bytes(&secret(b"abcdefghijkm")));
        assert!(!secret(b"abcdefghijkl").same_bytes(&secret(b"abcdefghijkl\0")));
    }

    #[test]
    fn vds_22_a_panic_over_a_refused_secret_does_not_show_it() {
        let refused = || Secret::from_bytes(&[b"canary", &[b'x'; 250][..]].concat()).map(drop).unwrap();
        let panic = std::panic::catch_unwind(refused).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("256") && !text.contains("canary") && !text.contains("xx"), "{text}");
    }

    /// Each call below compiles only while the type lacks the trait: with it, the choice is ambiguous.
    #[test]
    fn vds_22_what_holds_a_secret_has_no_debug_display_or_clone() {
        use crate::{ForwardCredential, ReverseCredential, SharedSecret};
        use std::fmt::{Debug, Display};

        trait LacksDebug<Marker> {
            fn lacks() {}
        }
        trait LacksClone<Marker> {
            fn lacks() {}
        }
        struct WithDebug;
        struct WithDisplay;
        struct WithClone;
        impl<T: ?Sized> LacksDebug<()> for T {}
        impl<T: Debug> LacksDebug<WithDebug> for T {}
        impl<T: Display> LacksDebug<WithDisplay> for T {}
        impl<T: ?Sized> LacksClone<()> for T {}
        impl<T: Clone> LacksClone<WithClone> for T {}

        <Secret as LacksDebug<_>>::lacks();
        <Secret as LacksClone<_>>::lacks();
        <ForwardCredential as LacksDebug<_>>::lacks();
        <ForwardCredential as LacksClone<_>>::lacks();
        <ReverseCredential as LacksDebug<_>>::lacks();
        <ReverseCredential as LacksClone<_>>::lacks();
        <SharedSecret<'static> as LacksDebug<_>>::lacks();
    }
}
