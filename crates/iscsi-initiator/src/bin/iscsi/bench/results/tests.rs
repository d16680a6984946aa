//! That the form which others read is the one that is documented.

use expect_test::expect_file;
use schemars::generate::SchemaSettings;

use super::*;

/// `UPDATE_EXPECT=1 cargo test -p iscsi-initiator` writes the file. A field that is gone from it, or has another type, needs
/// another number of the schema.
#[test]
fn the_schema_in_the_repository_is_the_one_of_the_results() {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Results>();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    expect_file!["../../../../../bench-results.schema.json"].assert_eq(&text);
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
