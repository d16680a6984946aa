//! Targets that are killed and come back while the file is written.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use iscsi_tests::external_targets::{Tgt, TgtTarget};

use super::{MIB, Mount};
use crate::program::Place;

const NAME: &str = "disk";
const SIZE: u64 = 16 * MIB;
const CHUNK: usize = 8192;
/// Chunks between two calls of fsync.
const GROUP: u64 = 16;

/// The content of a chunk in a pass over the file.
fn chunk(number: u64, pass: u8) -> Vec<u8> {
    let mut data = vec![pass; CHUNK];
    data[..8].copy_from_slice(&number.to_be_bytes());
    data
}

/// Writes a group of chunks until they are flushed: a flush fails when a target that was killed may have lost them.
fn write_group(file: &File, group: u64, pass: u8) {
    for _ in 0..10 {
        for number in group * GROUP..(group + 1) * GROUP {
            file.write_all_at(&chunk(number, pass), number * CHUNK as u64).unwrap();
        }
        if file.sync_data().is_ok() {
            return;
        }
    }
    panic!("group {group} was not flushed ten times");
}

/// No write fails meanwhile, and each chunk holds what was written last.
#[test]
fn a_target_that_is_killed_and_started_again_under_load_keeps_the_data_right() {
    let mut tgt = Tgt::builder().target(TgtTarget::named(NAME).size(SIZE)).start();
    let place = Place::new();
    std::fs::create_dir(place.path("mnt")).unwrap();
    let mount = Mount::new(&place, &tgt.url(NAME, TgtTarget::FILE_LUN), &[]);
    let file_name = mount.directory.join(format!("lun{}", TgtTarget::FILE_LUN));
    let file = File::options().read(true).write(true).open(file_name).unwrap();
    let (groups, is_over) = (SIZE / (GROUP * CHUNK as u64), AtomicBool::new(false));
    let passes = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut pass = 1;
            loop {
                let is_last = is_over.load(Ordering::Relaxed);
                (0..groups).for_each(|group| write_group(&file, group, pass));
                if is_last {
                    return pass;
                }
                pass = pass.wrapping_add(1);
            }
        });
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(300));
            tgt.kill();
            thread::sleep(Duration::from_millis(300));
            tgt.start_again();
            thread::sleep(Duration::from_millis(1500));
        }
        is_over.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    let mut read = vec![0; CHUNK];
    for number in 0..SIZE / CHUNK as u64 {
        file.read_exact_at(&mut read, number * CHUNK as u64).unwrap();
        assert!(read == chunk(number, passes), "chunk {number}");
    }
    drop(file);
    assert!(mount.said().matches("note: logged in again").count() >= 3, "{}", mount.said());
    mount.unmount();
    mount.end().expect(0);
    let held = std::fs::read(tgt.backing_file(NAME)).unwrap();
    assert!(held.chunks(CHUNK).zip(0..).all(|(held, number)| held == chunk(number, passes)));
}
