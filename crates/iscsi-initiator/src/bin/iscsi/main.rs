//! The program `iscsi`.

fn main() {}
