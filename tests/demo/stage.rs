//! The setup of the demonstration: a target, a store, an initiator, and generated secrets.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use iscsi_initiator::{Config, Initiator, IscsiName, Portal};
use iscsi_secrets::{FileStore, Secret, generate_secret};
use iscsi_tests::ram_disk::{self, Account, Credentials, RamDisk, Running, Target};
use tempfile::TempDir;

pub(crate) const INITIATOR: &str = "iqn.2001-04.com.example:host";
pub(crate) const TARGET: &str = "iqn.2001-04.com.example:ram-disk";
/// `CHAP_N` of the target.
pub(crate) const TARGET_USER: &str = "ram-disk";

/// Everything that lives as long as the demonstration.
pub(crate) struct Stage {
    _target: Running,
    folder: TempDir,
    pub(crate) store: Arc<FileStore>,
    pub(crate) initiator: Initiator,
    pub(crate) portal: Portal,
    pub(crate) target: IscsiName,
    /// The secrets that initiator and target share, as files would contain them.
    pub(crate) forward: Secret,
    pub(crate) reverse: Secret,
}

impl Stage {
    pub(crate) async fn set() -> Result<Self, Box<dyn Error>> {
        let (forward, reverse) = (generate_secret()?, generate_secret()?);
        let target: IscsiName = TARGET.parse()?;
        let credentials = Credentials::Mutual {
            initiator: Account::new(INITIATOR, forward.expose_secret()),
            target: Account::new(TARGET_USER, reverse.expose_secret()),
        };
        let config = ram_disk::Config::with_targets([Target { credentials, ..Target::new(target.clone()) }]);
        let running = RamDisk::serve(config).await?;
        let folder = TempDir::new()?;
        let store = Arc::new(FileStore::open(folder.path().join("secrets"))?);
        let initiator = Initiator::new(Config::new(INITIATOR.parse()?)?, Arc::<FileStore>::clone(&store));
        let portal = running.portal().to_string().parse()?;
        Ok(Self { _target: running, folder, store, initiator, portal, target, forward, reverse })
    }

    pub(crate) fn target_name(&self) -> Result<IscsiName, Box<dyn Error>> {
        Ok(IscsiName::new(self.target.as_str())?)
    }

    /// The URL a person would type.
    pub(crate) fn url(&self) -> String {
        format!("iscsi://{}/{TARGET}", self.portal)
    }

    pub(crate) fn describe(&self) -> [String; 3] {
        let store: PathBuf = self.folder.path().join("secrets");
        [
            format!("portal  {}", self.portal),
            format!("target  {TARGET}"),
            format!("store   {} (sealed; gone when this ends)", store.display()),
        ]
    }
}
