//! The record of `strace`.

/// File names that the client asks for where the counted part begins and ends.
pub(crate) const BEGIN: &str = "io-counts-begin";
pub(crate) const END: &str = "io-counts-end";

/// System calls between the marks, and how many of them failed with EAGAIN.
pub(crate) fn parse(record: &str) -> Option<(u64, u64)> {
    let counted = record.split_once(BEGIN)?.1.split_once(END)?.0;
    let (_, counted) = counted.split_once('\n')?;
    // The last line is the beginning of the one with the mark.
    let (counted, _) = counted.rsplit_once('\n').unwrap_or_default();
    let calls = || counted.lines().filter(|line| is_call(line));
    let eagain = counted.lines().filter(|line| line.contains("= -1 EAGAIN ")).count();
    Some((u64::try_from(calls().count()).ok()?, u64::try_from(eagain).ok()?))
}

/// False for signals, ends of processes, and the second half of a call that another thread interrupted.
fn is_call(line: &str) -> bool {
    let words = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    !["---", "+++", "<..."].iter().any(|other| words.starts_with(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "\
7 read(9, \"\", 1) = 0
7 statx(AT_FDCWD, \"io-counts-begin\", 0) = -1 ENOENT (No such file or directory)
7 writev(9, [{iov_base=\"\"}], 1) = 48
7 recvfrom(9, 0x1, 1, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
7 epoll_wait(3,  <unfinished ...>
8 futex(0x1, FUTEX_WAIT) = -1 ETIMEDOUT (Connection timed out)
7 <... epoll_wait resumed>[], 1, -1) = 1
7 --- SIGCHLD {si_signo=SIGCHLD} ---
8 +++ exited with 0 +++
7 statx(AT_FDCWD, \"io-counts-end\", 0) = -1 ENOENT (No such file or directory)
7 close(9) = 0
";

    #[test]
    fn calls_between_the_marks_are_counted_once() {
        assert_eq!(parse(RECORD), Some((4, 1)));
    }

    #[test]
    fn nothing_may_stand_between_the_marks() {
        assert_eq!(parse("1 statx(\"io-counts-begin\") = 0\n1 statx(\"io-counts-end\") = 0\n"), Some((0, 0)));
    }

    #[test]
    fn a_record_without_its_marks_is_no_count() {
        assert_eq!(parse("7 close(9) = 0\n"), None);
        assert_eq!(parse("7 statx(\"io-counts-begin\") = 0\n7 close(9) = 0\n"), None);
    }
}
