//! Copies from standard input and to standard output.

use std::io::Read as _;
use std::process::Stdio;

use super::*;

#[test]
fn a_stream_is_copied_as_it_comes() {
    let units = Units::new(vec![unit(0, 8 * MIB, 512)]);
    let mut data = pattern(5 * MIB + 77, 1);
    data[1 << 20..3 << 20].fill(0);
    units.fill(0, 0, &pattern(8 * MIB, 9));
    let arguments = ["copy", "-", &units.url(0), "--to", "100", "--verify", "--auth", "none"];
    let said = units.place.run_with_input(&arguments, &data).expect(0).stderr;
    assert!(said.contains("copied 5242957 bytes") && said.contains("read back and equal"), "{said}");
    let mut model = pattern(8 * MIB, 9);
    model[100..100 + data.len()].copy_from_slice(&data);
    assert!(units.medium(0, model.len()) == model);
    // A part of the stream, or into a file.
    let part = ["copy", "-", "part", "--length", "1000", "--auth", "none"];
    units.place.run_with_input(&part, &data).expect(0);
    assert_eq!(fs::read(units.place.path("part")).unwrap(), data[..1000]);
    units.place.run_with_input(&["copy", "-", "empty", "--auth", "none"], b"").expect(0);
    assert_eq!(fs::read(units.place.path("empty")).unwrap(), b"");
    units.expect_clean();
}

#[test]
fn a_stream_of_another_length_than_expected_is_an_error() {
    let units = Units::new(vec![unit(0, MIB, 512)]);
    let data = pattern(MIB + 1, 1);
    let arguments = ["copy", "-", &units.url(0), "--auth", "none"];
    let long = units.place.run_with_input(&arguments, &data).expect(10);
    long.complains("standard input has more than the 1048576 bytes");
    let short = units.place.run_with_input(&[&arguments[..], &["--length", "1M"]].concat(), &data[..100]);
    short.expect(10).complains("standard input has 100 bytes, and --length is 1048576");
    units.expect_clean();
}

#[test]
fn a_unit_is_copied_to_standard_output() {
    let units = Units::new(vec![unit(0, 40 * MIB, 512)]);
    let mut model = vec![0; 40 << 20];
    let data = pattern(3 * MIB, 1);
    model[17 << 20..20 << 20].copy_from_slice(&data);
    units.fill(0, 17 * MIB, &data);
    let arguments = ["copy", &units.url(0), "-", "--from", "1", "--auth", "none", "--output", "json"];
    let mut child =
        units.place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut copied = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut copied).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(copied == model[1..]);
    assert_eq!(units.blocks(READ), 3 * 2048);
    units.expect_clean();
}
