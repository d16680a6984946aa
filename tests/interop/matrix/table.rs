//! The cases as Markdown.

use super::cases::Case;
use super::offers::DataOffer;
use crate::reinstatement;
use crate::stage::Daemon;

const INTRODUCTION: &str = "\
# Interoperability

`tests/interop` runs the program `iscsi` and its library against tgt, istgt and LIO, in the versions of Debian 12, and
against a scripted target. LIO runs in an emulated guest. [COMMANDS.md](COMMANDS.md) has the results of single SCSI commands.

## Interoperability matrix

A cell shows the sides that authenticated themselves and the CHAP algorithm, or the error (`Error::fault` and the reason).
Every successful login writes to a disk and reads the data back. The target `open` requires no authentication, `chap`
one-way CHAP, `mutual` and `digests` mutual CHAP; a guarded discovery requires mutual CHAP. Algorithms are offered in the
order of the list; if the case names none, only MD5 is offered.

`WRITE_TABLE=1 cargo test -p iscsi-initiator --test interop table_of_the_readme` writes this page from `matrix/cases.rs`,
`matrix/offers.rs` and `reinstatement/table.rs`. A test fails if a result differs from its cell, or if this page differs from these files.

";

const TRANSFERS: &str = "
## Transfers

The first column is what the initiator offers: `InitialR2T`, `ImmediateData`, `FirstBurstLength` and `MaxBurstLength`, and its
`MaxRecvDataSegmentLength`. The targets are set up so that only the initiator restricts them, as far as they allow. A cell
shows the values agreed on, with the longest segments sent and received.

Each offer is tried with disks of 512 and of 4096 bytes per block, and with every combination of header and data digest, which
all three agree to. In each of these sessions `write_at` writes ranges inside of blocks and across blocks, commands, bursts
and segments, from one piece and from many of odd lengths, some of them empty; `read_into` fills memory of the caller that is
shorter than a command, as long, and longer, in place; `read_at` reads three ranges at a time. Every sixteen bytes carry their
address and the number of the write. All that is read is compared byte by byte, then the whole disk is, as another session
without digests reads it by READ commands, and as the target's own file has it (tgt, istgt).

";

pub(super) fn render(cases: &[Case], offers: &[DataOffer]) -> String {
    let mut text = INTRODUCTION.to_owned();
    text += "| case | tgt | istgt | LIO |\n| --- | --- | --- | --- |\n";
    for case in cases {
        text += &row(case.what, |daemon| case.expected(daemon));
    }
    text += TRANSFERS;
    text += "| offer | tgt | istgt | LIO |\n| --- | --- | --- | --- |\n";
    for offer in offers {
        text += &row(&offer.what(), |daemon| offer.expected(daemon));
    }
    text + &reinstatement::table::render()
}

fn row(what: &str, expected: impl Fn(Daemon) -> &'static str) -> String {
    let [tgt, istgt, lio] = [Daemon::Tgt, Daemon::Istgt, Daemon::Lio].map(expected);
    format!("| {what} | {tgt} | {istgt} | {lio} |\n")
}
