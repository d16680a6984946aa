//! The JSON of every command: documented by its schema, and the fields and values of a known target.
//!
//! `UPDATE_EXPECT=1` writes the values anew; a field that is gone or has another type then breaks scripts of users.

#![allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod bench;
mod info;
mod secrets;

use expect_test::{Expect, expect};
use iscsi_tests::ram_disk::{Account, Config, Credentials, LogicalUnit, RamDisk, Running, Target};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::measured::parsed;
use crate::program::{Outcome, Place, TARGET, finish};
use crate::schema::Schema;
use crate::scripted::{FORWARD, MUTUAL, REVERSE};

/// A RAM disk with several units of different sizes, and mutual CHAP.
struct Served {
    place: Place,
    running: Running,
    _runtime: Runtime,
}

/// A unit that can be recognized by its size.
fn unit(number: u16) -> LogicalUnit {
    LogicalUnit { number, blocks: 2048 + u64::from(number), ..LogicalUnit::default() }
}

impl Served {
    fn new(numbers: &[u16]) -> Self {
        let place = Place::new();
        place.secret_file("forward", FORWARD);
        place.secret_file("reverse", REVERSE);
        let mut target = Target::new(TARGET.parse().unwrap());
        let (initiator, own) = (Account::new("host", FORWARD), Account::new("disk", REVERSE));
        target.credentials = Credentials::Mutual { initiator, target: own };
        target.units = numbers.iter().copied().map(unit).collect();
        let runtime = Runtime::new().unwrap();
        let mut config = Config::with_targets([target]);
        config.unit_attention = false;
        let running = runtime.block_on(RamDisk::serve(config)).unwrap();
        Self { place, running, _runtime: runtime }
    }

    fn url(&self) -> String {
        format!("iscsi://{}/{TARGET}", self.running.portal())
    }

    fn run(&self, arguments: &[&str], options: &[&str]) -> Outcome {
        finish(&mut self.place.command(&[arguments, options].concat())).expect(0)
    }

    /// What a command prints as JSON, documented by the schema of this name.
    #[track_caller]
    fn json(&self, schema: &str, arguments: &[&str], options: &[&str]) -> Value {
        documented(schema, &self.run(arguments, &[options, &["--output", "json"]].concat()))
    }
}

#[track_caller]
fn documented(schema: &str, outcome: &Outcome) -> Value {
    let value = parsed(outcome);
    Schema::of(schema).expect_documents(&value);
    value
}

/// Compares a result with what is expected, after leaving out what differs from run to run.
#[track_caller]
fn expect_value(mut value: Value, varying: &[&str], expected: &Expect) {
    for pointer in varying {
        *value.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = "(varies)".into();
    }
    expected.assert_eq(&serde_json::to_string_pretty(&value).unwrap());
}

/// The form of a result: the types of its fields, and the first element of each list.
fn form(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(elements) => elements.iter().take(1).map(form).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), form(value))).collect(),
    }
}

#[test]
fn discover() {
    let served = Served::new(&[0]);
    let found =
        served.json("discover", &["discover", &served.running.portal().to_string()], &["--auth", "none"]);
    expect_value(
        found,
        &["/0/portals/0/portal"],
        &expect![[r#"
        [
          {
            "deviations": [],
            "portals": [
              {
                "deviations": [],
                "in_several_groups": false,
                "link_local": false,
                "portal": "(varies)",
                "portal_group_tag": 1,
                "unspecified": false
              }
            ],
            "target": "iqn.2001-04.com.example:disk",
            "unusable": []
          }
        ]"#]],
    );
}

#[test]
fn login() {
    let served = Served::new(&[0]);
    let login = served.json("login", &["login", &served.url()], &MUTUAL);
    expect_value(
        login,
        &["/portal", "/isid", "/tsih"],
        &expect![[r#"
        {
          "authentication": {
            "algorithm": "MD5",
            "method": "mutual",
            "target_user": "disk",
            "unauthenticated": null
          },
          "deviations": [],
          "isid": "(varies)",
          "moved": null,
          "parameters": {
            "DataDigest": "None",
            "DataPDUInOrder": true,
            "DataSequenceInOrder": true,
            "DefaultTime2Retain": 20,
            "DefaultTime2Wait": 2,
            "ErrorRecoveryLevel": 0,
            "FirstBurstLength": 262144,
            "HeaderDigest": "None",
            "ImmediateData": true,
            "InitialR2T": false,
            "MaxBurstLength": 1048576,
            "MaxConnections": 1,
            "MaxOutstandingR2T": 1,
            "MaxRecvDataSegmentLength": 262144,
            "MaxSendDataSegmentLength": 262144,
            "iSCSIProtocolLevel": 1
          },
          "portal": "(varies)",
          "portal_group_tag": 1,
          "round_trips": 4,
          "target": "iqn.2001-04.com.example:disk",
          "target_alias": null,
          "tsih": "(varies)"
        }"#]],
    );
}

#[test]
fn luns() {
    let served = Served::new(&[0, 3]);
    expect_value(
        served.json("luns", &["luns", &served.url()], &MUTUAL),
        &[],
        &expect![[r#"
        [
          {
            "block_size": 512,
            "device_type": 0,
            "lun": "0",
            "product": "Virtual disk",
            "remarks": [],
            "size": 1048576,
            "vendor": "RAMDISK"
          },
          {
            "block_size": 512,
            "device_type": 0,
            "lun": "3",
            "product": "Virtual disk",
            "remarks": [],
            "size": 1050112,
            "vendor": "RAMDISK"
          }
        ]"#]],
    );
    let table = served.run(&["luns", &served.url()], &MUTUAL).stdout;
    expect![[r#"
        LUN     SIZE  BLOCK SIZE  VENDOR   PRODUCT
          0  1.0 MiB         512  RAMDISK  Virtual disk
          3  1.0 MiB         512  RAMDISK  Virtual disk
    "#]]
    .assert_eq(&table);
}

#[test]
fn errors() {
    let place = Place::new();
    let outcome = place.run(&["login", "iscsi://127.0.0.1:1", "--output", "json"]).expect(2);
    let document: Value = serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
    Schema::of("error").expect_documents(&document);
    expect_value(
        document,
        &["/error/causes/0", "/error/hint"],
        &expect![[r#"
            {
              "error": {
                "causes": [
                  "(varies)"
                ],
                "exit_code": 2,
                "fault": "usage",
                "hint": "(varies)",
                "message": "unusable URL",
                "stage": null
              }
            }"#]],
    );
}
