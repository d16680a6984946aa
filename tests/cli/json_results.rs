//! The JSON of every command: documented by its schema, and the fields and values of a known target.
//!
//! `UPDATE_EXPECT=1` writes the values anew; a field that is gone or has another type then breaks scripts of users.

#![allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod bench;
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
fn info() {
    let served = Served::new(&[0]);
    let unit = format!("{}/0", served.url());
    expect_value(
        served.json("info", &["info", &unit], &MUTUAL),
        &[],
        &expect![[r#"
            {
              "block_limits": {
                "atomic_alignment": null,
                "atomic_granularity": null,
                "max_atomic_transfer": 32768,
                "max_compare_and_write": 255,
                "max_prefetch": null,
                "max_transfer": 2048,
                "max_unmap_blocks": 0,
                "max_unmap_descriptors": 0,
                "max_write_same": 32768,
                "optimal_granularity": null,
                "optimal_transfer": 512,
                "unmap_alignment": null,
                "unmap_granularity": 1,
                "write_same_needs_count": false
              },
              "caches": {
                "dpo_and_fua": true,
                "read_cache": true,
                "write_cache": false,
                "write_protected": false
              },
              "capacity": {
                "block_size": 512,
                "blocks": 2048,
                "size": 1048576
              },
              "designators": [
                "t10.RAMDISK Virtual disk    90f89110d39dace1",
                "naa.30f89110d39dace1",
                "iqn.2001-04.com.example:disk"
              ],
              "device_type": 0,
              "format": {
                "is_provisioned": false,
                "lowest_aligned_lba": 0,
                "physical_block_size": 512,
                "protection_intervals": 1,
                "protection_type": null,
                "reads_zeros": false
              },
              "lun": "0",
              "medium": {
                "form_factor": null,
                "non_rotating": true,
                "revolutions_per_minute": null,
                "zoned": null
              },
              "peripheral_qualifier": 0,
              "port_groups": [
                {
                  "id": 1,
                  "is_own": true,
                  "is_preferred": false,
                  "ports": [
                    1
                  ],
                  "state": "active/optimized"
                }
              ],
              "product": "Virtual disk",
              "provisioning": null,
              "remarks": [],
              "removable": false,
              "reservations": {
                "registrations": 0,
                "reservation": null
              },
              "revision": "0001",
              "serial_number": "90f89110d39dace1",
              "standards": {
                "descriptors": [
                  {
                    "code": 160,
                    "name": "SAM-5"
                  },
                  {
                    "code": 1120,
                    "name": "SPC-4"
                  },
                  {
                    "code": 1216,
                    "name": "SBC-3"
                  },
                  {
                    "code": 2400,
                    "name": "iSCSI"
                  }
                ],
                "version": 6
              },
              "unauthenticated": null,
              "unsupported": [
                "provisioning"
              ],
              "vendor": "RAMDISK",
              "vpd_pages": [
                0,
                128,
                131,
                134,
                176,
                177
              ]
            }"#]],
    );
    expect![[r#"
        LUN:                             0
        device type:                     0x00 (disk)
        removable:                       no
        vendor:                          RAMDISK
        product:                         Virtual disk
        revision:                        0001
        serial number:                   90f89110d39dace1
        identification:                  t10.RAMDISK Virtual disk    90f89110d39dace1
        identification:                  naa.30f89110d39dace1
        identification:                  iqn.2001-04.com.example:disk
        size:                            1048576 bytes (1.0 MiB)
        blocks:                          2048 of 512 bytes

        Format:
          physical block:                512 bytes
          first aligned block:           0
          protection information:        none
          can unmap (LBPME):             no
          unmapped reads zeros (LBPRZ):  no

        Caches and protection:
          write-protected (WP):          no
          DPO and FUA:                   yes
          write cache (WCE):             disabled
          read cache (RCD):              enabled

        Medium:
          rotation:                      none (solid state)
          form factor:                   not reported

        Block limits (blocks):
          transfer:                      at most 2048
          optimal transfer:              512
          COMPARE AND WRITE:             at most 255
          UNMAP:                         not supported
          UNMAP ranges:                  not supported
          UNMAP granularity:             1
          WRITE SAME:                    at most 32768
          WRITE SAME needs a count:      no
          WRITE ATOMIC:                  32768

        Target port groups:
          group 1:                       active/optimized, this path (ports 1)

        Persistent reservations:
          reservation:                   none
          registrations:                 0

        Standards:
          version:                       6 (SPC-4)
          claims:                        SAM-5 (0x00a0)
          claims:                        SPC-4 (0x0460)
          claims:                        SBC-3 (0x04c0)
          claims:                        iSCSI (0x0960)
          VPD page:                      0x00 supported pages
          VPD page:                      0x80 unit serial number
          VPD page:                      0x83 device identification
          VPD page:                      0x86 extended INQUIRY data
          VPD page:                      0xb0 block limits
          VPD page:                      0xb1 block device characteristics

        not supported:                   provisioning
    "#]]
    .assert_eq(&served.run(&["info", &unit], &MUTUAL).stdout);
}

/// LUN 0 has no privilege, and no unit is taken for another.
#[test]
fn info_shows_the_unit_that_was_named() {
    let numbers = [0, 1, 255, 256, 16_383];
    let served = Served::new(&numbers);
    let listed = served.json("luns", &["luns", &served.url()], &MUTUAL);
    for (number, listed) in numbers.into_iter().zip(listed.as_array().unwrap()) {
        let unit = format!("{}/{number}", served.url());
        let shown = served.json("info", &["info", &unit], &MUTUAL);
        let size = (2048 + u64::from(number)) * 512;
        assert_eq!((&shown["lun"], &shown["capacity"]["size"]), (&number.to_string().into(), &size.into()));
        assert_eq!((&listed["lun"], &listed["size"]), (&shown["lun"], &size.into()));
        let table = served.run(&["info", &unit], &MUTUAL).stdout;
        let words: Vec<&str> = table.split_whitespace().collect();
        assert_eq!(words[..2], ["LUN:", &*number.to_string()], "{table}");
        assert!(table.contains(&format!("{size} bytes")), "{table}");
    }
    let missing =
        finish(&mut served.place.command(&[&["info", &format!("{}/2", served.url())], &MUTUAL[..]].concat()));
    assert!(missing.expect(8).stdout.is_empty());
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
