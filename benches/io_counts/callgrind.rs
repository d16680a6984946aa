//! The record of callgrind, with names in full.

/// Functions that return new or larger memory.
const ALLOCATORS: [&str; 6] = ["malloc", "calloc", "realloc", "memalign", "posix_memalign", "aligned_alloc"];

/// User instructions and heap allocations of the counted part.
///
/// A call stands in the lines of the calling function: `cfn=` with the called one, then `calls=` with the number and the
/// place of the call.
pub(crate) fn parse(record: &str) -> Option<(u64, u64)> {
    let total = record.lines().find_map(|line| line.strip_prefix("totals: "))?;
    let (mut allocations, mut called) = (0, "");
    for line in record.lines() {
        if let Some(name) = line.strip_prefix("cfn=") {
            called = name;
        } else if let Some(calls) = line.strip_prefix("calls=") {
            let number: u64 = calls.split(' ').next()?.parse().ok()?;
            allocations += if ALLOCATORS.contains(&called) { number } else { 0 };
        }
    }
    Some((total.trim().parse().ok()?, allocations))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "\
# callgrind format
events: Ir
ob=/target/io-counts
fn=tokio::task::spawn
16 4
cob=/lib/libc.so.6
cfi=???
cfn=malloc
calls=3 0
16 300
cfn=free
calls=2 0
16 70
fn=other
cfn=realloc
calls=1 0
20 9
totals: 383
";

    #[test]
    fn calls_of_allocators_are_added_up() {
        assert_eq!(parse(RECORD), Some((383, 4)));
    }

    #[test]
    fn a_record_that_was_cut_off_is_no_count() {
        assert_eq!(parse(RECORD.split_once("totals").unwrap().0), None);
    }
}
