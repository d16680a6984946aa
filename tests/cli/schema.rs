//! Whether JSON that is printed is what a schema in the repository documents.

use serde_json::{Map, Value};

/// A schema, as far as the ones of this repository go: objects, arrays, simple types, references and alternatives.
pub(crate) struct Schema(Value);

impl Schema {
    pub(crate) fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    /// Fails unless every field is documented, with the type that it has, and none that is required is missing.
    #[track_caller]
    pub(crate) fn expect_documents(&self, value: &Value) {
        self.expect_documented(&self.0, value);
    }

    /// What `$ref` leads to.
    fn definition<'a>(&'a self, place: &'a Value) -> &'a Value {
        let reference = place.get("$ref").and_then(Value::as_str);
        reference.map_or(place, |reference| self.0.pointer(reference.trim_start_matches('#')).unwrap())
    }

    /// The one of several alternatives that documents the value, if there are several.
    fn alternative<'a>(&'a self, place: &'a Value, value: &Value) -> &'a Value {
        let alternatives = place.get("oneOf").or_else(|| place.get("anyOf")).and_then(Value::as_array);
        let Some(alternatives) = alternatives else { return place };
        let fits = |place: &&Value| {
            let place = self.definition(place);
            place.get("oneOf").is_some() && value.is_string()
                || place.get("const") == Some(value)
                || place["type"] == "null" && value.is_null()
        };
        let found = alternatives.iter().find(fits).unwrap_or_else(|| panic!("{value} is none of {place}"));
        self.alternative(self.definition(found), value)
    }

    #[track_caller]
    fn expect_documented(&self, place: &Value, value: &Value) {
        let place = self.alternative(self.definition(place), value);
        let types = match &place["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => vec![one.as_str().unwrap()],
        };
        let is = |name: &str| types.contains(&name);
        match value {
            Value::Object(fields) => self.expect_fields(place, fields),
            Value::Array(elements) => {
                for element in elements {
                    self.expect_documented(&place["items"], element);
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
    fn expect_fields(&self, place: &Value, fields: &Map<String, Value>) {
        let required: Vec<_> =
            place["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(required.iter().all(|name| fields.contains_key(*name)), "{required:?} in {fields:?}");
        for (name, value) in fields {
            let place = place["properties"].get(name).unwrap_or_else(|| panic!("{name} is not documented"));
            assert!(place["description"].is_string(), "{name}");
            self.expect_documented(place, value);
        }
    }
}
