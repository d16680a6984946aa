//! Values, names, links and files that cannot be used, and warnings about them.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn unusable_values_are_told_and_the_rest_is_taken() {
    let long = format!("node.session.auth.password = {}\n", "x".repeat(256));
    let long_name = format!("node.session.auth.username = {}\n", "x".repeat(256));
    let cases: [(&[&str], &str, UnusableValue); 6] = [
        (&[&long], "node.session.auth.password", UnusableValue::TooLong),
        (&[&long_name, FORWARD[1]], "node.session.auth.username", UnusableValue::NotAName),
        (
            &["node.session.auth.username = a\0b\n", FORWARD[1]],
            "node.session.auth.username",
            UnusableValue::NotAName,
        ),
        (&[FORWARD[0]], "node.session.auth.username", UnusableValue::NoSecret),
        (
            &["node.session.auth.password=abcdefghijkl\n"],
            "node.session.auth.password",
            UnusableValue::NoSeparator,
        ),
        (
            &["node.session.auth.password abcdefghijkl\n"],
            "node.session.auth.password",
            UnusableValue::NoSeparator,
        ),
    ];
    for (lines, key, fault) in cases {
        let place = Place::new();
        let path = place.node(DISK, "192.0.2.7,3260,1", &[lines, &REVERSE].concat());
        let (held, warnings) = place.imported();
        assert_eq!(held.of_target(DISK), "- target:reverse-secret");
        assert_eq!(warnings, [ImportWarning::Unusable { path, key, fault }]);
        assert!(warnings[0].is_left_out());
    }
}

#[test]
fn a_name_that_is_not_text_is_unusable() {
    let place = Place::new();
    let path = place.node(DISK, "192.0.2.7,3260,1", &[]);
    fs::write(&path, b"node.session.auth.username = \xff\nnode.session.auth.password = \xff-secret\n")
        .unwrap();
    let key = "node.session.auth.username";
    assert_eq!(place.warnings(), [ImportWarning::Unusable { path, key, fault: UnusableValue::NotAName }]);
}

#[test]
fn short_secrets_and_files_that_others_can_read_are_told_and_taken() {
    let place = Place::new();
    let path = place.node(DISK, "192.0.2.7,3260,1", &["node.session.auth.password = elevenocts.\n"]);
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let configuration = place.write("iscsid.conf", &["node.startup = manual\n"]);
    fs::set_permissions(configuration, Permissions::from_mode(0o644)).unwrap();
    let (held, warnings) = place.imported();
    assert_eq!(held.of_target(DISK), "-:elevenocts. -");
    let short = ImportWarning::Short { path: path.clone(), key: "node.session.auth.password", bytes: 11 };
    assert_eq!(warnings, [short, ImportWarning::OpenToOthers { path, mode: 0o640 }]);
    assert!(!warnings.iter().any(ImportWarning::is_left_out));
}

#[test]
fn no_warning_repeats_a_secret() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &["node.session.auth.password = canary-1\n"]);
    place.node(DISK, "192.0.2.8,3260,1", &["node.session.auth.password = canary-2\n"]);
    place.node(DISK, "192.0.2.9,3260,1", &["node.session.auth.password=canary-3\n"]);
    let long = format!("node.session.auth.password = canary-4{}\n", "x".repeat(256));
    place.node(DISK, "192.0.2.10,3260,1", &[&long]);
    let warnings = place.warnings();
    assert_eq!(warnings.len(), 5);
    for warning in warnings {
        assert!(!format!("{warning} {warning:?}").contains("canary"), "{warning}");
    }
}

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
    for _ in 0..diagnostics::MAX_RECORDS / 2 {
        assert_eq!(root.list(&place.path("nodes")).unwrap().len(), 2);
    }
    assert_eq!(root.list(&place.path("nodes")), Err(ImportError::TooManyRecords { path: place.path("") }));
}
