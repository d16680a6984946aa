use super::*;

#[test]
fn the_schema_file_documents_the_errors() {
    let file = expect_test::expect_file!["../../../../../schemas/error.schema.json"];
    crate::output::expect_schema::<ErrorDocument>(&file);
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

/// A cause that its error quotes is not repeated.
#[test]
fn causes_are_reported_once() {
    let lost = Error::ConnectionLost { portal: "h".parse().unwrap(), reason: "reset".to_owned() };
    let nested = Failure::Unfinished { done: "read ended early".to_owned(), source: Box::new(lost.into()) };
    let report = ErrorReport::new(&nested);
    assert_eq!(report.message, "read ended early");
    assert_eq!(report.causes, ["connection to h:3260 lost: reset"]);
    assert_eq!((report.stage, report.exit_code), (Some(StageName::FullFeaturePhase), 7));
}
