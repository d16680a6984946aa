//! The programs of others: libnbd's nbdinfo, nbdcopy and nbdsh, QEMU's tools, and fio.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use iscsi_tests::ram_disk::LogicalUnit;

use super::{MIB, Served, thin};

/// Runs a program that has to succeed, and gives its standard output.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> String {
    // nbdsh needs the Python of the system, which has the module of libnbd.
    let Output { status, stdout, stderr } = Command::new(program)
        .args(arguments)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; tests/run installs it"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{program} {arguments:?}: {stdout}\n{stderr}");
    stdout.into_owned()
}

fn pattern(length: u64) -> Vec<u8> {
    (1..=251).cycle().take(usize::try_from(length).unwrap()).collect()
}

/// A file of 8 MiB with data at the beginning and in the middle.
fn sparse_file(served: &Served) -> (String, Vec<u8>) {
    let mut data = vec![0; usize::try_from(8 * MIB).unwrap()];
    data[..300_000].copy_from_slice(&pattern(300_000));
    data[5_000_000..5_400_000].copy_from_slice(&pattern(400_000));
    let path = served.place.path("image");
    fs::write(&path, &data).unwrap();
    (text(&path), data)
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn nbdinfo_shows_what_an_export_supports() {
    let served = Served::unit(thin(0, 8 * MIB));
    let info: serde_json::Value =
        serde_json::from_str(&run("nbdinfo", &["--json", &served.uri("")])).unwrap();
    assert_eq!(info["protocol"], "newstyle-fixed");
    assert_eq!(info["structured"], true);
    let export = &info["exports"][0];
    assert_eq!(export["export-size"], 8 * MIB);
    assert_eq!(export["contexts"], serde_json::json!(["base:allocation"]));
    for supported in [
        "can_cache",
        "can_df",
        "can_fast_zero",
        "can_flush",
        "can_fua",
        "can_multi_conn",
        "can_trim",
        "can_zero",
    ] {
        assert_eq!(export[supported], true, "{supported}");
    }
    assert_eq!(export["is_read_only"], false);
    assert_eq!(export["block_size_minimum"], 512);
    assert_eq!(export["block_size_maximum"], 32 * MIB);
    served.end().expect(0);
}

#[test]
fn nbdinfo_lists_all_exports_and_maps_one() {
    let served = Served::units(vec![thin(0, 8 * MIB), thin(1, MIB)], &["--export", "a", "--export", "b"]);
    let list: serde_json::Value =
        serde_json::from_str(&run("nbdinfo", &["--json", "--list", &served.uri("")])).unwrap();
    let names: Vec<_> =
        list["exports"].as_array().unwrap().iter().map(|export| export["export-name"].clone()).collect();
    assert_eq!(names, ["a", "b"]);
    served.client().go("a", super::client::Form::Simple).write(MIB, &pattern(MIB));
    let map: serde_json::Value =
        serde_json::from_str(&run("nbdinfo", &["--json", "--map", &served.uri("a")])).unwrap();
    let parts: Vec<_> = map
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            (part["offset"].as_u64().unwrap(), part["length"].as_u64().unwrap(), part["type"].clone())
        })
        .collect();
    assert_eq!(parts, [(0, MIB, 3.into()), (MIB, MIB, 0.into()), (2 * MIB, 6 * MIB, 3.into())]);
    served.end().expect(0);
}

#[test]
fn nbdcopy_copies_both_ways_over_several_connections() {
    let served = Served::unit(thin(0, 8 * MIB));
    let (image, data) = sparse_file(&served);
    run("nbdcopy", &["--connections=4", "--flush", "--destination-is-zero", &image, &served.uri("")]);
    assert!(served.medium(0, 0, data.len()) == data);
    let copy = text(&served.place.path("copy"));
    run("nbdcopy", &["--connections=4", &served.uri(""), &copy]);
    assert!(fs::read(&copy).unwrap() == data);
    served.end().expect(0);
}

#[test]
fn qemu_img_converts_compares_and_maps() {
    let served = Served::unit(thin(0, 8 * MIB));
    let (image, data) = sparse_file(&served);
    let uri = served.uri("");
    let info: serde_json::Value =
        serde_json::from_str(&run("qemu-img", &["info", "--output=json", "-f", "raw", &uri])).unwrap();
    assert_eq!(info["virtual-size"], 8 * MIB);
    run("qemu-img", &["convert", "-n", "-f", "raw", "-O", "raw", "-S", "4k", &image, &uri]);
    assert!(served.medium(0, 0, data.len()) == data);
    run("qemu-img", &["compare", "-f", "raw", "-F", "raw", &image, &uri]);
    let map: serde_json::Value =
        serde_json::from_str(&run("qemu-img", &["map", "--output=json", "-f", "raw", &uri])).unwrap();
    let zeros: u64 = map
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["zero"] == true)
        .map(|part| part["length"].as_u64().unwrap())
        .sum();
    assert!(zeros > 6 * MIB, "{map}");
    let back = text(&served.place.path("back.qcow2"));
    run("qemu-img", &["convert", "-f", "raw", "-O", "qcow2", &uri, &back]);
    run("qemu-img", &["compare", "-f", "raw", "-F", "qcow2", &image, &back]);
    served.end().expect(0);
}

#[test]
fn qemu_io_writes_zeroes_discards_and_flushes() {
    let served = Served::unit(thin(0, 8 * MIB));
    let commands = [
        "write -P 0xa5 0 1M",
        "write -f -P 0x5a 1M 64k",
        "write -z 4k 64k",
        "write -z -u 128k 64k",
        "discard 256k 64k",
        "flush",
        "read -P 0xa5 0 4k",
        "read -P 0 4k 64k",
        "read -P 0 128k 64k",
        "read -P 0x5a 1M 64k",
        "aio_write -P 0x11 3M 1M",
        "aio_flush",
        "read -P 0x11 3M 1M",
    ];
    let uri = served.uri("");
    let arguments: Vec<_> = commands.iter().flat_map(|command| ["-c", command]).collect();
    let said = run("qemu-io", &[&["-f", "raw"], &arguments[..], &[&uri]].concat());
    assert!(!said.contains("Pattern verification failed"), "{said}");
    assert_eq!(served.medium(0, MIB, 4), [0x5a; 4]);
    served.end().expect(0);
}

/// libnbd's shell, with its own checks of requests switched off.
#[test]
fn nbdsh_sees_the_error_of_each_malformed_request() {
    let served = Served::unit(LogicalUnit { blocks: 2048, ..LogicalUnit::default() });
    let script = "
import errno
h.set_strict_mode(0)
def code(call):
    try:
        call()
        return 0
    except nbd.Error as error:
        return error.errnum
size = h.get_size()
assert h.get_structured_replies_negotiated()
assert h.can_meta_context('base:allocation')
assert code(lambda: h.pread(512, size)) == errno.EINVAL
assert code(lambda: h.pwrite(bytearray(512), size)) == errno.ENOSPC
assert code(lambda: h.pread(512, 0, 1 << 7)) == errno.EINVAL
assert code(lambda: h.zero(512, size - 511)) == errno.ENOSPC
assert code(lambda: h.zero(512, 0, nbd.CMD_FLAG_FAST_ZERO)) == errno.ENOTSUP
assert code(lambda: h.trim(0, 0)) == errno.EINVAL
assert code(lambda: h.cache(512, size)) == errno.EINVAL
h.pwrite(b'x' * 512, 0, nbd.CMD_FLAG_FUA)
h.flush()
h.zero(512, 512, nbd.CMD_FLAG_NO_HOLE)
chunks = []
data = h.pread_structured(1024, 0, lambda data, offset, status, error: chunks.append((offset, status)), nbd.CMD_FLAG_DF)
assert data == b'x' * 512 + bytes(512), data
assert chunks == [(0, nbd.READ_DATA)], chunks
extents = []
h.block_status(size, 0, lambda context, offset, entries, error: extents.extend(entries))
assert extents == [size, 0], extents
print('done')
";
    let uri = served.uri("");
    let said = run("nbdsh", &["--base-allocation", "-u", &uri, "-c", script]);
    assert_eq!(said.trim(), "done");
    served.end().expect(0);
}

#[test]
fn fio_verifies_what_it_has_written() {
    let served = Served::unit(thin(0, 16 * MIB));
    let uri = format!("--uri={}", served.uri(""));
    let common =
        ["--ioengine=nbd", &uri, "--size=16m", "--iodepth=32", "--name=job", "--output-format=terse"];
    let verify =
        ["--rw=randwrite", "--bsrange=512-64k", "--verify=crc32c", "--verify_fatal=1", "--do_verify=1"];
    run("fio", &[&common[..], &verify].concat());
    run("fio", &[&common[..], &["--rw=randrw", "--bs=4k", "--number_ios=2000", "--fsync=16"]].concat());
    served.end().expect(0);
}
