//! What is sealed in the file: one record after the other.
//!
//! | record | fields |
//! | --- | --- |
//! | `1`, at most once | name and secret that every target must prove |
//! | `2`, once for each target | target; `0`, or `1` with name and secret that we prove; `0` (no association), `1` (cleared) with a name, or `2` with name and secret that the target must prove |
//!
//! A field is its length in eight octets, big-endian, and its content. An empty name stands for none.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::book::{Association, SecretBook, TargetRecord};
use crate::credential::{ForwardCredential, ReverseCredential, checked};
use crate::secret::Secret;
use crate::target_name::TargetName;

const GLOBAL: u8 = 1;
const TARGET: u8 = 2;
const ABSENT: u8 = 0;
const FORWARD_SET: u8 = 1;
const CLEARED: u8 = 1;
const BOUND: u8 = 2;

/// Writes a book out, into a buffer that is wiped when it grows and when it is dropped.
pub(super) fn encode(book: &SecretBook) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer(Zeroizing::new(Vec::with_capacity(4096)));
    if let Some(credential) = &book.global {
        writer.put(&[GLOBAL]);
        writer.credential(credential.name(), credential.secret());
    }
    for (name, record) in &book.targets {
        writer.put(&[TARGET]);
        writer.field(name.as_str().as_bytes());
        writer.forward(record.forward.as_deref());
        writer.association(&record.association);
    }
    writer.0
}

/// Reads a book back. Anything that [`encode`] does not write is malformed.
pub(super) fn decode(octets: &[u8]) -> Result<SecretBook, Malformed> {
    let mut reader = Reader(octets);
    let mut book = SecretBook::new();
    while !reader.0.is_empty() {
        let fresh = match reader.octet()? {
            GLOBAL => book.global.replace(reader.reverse()?).is_none(),
            TARGET => book.targets.insert(reader.target()?, reader.record()?).is_none(),
            _ => false,
        };
        fresh.then_some(()).ok_or(Malformed)?;
    }
    Ok(book)
}

/// The octets are not what a store writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    fn put(&mut self, octets: &[u8]) {
        let needed = self.0.len() + octets.len();
        if needed > self.0.capacity() {
            self.grow(needed.next_power_of_two());
        }
        self.0.extend_from_slice(octets);
    }

    /// Moves to a larger buffer and wipes the old one, which growing in place would not do.
    fn grow(&mut self, capacity: usize) {
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(&self.0);
        self.0 = larger;
    }

    fn field(&mut self, octets: &[u8]) {
        self.put(&(octets.len() as u64).to_be_bytes());
        self.put(octets);
    }

    fn credential(&mut self, name: Option<&str>, secret: &Secret) {
        self.field(name.unwrap_or_default().as_bytes());
        self.field(secret.expose_secret());
    }

    fn forward(&mut self, credential: Option<&ForwardCredential>) {
        let Some(credential) = credential else { return self.put(&[ABSENT]) };
        self.put(&[FORWARD_SET]);
        self.credential(credential.name(), credential.secret());
    }

    fn association(&mut self, association: &Association) {
        match association {
            Association::None => self.put(&[ABSENT]),
            Association::Cleared { name } => {
                self.put(&[CLEARED]);
                self.field(name.as_deref().unwrap_or_default().as_bytes());
            }
            Association::Bound(credential) => {
                self.put(&[BOUND]);
                self.credential(credential.name(), credential.secret());
            }
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, octets: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(octets).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn octet(&mut self) -> Result<u8, Malformed> {
        self.take(1)?.first().copied().ok_or(Malformed)
    }

    fn field(&mut self) -> Result<&'a [u8], Malformed> {
        let (length, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        self.take(usize::try_from(u64::from_be_bytes(*length)).map_err(|_| Malformed)?)
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        str::from_utf8(self.field()?).map_err(|_| Malformed)
    }

    fn name(&mut self) -> Result<Option<String>, Malformed> {
        let name = Some(self.text()?).filter(|name| !name.is_empty());
        checked(name.map(str::to_owned)).map_err(|_| Malformed)
    }

    fn secret(&mut self) -> Result<Secret, Malformed> {
        Secret::from_octets(self.field()?).map_err(|_| Malformed)
    }

    fn target(&mut self) -> Result<TargetName, Malformed> {
        TargetName::new(self.text()?).map_err(|_| Malformed)
    }

    fn reverse(&mut self) -> Result<Arc<ReverseCredential>, Malformed> {
        let credential = ReverseCredential::new(self.name()?, self.secret()?);
        credential.map(Arc::new).map_err(|_| Malformed)
    }

    fn forward(&mut self) -> Result<Arc<ForwardCredential>, Malformed> {
        let credential = ForwardCredential::new(self.name()?, self.secret()?);
        credential.map(Arc::new).map_err(|_| Malformed)
    }

    fn record(&mut self) -> Result<TargetRecord, Malformed> {
        let forward = match self.octet()? {
            ABSENT => None,
            FORWARD_SET => Some(self.forward()?),
            _ => return Err(Malformed),
        };
        let association = match self.octet()? {
            ABSENT => Association::None,
            CLEARED => Association::Cleared { name: self.name()? },
            BOUND => Association::Bound(self.reverse()?),
            _ => return Err(Malformed),
        };
        Ok(TargetRecord { forward, association })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Change;
    use crate::scope::Scope;

    fn name(index: usize) -> TargetName {
        TargetName::new(format!("iqn.2001-04.com.example:{index}")).unwrap()
    }

    fn forward(octets: &[u8]) -> ForwardCredential {
        ForwardCredential::new(Some("me".to_owned()), Secret::from_octets(octets).unwrap()).unwrap()
    }

    fn reverse(chap_name: Option<&str>, octets: &[u8]) -> ReverseCredential {
        ReverseCredential::new(chap_name.map(str::to_owned), Secret::from_octets(octets).unwrap()).unwrap()
    }

    fn book() -> SecretBook {
        let mut book = SecretBook::new();
        book.apply(Change::SetReverse(Scope::Global, reverse(None, b"\0\xff global %#@ ")));
        book.apply(Change::Register(name(0)));
        book.apply(Change::Remember(name(1), forward(&[0xff; 255])));
        book.apply(Change::SetReverse(Scope::Target(name(1)), reverse(Some("them"), b"r")));
        book.apply(Change::SetReverse(Scope::Target(name(2)), reverse(Some("kept"), b"cleared-secret")));
        book.apply(Change::ClearReverse(Scope::Target(name(2))));
        book
    }

    #[test]
    fn a_book_comes_back_as_it_was_written() {
        let book = book();
        let octets = encode(&book);
        let back = decode(&octets).unwrap();
        assert_eq!(back.entries(), book.entries());
        assert_eq!(encode(&back), octets);
        assert_eq!(back.forward(&name(1)).unwrap().secret().expose_secret(), [0xff; 255]);
        assert_eq!(encode(&SecretBook::new()).len(), 0);
    }

    #[test]
    fn a_cleared_secret_is_not_written() {
        let octets = encode(&book());
        assert!(!octets.windows(14).any(|window| window == b"cleared-secret"));
    }

    #[test]
    fn a_buffer_that_grows_loses_nothing() {
        let mut book = SecretBook::new();
        (0..500).for_each(|index| book.apply(Change::Remember(name(index), forward(&[7; 200]))));
        assert_eq!(decode(&encode(&book)).unwrap().entries(), book.entries());
    }

    #[test]
    fn every_truncation_inside_a_record_is_malformed() {
        let mut book = SecretBook::new();
        book.apply(Change::SetReverse(Scope::Target(name(1)), reverse(Some("them"), b"secret")));
        let octets = encode(&book);
        for length in 1..octets.len() {
            assert_eq!(decode(&octets[..length]).err(), Some(Malformed), "{length} octets");
        }
    }

    #[test]
    fn what_is_never_written_is_malformed() {
        let octets = encode(&book());
        let cases: [&[u8]; 7] = [
            b"\x03",
            b"\x01\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\x01\0\0\0\0\0\0\0\x01\xff\0\0\0\0\0\0\0\x01s",
            b"\x02\0\0\0\0\0\0\0\x01n\x02\0",
            b"\x02\0\0\0\0\0\0\0\x01n\0\x03",
            &[&octets[..], &octets[..]].concat(),
        ];
        for octets in cases {
            assert_eq!(decode(octets).err(), Some(Malformed), "{}", octets.escape_ascii());
        }
    }
}
