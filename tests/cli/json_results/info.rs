//! The facts about a logical unit, as JSON and as a table.

use expect_test::expect;
use serde_json::Value;

use super::{Served, expect_value};
use crate::program::finish;
use crate::scripted::MUTUAL;

/// The facts about unit 0; those that are named here, and the others.
fn facts(names: &[&str]) -> (Value, Value) {
    let served = Served::new(&[0]);
    let unit = format!("{}/0", served.url());
    let Value::Object(mut others) = served.json("info", &["info", &unit], &MUTUAL) else {
        panic!("no object")
    };
    let taken = names.iter().map(|name| ((*name).to_owned(), others.remove(*name).unwrap())).collect();
    (Value::Object(taken), Value::Object(others))
}

const SECTIONS: [&str; 4] = ["block_limits", "caches", "format", "medium"];

#[test]
fn what_a_unit_is() {
    expect_value(
        facts(&SECTIONS).1,
        &[],
        &expect![[r#"
        {
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
          "lun": "0",
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
}

#[test]
fn how_a_unit_is_used() {
    expect_value(
        facts(&SECTIONS).0,
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
          "format": {
            "is_provisioned": false,
            "lowest_aligned_lba": 0,
            "physical_block_size": 512,
            "protection_intervals": 1,
            "protection_type": null,
            "reads_zeros": false
          },
          "medium": {
            "form_factor": null,
            "non_rotating": true,
            "revolutions_per_minute": null,
            "zoned": null
          }
        }"#]],
    );
}

#[test]
fn a_table_in_sections() {
    let served = Served::new(&[0]);
    let unit = format!("{}/0", served.url());
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
