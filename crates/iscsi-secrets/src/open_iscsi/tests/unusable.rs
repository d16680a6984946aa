//! Values that cannot be used, and values and files that are told about.

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
fn no_finding_repeats_a_secret() {
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
