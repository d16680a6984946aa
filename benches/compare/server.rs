//! A server in its own process, which prints its address and ends when its standard input is closed.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::Failure;

/// Tells who started this process where it listens.
pub(crate) fn announce(address: SocketAddr) {
    println!("{address}");
}

/// Waits for the end of standard input: who started this process has ended, too.
pub(crate) async fn told_to_end() -> Result<(), Failure> {
    let read = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    Ok(read.await?.map(drop)?)
}

/// A server process that runs this program.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a subcommand that serves.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let address = read_address(&mut child).inspect_err(|_| end(&mut child))?;
        Ok(Self { child, address })
    }

    /// The address of the server.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
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
