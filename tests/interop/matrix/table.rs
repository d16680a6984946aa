//! The cases as Markdown.

use std::fmt::Write as _;

use super::cases::Case;
use crate::stage::Daemon;

const INTRODUCTION: &str = "\
# The initiator and other people's targets

`tests/interop` runs the program `iscsi` and its library against tgt, istgt and LIO, in the versions of Debian 12, and
against a scripted target. LIO runs in an emulated guest.

## What the library makes of each target

Who authenticated whom with which CHAP algorithm, or who is at fault and why (`Error::fault` and the reason). Every login
that succeeds writes to a disk and reads back. The targets: `open` demands nothing, `chap` one-way CHAP, `mutual` and
`digests` mutual CHAP; a guarded discovery takes mutual CHAP too. Algorithms are offered in the order of the list; where
none is named, MD5 alone.

This page is written by `WRITE_TABLE=1 cargo test -p iscsi-initiator --test interop table_of_the_readme` from
`matrix/cases.rs`; tests fail when a cell is not what happens, or the page not what the cases say.

";

pub(super) fn render(cases: &[Case]) -> String {
    let mut text = INTRODUCTION.to_owned();
    text += "| case | tgt | istgt | LIO |\n| --- | --- | --- | --- |\n";
    for case in cases {
        let [tgt, istgt, lio] = [Daemon::Tgt, Daemon::Istgt, Daemon::Lio].map(|daemon| case.expected(daemon));
        writeln!(text, "| {} | {tgt} | {istgt} | {lio} |", case.what).unwrap();
    }
    text
}
