//! Copies that the target carries out by itself.

use iscsi_tests::ram_disk::LogicalUnit;

use super::*;

#[test]
fn units_of_one_target_are_copied_by_the_target() {
    let units = Units::new(vec![unit(0, 64 * MIB, 512), unit(1, 64 * MIB, 512)]);
    let data = pattern(63 * MIB + 512, 1);
    units.fill(0, 0, &data);
    let ends = [&units.url(0)[..], &units.url(1)];
    let copied = units.run(&[&["copy"], &ends[..], &["--output", "json", "--offload", "always"]].concat());
    let report = parsed(&copied.expect(0));
    assert_eq!(report["offloaded_bytes"], data.len());
    assert_eq!((units.blocks(READ), units.blocks(WRITE)), (0, 0));
    units.run(&[&["compare"], &ends[..]].concat()).expect(0);
    // Ranges that are not of whole blocks are read and written.
    let some = [&["copy"], &ends[..], &["--from", "512", "--to", "100", "--length", "1M"]].concat();
    let report = parsed(&units.run(&[&some[..], &["--output", "json"]].concat()).expect(0));
    assert_eq!(report["offloaded_bytes"], 0);
    assert!(units.medium(1, 1_048_676)[100..] == data[512..512 + (1 << 20)]);
    units.expect_clean();
}

#[test]
fn what_the_target_cannot_copy_is_read_and_written() {
    let nameless = LogicalUnit { is_named: false, ..unit(2, 2 * MIB, 512) };
    let units = Units::new(vec![unit(0, 2 * MIB, 512), unit(1, 2 * MIB, 4096), nameless]);
    let data = pattern(2 * MIB, 1);
    units.fill(0, 0, &data);
    for (other, reason) in [(1, "the block sizes of the units differ"), (2, "a unit has no designator")] {
        let copy = ["copy", &units.url(0), &units.url(other), "--offload"];
        units.run(&[&copy[..], &["always"]].concat()).expect(2).complains(reason);
        units.run(&[&copy[..], &["auto"]].concat()).expect(0);
        assert!(units.medium(other, data.len()) == data);
    }
    let file = ["copy", &units.url(0), "file", "--offload", "always"];
    units.run(&file).expect(2).complains("not two logical units of one target");
    units.expect_clean();
}
