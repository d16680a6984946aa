//! A session whose unit is read or written by one spawned task for each operation in flight.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, BlockDevice, Config, Initiator, Lun, Session,
};
use iscsi_login::DigestPreference;
use iscsi_secrets::MemoryStore;
use iscsi_tests::gathering_target::{check_pattern, fill_pattern};
use tokio::task::JoinSet;

use super::{Failure, INITIATOR, Operation, Workload};

/// The unit to log in to.
#[derive(Clone, Debug)]
pub struct Portal {
    /// The address.
    pub address: SocketAddr,
    /// The name of the target.
    pub target: String,
    /// The number of the unit.
    pub lun: u16,
}

/// A client whose operations are under way or to be repeated.
pub struct Client {
    session: Session,
    disk: BlockDevice,
    workload: Workload,
    generation: u64,
    places: Vec<Place>,
}

/// One operation in flight, again and again: reads alternate between two ranges, so that each changes the whole buffer.
struct Place {
    buffer: Buffer,
    /// The ranges begin here.
    offsets: [u64; 2],
    /// The range of the last operation.
    last: u64,
}

enum Buffer {
    Own(BytesMut),
    Received(Bytes),
    Sent(Bytes),
}

impl Client {
    /// Logs in and opens the unit. Writes carry the pattern of `generation`.
    ///
    /// # Errors
    /// The login, or a login without the digests that the workload demands.
    pub async fn log_in(portal: &Portal, workload: Workload, generation: u64) -> Result<Self, Failure> {
        let session = log_in(portal, workload.digests).await?;
        let digests = session.details().completed.parameters.digests;
        if (digests.header, digests.data) != (workload.digests, workload.digests) {
            return Err(format!("logged in with {digests:?} instead of both digests or none").into());
        }
        let lun = Lun::from_number(portal.lun).ok_or("a LUN above 16383")?;
        let disk = BlockDevice::open(&session, lun).await?;
        let places = (0..workload.depth).map(|index| Place::new(workload, index, generation)).collect();
        Ok(Self { session, disk, workload, generation, places })
    }

    /// Each place repeats its operation `rounds` times, one behind the other.
    ///
    /// # Errors
    /// The first operation that fails.
    pub async fn run(&mut self, rounds: u64) -> Result<(), Failure> {
        let mut running = JoinSet::new();
        for place in self.places.drain(..) {
            running.spawn(place.repeat(self.disk.clone(), rounds, self.workload.length));
        }
        while let Some(ended) = running.join_next().await {
            self.places.push(ended??);
        }
        Ok(())
    }

    /// Compares the data of the last reads with the pattern of the gathering target; written data are read back first.
    ///
    /// # Errors
    /// The first difference.
    pub async fn verify(&mut self) -> Result<(), Failure> {
        let generation = match self.workload.operation {
            Operation::Read | Operation::ReadBytes => 0,
            Operation::Write => {
                self.read_back().await?;
                self.generation
            }
        };
        for place in &self.places {
            check_pattern(place.data(), place.last, generation)?;
        }
        Ok(())
    }

    /// Logs out.
    ///
    /// # Errors
    /// The logout.
    pub async fn log_out(self) -> Result<(), Failure> {
        Ok(self.session.logout().await?)
    }

    /// One read of each place, at the offset of its last write.
    async fn read_back(&mut self) -> Result<(), Failure> {
        for place in &mut self.places {
            place.buffer = Buffer::Own(BytesMut::zeroed(self.workload.length));
            place.offsets = [place.last; 2];
        }
        self.run(1).await
    }
}

impl Place {
    fn new(workload: Workload, index: usize, generation: u64) -> Self {
        let Workload { operation, length, depth, .. } = workload;
        let (first, second) = ((index * length) as u64, ((depth + index) * length) as u64);
        let mut data = BytesMut::zeroed(length);
        let (buffer, offsets) = match operation {
            Operation::Read => (Buffer::Own(data), [first, second]),
            Operation::ReadBytes => (Buffer::Received(data.freeze()), [first, second]),
            Operation::Write => {
                fill_pattern(&mut data, first, generation);
                (Buffer::Sent(data.freeze()), [first; 2])
            }
        };
        Self { buffer, offsets, last: first }
    }

    async fn repeat(mut self, disk: BlockDevice, rounds: u64, length: usize) -> Result<Self, Failure> {
        for _ in 0..rounds {
            let [next, after] = self.offsets;
            (self.offsets, self.last) = ([after, next], next);
            self.buffer = match self.buffer {
                Buffer::Own(buffer) => Buffer::Own(disk.read_into(next, buffer).await?),
                Buffer::Received(before) => {
                    drop(before);
                    Buffer::Received(disk.read_at(next, length).await?)
                }
                Buffer::Sent(data) => {
                    disk.write_at(next, data.clone()).await?;
                    Buffer::Sent(data)
                }
            };
        }
        Ok(self)
    }

    fn data(&self) -> &[u8] {
        match &self.buffer {
            Buffer::Own(data) => data,
            Buffer::Received(data) | Buffer::Sent(data) => data,
        }
    }
}

async fn log_in(portal: &Portal, digests: bool) -> Result<Session, Failure> {
    let mut config = Config::new(INITIATOR.parse()?)?;
    let digest = if digests { DigestPreference::Crc32c } else { DigestPreference::None };
    (config.offer.header_digest, config.offer.data_digest) = (digest, digest);
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let request = AuthenticationRequest { mode: AuthenticationMode::None, forward: None, reverse: None };
    Ok(initiator.login(&portal.target.parse()?, &portal.address.to_string().parse()?, &request).await?)
}
