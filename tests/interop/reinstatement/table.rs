//! The expected results, and their part of the page.

use crate::stage::Daemon;

/// Something after which another session begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    FirstLogin,
    Closed,
    ClosedDuringWrite,
    Reinstated,
    ReinstatedWithoutSecurity,
    Restarted,
    Disabled,
}

impl Event {
    pub(crate) const ALL: [Self; 7] = [
        Self::FirstLogin,
        Self::Closed,
        Self::ClosedDuringWrite,
        Self::Reinstated,
        Self::ReinstatedWithoutSecurity,
        Self::Restarted,
        Self::Disabled,
    ];

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::FirstLogin => "first login",
            Self::Closed => "connection closed without a logout",
            Self::ClosedDuringWrite => "the same, during a write",
            Self::Reinstated => "connection still open, during a write",
            Self::ReinstatedWithoutSecurity => "the same, and a login without the security stage",
            Self::Restarted => "target restarted; LIO's removed and set up again",
            Self::Disabled => "portal group disabled and enabled",
        }
    }
}

/// The result with a daemon; `None` for what it does not have.
pub(crate) const fn expected(event: Event, daemon: Daemon) -> Option<&'static str> {
    use Daemon::{Istgt, Lio, Tgt};
    use Event::{
        Closed, ClosedDuringWrite, Disabled, FirstLogin, Reinstated, ReinstatedWithoutSecurity, Restarted,
    };
    Some(match (event, daemon) {
        (FirstLogin | Restarted, Tgt | Istgt) | (Closed, Tgt) => "29/00",
        (FirstLogin | Restarted, Lio) => "3F/0E",
        (Closed, Istgt | Lio) | (Disabled, Lio) => "none",
        (ClosedDuringWrite, Tgt) => "29/00; the old write is carried out later",
        (ClosedDuringWrite, Istgt | Lio) => "none; waits for the old write",
        (Reinstated, Tgt) => "29/00; the old write is carried out later; old connection closed",
        (ReinstatedWithoutSecurity, Tgt) => "29/00; the old write is carried out later; old connection open",
        (Reinstated | ReinstatedWithoutSecurity, Istgt | Lio) => {
            "none; waits for the old write; old connection closed"
        }
        (Disabled, Tgt | Istgt) => return None,
    })
}

const INTRODUCTION: &str = "
## Reinstatement and restarts

A session ends in the way of the first column, and a login with its ISID and TSIH 0 follows. A cell shows the unit attentions
that the unit reports until TEST UNIT READY succeeds. In the rows with a write, the target was busy with one of the old session
when the connection closed or the login came: tgt's and istgt's writes to the file are delayed by `strace`, LIO's unit is slow. A
target that waits for the old write answers the login or the first command only when the write has ended.

";

const CONSEQUENCES: &str = "
What follows for the [recovery](../../crates/iscsi-initiator/README.md#sessions) of sessions:

- A login that replaces a session passes the security stage, with `AuthMethod=None` where there is no authentication. Otherwise
  tgt leaves the old connection open, and data that arrive there later overwrite newer ones.
- istgt and LIO end the tasks of the old session before they serve the new one, as RFC 7143, section 6.3.5 requires. tgt does
  not wait for a write that one of its threads is busy with. If the disk takes longer than the recovery, this write may be carried
  out after it was sent again, and after a later write to the same blocks. No answer of tgt shows that. LOGICAL UNIT RESET
  waits for such writes, but ends the tasks of other initiators too, so the library does not send it.
- After a recovery, 29/00 to 29/04 and 3F/0E count as a sign that the target may have lost its write cache: LIO reports nothing
  else after a restart. If writes were not flushed, the next flush fails once (`Error::WritesMayBeLost`).
- tgt reports 29/00 in every session. With it the flush after a recovery fails once for writes that were not flushed before, even if
  only the connection was lost: a restart cannot be told from it.
";

/// The section of the page.
pub(crate) fn render() -> String {
    let mut text = INTRODUCTION.to_owned() + "| event | tgt | istgt | LIO |\n| --- | --- | --- | --- |\n";
    for event in Event::ALL {
        let cells =
            [Daemon::Tgt, Daemon::Istgt, Daemon::Lio].map(|daemon| expected(event, daemon).unwrap_or("–"));
        text += &["| ", event.words(), " | ", &cells.join(" | "), " |\n"].concat();
    }
    text + CONSEQUENCES
}
