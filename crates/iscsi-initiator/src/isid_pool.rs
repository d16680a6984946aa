//! Which ISID a session gets (RFC 7143, 4.4.3 and 10.1.1).

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

/// Where discoveries begin to look for a number. No Normal session comes this far before 32,768 live at one target,
/// and so no discovery uses the ISID of one (NAM-10).
const FIRST_OF_DISCOVERIES: u16 = 0x8000;

/// Lends ISIDs of type 10b, so that no two sessions which live at once reinstate each other. Clones share it.
///
/// All ISIDs of a pool have the same 24 random bits. The qualifier is the lowest one that no living session *to the
/// same target* has: two sessions to one target differ (the ISID RULE), sessions to different targets are alike, as
/// 10.1.1 would have it, and one session after the other always has the same. (While a process has sessions to a
/// target, it does not look again at what others have given back there, before it has to.) Portal groups are not told
/// apart, because only the answer to a login names the group. Discovery sessions, which have no target, differ from
/// each other and from the Normal ones.
///
/// A pool on disk does this for all processes that share its directory, and its ISIDs outlive them. A pool in memory
/// does it for its process, and starts at random, so that it hardly ever meets another one of the same initiator name.
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

/// Which of the free numbers a lease takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeaseOrder {
    Lowest,
    RoundRobin,
}

struct Shared {
    random: [u8; 3],
    /// The qualifier that number 0 stands for.
    first_qualifier: u16,
    /// `None` in memory.
    file: Option<KeptFile>,
    in_use: Mutex<BTreeMap<Scope, Numbers>>,
    /// The number behind the one lent last, for pools that take turns.
    turns: Mutex<BTreeMap<Scope, u16>>,
}

/// What sessions have in common that must not share an ISID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Scope(u64);

impl Scope {
    /// All discovery sessions.
    const DISCOVERY: Self = Self(0);

    /// A checksum: the name has to mean the same to every process. Targets that share one merely differ in their ISIDs.
    fn of_target(name: &IscsiName) -> Self {
        Self(1 + u64::from(Crc32c::new().update(name.identity().as_bytes()).value()))
    }

    /// Where the lock of a number is in the kept file.
    fn place(self, number: u16) -> u64 {
        self.0 << 16 | u64::from(number)
    }
}

impl IsidPool {
    /// A pool of this process alone, for those who have no directory to keep anything in.
    ///
    /// # Errors
    /// [`Error::Random`] when the operating system gives no random bytes.
    pub fn in_memory() -> Result<Self, Error> {
        let [a, b, c, high, low] = random::bytes::<5>()?;
        Ok(Self::new([a, b, c], u16::from_be_bytes([high, low]), None))
    }

    /// The pool of all processes that name this directory, which belongs beside the initiator name. It is made if it
    /// is not there. One descriptor stays open, however many sessions there are.
    ///
    /// # Errors
    /// [`Error::IsidPool`] when the directory cannot be written, the file in it is not ours, or the file system has no
    /// locks; [`Error::Random`].
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

    /// The same pool, lending each number as late as possible after it was given back, instead of the lowest one.
    ///
    /// For programs that log in and out over and over, such as benchmarks: some targets (SPDK) take a login with the
    /// ISID of a session that just ended for its reinstatement. One session after the other then has a different ISID
    /// each time, against the advice of [RFC 7143, section
    /// 10.1.1](https://www.rfc-editor.org/rfc/rfc7143#section-10.1.1), and loses what a target keeps for an ISID, such
    /// as persistent reservations. Everything else should keep the default.
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

    /// An ISID for a session to this target, or for a discovery session without one.
    pub(crate) fn lease(&self, target: Option<&IscsiName>) -> Result<IsidLease, Error> {
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
    /// The lowest number from `first` on that neither this process nor another one uses.
    fn take(&self, scope: Scope, first: u16) -> Result<u16, Error> {
        let mut in_use = self.in_use();
        let numbers = in_use.entry(scope).or_default();
        // The second time with those that others have given back meanwhile.
        for _ in 0..2 {
            if let Some(number) = self.lock_lowest(scope, numbers, first..=u16::MAX)? {
                numbers.insert_lowest(number);
                return Ok(number);
            }
            numbers.look_again();
        }
        Err(Error::IsidsExhausted { limit: u32::from(u16::MAX - first) + 1 })
    }

    /// The next free number behind the one lent last; at the end of the range, the lowest one again.
    fn take_in_turn(&self, scope: Scope, first: u16) -> Result<u16, Error> {
        // NAM-10: the numbers of discoveries stay free as long as they do with the other order.
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

    /// Locks the lowest number of a range that is free here and elsewhere.
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

    /// `None` when the lock was to be had, else the last of the numbers that another process holds there.
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

/// An ISID that no other session of the pool to the same target has until this is dropped.
pub(crate) struct IsidLease {
    pool: IsidPool,
    scope: Scope,
    number: u16,
}

impl IsidLease {
    pub(crate) fn isid(&self) -> Isid {
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
