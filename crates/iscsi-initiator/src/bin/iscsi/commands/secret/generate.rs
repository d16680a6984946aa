//! `iscsi secret generate`

use std::fs::File;
use std::io::{Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use iscsi_secrets::{Secret, generate_bytes, generate_secret};

use crate::failure::Failure;
use crate::secret_source::DASH;

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
    let mut output = stdout().lock();
    let shown = output
        .write_all(secret.expose_secret())
        .and_then(|()| output.write_all(b"\n"))
        .and_then(|()| output.flush());
    shown.map_err(Failure::local("write to standard output"))
}

fn write(secret: &Secret, path: &Path) -> Result<(), Failure> {
    let opened = File::options().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(Failure::file("create", path))?;
    let written = file.write_all(secret.expose_secret()).and_then(|()| file.sync_all());
    written.map_err(Failure::file("write to", path))
}
