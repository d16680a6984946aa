//! Mutual logins: the target, and the client that is counted.

use std::net::SocketAddr;
use std::sync::Arc;

use iscsi_benches::io::Failure;
use iscsi_benches::metered::metered;
use iscsi_benches::server;
use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, Config, ForwardCredential, Initiator, IscsiName, MemoryStore,
    ReverseCredential, Secret, Session,
};
use iscsi_tests::ram_disk::{self, Account, Credentials, RamDisk, Target};
use tokio::runtime::{Builder, Runtime};

use crate::client::mark;
use crate::strace::{BEGIN, END};

const HOST: &str = "iqn.2001-04.com.example:host";
const DISK: &str = "iqn.2001-04.com.example:disk";
const FORWARD: &[u8] = b"what-the-host-proves";
const REVERSE: &[u8] = b"what-the-disk-proves";

/// Logins before the count.
const WARM_UP: u64 = 4;

/// The target, until standard input ends.
pub(crate) fn serve() -> Result<(), Failure> {
    current_thread()?.block_on(async {
        let credentials = Credentials::Mutual {
            initiator: Account::new("host", FORWARD),
            target: Account::new("disk", REVERSE),
        };
        let target = Target { credentials, ..Target::new(DISK.parse()?) };
        let running = RamDisk::serve(ram_disk::Config::with_targets([target])).await?;
        server::announce(running.portal());
        Ok(tokio::task::spawn_blocking(server::wait_for_end).await??)
    })
}

/// So many logins, each counted from the call to the session; the logout is not. The system calls of all are between the marks
/// of `strace`, those of the logouts too.
pub(crate) fn run(address: SocketAddr, logins: u64) -> Result<(), Failure> {
    let (runtime, client) = (current_thread()?, Client::new(address)?);
    for _ in 0..WARM_UP {
        runtime.block_on(async { Ok::<_, Failure>(client.log_in().await?.logout().await?) })?;
    }
    mark(BEGIN);
    for _ in 0..logins {
        let session = metered((), |()| runtime.block_on(client.log_in()))?;
        runtime.block_on(session.logout())?;
    }
    mark(END);
    println!("0");
    Ok(())
}

fn current_thread() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

struct Client {
    initiator: Initiator,
    target: IscsiName,
    portal: iscsi_initiator::Portal,
    request: AuthenticationRequest,
}

impl Client {
    fn new(address: SocketAddr) -> Result<Self, Failure> {
        let secret = |bytes| Secret::from_bytes(bytes);
        let forward = ForwardCredential::new(Some("host".to_owned()), secret(FORWARD)?)?;
        let reverse = ReverseCredential::new(Some("disk".to_owned()), secret(REVERSE)?)?;
        Ok(Self {
            initiator: Initiator::new(Config::new(HOST.parse()?)?, Arc::new(MemoryStore::new())),
            target: DISK.parse()?,
            portal: address.to_string().parse()?,
            request: AuthenticationRequest {
                mode: AuthenticationMode::Mutual,
                forward: Some(Arc::new(forward)),
                reverse: Some(Arc::new(reverse)),
            },
        })
    }

    async fn log_in(&self) -> Result<Session, Failure> {
        Ok(self.initiator.login(&self.target, &self.portal, &self.request).await?)
    }
}
