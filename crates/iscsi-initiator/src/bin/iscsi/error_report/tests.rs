use expect_test::expect_file;
use schemars::generate::SchemaSettings;

use super::*;

/// `UPDATE_EXPECT=1 cargo test -p iscsi-initiator` writes the file.
#[test]
fn the_schema_in_the_repository_is_the_one_of_the_errors() {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<ErrorDocument>();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    expect_file!["../../../../error.schema.json"].assert_eq(&text);
}

fn wants(arguments: &[&str]) -> bool {
    wants_json(arguments.iter().map(OsString::from))
}

#[test]
fn json_is_wanted_where_clap_would_read_it() {
    assert!(wants(&["iscsi", "--output", "json", "login"]) && wants(&["iscsi", "login", "--output=json"]));
    for other in [
        &["iscsi", "login"][..],
        &["iscsi", "--output", "table", "json"],
        &["iscsi", "json", "--output"],
        &["iscsi", "--output=table"],
        &["iscsi", "login", "--", "--output", "json"],
        &["iscsi", "login", "--", "--output=json"],
    ] {
        assert!(!wants(other), "{other:?}");
    }
}

/// A cause that its error repeats is not said twice.
#[test]
fn causes_are_told_once() {
    let lost = Error::ConnectionLost { portal: "h".parse().unwrap(), reason: "reset".to_owned() };
    let nested = Failure::Unfinished { done: "read ended early".to_owned(), source: Box::new(lost.into()) };
    let report = ErrorReport::new(&nested);
    assert_eq!(report.message, "read ended early");
    assert_eq!(report.causes, ["connection to h:3260 lost: reset"]);
    assert_eq!((report.stage, report.exit_code), (Some(StageName::FullFeaturePhase), 7));
}
