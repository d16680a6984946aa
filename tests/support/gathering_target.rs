//! A target for measuring initiators: one disk in memory, whose reads and writes are answered in batches.
//!
//! It gathers a fixed number of reads and writes and sends all their answers by one vectored write. Against such a target
//! the number of system calls of an initiator does not depend on who is scheduled when. It does little else:
//! one thread for each connection with blocking I/O, no authentication, no task management, digests and write data as
//! negotiated. [The RAM-disk target](crate::ram_disk) is the one that follows the standards.

mod answers;
mod connection;
mod inbox;
mod login;
mod scsi;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use iscsi_login::{DigestPreference, Offer};
use iscsi_pdu::IscsiName;

/// Bytes of a logical block.
pub const BLOCK_SIZE: usize = 512;

/// The settings of a gathering target.
#[derive(Clone, Debug)]
pub struct GatheringConfig {
    /// The name of the target.
    pub name: IscsiName,
    /// The number of reads and writes that are answered together, at least 1. Fewer are answered after half a second
    /// without another one.
    pub batch: usize,
    /// The pause between the last command of a batch and the answers, in which the initiator can go to sleep.
    pub pause: Duration,
    /// The longest data segment of a Data-In PDU, if the initiator takes as much.
    pub data_in_segment: u32,
    /// Operational parameters.
    pub offer: Offer,
    /// Bytes of the disk, a multiple of [`BLOCK_SIZE`].
    pub size: usize,
}

impl GatheringConfig {
    /// A disk of 64 MiB, Data-In PDUs of 64 KiB, large bursts, unsolicited data, digests if the initiator offers them.
    #[must_use]
    pub fn new(name: IscsiName, batch: usize) -> Self {
        let mut offer = Offer::default();
        offer.header_digest = DigestPreference::AcceptCrc32c;
        offer.data_digest = DigestPreference::AcceptCrc32c;
        Self { name, batch, pause: Duration::ZERO, data_in_segment: 65_536, offer, size: 64 << 20 }
    }
}

/// A gathering target that listens on a free port of 127.0.0.1.
pub struct GatheringTarget {
    listener: TcpListener,
    shared: Arc<Shared>,
}

/// The state that the connections have in common.
struct Shared {
    config: GatheringConfig,
    /// The contents of the disk.
    medium: RwLock<Vec<u8>>,
    next_tsih: Mutex<u16>,
}

impl GatheringTarget {
    /// Listens. The disk holds the [pattern](fill_pattern) of generation 0.
    ///
    /// # Errors
    /// There is no free port.
    pub fn bind(config: GatheringConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut medium = vec![0; config.size];
        fill_pattern(&mut medium, 0, 0);
        let shared = Shared { config, medium: RwLock::new(medium), next_tsih: Mutex::new(1) };
        Ok(Self { listener, shared: Arc::new(shared) })
    }

    /// The address of the portal.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves connections until one cannot be accepted. Faults of a connection end it, and are printed on standard error.
    ///
    /// # Errors
    /// A connection cannot be accepted.
    pub fn serve(&self) -> io::Result<()> {
        loop {
            let (stream, _) = self.listener.accept()?;
            let shared = Arc::clone(&self.shared);
            thread::spawn(move || {
                if let Err(error) = connection::serve(stream, &shared) {
                    eprintln!("gathering target: {error}");
                }
            });
        }
    }
}

impl Shared {
    fn next_tsih(&self) -> u16 {
        let mut next = self.next_tsih.lock().unwrap();
        let tsih = *next;
        *next = tsih.checked_add(1).unwrap_or(1);
        tsih
    }
}

/// Bytes of the unit of the pattern.
const WORD: usize = 8;

/// Fills `bytes` with the pattern of a place on the disk: every eight bytes depend on their offset and on the generation,
/// which tells what was written from what was there before.
pub fn fill_pattern(bytes: &mut [u8], offset: u64, generation: u64) {
    for (word, at) in bytes.chunks_mut(WORD).zip((offset..).step_by(WORD)) {
        word.copy_from_slice(&pattern_word(at, generation).to_be_bytes()[..word.len()]);
    }
}

/// Compares `bytes` with the pattern of that place.
///
/// # Errors
/// The first offset at which they differ, as a text.
pub fn check_pattern(bytes: &[u8], offset: u64, generation: u64) -> Result<(), String> {
    let is_wrong =
        |(word, at): &(&[u8], u64)| **word != pattern_word(*at, generation).to_be_bytes()[..word.len()];
    match bytes.chunks(WORD).zip((offset..).step_by(WORD)).find(is_wrong) {
        None => Ok(()),
        Some((word, at)) => Err(format!("offset {at} holds {word:02x?}, not generation {generation}")),
    }
}

/// The finalizer of splitmix64: neighbours and generations share no bytes but by chance.
const fn pattern_word(offset: u64, generation: u64) -> u64 {
    let mut word = offset.wrapping_add(generation.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(1);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}
