//! `iscsi secret rekey`

use std::path::PathBuf;

use clap::Args;
use iscsi_secrets::KeySource;

use crate::arguments::StoreChangeOptions;
use crate::failure::{Failure, note};
use crate::{secret_source, store};

#[derive(Args)]
pub(crate) struct Rekey {
    /// The new key: 32 bytes, mode 0600
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
    /// Passphrase for the new key; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "new_key_file")]
    new_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    store: StoreChangeOptions,
}

impl Rekey {
    pub(super) fn run(&self) -> Result<(), Failure> {
        secret_source::check_standard_input([
            self.store.store.passphrase_file.as_deref(),
            self.new_passphrase_file.as_deref(),
        ])?;
        let passphrase =
            self.new_passphrase_file.as_deref().map(secret_source::read_passphrase).transpose()?;
        let key = match (&self.new_key_file, passphrase) {
            (Some(path), _) => KeySource::File(path.clone()),
            (None, Some(passphrase)) => KeySource::Passphrase(passphrase),
            (None, None) => KeySource::Beside,
        };
        store::existing(&self.store)?.rekey(key)?;
        note("copies of the store made earlier still open with the old key");
        Ok(())
    }
}
