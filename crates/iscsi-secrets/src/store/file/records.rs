//! What is sealed in the file: one record after the other.
//!
//! | record | fields |
//! | --- | --- |
//! | `1`, at most once | what is held for every target |
//! | `2`, once for each target | its name, and what is held for it |
//! | `3`, at most once | what is held for discovery at every portal |
//! | `4`, once for each portal | its address, and what is held for discovery there |
//!
//! What is held: `0`, or `1` with a credential that we prove; then `0` (no association), `1` (cleared) with a name, or
//! `2` with a credential that must be proved. A credential is a name, and a secret that is sealed again by itself:
//! nonce, authenticator, octets. A field is its length in eight octets, big-endian, and its content; an empty name
//! stands for none.

use std::collections::btree_map::{BTreeMap, Entry};
use std::str::FromStr;
use std::sync::Arc;

use super::header::VERSION;
use super::version_2::{self, Spellings};
use crate::book::SecretBook;
use crate::credential::checked;
use crate::record::{Association, Record, SealedCredential};
use crate::scope::{self, Scope};
use crate::secret::Secret;
use crate::vault::{SealedSecret, Vault};

const EVERY_TARGET: u8 = 1;
const TARGET: u8 = 2;
const EVERY_PORTAL: u8 = 3;
const PORTAL: u8 = 4;
const ABSENT: u8 = 0;
const FORWARD_SET: u8 = 1;
const CLEARED: u8 = 1;
const BOUND: u8 = 2;

/// Writes a book out; the secrets in it stay sealed.
pub(super) fn encode(book: &SecretBook) -> Vec<u8> {
    let mut writer = Writer(Vec::with_capacity(4096));
    for (scope, record) in book.records() {
        writer.scope(&scope);
        writer.forward(record.forward.as_deref());
        writer.association(&record.association);
    }
    writer.0
}

/// Reads a book back, whose secrets open in `vault`, from a file of this version. Anything that [`encode`] does not
/// write, or did not write then, is malformed.
pub(super) fn decode(octets: &[u8], vault: Arc<Vault>, version: u16) -> Result<SecretBook, Malformed> {
    let mut reader = Reader(octets);
    let mut book = SecretBook::in_vault(Arc::clone(&vault));
    let mut singles = Singles { vault, earlier: (version < VERSION).then(Spellings::default) };
    while !reader.0.is_empty() {
        match reader.octet()? {
            EVERY_TARGET => put(&mut book.every_target, reader.record()?)?,
            TARGET => singles.read(&mut book.targets, scope::TARGET, &mut reader)?,
            EVERY_PORTAL => put(&mut book.every_portal, reader.record()?)?,
            PORTAL => singles.read(&mut book.portals, scope::PORTAL, &mut reader)?,
            _ => return Err(Malformed),
        }
    }
    Ok(book)
}

/// Reads the records of single targets and portals.
struct Singles {
    vault: Arc<Vault>,
    /// In a file of an earlier version.
    earlier: Option<Spellings>,
}

impl Singles {
    /// Reads one record; `word` begins the labels of its kind.
    fn read<N: FromStr + Ord + Clone + Into<Scope>>(
        &mut self,
        places: &mut BTreeMap<N, Record>,
        word: &str,
        reader: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        let (spelling, record) = (reader.text()?, reader.record()?);
        let name = spelling.parse::<N>();
        let Some(spellings) = &mut self.earlier else {
            return match places.entry(name.map_err(|_| Malformed)?) {
                Entry::Vacant(place) => Ok(_ = place.insert(record)),
                Entry::Occupied(_) => Err(Malformed),
            };
        };
        // An earlier version took names that no login could look up.
        let Ok(name) = name else { return Ok(()) };
        let (scope, label) = (name.clone().into(), format!("{word} {spelling}"));
        let normalized = label == scope.label();
        let record = spellings.bring_up_to_date(&self.vault, label, &scope, record)?;
        let Some((other_spelling, other)) = places.remove_entry(&name) else {
            return Ok(_ = places.insert(name, record));
        };
        // The spelling to keep is the one with capitals: it came from the target.
        let name = if normalized { other_spelling } else { name };
        places.insert(name, version_2::merged(other, record, normalized));
        Ok(())
    }
}

/// Fills a place that has to be free.
fn put(place: &mut Record, record: Record) -> Result<(), Malformed> {
    if std::mem::replace(place, record).is_empty() { Ok(()) } else { Err(Malformed) }
}

/// The octets are not what a store writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

struct Writer(Vec<u8>);

impl Writer {
    fn put(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    fn field(&mut self, octets: &[u8]) {
        self.put(&(octets.len() as u64).to_be_bytes());
        self.put(octets);
    }

    fn scope(&mut self, scope: &Scope) {
        match scope {
            Scope::Global => self.put(&[EVERY_TARGET]),
            Scope::Target(name) => {
                self.put(&[TARGET]);
                self.field(name.as_str().as_bytes());
            }
            Scope::Discovery => self.put(&[EVERY_PORTAL]),
            Scope::Portal(portal) => {
                self.put(&[PORTAL]);
                self.field(portal.to_string().as_bytes());
            }
        }
    }

    fn name(&mut self, name: Option<&str>) {
        self.field(name.unwrap_or_default().as_bytes());
    }

    fn credential(&mut self, credential: &SealedCredential) {
        self.name(credential.name.as_deref());
        self.put(&credential.secret.nonce);
        self.put(&credential.secret.tag);
        self.field(&credential.secret.octets);
    }

    fn forward(&mut self, credential: Option<&SealedCredential>) {
        let Some(credential) = credential else { return self.put(&[ABSENT]) };
        self.put(&[FORWARD_SET]);
        self.credential(credential);
    }

    fn association(&mut self, association: &Association) {
        match association {
            Association::None => self.put(&[ABSENT]),
            Association::Cleared { name } => {
                self.put(&[CLEARED]);
                self.name(name.as_deref());
            }
            Association::Bound(credential) => {
                self.put(&[BOUND]);
                self.credential(credential);
            }
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    fn octet(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[octet]| octet)
    }

    fn field(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(u64::from_be_bytes(self.array()?)).map_err(|_| Malformed)?;
        let (field, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(field)
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        str::from_utf8(self.field()?).map_err(|_| Malformed)
    }

    fn name(&mut self) -> Result<Option<String>, Malformed> {
        let name = Some(self.text()?).filter(|name| !name.is_empty());
        checked(name.map(str::to_owned)).map_err(|_| Malformed)
    }

    fn secret(&mut self) -> Result<SealedSecret, Malformed> {
        let (nonce, tag, octets) = (self.array()?, self.array()?, self.field()?);
        let legal = (1..=Secret::MAX_OCTETS).contains(&octets.len());
        legal.then(|| SealedSecret { nonce, tag, octets: Box::from(octets) }).ok_or(Malformed)
    }

    fn credential(&mut self) -> Result<Arc<SealedCredential>, Malformed> {
        Ok(Arc::new(SealedCredential { name: self.name()?, secret: self.secret()? }))
    }

    fn record(&mut self) -> Result<Record, Malformed> {
        let forward = match self.octet()? {
            ABSENT => None,
            FORWARD_SET => Some(self.credential()?),
            _ => return Err(Malformed),
        };
        let association = match self.octet()? {
            ABSENT => Association::None,
            CLEARED => Association::Cleared { name: self.name()? },
            BOUND => Association::Bound(self.credential()?),
            _ => return Err(Malformed),
        };
        Ok(Record { forward, association })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Change;
    use crate::credential::{ForwardCredential, ReverseCredential};
    use iscsi_pdu::IscsiName;

    fn name(index: usize) -> IscsiName {
        IscsiName::new(format!("iqn.2001-04.com.example:{index}")).unwrap()
    }

    fn target(index: usize) -> Scope {
        Scope::Target(name(index))
    }

    fn portal() -> Scope {
        Scope::Portal("192.0.2.7:3260".parse().unwrap())
    }

    fn forward(octets: &[u8]) -> ForwardCredential {
        ForwardCredential::new(Some("me".to_owned()), Secret::from_octets(octets).unwrap()).unwrap()
    }

    fn reverse(chap_name: Option<&str>, octets: &[u8]) -> ReverseCredential {
        ReverseCredential::new(chap_name.map(str::to_owned), Secret::from_octets(octets).unwrap()).unwrap()
    }

    fn book() -> SecretBook {
        let mut book = SecretBook::in_vault(Arc::new(Vault::generate().unwrap()));
        let changes = [
            Change::SetReverse(Scope::Global, reverse(None, b"\0\xff global %#@ ")),
            Change::Register(name(0)),
            Change::Remember(target(1), forward(&[0xff; 255])),
            Change::SetReverse(target(1), reverse(Some("them"), b"r")),
            Change::SetReverse(target(2), reverse(Some("kept"), b"cleared-secret")),
            Change::ClearReverse(target(2)),
            Change::Remember(Scope::Discovery, forward(b"discovery")),
            Change::SetReverse(portal(), reverse(None, b"discovery there")),
        ];
        for change in changes {
            book.apply(change).unwrap();
        }
        book
    }

    fn decoded(octets: &[u8]) -> Result<SecretBook, Malformed> {
        decode(octets, Arc::new(Vault::generate().unwrap()), VERSION)
    }

    #[test]
    fn a_book_comes_back_as_it_was_written() {
        let book = book();
        let octets = encode(&book);
        let back = decode(&octets, Arc::clone(book.vault.as_ref().unwrap()), VERSION).unwrap();
        assert_eq!(back.entries(), book.entries());
        assert_eq!(encode(&back), octets);
        assert_eq!(back.forward(&name(1)).unwrap().unwrap().secret().expose_secret(), [0xff; 255]);
        assert_eq!(encode(&SecretBook::new()).len(), 0);
    }

    #[test]
    fn no_secret_shows_even_before_the_file_is_sealed() {
        let octets = encode(&book());
        for secret in ["cleared-secret", " global %#@ ", "discovery"] {
            assert!(!octets.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }

    #[test]
    fn secrets_open_only_where_they_were_sealed() {
        let book = book();
        let back = decoded(&encode(&book)).unwrap();
        let error = crate::StoreError::SecretDamaged { scope: target(1) };
        assert_eq!(back.forward(&name(1)).err(), Some(error));
        assert_eq!(back.entries(), book.entries());
    }

    #[test]
    fn every_truncation_inside_a_record_is_malformed() {
        let mut book = SecretBook::in_vault(Arc::new(Vault::generate().unwrap()));
        book.apply(Change::SetReverse(target(1), reverse(Some("them"), b"secret"))).unwrap();
        let octets = encode(&book);
        for length in 1..octets.len() {
            assert_eq!(decoded(&octets[..length]).err(), Some(Malformed), "{length} octets");
        }
    }

    #[test]
    fn what_is_never_written_is_malformed() {
        let octets = encode(&book());
        let cases: [&[u8]; 7] = [
            b"\x05",
            b"\x02\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x02\0\0\0\0\0\0\0\0\0\0",
            b"\x02\0\0\0\0\0\0\0\x01\xff\0\0",
            b"\x02\0\0\0\0\0\0\0\x01n\x02\0",
            b"\x02\0\0\0\0\0\0\0\x01n\0\x03",
            &[&octets[..], &octets[..]].concat(),
        ];
        for octets in cases {
            assert_eq!(decoded(octets).err(), Some(Malformed), "{}", octets.escape_ascii());
        }
    }
}
