//! The embedded target in a process of its own: one target for each authentication.

use iscsi_benches::server;
use iscsi_tests::ram_disk::{self, Config, Credentials, RamDisk, Target};

use crate::Failure;
use crate::accounts::{Account, FORWARD, REVERSE};
use crate::arguments::Runtime;
use crate::case::Authentication;

/// The prefix of the target names.
pub(crate) const NAME_PREFIX: &str = "iqn.2001-04.com.example.ram-disk";

/// None waits for another to close.
const MOST_CONNECTIONS: usize = 4096;

/// Serves until told to end; on one thread, as tgtd logs in on one.
pub(crate) fn serve() -> Result<(), Failure> {
    Runtime::CurrentThread.build()?.block_on(async {
        let targets = Authentication::ALL.into_iter().map(target).collect::<Result<Vec<_>, _>>()?;
        let mut config = Config::with_targets(targets);
        config.most_connections = MOST_CONNECTIONS;
        let running = RamDisk::serve(config).await?;
        server::announce(running.portal());
        Ok(tokio::task::spawn_blocking(server::wait_for_end).await??)
    })
}

fn target(authentication: Authentication) -> Result<Target, Failure> {
    let name = format!("{NAME_PREFIX}:{}", authentication.word());
    Ok(Target { credentials: credentials(authentication), ..Target::new(name.parse()?) })
}

fn credentials(authentication: Authentication) -> Credentials {
    let account = |account: &Account| ram_disk::Account::new(account.name, account.secret.as_bytes());
    match authentication {
        Authentication::None => Credentials::None,
        Authentication::Chap => Credentials::Chap(account(&FORWARD)),
        Authentication::Mutual => {
            Credentials::Mutual { initiator: account(&FORWARD), target: account(&REVERSE) }
        }
    }
}
