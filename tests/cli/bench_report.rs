//! The page about a run, and the schema of its results.

use std::fs;

use serde_json::{Map, Value};

use crate::measured::{FORWARD, Measured, REVERSE, parsed};
use crate::program::finish;

#[test]
fn the_page_holds_the_run_and_needs_nothing_else() {
    let measured = Measured::mutual();
    let outcome = measured.run(&["--count", "30", "--report", "report.html"]).expect(0);
    assert!(outcome.stdout.contains("logins:"), "{}", outcome.stdout);
    let page = fs::read_to_string(measured.place.path("report.html")).unwrap();
    for part in
        ["<!DOCTYPE html>", "mutual CHAP with MD5", &measured.url(), "<svg", "Median latency", "</html>"]
    {
        assert!(page.contains(part), "{part}");
    }
    // The name of a namespace is no place.
    let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for door in ["http://", "https://", "src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(door), "{door}");
    }
    for secret in [FORWARD, REVERSE] {
        assert!(!page.contains(secret));
    }
    let others = fs::read_dir(measured.place.path("")).unwrap();
    let others =
        others.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
    assert_eq!(others.count(), 0, "something is left beside the page");
}

/// What `$ref` leads to.
fn definition<'a>(schema: &'a Value, place: &'a Value) -> &'a Value {
    let reference = place.get("$ref").and_then(Value::as_str);
    reference.map_or(place, |reference| schema.pointer(reference.trim_start_matches('#')).unwrap())
}

/// Every field that is printed is documented, and has the type that is.
#[track_caller]
fn expect_documented(schema: &Value, place: &Value, value: &Value) {
    let place = definition(schema, place);
    let types = match &place["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => vec![one.as_str().unwrap()],
    };
    let is = |name: &str| types.contains(&name);
    match value {
        Value::Object(fields) => expect_fields(schema, place, fields),
        Value::Array(elements) => {
            for element in elements {
                expect_documented(schema, &place["items"], element);
            }
        }
        Value::Number(number) => {
            assert!(is("number") || (is("integer") && number.is_u64()), "{number}: {place}");
        }
        Value::String(_) => assert!(is("string"), "{value}: {place}"),
        Value::Bool(_) => assert!(is("boolean"), "{value}: {place}"),
        Value::Null => assert!(is("null"), "{place}"),
    }
}

#[track_caller]
fn expect_fields(schema: &Value, place: &Value, fields: &Map<String, Value>) {
    let required: Vec<_> = place["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(required.iter().all(|name| fields.contains_key(*name)), "{required:?} in {fields:?}");
    for (name, value) in fields {
        let place = place["properties"].get(name).unwrap_or_else(|| panic!("{name} is not documented"));
        assert!(place["description"].is_string(), "{name}");
        expect_documented(schema, place, value);
    }
}

#[test]
fn what_is_printed_is_what_is_documented() {
    let schema = include_str!("../../crates/iscsi-initiator/bench-results.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let measured = Measured::mutual();
    let (there, nowhere) = (measured.url(), measured.url_of("iqn.2001-04.com.example:nowhere"));
    let arguments = ["--count", "60", "--hold", "2", "--rate", "500", "--output", "json"];
    let mut command = measured.command_to(&[&there, &nowhere, &there], &arguments);
    // Holding a session at a target that is not there fails.
    finish(&mut command).expect(5);
    let mut command = measured.command_to(&[&there, &there, &nowhere], &arguments);
    let results = parsed(&finish(&mut command).expect(0));
    assert_eq!((&results["logins"], &results["failures"]), (&40.into(), &20.into()));
    expect_documented(&schema, &schema, &results);
    expect_documented(&schema, &schema, &measured.results(&["--count", "1"]));
}
