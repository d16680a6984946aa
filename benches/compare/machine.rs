//! The machine and the software versions of a measurement.

use std::fmt;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};

/// A machine, and the versions of the software on it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    processor: String,
    processors: usize,
    kernel: String,
    rustc: String,
    libiscsi: String,
    tgt: String,
    qemu: String,
}

impl Machine {
    pub(crate) fn this() -> Self {
        Self {
            processor: processor(),
            processors: available_parallelism().map_or(0, usize::from),
            kernel: read("/proc/sys/kernel/osrelease"),
            rustc: first_line(Command::new("rustc").arg("--version")),
            libiscsi: package("libiscsi-dev"),
            tgt: package("tgt"),
            qemu: package("qemu-utils"),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, processors, kernel, rustc, libiscsi, tgt, qemu } = self;
        write!(formatter, "{processor}, {processors} processors; Linux {kernel}; {rustc}; ")?;
        write!(formatter, "libiscsi {libiscsi}; tgt {tgt}; qemu {qemu}")
    }
}

const UNKNOWN: &str = "unknown";

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| UNKNOWN.to_owned(), |text| text.trim().to_owned())
}

fn processor() -> String {
    let text = read("/proc/cpuinfo");
    let mut models = text.lines().filter(|line| line.starts_with("model name"));
    models
        .next()
        .and_then(|line| line.split_once(": "))
        .map_or_else(|| UNKNOWN.to_owned(), |(_, name)| name.trim().to_owned())
}

/// The version of a Debian package.
fn package(name: &str) -> String {
    first_line(Command::new("dpkg-query").args(["--show", "--showformat=${Version}\n", name]))
}

fn first_line(command: &mut Command) -> String {
    let output = command.output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text.as_deref().and_then(|text| text.lines().next());
    line.unwrap_or(UNKNOWN).to_owned()
}
