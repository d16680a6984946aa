//! `iscsi raw`

mod cdb_text;
mod known_commands;
mod report;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use iscsi_initiator::scsi::{Completion, RawCommand, Transfer, TransferLength};
use iscsi_initiator::{Error, Lun, Session};

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, size, values};
use crate::credentials::secret_source::{self, DASH};
use crate::failure::Failure;
use crate::messages::warn;
use crate::output::remarks::UnauthenticatedReason;
use crate::output::sections::Sections;
use crate::output::{self, hex_dump};
use crate::session;
use crate::transfer::local_data;
use cdb_text::TypedCdb;
use known_commands::KnownCommand;
use report::Report;

pub(super) const EXAMPLE: &str = "\
Example: iscsi raw --read 96
  iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0 12 00 00 00 60 00";
pub(super) const DETAILS: &str = "\
The block has two hexadecimal digits for each byte, with or without blanks, and
6 to 260 bytes. --read and --write together make a bidirectional command. The
result has status, sense data, residuals, and the data as a hex dump; a status
other than GOOD is exit code 8. Commands that are not known to only read need
--destroy-data. After a unit attention the command is sent again.

More examples:
  iscsi raw URL/0 00 00 00 00 00 00                        TEST UNIT READY
  iscsi raw URL/0 28 00 00000000 00 0008 00 --read 4K      READ (10)
  iscsi raw URL/0 1b 00 00 00 01 00 --destroy-data         START STOP UNIT";

/// The most bytes in each direction, which are held in memory.
const MOST_DATA: u64 = 64 << 20;

#[derive(Args)]
pub(crate) struct Raw {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// Command descriptor block in hexadecimal
    #[arg(value_name = "CDB", required = true, num_args = 1..)]
    cdb: Vec<String>,
    /// Receive up to so many bytes
    #[arg(long, value_name = "BYTES", value_parser = parse_length)]
    read: Option<u32>,
    /// Send the content of a file; - is standard input
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// File for the data received; - is standard output
    #[arg(short, long = "output-file", value_name = "FILE", requires = "read")]
    output_file: Option<PathBuf>,
    /// Permit a command that may change something
    #[arg(long)]
    destroy_data: bool,
    #[command(flatten)]
    unit: UnitOptions,
}

/// Reads the most bytes to receive.
fn parse_length(text: &str) -> Result<u32, String> {
    let bytes = size::parse(text)?;
    let length = u32::try_from(bytes).ok().filter(|_| (1..=MOST_DATA).contains(&bytes));
    length.ok_or_else(|| format!("from 1 to {MOST_DATA} bytes"))
}

/// A command that ended, and the file for its data.
struct Ended {
    report: Report,
    data: Bytes,
    file: Option<File>,
}

impl Raw {
    /// Shows the result whatever the status is.
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        let typed = TypedCdb::parse(&self.cdb)?;
        let known = KnownCommand::of(&typed.cdb);
        self.check(known, output)?;
        let files = self.unit.session.files().into_iter().chain([self.write.as_deref()]);
        secret_source::check_standard_input(files)?;
        let data = self.write.as_deref().map(content).transpose()?;
        let offered = data.as_ref().map_or(0, Bytes::len);
        let command = self.command(known.name, &typed, data);
        let mut ended = None;
        let outcome = session::with_units(&self.unit, url, async |session| {
            self.carry_out(session, lun, command, &mut ended).await
        });
        let outcome = outcome.await;
        if let Some(mut ended) = ended {
            ended.report.bytes_offered = offered;
            ended.report.cdb = typed.digits();
            self.show(ended, &typed, output)?;
        }
        outcome
    }

    /// Checks what can be checked without the target.
    fn check(&self, known: KnownCommand, output: Output) -> Result<(), Failure> {
        if !known.only_reads && !self.destroy_data {
            return Err(Failure::usage(
                format!("{} may change data or the state of the logical unit", known.name),
                "add --destroy-data if that is what you want",
            ));
        }
        if known.only_reads && self.destroy_data {
            return Err(Failure::usage(
                format!(
                    "--destroy-data is for commands that may change something, and {} only reads",
                    known.name
                ),
                "leave it out",
            ));
        }
        if output == Output::Json && self.output_file.as_deref().is_some_and(|path| path == DASH) {
            return Err(Failure::usage(
                "standard output cannot have the data and the JSON",
                "name a file with --output-file, or leave it out: the JSON has the data too",
            ));
        }
        Ok(())
    }

    /// The command. Residuals are part of its result, and no failure.
    fn command(&self, name: &'static str, typed: &TypedCdb, data: Option<Bytes>) -> RawCommand {
        let transfer = match (self.read, data) {
            (None, None) => Transfer::None,
            (Some(most), None) => Transfer::Read(most),
            (None, Some(data)) => Transfer::Write(data.into()),
            (Some(read), Some(data)) => Transfer::Both { write: data.into(), read },
        };
        let mut command = RawCommand::from_cdb(name, typed.cdb.clone(), transfer);
        command.transfer_length = TransferLength::UpTo;
        command
    }

    /// Sends the command. The file is there before, since the command may not return its data twice.
    async fn carry_out(
        &self,
        session: &Session,
        lun: Lun,
        command: RawCommand,
        ended: &mut Option<Ended>,
    ) -> Result<(), Failure> {
        let file = self.output_file.as_deref().map(local_data::create).transpose()?;
        let name = command.name;
        if self.destroy_data {
            let target = session.details().target.as_ref().map(ToString::to_string).unwrap_or_default();
            warn(&format!("{name} may change data or the state of logical unit {lun} of {target}"));
        }
        let completion = session.submit(lun, command).await?.completion_of_any_status().await?;
        let unauthenticated = UnauthenticatedReason::of(session.details());
        let report = Report::new(lun, name, &completion, unauthenticated);
        *ended = Some(Ended { report, data: completion.data.clone(), file });
        Ok(verdict(name, completion)?)
    }

    /// Shows the result on standard output, or on standard error if that has the data.
    fn show(&self, ended: Ended, typed: &TypedCdb, output: Output) -> Result<(), Failure> {
        let Ended { mut report, data, file } = ended;
        let is_piped = self.output_file.as_deref().is_some_and(|path| path == DASH);
        if let (Some(path), Some(file)) = (&self.output_file, file) {
            write_data(path, file, &data)?;
        } else {
            report.data = report::some_digits(&data);
        }
        let mut sections = Sections::new();
        report.rows(typed.spaced(), &mut sections);
        if is_piped {
            eprintln!("{}", output::lines(sections.into_table()));
            return Ok(());
        }
        output::show(output, &report, |_| sections.into_table())?;
        if output == Output::Table && report.data.is_some() {
            output::print(&format!("\n{}", hex_dump::lines(&data)))?;
        }
        Ok(())
    }
}

/// The error of a status that is none of success.
fn verdict(name: &'static str, completion: Completion) -> Result<(), Error> {
    completion.into_good(name).map(drop).map_err(Error::from)
}

/// Reads the data to send.
fn content(path: &Path) -> Result<Bytes, Failure> {
    let file = local_data::open(path)?;
    let name = local_data::name(path, local_data::STANDARD_INPUT);
    let mut data = Vec::new();
    file.take(MOST_DATA + 1).read_to_end(&mut data).map_err(Failure::local(format!("read {name}")))?;
    match data.len() as u64 {
        0 => Err(Failure::usage(
            format!("there is nothing to send in {name}"),
            "leave out --write for a command without data",
        )),
        1..=MOST_DATA => Ok(data.into()),
        _ => Err(Failure::usage(format!("{name} has more than {MOST_DATA} bytes"), "a command moves less")),
    }
}

fn write_data(path: &Path, mut file: File, data: &[u8]) -> Result<(), Failure> {
    let name = local_data::name(path, local_data::STANDARD_OUTPUT);
    let written = file.write_all(data).and_then(|()| file.flush());
    written.map_err(Failure::local(format!("write to {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_bounded_by_what_is_held_in_memory() {
        assert_eq!((parse_length("1"), parse_length("64M")), (Ok(1), Ok(64 << 20)));
        for text in ["0", "67108865", "4G", "-1", "x"] {
            assert!(parse_length(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_to_send_has_one_byte_at_least_and_not_too_many() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        for (length, is_fine) in [(0, false), (1, true), (MOST_DATA, true), (MOST_DATA + 1, false)] {
            File::create(&path).unwrap().set_len(length).unwrap();
            assert_eq!(content(&path).is_ok(), is_fine, "{length}");
        }
    }
}
