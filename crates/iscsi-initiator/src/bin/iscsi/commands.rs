//! The command line as a whole, and the commands: arguments, calls and output of each.

mod attach;
mod attached;
mod checksum;
mod compare;
mod copy;
mod detach;
mod discard_zero;
mod discover;
mod help;
mod info;
mod login;
mod luns;
#[cfg(all(feature = "fuse", target_os = "linux"))]
mod mount;
mod ping;
mod raw;
mod read_write;
mod reserve;
mod reset;
mod secret;
mod serve;

use clap::{Parser, Subcommand};

use crate::arguments::{OutputOptions, topics};
use crate::bench;
use crate::failure::Failure;

/// The page of the program itself: commands by task, on one screen.
const OVERVIEW: &str = "\
Use iSCSI targets from user space: no root, no kernel module

Usage: iscsi [OPTIONS] <COMMAND>
Example: iscsi luns iscsi://192.0.2.1/iqn.2001-04.com.example:disk

Discover and connect:
  discover  List the targets of a portal and their addresses
  login     Log in, show the negotiated parameters, log out
  ping      Measure the round trip to a target
  luns      List the logical units of a target
Logical units:
  info      Show one logical unit
  read      Copy a range of a logical unit into a file
  write     Copy a file onto a logical unit
  copy      Copy between logical units, files and streams
  compare   Compare logical units and files
  checksum  SHA-256 or BLAKE3 of a logical unit or a file
  discard   Give the memory of a range back (UNMAP)
  zero      Make a range of a logical unit zeros
  reserve   List and change persistent reservations
  reset     Reset a logical unit or a target
  raw       Send a SCSI command
  serve     Serve logical units to other programs
Devices of this host:
  attach    Make a logical unit a block device (/dev/nbdN)
  detach    Detach an attached device
  attached  List attached devices
  mount     Show a logical unit as a file (FUSE)
Secrets, measurements and help:
  secret    Store, list, check and import CHAP secrets
  bench     Measure logins and I/O, compare results
  help      Show the page of a command, or a topic:
            connection, secrets, urls, output, exit-codes

Options: --output table|json, -v to -vvv, -h (--help); alone: -V (--version)
";

/// The page of the program, without commands that this build does not have.
fn overview() -> String {
    let is_built =
        |line: &&str| cfg!(all(feature = "fuse", target_os = "linux")) || !line.starts_with("  mount ");
    OVERVIEW.split_inclusive('\n').filter(is_built).collect()
}

/// Use iSCSI targets from user space: no root, no kernel module
#[derive(Parser)]
#[command(name = "iscsi", version, override_help = overview(), term_width = topics::WIDTH)]
#[command(disable_help_flag = true, disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the targets of a portal and their addresses
    #[command(before_help = discover::EXAMPLE, after_help = discover::DETAILS)]
    Discover(discover::Discover),
    /// Log in, show the negotiated parameters, log out
    #[command(before_help = login::EXAMPLE, after_help = login::DETAILS)]
    Login(login::Login),
    /// Measure the round trip to a target
    #[command(before_help = ping::EXAMPLE, after_help = ping::DETAILS)]
    Ping(ping::Ping),
    /// List the logical units of a target
    #[command(before_help = luns::EXAMPLE, after_help = luns::DETAILS)]
    Luns(luns::Luns),
    /// Show one logical unit
    #[command(before_help = info::EXAMPLE, after_help = info::DETAILS)]
    Info(info::Info),
    /// Copy a range of a logical unit into a file
    #[command(before_help = read_write::READ_EXAMPLE, after_help = read_write::READ_DETAILS)]
    Read(read_write::Read),
    /// Copy a file onto a logical unit
    #[command(before_help = read_write::WRITE_EXAMPLE, after_help = read_write::WRITE_DETAILS)]
    Write(read_write::Write),
    /// Copy between logical units, files and streams
    #[command(before_help = copy::EXAMPLE, after_help = copy::DETAILS)]
    Copy(copy::CopyData),
    /// Compare logical units and files
    #[command(before_help = compare::EXAMPLE, after_help = compare::DETAILS)]
    Compare(compare::Compare),
    /// SHA-256 or BLAKE3 of a logical unit or a file
    #[command(before_help = checksum::EXAMPLE, after_help = checksum::DETAILS)]
    Checksum(checksum::Checksum),
    /// Give the memory of a range back (UNMAP)
    #[command(before_help = discard_zero::DISCARD_EXAMPLE, after_help = discard_zero::DISCARD_DETAILS)]
    Discard(discard_zero::Discard),
    /// Make a range of a logical unit zeros
    #[command(before_help = discard_zero::ZERO_EXAMPLE, after_help = discard_zero::ZERO_DETAILS)]
    Zero(discard_zero::Zero),
    /// Show a logical unit as a file (FUSE)
    #[cfg(all(feature = "fuse", target_os = "linux"))]
    #[command(before_help = mount::EXAMPLE, after_help = mount::DETAILS)]
    Mount(mount::Mount),
    /// List and change persistent reservations
    #[command(subcommand, before_help = reserve::EXAMPLE)]
    Reserve(reserve::Reserve),
    /// Reset a logical unit or a target
    #[command(before_help = reset::EXAMPLE, after_help = reset::DETAILS)]
    Reset(reset::Reset),
    /// Send a SCSI command
    #[command(before_help = raw::EXAMPLE, after_help = raw::DETAILS)]
    Raw(raw::Raw),
    /// Serve logical units to other programs
    #[command(subcommand, before_help = serve::EXAMPLE)]
    Serve(serve::Serve),
    /// Make a logical unit a block device (/dev/nbdN)
    #[command(before_help = attach::EXAMPLE, after_help = attach::DETAILS)]
    Attach(attach::Attach),
    /// Detach an attached device
    #[command(before_help = detach::EXAMPLE, after_help = detach::DETAILS)]
    Detach(detach::Detach),
    /// List attached devices
    #[command(before_help = attached::EXAMPLE, after_help = attached::DETAILS)]
    Attached(attached::ListAttached),
    /// Measure logins and I/O, compare results
    #[command(subcommand, before_help = bench::EXAMPLE)]
    Bench(bench::Bench),
    /// Store, list, check and import CHAP secrets
    #[command(subcommand, before_help = secret::EXAMPLE)]
    Secret(secret::Secret),
    /// Show the page of a command, or a topic
    #[command(before_help = help::EXAMPLE, after_help = help::DETAILS)]
    Help(help::Help),
}

impl Command {
    /// Carries the command out.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped in the middle, it leaves a session without a logout or a file incomplete.
    pub(crate) async fn run(&self, options: &OutputOptions) -> Result<(), Failure> {
        let output = options.output;
        match self {
            Self::Discover(command) => command.run(output).await,
            Self::Login(command) => command.run(output).await,
            Self::Ping(command) => command.run(output).await,
            Self::Luns(command) => command.run(output).await,
            Self::Info(command) => command.run(output).await,
            Self::Read(command) => command.run().await,
            Self::Write(command) => command.run().await,
            Self::Copy(command) => command.run(output).await,
            Self::Compare(command) => command.run(output).await,
            Self::Checksum(command) => command.run(output).await,
            Self::Discard(command) => command.run(output).await,
            Self::Zero(command) => command.run(output).await,
            #[cfg(all(feature = "fuse", target_os = "linux"))]
            Self::Mount(command) => command.run(output).await,
            Self::Reserve(command) => command.run(output).await,
            Self::Reset(command) => command.run(output).await,
            Self::Raw(command) => command.run(output).await,
            Self::Serve(command) => command.run(output).await,
            Self::Attach(command) => command.run(output).await,
            Self::Detach(command) => command.run(output).await,
            Self::Attached(command) => command.run(output),
            Self::Bench(command) => command.run(output).await,
            Self::Secret(command) => command.run(output),
            Self::Help(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests;
