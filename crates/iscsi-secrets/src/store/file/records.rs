//! The sealed records of a store file, one after the other.
//!
//! | record | fields |
//! | --- | --- |
//! | `1`, at most once | content for the default for targets |
//! | `2`, once for each target | name, content |
//! | `3`, at most once | content for the default for discovery |
//! | `4`, once for each portal | address, content |
//!
//! The content of a record: `0`, or `1` with the credential of the initiator; then `0` (no association), `1` (cleared)
//! with a name, or `2` with the credential of the target; then the requirement: `0` (not set), `1` (none), `2` (CHAP) or
//! `3` (mutual CHAP). A credential is a name, and a secret that is sealed again on its own: nonce, authentication tag,
//! fingerprint, bytes. A field is its length in eight bytes, big-endian, and its bytes. An empty name stands for none.
//!
//! Version 2 has neither requirements nor fingerprints, and its secrets are sealed with the spelling of a name instead of
//! its identity: reading it opens and reseals every secret once. It also has empty records, of discovered targets; they
//! are skipped, and the next write omits them.

use std::str::FromStr;
use std::sync::Arc;

use iscsi_pdu::{IscsiName, Portal};

use super::placement::{self, Malformed, Place, Spellings, put};
use super::sealed::Version;
use crate::credential::is_storable;
use crate::record::{Association, Record, SealedCredential};
use crate::requirement::Requirement;
use crate::scope::Direction;
use crate::scope::{self, Scope};
use crate::sealer::Fingerprint;
use crate::sealer::{SealedSecret, Sealer};
use crate::secret::Secret;
use crate::store_snapshot::StoreSnapshot;

const EVERY_TARGET: u8 = 1;
const TARGET: u8 = 2;
const EVERY_PORTAL: u8 = 3;
const PORTAL: u8 = 4;
const ABSENT: u8 = 0;
const FORWARD_SET: u8 = 1;
const CLEARED: u8 = 1;
const BOUND: u8 = 2;
const REQUIRES_NONE: u8 = 1;
const REQUIRES_CHAP: u8 = 2;
const REQUIRES_MUTUAL: u8 = 3;

/// Encodes a snapshot. The secrets in it stay sealed.
pub(super) fn encode(snapshot: &StoreSnapshot) -> Vec<u8> {
    let mut writer = Writer(Vec::with_capacity(4096));
    for (scope, record) in snapshot.records() {
        writer.scope(&scope);
        writer.forward(record.forward.as_deref());
        writer.association(&record.association);
        writer.requirement(record.requirement);
    }
    writer.0
}

/// Decodes a snapshot with secrets that are sealed by `sealer`. Records that a writer of this version does not write are
/// malformed.
pub(super) fn decode(
    version: Version,
    bytes: &[u8],
    sealer: &Arc<Sealer>,
) -> Result<StoreSnapshot, Malformed> {
    let mut reader = Reader { version, rest: bytes, sealer };
    let (mut snapshot, mut older) = (StoreSnapshot::in_sealer(Arc::clone(sealer)), Spellings::default());
    while !reader.rest.is_empty() {
        let place = reader.place()?;
        let record = reader.record(&place)?;
        match (record.is_empty(), version, place) {
            (false, Version::Three, Place { scope: Some(scope), .. }) => put(&mut snapshot, scope, record)?,
            (false, Version::Two, place) => older.put(&mut snapshot, place, record)?,
            (true, Version::Two, _) => {}
            (_, Version::Three, _) => return Err(Malformed),
        }
    }
    Ok(snapshot)
}

/// Whether a writer spells the name of this target or portal like this.
fn is_as_written(scope: &Scope, spelling: &str) -> bool {
    match scope {
        Scope::Target(name) => name.as_str() == spelling,
        Scope::Portal(portal) => portal.to_string() == spelling,
        Scope::Global | Scope::Discovery => true,
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn field(&mut self, bytes: &[u8]) {
        self.put(&(bytes.len() as u64).to_be_bytes());
        self.put(bytes);
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
        self.put(&credential.secret.fingerprint.0);
        self.field(&credential.secret.bytes);
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

    fn requirement(&mut self, requirement: Option<Requirement>) {
        self.put(&[match requirement {
            None => ABSENT,
            Some(Requirement::None) => REQUIRES_NONE,
            Some(Requirement::Chap) => REQUIRES_CHAP,
            Some(Requirement::Mutual) => REQUIRES_MUTUAL,
        }]);
    }
}

struct Reader<'a> {
    version: Version,
    rest: &'a [u8],
    sealer: &'a Sealer,
}

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*array)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| byte)
    }

    fn field(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(u64::from_be_bytes(self.array()?)).map_err(|_| Malformed)?;
        let (field, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(field)
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        str::from_utf8(self.field()?).map_err(|_| Malformed)
    }

    fn name(&mut self) -> Result<Option<String>, Malformed> {
        let name = self.text()?;
        if !is_storable(name) {
            return Err(Malformed);
        }
        Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
    }

    fn place(&mut self) -> Result<Place, Malformed> {
        match self.byte()? {
            EVERY_TARGET => Ok(Place::of(Scope::Global)),
            TARGET => self.single::<IscsiName>(scope::TARGET),
            EVERY_PORTAL => Ok(Place::of(Scope::Discovery)),
            PORTAL => self.single::<Portal>(scope::PORTAL),
            _ => Err(Malformed),
        }
    }

    /// Reads one target or portal; `word` is the first word of its label.
    fn single<N: FromStr + Into<Scope>>(&mut self, word: &str) -> Result<Place, Malformed> {
        let spelling = self.text()?;
        let scope = spelling.parse::<N>().ok().map(Into::into);
        match (self.version, scope) {
            (Version::Two, scope) => Ok(Place { scope, label: format!("{word} {spelling}") }),
            (Version::Three, Some(scope)) if is_as_written(&scope, spelling) => Ok(Place::of(scope)),
            (Version::Three, _) => Err(Malformed),
        }
    }

    fn secret(&mut self, direction: Direction, place: &Place) -> Result<SealedSecret, Malformed> {
        let (nonce, tag) = (self.array()?, self.array()?);
        let fingerprint = match self.version {
            Version::Two => None,
            Version::Three => Some(Fingerprint(self.array()?)),
        };
        let bytes = self.field()?;
        if !(1..=Secret::MAX_BYTES).contains(&bytes.len()) {
            return Err(Malformed);
        }
        match fingerprint {
            Some(fingerprint) => Ok(SealedSecret { nonce, tag, bytes: Box::from(bytes), fingerprint }),
            None => placement::resealed(self.sealer, direction, place, (&nonce, &tag, bytes)),
        }
    }

    fn credential(
        &mut self,
        direction: Direction,
        place: &Place,
    ) -> Result<Arc<SealedCredential>, Malformed> {
        Ok(Arc::new(SealedCredential { name: self.name()?, secret: self.secret(direction, place)? }))
    }

    fn record(&mut self, place: &Place) -> Result<Record, Malformed> {
        let forward = match self.byte()? {
            ABSENT => None,
            FORWARD_SET => Some(self.credential(Direction::Forward, place)?),
            _ => return Err(Malformed),
        };
        let association = match self.byte()? {
            ABSENT => Association::None,
            CLEARED => Association::Cleared { name: self.name()? },
            BOUND => Association::Bound(self.credential(Direction::Reverse, place)?),
            _ => return Err(Malformed),
        };
        Ok(Record { forward, association, requirement: self.requirement()? })
    }

    fn requirement(&mut self) -> Result<Option<Requirement>, Malformed> {
        if matches!(self.version, Version::Two) {
            return Ok(None);
        }
        Ok(match self.byte()? {
            ABSENT => None,
            REQUIRES_NONE => Some(Requirement::None),
            REQUIRES_CHAP => Some(Requirement::Chap),
            REQUIRES_MUTUAL => Some(Requirement::Mutual),
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests;
