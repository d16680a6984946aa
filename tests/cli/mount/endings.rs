//! The ways in which a mount ends, and what is left of it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Signal;

use super::{Mount, Stage, errno, is_mounted, succeed, wait};

const SYNCHRONIZE_CACHE_10: u8 = 0x35;
const CHUNK: usize = 4096;

/// The content of a chunk.
fn chunk(number: u64) -> Vec<u8> {
    number.to_be_bytes().repeat(CHUNK / 8)
}

#[test]
fn an_unmount_from_outside_flushes_and_ends_the_program() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    mount.open().write_all_at(&[1; 512], 0).unwrap();
    mount.unmount();
    let outcome = mount.end().expect(0);
    let about_memory = |line: &&str| line.contains("under memory pressure");
    assert_eq!(outcome.stderr.lines().find(|line| !about_memory(line)), None, "{}", outcome.stderr);
    stage.expect_clean(1);
    stage.lose_power();
    assert_eq!(stage.medium(0, 512), [1; 512]);
}

/// The writer runs against the signal: what the kernel acknowledged is stable, and its next write fails.
#[test]
fn a_signal_under_load_loses_no_write_that_was_acknowledged() {
    for signal in [Signal::TERM, Signal::INT] {
        let stage = Stage::new();
        let mount = stage.mount(&[]);
        let file = mount.open();
        let written = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                while file
                    .write_all_at(
                        &chunk(written.load(Ordering::Relaxed)),
                        written.load(Ordering::Relaxed) * CHUNK as u64,
                    )
                    .is_ok()
                {
                    let number = written.fetch_add(1, Ordering::Relaxed);
                    if number.is_multiple_of(50) && file.sync_data().is_err() {
                        return;
                    }
                }
            });
            wait(|| (written.load(Ordering::Relaxed) > 100).then_some(())).unwrap();
            mount.signal(signal);
            let outcome = mount.end().expect(0);
            assert!(
                outcome.stderr.contains("is in use: programs that have it open lose it"),
                "{}",
                outcome.stderr
            );
        });
        stage.expect_clean(1);
        stage.lose_power();
        let written = written.into_inner();
        for number in 0..written {
            assert!(
                stage.medium(number * CHUNK as u64, CHUNK) == chunk(number),
                "chunk {number} of {written}"
            );
        }
        assert_eq!(errno(file.read_at(&mut [0], 0)), Errno::NOTCONN.raw_os_error());
    }
}

#[test]
fn a_mount_that_a_killed_program_left_is_replaced() {
    let stage = Stage::new();
    for _ in 0..2 {
        let mut mount = stage.mount(&[]);
        mount.open().write_all_at(&[4; 512], 0).unwrap();
        mount.signal(Signal::KILL);
        mount.child.wait().unwrap();
        assert!(is_mounted(&mount.directory));
        assert_eq!(errno(File::open(mount.file())), Errno::NOTCONN.raw_os_error());
        // The drop of `Mount` would unmount it.
        std::mem::forget(mount);
    }
    let mount = stage.mount(&[]);
    assert!(
        mount.said().contains("note: mnt: removed the mount of a program that has ended"),
        "{}",
        mount.said()
    );
    let mut read = [0; 512];
    mount.open().read_exact_at(&mut read, 0).unwrap();
    assert_eq!(read, [4; 512]);
    mount.unmount();
    // Nothing lies below it.
    mount.end().expect(0);
}

#[test]
fn fifty_mounts_leave_no_mount_no_session_and_no_file() {
    let stage = Stage::new();
    let names = || {
        let entries = fs::read_dir(stage.place.path("")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let mount = stage.mount(&[]);
    mount.unmount();
    mount.end().expect(0);
    let before = names();
    for number in 0..50_u8 {
        let mount = stage.mount(&[]);
        mount.open().write_all_at(&[number; 512], u64::from(number) * 512).unwrap();
        if number % 2 == 0 {
            mount.unmount();
        } else {
            mount.signal(Signal::TERM);
        }
        mount.end().expect(0);
    }
    assert_eq!(names(), before);
    let report = stage.target.report();
    assert_eq!(
        (report.normal_sessions, report.connections - report.connections_closed),
        (51, 0),
        "{report:?}"
    );
    for number in 0..50_u8 {
        assert_eq!(stage.medium(u64::from(number) * 512, 512), [number; 512]);
    }
}

/// The program unmounts the directory before it says why.
#[test]
fn a_session_that_is_lost_for_good_ends_the_mount() {
    let stage = Stage::new();
    let mount = stage.mount(&["--no-recovery"]);
    assert_eq!(stage.target.cut_sessions(), 1);
    mount.end().expect(7).complains(" lost: ");
}

/// The unit takes half a minute to flush; the second signal does not wait for it.
#[test]
fn a_second_signal_does_not_wait_for_the_flush() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    mount.open().write_all_at(&[1; 512], 0).unwrap();
    stage.target.with_engine(|engine| engine.set_service_time(SYNCHRONIZE_CACHE_10, Duration::from_secs(30)));
    let begin = Instant::now();
    mount.signal(Signal::TERM);
    wait(|| (!is_mounted(&mount.directory)).then_some(())).unwrap();
    thread::sleep(Duration::from_millis(200));
    mount.signal(Signal::TERM);
    mount.end().expect(1).complains("interrupted");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn the_service_manager_is_told_when_the_file_is_there_and_when_the_program_ends() {
    let stage = Stage::new();
    let socket = UnixDatagram::bind(stage.place.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let received = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
    };
    let mut command = stage.place.command(&["mount", &stage.url(), "mnt", "--auth", "none"]);
    let mount = Mount::of(&stage.place, command.env("NOTIFY_SOCKET", stage.place.path("notify")));
    assert_eq!(received(), format!("READY=1\nSTATUS=serving {}", stage.url()));
    assert!(mount.file().exists());
    mount.signal(Signal::TERM);
    assert_eq!(received(), "STOPPING=1");
    mount.end().expect(0);
}

/// A mount that somebody else made at the same place meanwhile stays.
#[test]
fn a_program_whose_mount_is_gone_leaves_the_next_one_alone() {
    let stage = Stage::new();
    let directory = stage.place.path("mnt");
    for _ in 0..10 {
        let mount = stage.mount(&[]);
        mount.unmount();
        succeed("mount", &["-t", "tmpfs", "none", directory.to_str().unwrap()]);
        let code = wait_for_code(mount);
        let is_there = is_mounted(&directory);
        succeed("umount", &[directory.to_str().unwrap()]);
        assert_eq!((code, is_there), (Some(0), true));
    }
}

/// The exit code of a program whose directory may be mounted again.
fn wait_for_code(mut mount: Mount) -> Option<i32> {
    let status = wait(|| mount.child.try_wait().unwrap()).unwrap();
    std::mem::forget(mount);
    status.code()
}
