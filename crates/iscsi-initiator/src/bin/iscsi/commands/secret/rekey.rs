//! `iscsi secret rekey`

use std::path::PathBuf;

use clap::Args;
use iscsi_secrets::KeySource;

use crate::arguments::Options;
use crate::failure::{Failure, note};
use crate::{secret_source, store};

#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct Rekey {
    /// The new key: a file of 32 random bytes and mode 0600, such as `head -c 32 /dev/urandom` makes
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
    /// File with the passphrase from which the new key is made; `-` is standard input
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

impl Rekey {
    pub(super) fn run(&self, options: &Options) -> Result<(), Failure> {
        secret_source::check_standard_input(options, self.new_passphrase_file.as_deref())?;
        let passphrase =
            self.new_passphrase_file.as_deref().map(secret_source::read_passphrase).transpose()?;
        let key = match (&self.new_key_file, passphrase) {
            (Some(path), _) => KeySource::File(path.clone()),
            (None, Some(passphrase)) => KeySource::Passphrase(passphrase),
            (None, None) => KeySource::Adjacent,
        };
        store::existing(options)?.rekey(key)?;
        note("copies of the store made earlier still open with the old key");
        Ok(())
    }
}
