//! Placement of client and target on processors.

use std::fs;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::Failure;
use crate::case::Placement;

/// The processors that this process had when it started.
pub(crate) struct Processors {
    all: CpuSet,
    first: CpuSet,
    /// The processor of a server that has one of its own; `None` on a machine with a single one.
    second: Option<CpuSet>,
}

impl Processors {
    pub(crate) fn of_this_process() -> Result<Self, Failure> {
        let all = sched_getaffinity(Pid::from_raw(0))?;
        let mut each = (0..CpuSet::count()).filter(|number| all.is_set(*number).unwrap_or(false));
        let first = only(each.next().ok_or("this process may use no processor")?)?;
        let second = each.next().map(only).transpose()?;
        Ok(Self { all, first, second })
    }

    /// Places these servers, and this process with every client it starts from now on.
    pub(crate) fn place(&self, placement: Placement, servers: &[u32]) -> Result<(), Failure> {
        let (client, server) = match placement {
            Placement::Pinned => (&self.first, &self.first),
            Placement::Apart => {
                (&self.first, self.second.as_ref().ok_or("client and target need two processors")?)
            }
            Placement::Unpinned => (&self.all, &self.all),
        };
        sched_setaffinity(Pid::from_raw(0), client)?;
        servers.iter().try_for_each(|pid| place_threads(*pid, server))
    }
}

fn only(number: usize) -> Result<CpuSet, Failure> {
    let mut set = CpuSet::new();
    set.set(number)?;
    Ok(set)
}

/// Each thread has processors of its own.
fn place_threads(pid: u32, processors: &CpuSet) -> Result<(), Failure> {
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let id = thread?.file_name().into_string().map_err(|_| "a thread id that is no number")?;
        sched_setaffinity(Pid::from_raw(id.parse()?), processors)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_server_is_pinned_and_let_go_with_all_its_threads() {
        let processors = Processors::of_this_process().unwrap();
        let mut server = Command::new("sleep").arg("60").spawn().unwrap();
        let of_server = || sched_getaffinity(Pid::from_raw(server.id().try_into().unwrap())).unwrap();
        processors.place(Placement::Pinned, &[server.id()]).unwrap();
        assert_eq!(of_server(), processors.first);
        if let Some(second) = processors.second {
            processors.place(Placement::Apart, &[server.id()]).unwrap();
            assert_eq!(of_server(), second);
        }
        processors.place(Placement::Unpinned, &[server.id()]).unwrap();
        assert_eq!(of_server(), processors.all);
        server.kill().unwrap();
        server.wait().unwrap();
    }
}
