//! A server in its own process, which prints its address and ends when its standard input is closed.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::io::Failure;

/// Tells who started this process where it listens.
pub fn announce(address: SocketAddr) {
    println!("{address}");
}

/// Waits for the end of standard input: the process that started this one has closed it, or has ended.
///
/// # Errors
/// Standard input cannot be read.
pub fn wait_for_end() -> io::Result<()> {
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

/// A server process that runs this program.
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a subcommand that serves.
    ///
    /// # Errors
    /// The process does not start, or prints no address.
    pub fn start(arguments: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let address = read_address(&mut child).inspect_err(|_| end(&mut child))?;
        Ok(Self { child, address })
    }

    /// The address of the server.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn read_address(child: &mut Child) -> Result<SocketAddr, Failure> {
    let mut line = String::new();
    let output = child.stdout.take().ok_or("a server without standard output")?;
    BufReader::new(output).read_line(&mut line)?;
    line.trim().parse().map_err(|_| format!("a server did not start: {line}").into())
}

/// Both calls fail only if the process has ended already.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
