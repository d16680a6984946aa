//! Secrets read from a file, or from a stream such as standard input.
//!
//! The bytes are used as they are, with one exception for editors and `echo`: if all of the content is text (valid UTF-8
//! without control characters), one line ending (`\n` or `\r\n`) is removed from its end. Hexadecimal digits are decoded
//! only for [`SecretFormat::Hex`]; the format is never guessed.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::permissions::{Object, SECRET_FILE};
use crate::secret::Secret;
use crate::secret_file_error::{SecretFileError, SecretFileFault, SecretOrigin};

/// The shortest secret that a file may hold, in bytes: 96 bits.
pub const MIN_FILE_SECRET_BYTES: usize = 12;

/// The most bytes read: one more than the longest secret in hexadecimal digits with the longest line ending, so that
/// longer content is noticed.
const READ_LIMIT: usize = 2 * Secret::MAX_BYTES + 5;

/// The format of the content of a secret file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SecretFormat {
    /// The bytes themselves.
    #[default]
    Text,
    /// Two hexadecimal digits for each byte, with or without the prefix `0x`, as some targets show their secrets.
    Hex,
}

/// Reads the secret in the file at `path`: 12 to 255 bytes.
///
/// Symbolic links are followed, and the opened file is checked: it has to belong to the effective user or to root, and
/// other users must have no rights to it.
pub fn read_secret_file(path: impl AsRef<Path>) -> Result<Secret, SecretFileError> {
    read_secret_file_as(SecretFormat::Text, path)
}

/// Reads the secret in the file at `path`, which has this format. The length limits apply to the secret, not to its
/// digits. See [`read_secret_file`].
pub fn read_secret_file_as(format: SecretFormat, path: impl AsRef<Path>) -> Result<Secret, SecretFileError> {
    let path = path.as_ref();
    let error_of = |fault| SecretFileError { origin: SecretOrigin::File(path.to_path_buf()), fault };
    let file = File::open(path).map_err(|error| error_of(SecretFileFault::Open(error.kind())))?;
    let metadata = file.metadata().map_err(|error| error_of(SecretFileFault::Open(error.kind())))?;
    SECRET_FILE.check(&metadata, Object::Open(&file)).map_err(|fault| error_of(fault.into()))?;
    secret_from(file, format).map_err(error_of)
}

/// Reads a secret from a stream by the rules of [`read_secret_file`], without the permission check.
pub fn read_secret(stream: impl Read) -> Result<Secret, SecretFileError> {
    read_secret_as(SecretFormat::Text, stream)
}

/// Reads a secret of this format from a stream. See [`read_secret`].
pub fn read_secret_as(format: SecretFormat, stream: impl Read) -> Result<Secret, SecretFileError> {
    secret_from(stream, format).map_err(|fault| SecretFileError { origin: SecretOrigin::Stream, fault })
}

fn secret_from(stream: impl Read, format: SecretFormat) -> Result<Secret, SecretFileFault> {
    let content = read_bytes(stream)?;
    let bytes = match format {
        SecretFormat::Text => content,
        SecretFormat::Hex => from_hex(&content)?,
    };
    if bytes.len() < MIN_FILE_SECRET_BYTES {
        return Err(SecretFileFault::TooShort { bytes: bytes.len() });
    }
    Secret::from_zeroizing(bytes).map_err(|_| SecretFileFault::TooLong)
}

/// Decodes hexadecimal digits. Errors never repeat a digit.
fn from_hex(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretFileFault> {
    let digits = content.strip_prefix(b"0x").or_else(|| content.strip_prefix(b"0X")).unwrap_or(content);
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(SecretFileFault::NotHex);
    }
    let digit = |character| char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    // The bytes need memory beside their digits. It is allocated at once, since growth would leave a copy behind;
    // `Zeroizing` wipes it.
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for [high, low] in pairs {
        let (high, low) = (digit(*high), digit(*low));
        bytes.push(high.zip(low).map(|(high, low)| high << 4 | low).ok_or(SecretFileFault::NotHex)?);
    }
    Ok(bytes)
}

/// Reads a secret or a CHAP name from a stream, without the line ending of a text. At most [`READ_LIMIT`] bytes are read.
pub(crate) fn read_bytes(stream: impl Read) -> Result<Zeroizing<Vec<u8>>, SecretFileFault> {
    let mut content = read_bounded(stream).map_err(SecretFileFault::Read)?;
    let bytes = without_line_ending(&content).len();
    content.truncate(bytes);
    Ok(content)
}

/// Reads up to [`READ_LIMIT`] bytes into a buffer that never grows, since reallocation would leave a copy behind.
fn read_bounded(mut stream: impl Read) -> Result<Zeroizing<Vec<u8>>, ErrorKind> {
    // The length of the secret is known only after reading, so it is read to ordinary memory first. `Zeroizing` wipes
    // all of it, also what is truncated.
    let mut content = Zeroizing::new(vec![0; READ_LIMIT]);
    let mut filled = 0;
    while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.kind()),
        }
    }
    content.truncate(filled);
    Ok(content)
}

fn without_line_ending(content: &[u8]) -> &[u8] {
    let line = content.strip_suffix(b"\r\n").or_else(|| content.strip_suffix(b"\n"));
    line.filter(|line| is_text(line)).unwrap_or(content)
}

/// Whether these bytes are valid UTF-8 without control characters.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn read(content: &[u8]) -> Result<Vec<u8>, SecretFileFault> {
        match read_secret(content) {
            Ok(secret) => Ok(secret.expose_secret().to_vec()),
            Err(error) => Err(error.fault),
        }
    }

    #[test]
    fn one_line_ending_of_a_text_is_left_off_and_nothing_else() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b"abcdefghijkl", b"abcdefghijkl"),
            (b"abcdefghijkl\n", b"abcdefghijkl"),
            (b"abcdefghijkl\r\n", b"abcdefghijkl"),
            (b"abcdefghijkl\n\n", b"abcdefghijkl\n\n"),
            (b" %#@ abcdefg \n", b" %#@ abcdefg "),
            ("pässwörter-ß\n".as_bytes(), "pässwörter-ß".as_bytes()),
            (b"abc\0efghijkl\n", b"abc\0efghijkl\n"),
            (b"abc\xffefghijkl\n", b"abc\xffefghijkl\n"),
            (b"\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff", b"\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff"),
        ];
        for (content, expected) in cases {
            assert_eq!(read(content).as_deref(), Ok(expected), "{}", content.escape_ascii());
        }
    }

    #[test]
    fn lengths_from_12_to_255_bytes_are_accepted() {
        assert_eq!(read(b""), Err(SecretFileFault::TooShort { bytes: 0 }));
        assert_eq!(read(&[b'x'; 11]), Err(SecretFileFault::TooShort { bytes: 11 }));
        assert_eq!(read(b"abcdefghijk\r\n"), Err(SecretFileFault::TooShort { bytes: 11 }));
        assert_eq!(read(&[b'x'; 12]), Ok(vec![b'x'; 12]));
        assert_eq!(read(&[b'x'; 255]), Ok(vec![b'x'; 255]));
        assert_eq!(read(&[&[b'x'; 255][..], b"\r\n"].concat()), Ok(vec![b'x'; 255]));
        for bytes in [256, 257, 258, 100_000] {
            assert_eq!(read(&vec![b'x'; bytes]), Err(SecretFileFault::TooLong), "{bytes} bytes");
        }
    }

    #[test]
    fn hex_digits_stand_for_bytes_only_on_request() {
        let hex = |content: &[u8]| match read_secret_as(SecretFormat::Hex, content) {
            Ok(secret) => Ok(secret.expose_secret().to_vec()),
            Err(error) => Err(error.fault),
        };
        let digits = b"0x000102030405060708090aFf";
        assert_eq!(hex(digits), Ok(vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xff]));
        assert_eq!(hex(&digits[2..]), hex(digits));
        assert_eq!(hex(&[&b"0X"[..], &digits[2..], b"\r\n"].concat()), hex(digits));
        assert_eq!(read(digits), Ok(digits.to_vec()));
        // The length limits apply to the secret, not to its digits.
        assert_eq!(hex(b"0x0102030405060708090a0b"), Err(SecretFileFault::TooShort { bytes: 11 }));
        assert_eq!(hex(b"0x"), Err(SecretFileFault::TooShort { bytes: 0 }));
        let longest = [&b"0x"[..], &b"ab".repeat(255)].concat();
        assert_eq!(hex(&longest), Ok(vec![0xab; 255]));
        assert_eq!(hex(&[&longest[..], b"\r\n"].concat()), Ok(vec![0xab; 255]));
        assert_eq!(hex(&[&longest[..], b"ab"].concat()), Err(SecretFileFault::TooLong));
        for wrong in
            [&digits[..25], b"0x 00102030405060708090a0b", b"abcdefghijkl", b"0x0x0102030405060708090a0b0c"]
        {
            assert_eq!(hex(wrong), Err(SecretFileFault::NotHex), "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn an_endless_stream_is_not_read_to_its_end() {
        assert_eq!(read_secret(std::io::repeat(0)).err().unwrap().fault, SecretFileFault::TooLong);
    }

    #[test]
    fn a_file_that_others_can_reach_is_refused_through_a_link_too() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("secret"), dir.path().join("link"));
        fs::write(&path, b"abcdefghijkl\n").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for (mode, accepted) in [(0o600, true), (0o400, true), (0o644, false), (0o640, false), (0o602, false)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            for path in [&path, &link] {
                let fault = read_secret_file(path).err().map(|error| error.fault);
                assert_eq!(fault, (!accepted).then_some(SecretFileFault::TooOpen { mode }), "{mode:o}");
            }
        }
    }

    #[test]
    fn an_error_names_the_file_and_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("absent");
        let error = read_secret_file(&path).err().unwrap();
        assert_eq!(error.fault, SecretFileFault::Open(ErrorKind::NotFound));
        assert!(error.to_string().contains(path.to_str().unwrap()));
        fs::write(&path, b"abcdefghijkl").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_secret_file(&path).err().unwrap().remedy().unwrap().contains("chmod 600"));
    }
}
