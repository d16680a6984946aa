//! The readable and writable regions of a process's memory.

use std::fs;

/// A contiguous range of addresses.
pub(crate) struct Region {
    pub(crate) begin: u64,
    pub(crate) end: u64,
    /// The name that the kernel gives it.
    pub(crate) name: String,
}

impl Region {
    /// All regions that this process may read and write.
    pub(crate) fn all() -> Vec<Self> {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter_map(Self::parse).collect()
    }

    /// `begin-end rw-p offset device inode name`
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_whitespace();
        let (begin, end) = fields.next().unwrap().split_once('-').unwrap();
        fields.next().unwrap().starts_with("rw").then_some(())?;
        let name = fields.nth(3).unwrap_or("[anonymous]").to_owned();
        Some(Self { begin: address(begin), end: address(end), name })
    }
}

fn address(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap()
}
