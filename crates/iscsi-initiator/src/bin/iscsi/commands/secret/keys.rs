//! `iscsi secret generate` and `rekey`

use std::fs::File;
use std::io::{Write, stdout};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use iscsi_secrets::{KeySource, Secret, generate_bytes, generate_secret};

use crate::arguments::StoreChangeOptions;
use crate::credentials::secret_source::{self, DASH};
use crate::failure::Failure;
use crate::messages::note;
use crate::store;

#[derive(Args)]
pub(crate) struct Generate {
    /// New file of mode 0600; - is standard output
    #[arg(short, long = "output-file", value_name = "FILE")]
    output_file: PathBuf,
    /// 16 random bytes of any value, into a file only
    #[arg(long)]
    raw: bool,
}

impl Generate {
    pub(super) fn run(&self) -> Result<(), Failure> {
        match (self.raw, *self.output_file == *DASH) {
            (true, true) => Err(Failure::usage(
                "--raw bytes are not for a terminal or a pipe",
                "name a file with --output-file",
            )),
            (false, true) => show(&generate_secret()?),
            (true, false) => write(&generate_bytes()?, &self.output_file),
            (false, false) => write(&generate_secret()?, &self.output_file),
        }
    }
}

fn show(secret: &Secret) -> Result<(), Failure> {
    // This bypasses the buffer of `stdout`, in which a copy of the secret would stay until the process ends.
    let output = stdout().as_fd().try_clone_to_owned().map(File::from);
    let shown = output.and_then(|mut output| {
        output.write_all(secret.expose_secret())?;
        output.write_all(b"\n")
    });
    shown.map_err(Failure::local("write to standard output"))
}

fn write(secret: &Secret, path: &Path) -> Result<(), Failure> {
    let opened = File::options().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(Failure::file("create", path))?;
    let written = file.write_all(secret.expose_secret()).and_then(|()| file.sync_all());
    written.map_err(Failure::file("write to", path))
}

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
            (None, None) => KeySource::Adjacent,
        };
        store::existing(&self.store)?.rekey(key)?;
        note("copies of the store made earlier still open with the old key");
        Ok(())
    }
}
