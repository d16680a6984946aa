//! Checks JSON output against the schema files of the crate.

use std::fs;

use serde_json::Value;

/// A schema, with what those of this crate use: objects, arrays, simple types, constants, references and alternatives.
pub(crate) struct Schema(Value);

impl Schema {
    /// The schema in this file of `crates/iscsi-initiator/schemas`.
    pub(crate) fn of(name: &str) -> Self {
        let path = format!("{}/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        Self(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    /// Fails unless every field is documented, with the type that it has, and none that is required is missing.
    #[track_caller]
    pub(crate) fn expect_documents(&self, value: &Value) {
        let faults = self.faults(&self.0, value, "$");
        assert!(faults.is_empty(), "{faults:#?} in {value:#}");
    }

    /// Returns why this place of the schema does not document the value at `at`.
    fn faults(&self, place: &Value, value: &Value, at: &str) -> Vec<String> {
        if let Some(reference) = place["$ref"].as_str() {
            let definition = self.0.pointer(reference.trim_start_matches('#')).unwrap();
            return self.faults(definition, value, at);
        }
        if let Some(alternatives) = ["oneOf", "anyOf"].iter().find_map(|key| place[key].as_array()) {
            let faults: Vec<_> = alternatives.iter().map(|place| self.faults(place, value, at)).collect();
            return if faults.iter().any(Vec::is_empty) { Vec::new() } else { faults.concat() };
        }
        let mut faults = Vec::new();
        let allowed = place.get("const").map(|constant| vec![constant.clone()]);
        let allowed = allowed.or_else(|| place["enum"].as_array().cloned());
        if allowed.is_some_and(|allowed| !allowed.contains(value)) || !has_type(place, value) {
            faults.push(format!("{at}: {value} is not {place}"));
        }
        match value {
            Value::Object(_) => faults.extend(self.field_faults(place, value, at)),
            Value::Array(elements) => {
                let items = elements.iter().enumerate();
                faults.extend(
                    items.flat_map(|(n, item)| self.faults(&place["items"], item, &format!("{at}[{n}]"))),
                );
            }
            _ => {}
        }
        faults
    }

    fn field_faults(&self, place: &Value, object: &Value, at: &str) -> Vec<String> {
        let fields = object.as_object().unwrap();
        let required = place["required"].as_array().cloned().unwrap_or_default();
        let missing = required.iter().filter_map(Value::as_str).filter(|name| !fields.contains_key(*name));
        let mut faults: Vec<_> = missing.map(|name| format!("{at}.{name} is missing")).collect();
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            match place["properties"].get(name) {
                None => faults.push(format!("{at} is not documented")),
                Some(place) if !place["description"].is_string() => {
                    faults.push(format!("{at} has no description"));
                }
                Some(place) => faults.extend(self.faults(place, value, &at)),
            }
        }
        faults
    }
}

/// Whether a value has the type, or one of the types, of this place.
fn has_type(place: &Value, value: &Value) -> bool {
    let types: Vec<&str> = match &place["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    types.iter().any(|name| match value {
        Value::Object(_) => *name == "object",
        Value::Array(_) => *name == "array",
        Value::Number(number) => *name == "number" || *name == "integer" && number.is_u64(),
        Value::String(_) => *name == "string",
        Value::Bool(_) => *name == "boolean",
        Value::Null => *name == "null",
    })
}

/// The checker itself: it must notice what it is for.
#[test]
fn fields_that_are_missing_unknown_or_of_another_type_are_noticed() {
    let schema = Schema::of("info");
    let whole = serde_json::json!({
        "lun": "0", "device_type": 0, "peripheral_qualifier": 0, "removable": false, "vendor": "", "product": "",
        "revision": "", "serial_number": null, "designators": ["x"], "remarks": [], "unauthenticated": null,
        "capacity": {"size": 1024, "blocks": 2, "block_size": 512}, "format": null, "caches": null, "medium": null,
        "block_limits": null, "provisioning": null, "port_groups": [], "reservations": null, "vpd_pages": [0],
        "standards": {"version": 6, "descriptors": [{"code": 1120, "name": "SPC-4"}]}, "unsupported": [],
    });
    schema.expect_documents(&whole);
    let changes: [(&str, Value); 6] = [
        ("lun", 0.into()),
        ("serial_number", 7.into()),
        ("designators", serde_json::json!([1])),
        ("capacity", serde_json::json!({"size": 1024, "blocks": 2})),
        ("device_type", (-1).into()),
        ("added", true.into()),
    ];
    for (name, value) in changes {
        let mut other = whole.clone();
        other[name] = value;
        assert!(!schema.faults(&schema.0, &other, "$").is_empty(), "{name}");
    }
    for name in whole.as_object().unwrap().keys() {
        let mut lacking = whole.clone();
        lacking.as_object_mut().unwrap().remove(name);
        assert!(!schema.faults(&schema.0, &lacking, "$").is_empty(), "{name}");
    }
}
