//! Assignment of ISIDs to sessions (RFC 7143, 4.4.3 and 10.1.1).

mod kept_file;
mod numbers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use iscsi_pdu::{Crc32c, IscsiName, Isid};

use crate::error::Error;
use crate::random;
use kept_file::KeptFile;
use numbers::Numbers;

/// The first number for discovery sessions. Normal sessions do not reach it below 32,768 sessions to one target, so a
/// discovery session does not use the ISID of a Normal one (NAM-10).
const FIRST_OF_DISCOVERIES: u16 = 0x8000;

/// A pool of ISIDs of type 10b, from which concurrent sessions get different ISIDs and so never reinstate one another.
/// Clones share it.
///
/// All ISIDs of a pool have the same 24 random bits. The qualifier is the lowest one that no open session *to the same
/// target* has. Two sessions to one target therefore have different ISIDs (the ISID RULE of [RFC 7143, section
/// 4.4.3](https://www.rfc-editor.org/rfc/rfc7143#section-4.4.3)); sessions to different targets and consecutive
/// sessions have equal ones, as section 10.1.1 recommends. While a process has sessions to a target, it reuses numbers
/// that other processes have returned there only when it has no other number left. Portal groups are not distinguished,
/// because only the answer to a login names the group. Discovery sessions, which have no target, have ISIDs that differ
/// from each other and from those of Normal sessions.
///
/// A pool on disk serves all processes that share its directory, and keeps its ISIDs across restarts. A pool in memory
/// serves one process; it starts at a random ISID, so that a collision with another pool of the same initiator name is
/// unlikely.
///
/// ```
/// use iscsi_initiator::{Config, IsidPool};
/// # let directory = tempfile::tempdir()?;
/// let mut config = Config::new("iqn.2001-04.com.example:host".parse()?)?;
/// config.isids = IsidPool::open(directory.path())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct IsidPool {
    shared: Arc<Shared>,
    order: LeaseOrder,
}

/// The order in which free numbers are lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeaseOrder {
    Lowest,
    RoundRobin,
}

struct Shared {
    random: [u8; 3],
    /// The qualifier of number 0.
    first_qualifier: u16,
    /// The file of a pool on disk; `None` for a pool in memory.
    file: Option<KeptFile>,
    in_use: Mutex<BTreeMap<Scope, Numbers>>,
    /// The number after the one lent last, for round-robin order.
    turns: Mutex<BTreeMap<Scope, u16>>,
}

/// A group of sessions that must not share an ISID: the sessions to one target, or all discovery sessions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Scope(u64);

impl Scope {
    /// All discovery sessions.
    const DISCOVERY: Self = Self(0);

    /// The scope of a target, by a checksum of its name that is the same in every process. If two targets have the same
    /// checksum, the only effect is that their sessions have different ISIDs.
    fn of_target(name: &IscsiName) -> Self {
        Self(1 + u64::from(Crc32c::new().update(name.identity().as_bytes()).value()))
    }

    /// The offset of a number's lock in the file.
    fn place(self, number: u16) -> u64 {
        self.0 << 16 | u64::from(number)
    }
}

impl IsidPool {
    /// Returns a pool in memory, for one process without a directory.
    ///
    /// # Errors
    /// [`Error::Random`] when the operating system returns no random bytes.
    pub fn in_memory() -> Result<Self, Error> {
        let [a, b, c, high, low] = random::bytes::<5>()?;
        Ok(Self::new([a, b, c], u16::from_be_bytes([high, low]), None))
    }

    /// Returns the pool of all processes that use this directory, which belongs to one initiator name. The directory is
    /// created if it does not exist. The pool needs one file descriptor, for any number of sessions.
    ///
    /// # Errors
    /// [`Error::IsidPool`] when the directory cannot be written, the file in it is not that of a pool, or the file
    /// system does not support locks; [`Error::Random`].
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, Error> {
        let directory = directory.as_ref();
        let random = random::bytes()?;
        let (file, random) = KeptFile::open(directory, random).map_err(|error| unusable(&error))?;
        Ok(Self::new(random, 0, Some(file)))
    }

    fn new(random: [u8; 3], first_qualifier: u16, file: Option<KeptFile>) -> Self {
        let (in_use, turns) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { random, first_qualifier, file, in_use, turns });
        Self { shared, order: LeaseOrder::Lowest }
    }

    /// Returns a handle to this pool that lends each number as late as possible after it was returned, instead of the
    /// lowest free number.
    ///
    /// This order is meant for programs that log in and out repeatedly, such as benchmarks: some targets (SPDK) treat a
    /// login with the ISID of a session that has just ended as its reinstatement. Consecutive sessions then have
    /// different ISIDs, against the advice of [RFC 7143, section
    /// 10.1.1](https://www.rfc-editor.org/rfc/rfc7143#section-10.1.1), and a new session does not get what a target
    /// keeps for an ISID, such as persistent reservations. Other programs should keep the default.
    ///
    /// ```
    /// use iscsi_initiator::{Config, IsidPool};
    /// let mut config = Config::new("iqn.2001-04.com.example:host".parse()?)?;
    /// config.isids = IsidPool::in_memory()?.round_robin();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn round_robin(self) -> Self {
        Self { order: LeaseOrder::RoundRobin, ..self }
    }

    /// Lends an ISID to a session to this target, or to a discovery session.
    #[doc(hidden)]
    pub fn lease(&self, target: Option<&IscsiName>) -> Result<IsidLease, Error> {
        let (scope, first) = match target {
            Some(name) => (Scope::of_target(name), 0),
            None => (Scope::DISCOVERY, FIRST_OF_DISCOVERIES),
        };
        let number = match self.order {
            LeaseOrder::Lowest => self.shared.take(scope, first),
            LeaseOrder::RoundRobin => self.shared.take_in_turn(scope, first),
        };
        Ok(IsidLease { pool: self.clone(), scope, number: number? })
    }
}

impl fmt::Debug for IsidPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = Isid::from_random(self.shared.random, self.shared.first_qualifier);
        let mut shown = formatter.debug_struct("IsidPool");
        shown.field("first", &first).field("order", &self.order).finish_non_exhaustive()
    }
}

impl Shared {
    /// Takes the lowest number from `first` on that no process uses.
    fn take(&self, scope: Scope, first: u16) -> Result<u16, Error> {
        let mut in_use = self.in_use();
        let numbers = in_use.entry(scope).or_default();
        // The second pass includes numbers that other processes have returned since this one last looked.
        for _ in 0..2 {
            if let Some(number) = self.lock_lowest(scope, numbers, first..=u16::MAX)? {
                numbers.insert_lowest(number);
                return Ok(number);
            }
            numbers.look_again();
        }
        Err(Error::IsidsExhausted { limit: u32::from(u16::MAX - first) + 1 })
    }

    /// Takes the next free number after the one lent last; after the end of the range, the lowest one.
    fn take_in_turn(&self, scope: Scope, first: u16) -> Result<u16, Error> {
        // NAM-10: in this order too, Normal sessions use the numbers of discovery sessions only when no other is left.
        let last = if first < FIRST_OF_DISCOVERIES { FIRST_OF_DISCOVERIES - 1 } else { u16::MAX };
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.get(&scope).copied().unwrap_or(first);
        let number = match self.take_between(scope, turn..=last)? {
            Some(number) => number,
            None => self.take(scope, first)?,
        };
        turns.insert(scope, number.checked_add(1).unwrap_or(first));
        Ok(number)
    }

    fn take_between(&self, scope: Scope, range: RangeInclusive<u16>) -> Result<Option<u16>, Error> {
        let mut in_use = self.in_use();
        let numbers = in_use.entry(scope).or_default();
        let number = self.lock_lowest(scope, numbers, range)?;
        if let Some(number) = number {
            numbers.insert(number);
        }
        Ok(number)
    }

    /// Locks the lowest number of a range that is free in this process and in all others.
    fn lock_lowest(
        &self,
        scope: Scope,
        numbers: &Numbers,
        range: RangeInclusive<u16>,
    ) -> Result<Option<u16>, Error> {
        let mut candidate = numbers.lowest_free(*range.start());
        while let Some(number) = candidate.filter(|number| number <= range.end()) {
            let Some(last) = self.lock(scope, number).map_err(|error| unusable(&error))? else {
                return Ok(Some(number));
            };
            candidate = last.checked_add(1).and_then(|next| numbers.lowest_free(next));
        }
        Ok(None)
    }

    /// Locks a number. If another process holds it, returns the last number of the contiguous range that is held from
    /// there.
    fn lock(&self, scope: Scope, number: u16) -> io::Result<Option<u16>> {
        let Some(file) = &self.file else { return Ok(None) };
        let held = file.try_lock(scope.place(number))?;
        Ok(held.map(|last| u16::try_from(last.saturating_sub(scope.place(0))).unwrap_or(u16::MAX)))
    }

    fn give_back(&self, scope: Scope, number: u16) {
        let mut in_use = self.in_use();
        let unlocked = self.file.as_ref().map_or(Ok(()), |file| file.unlock(scope.place(number)));
        if let Err(error) = unlocked {
            tracing::debug!(%error, "an ISID stays locked until the process ends");
        }
        if let Some(numbers) = in_use.get_mut(&scope)
            && numbers.remove(number)
        {
            in_use.remove(&scope);
        }
    }

    fn in_use(&self) -> MutexGuard<'_, BTreeMap<Scope, Numbers>> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An ISID lent to a session. No other session of the pool to the same target gets it until this is dropped.
#[must_use = "dropping it returns the ISID"]
pub struct IsidLease {
    pool: IsidPool,
    scope: Scope,
    number: u16,
}

impl IsidLease {
    /// The ISID.
    #[must_use]
    pub fn isid(&self) -> Isid {
        let Shared { random, first_qualifier, .. } = *self.pool.shared;
        Isid::from_random(random, first_qualifier.wrapping_add(self.number))
    }
}

impl Drop for IsidLease {
    fn drop(&mut self) {
        self.pool.shared.give_back(self.scope, self.number);
    }
}

fn unusable(error: &io::Error) -> Error {
    Error::IsidPool { reason: error.to_string() }
}
