//! The cases as Markdown.

use std::fmt::Write as _;

use super::cases::Case;
use crate::stage::Daemon;

const INTRODUCTION: &str = "\
# Interoperability

`tests/interop` runs the program `iscsi` and its library against tgt, istgt and LIO, in the versions of Debian 12, and
against a scripted target. LIO runs in an emulated guest.

## Interoperability matrix

A cell shows the sides that authenticated themselves and the CHAP algorithm, or the error (`Error::fault` and the reason).
Every successful login writes to a disk and reads the data back. The target `open` requires no authentication, `chap`
one-way CHAP, `mutual` and `digests` mutual CHAP; a guarded discovery requires mutual CHAP. Algorithms are offered in the
order of the list; if the case names none, only MD5 is offered.

`WRITE_TABLE=1 cargo test -p iscsi-initiator --test interop table_of_the_readme` writes this page from `matrix/cases.rs`.
A test fails if the result of a case differs from its cell, or if this page differs from the cases.

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
