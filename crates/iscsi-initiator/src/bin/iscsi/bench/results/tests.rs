//! The JSON form of results: as documented, and read as it was written.

use super::*;

/// A field that is gone, or has another type, needs another number of the schema.
#[test]
fn the_schema_file_documents_the_results() {
    let file = expect_test::expect_file!["../../../../../schemas/bench-login.schema.json"];
    crate::output::expect_schema::<Results>(&file);
}

/// Later versions of this schema have more fields.
#[test]
fn results_are_read_as_they_were_written_and_fields_may_be_added() {
    let mut value = serde_json::to_value(sample()).unwrap();
    assert_eq!(serde_json::from_value::<Results>(value.clone()).unwrap(), sample());
    value["plan"]["added"] = 1.into();
    value["added"] = "later".into();
    assert_eq!(serde_json::from_value::<Results>(value).unwrap(), sample());
}
