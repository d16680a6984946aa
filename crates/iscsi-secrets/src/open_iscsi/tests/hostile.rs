//! Names, links and files that nobody should believe.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn names_that_are_not_of_targets_and_portals_are_not_believed() {
    let place = Place::new();
    let mut expected = Vec::new();
    for name in ["nodes/disk/192.0.2.7,3260,1", "nodes/iqn.a\\b/192.0.2.7,3260", "nodes/lost+found/x"] {
        place.write(name, &FORWARD);
        expected.push(place.path(name).parent().unwrap().to_path_buf());
    }
    for name in [&format!("nodes/{DISK}/notes.txt"), "send_targets/portal"] {
        expected.push(place.write(name, &FORWARD));
    }
    expected.sort();
    let Import { changes, warnings } = place.read();
    assert!(changes.is_empty());
    assert_eq!(
        warnings,
        expected.into_iter().map(|path| ImportWarning::ForeignName { path }).collect::<Vec<_>>()
    );
}

#[test]
fn links_are_followed_inside_and_never_outside() {
    let outside = Place::new();
    let secret = outside.write("record", &FORWARD);
    outside.write("records/default", &FORWARD);
    let place = Place::new();
    let node = |name: &str| place.path(&format!("nodes/{DISK}/{name}"));
    place.write(&format!("nodes/{DISK}/192.0.2.1,3260,1"), &REVERSE);
    symlink("192.0.2.1,3260,1", node("192.0.2.2,3260,1")).unwrap();
    symlink(&secret, node("192.0.2.3,3260,1")).unwrap();
    symlink(outside.path("records"), node("192.0.2.4,3260,1")).unwrap();
    symlink("nowhere", node("192.0.2.5,3260,1")).unwrap();
    symlink(outside.path("records"), place.path("nodes/iqn.2001-04.com.example:elsewhere")).unwrap();
    symlink(outside.path(""), place.path("send_targets")).unwrap();
    symlink(&secret, place.path("iscsid.conf")).unwrap();
    let (held, warnings) = place.imported();
    assert_eq!(held.of_target(DISK), "- target:reverse-secret");
    assert_eq!(held.of(&Scope::Global), "- -");
    let unreadable = |path, fault| ImportWarning::Unreadable { path, fault };
    let outside = |path| unreadable(path, UnreadableFile::Outside);
    let expected = [
        outside(place.path("nodes/iqn.2001-04.com.example:elsewhere")),
        outside(place.path("send_targets")),
        outside(place.path("iscsid.conf")),
        outside(node("192.0.2.3,3260,1")),
        outside(node("192.0.2.4,3260,1")),
        unreadable(node("192.0.2.5,3260,1"), UnreadableFile::Io(ErrorKind::NotFound)),
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn what_is_no_file_or_too_large_is_not_read() {
    let place = Place::new();
    let directory = format!("nodes/{DISK}/192.0.2.7,3260,1");
    let large = place.write(&format!("{directory}/a"), &[FORWARD[1], &"#\n".repeat(1 << 19)]);
    let (pipe, mode) = (place.path(&format!("{directory}/b")), rustix::fs::Mode::from_raw_mode(0o600));
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    fs::create_dir(place.path(&format!("{directory}/c"))).unwrap();
    let expected = [
        ImportWarning::Unreadable { path: large, fault: UnreadableFile::TooLarge },
        ImportWarning::Unreadable { path: pipe, fault: UnreadableFile::NotAFile },
        ImportWarning::Unreadable {
            path: place.path(&format!("{directory}/c")),
            fault: UnreadableFile::NotAFile,
        },
    ];
    assert_eq!(place.warnings(), expected);
}

#[test]
fn a_directory_that_is_none_of_open_iscsi_is_an_error() {
    let place = Place::new();
    let error = |path: PathBuf| read(path).err().unwrap();
    assert_eq!(error(place.path("")), ImportError::NothingThere { path: place.path("") });
    let (path, kind) = (place.path("absent"), ErrorKind::NotFound);
    assert_eq!(error(path.clone()), ImportError::Directory { path, kind });
    fs::create_dir(place.path("nodes")).unwrap();
    assert!(place.read().changes.is_empty());
}

#[test]
fn more_names_than_any_initiator_has_are_refused() {
    let place = Place::new();
    fs::create_dir(place.path("nodes")).unwrap();
    let mut root = root::Root::new(&place.path("")).unwrap();
    for name in ["a", "b"] {
        place.write(&format!("nodes/{name}"), &[]);
    }
    for _ in 0..root::MAX_RECORDS / 2 {
        assert_eq!(root.list(&place.path("nodes")).unwrap().len(), 2);
    }
    assert_eq!(root.list(&place.path("nodes")), Err(ImportError::TooManyRecords { path: place.path("") }));
}
