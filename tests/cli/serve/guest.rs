//! A guest of QEMU boots from a logical unit: its disk is our socket, and the target requires mutual CHAP.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::process::{Child, Command, Stdio};

use iscsi_tests::external_targets::{Auth, Tgt, TgtTarget};

use super::{signal, start, wait};
use crate::program::Place;

const GREETING: &[u8] = b"booted from a logical unit\r\n\0";
const SECTOR: usize = 512;
/// The exit status of QEMU when the guest has done everything, by its device for that.
const DONE: i32 = 0x10 << 1 | 1;

/// A boot sector: reads sector 1 through the BIOS, writes it to sector 2, and sends it to the serial port up to its first zero. A
/// failure ends the guest with another status.
#[rustfmt::skip]
const BOOT: [u8; 71] = [
    // cli; ds, es, ss = 0; sp = 0x7c00; sti
    0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb,
    // Reads the second sector to 0x8000; the drive is in dl.
    0xb8, 0x01, 0x02, 0xb9, 0x02, 0x00, 0xb6, 0x00, 0xbb, 0x00, 0x80, 0xcd, 0x13, 0x72, 0x24,
    // Writes it to the third one.
    0xb8, 0x01, 0x03, 0xb9, 0x03, 0x00, 0xb6, 0x00, 0xbb, 0x00, 0x80, 0xcd, 0x13, 0x72, 0x15,
    // Sends the text.
    0xbe, 0x00, 0x80, 0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5,
    // Ends with 0x10; a failure with 0x11.
    0xb0, 0x10, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd,
    0xb0, 0x11, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd,
];

/// A target with mutual CHAP, and the boot sector on its disk.
fn bootable() -> (Tgt, File) {
    let auth = Auth::mutual(("initiator-user", "initsecret123"), ("target-user", "targsecret456"));
    let tgt = Tgt::builder().target(TgtTarget::named("guest").size(16 << 20).auth(auth)).start();
    let disk = File::options().read(true).write(true).open(tgt.backing_file("guest")).unwrap();
    let mut sectors = [0; 2 * SECTOR];
    sectors[..BOOT.len()].copy_from_slice(&BOOT);
    sectors[SECTOR - 2..SECTOR].copy_from_slice(&[0x55, 0xaa]);
    sectors[SECTOR..SECTOR + GREETING.len()].copy_from_slice(GREETING);
    disk.write_all_at(&sectors, 0).unwrap();
    (tgt, disk)
}

fn serve(place: &Place, url: &str) -> Child {
    let forward = place.secret_file("forward", b"initsecret123");
    let reverse = place.secret_file("reverse", b"targsecret456");
    let accounts = [
        ["--auth", "mutual"],
        ["--user", "initiator-user"],
        ["--secret-file", &forward],
        ["--target-user", "target-user"],
        ["--target-secret-file", &reverse],
    ];
    let arguments = [&["serve", "nbd", url, "--socket", "nbd", "--output", "json"], accounts.as_flattened()];
    start(&mut place.command(&arguments.concat())).0
}

#[test]
fn a_guest_boots_from_the_socket() {
    let (tgt, disk) = bootable();
    let place = Place::new();
    let mut server = serve(&place, &tgt.url("guest", TgtTarget::FILE_LUN));
    let drive = format!("file=nbd+unix:///?socket={},format=raw,if=ide", place.path("nbd").display());
    let mut guest = Command::new("qemu-system-x86_64");
    guest.args([
        "-machine",
        "pc,accel=tcg",
        "-m",
        "32",
        "-display",
        "none",
        "-serial",
        "stdio",
        "-net",
        "none",
    ]);
    guest.args(["-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-drive", &drive]);
    let output = guest.stdin(Stdio::null()).output().unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    signal(&server);
    let log = wait(&mut server).expect(0).stderr;
    assert_eq!(output.status.code(), Some(DONE), "{said}{complained}{log}");
    assert!(said.contains("booted from a logical unit"), "{said}{complained}");
    // The line of the guest is on the disk of the target.
    let mut written = [0; GREETING.len()];
    disk.read_exact_at(&mut written, 2 * SECTOR as u64).unwrap();
    assert_eq!(written, GREETING);
}
