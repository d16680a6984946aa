//! `iscsi secret generate`

use std::fs::File;
use std::io::{Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use iscsi_secrets::generate_secret;

use crate::failure::Failure;
use crate::secret_source::DASH;

#[derive(Args)]
pub(crate) struct Generate {
    /// New file of mode 0600; `-` is standard output
    #[arg(short, long = "output-file", value_name = "FILE")]
    output_file: PathBuf,
}

impl Generate {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let secret = generate_secret()?;
        if *self.output_file == *DASH {
            let mut output = stdout().lock();
            let shown = output
                .write_all(secret.expose_secret())
                .and_then(|()| output.write_all(b"\n"))
                .and_then(|()| output.flush());
            return shown.map_err(Failure::local("write to standard output"));
        }
        let opened = File::options().write(true).create_new(true).mode(0o600).open(&self.output_file);
        let mut file = opened.map_err(Failure::file("create", &self.output_file))?;
        let written = file.write_all(secret.expose_secret()).and_then(|()| file.sync_all());
        written.map_err(Failure::file("write to", &self.output_file))
    }
}
