//! `iscsi info`: each section by a unit that has it, and questions that fail without hiding the others.

use iscsi_tests::ram_disk::{Config, LogicalUnit, RamDisk, Running, Sense, Target};
use iscsi_tests::scripted_target::{Reply, check_condition};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::measured::parsed;
use crate::program::{Outcome, Place, TARGET, finish};
use crate::schema::Schema;
use crate::scripted::{NONE, Scripted};

const PERSISTENT_RESERVE_IN: u8 = 0x5e;
const MODE_SENSE_6: u8 = 0x1a;
const INQUIRY: u8 = 0x12;

/// A RAM disk with one unit.
struct Served {
    place: Place,
    running: Running,
    _runtime: Runtime,
}

impl Served {
    fn new(unit: LogicalUnit) -> Self {
        let mut target = Target::new(TARGET.parse().unwrap());
        target.units = vec![unit];
        let runtime = Runtime::new().unwrap();
        let running = runtime.block_on(RamDisk::serve(Config::with_targets([target]))).unwrap();
        Self { place: Place::new(), running, _runtime: runtime }
    }

    fn run(&self, command: &[&str], options: &[&str]) -> Outcome {
        let unit = format!("iscsi://{}/{TARGET}/0", self.running.portal());
        let (first, rest) = command.split_first().unwrap();
        finish(&mut self.place.command(&[&[first, &*unit], rest, &NONE, options].concat()))
    }

    #[track_caller]
    fn json(&self) -> Value {
        documented(&self.run(&["info"], &["--output", "json"]).expect(0))
    }

    #[track_caller]
    fn text(&self) -> String {
        self.run(&["info"], &[]).expect(0).stdout
    }

    /// Sends a block with these bytes.
    #[track_caller]
    fn send(&self, cdb: &str, data: &[u8]) {
        let file = self.place.file("parameters", data, 0o600);
        self.run(&["raw", cdb], &["--destroy-data", "--write", &file]).expect(0);
    }
}

#[track_caller]
fn documented(outcome: &Outcome) -> Value {
    let value = parsed(outcome);
    Schema::of("info").expect_documents(&value);
    value
}

/// Whether a table has a row with this name and value.
fn has_row(table: &str, name: &str, value: &str) -> bool {
    let row = table.lines().filter_map(|line| line.trim_start().strip_prefix(&format!("{name}:")));
    row.map(str::trim).any(|found| found == value)
}

#[test]
fn a_thin_unit_with_a_cache_and_large_blocks() {
    let unit = LogicalUnit { is_thin: true, write_cache: true, block_size: 4096, ..LogicalUnit::default() };
    let served = Served::new(unit);
    let info = served.json();
    let format = &info["format"];
    assert_eq!((&format["is_provisioned"], &format["physical_block_size"]), (&true.into(), &4096.into()));
    assert_eq!(
        (&info["provisioning"]["type"], &info["provisioning"]["unmap"]),
        (&"thin".into(), &true.into())
    );
    assert_eq!(info["block_limits"]["max_unmap_blocks"], u32::MAX);
    assert_eq!((&info["caches"]["write_cache"], &info["unsupported"]), (&true.into(), &json!([])));
    let text = served.text();
    for (name, value) in
        [("type", "thin"), ("UNMAP (LBPU)", "yes"), ("UNMAP", "no limit"), ("write cache (WCE)", "enabled")]
    {
        assert!(has_row(&text, name, value), "{name} {value} in {text}");
    }
}

/// SWP in the control mode page makes the unit report WP.
#[test]
fn write_protection_is_that_of_the_mode_parameter_header() {
    let served = Served::new(LogicalUnit::default());
    assert!(has_row(&served.text(), "write-protected (WP)", "no"));
    served.send("151000001000", &[0, 0, 0, 0, 0x0a, 0x0a, 0, 0, 0x08, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(served.json()["caches"]["write_protected"], true);
    assert!(has_row(&served.text(), "write-protected (WP)", "yes"));
}

/// The path is shown although the unit carries out hardly any command over it.
#[test]
fn a_path_in_standby_is_shown_with_what_fails_over_it() {
    let served = Served::new(LogicalUnit::default());
    served.send("a40a00000000000000080000", &[0, 0, 0, 0, 0x02, 0, 0, 1]);
    let info = served.json();
    let group = &info["port_groups"][0];
    assert_eq!((&group["state"], &group["is_own"]), (&"standby".into(), &true.into()), "{info}");
    assert!(info["capacity"].is_null() && info["block_limits"].is_object(), "{info}");
    let remarks = info["remarks"].as_array().unwrap();
    assert!(remarks.iter().all(|remark| remark.as_str().unwrap().contains("0x04/0x0b")), "{info}");
    assert!(has_row(&served.text(), "group 1", "standby, this path (ports 1)"));
}

#[test]
fn a_reservation_is_shown_in_short() {
    let served = Served::new(LogicalUnit::default());
    let reserve = |words: &[&str]| {
        let unit = format!("iscsi://{}/{TARGET}/0", served.running.portal());
        finish(&mut served.place.command(&[&["reserve"], words, &[&unit], &NONE].concat())).expect(0);
    };
    reserve(&["register", "--key", "0xa1"]);
    reserve(&["reserve", "--key", "0xa1", "--type", "write-exclusive"]);
    let reservations = served.json()["reservations"].clone();
    assert_eq!(reservations["registrations"], 1);
    assert_eq!(reservations["reservation"]["key"], "0x00000000000000a1");
    let held = "write-exclusive, held by key 0x00000000000000a1";
    assert!(has_row(&served.text(), "reservation", held));
    reserve(&["release", "--key", "0xa1"]);
    reserve(&["reserve", "--key", "0xa1", "--type", "exclusive-access-all-registrants"]);
    let held = "exclusive-access-all-registrants, held by all registrants";
    assert!(has_row(&served.text(), "reservation", held));
}

/// A command that the unit does not know is no error, and named in one line.
#[test]
fn what_a_unit_does_not_support_is_named_and_not_remarked_on() {
    let target = Scripted::after_login(|script| {
        script.serve_but(|command, moment| {
            let is_unknown = matches!(command.cdb[0], PERSISTENT_RESERVE_IN | MODE_SENSE_6 | 0xa3 | 0x9e);
            is_unknown.then(|| check_condition(command, moment, Sense::INVALID_OPERATION))
        })
    });
    let unit = format!("{}/0", target.url());
    let info = documented(&target.run(&["info", &unit, "--auth", "none", "--output", "json"]).expect(0));
    let expected = [
        "format",
        "caching page",
        "mode parameters",
        "provisioning",
        "target port groups",
        "persistent reservations",
    ];
    assert_eq!((&info["unsupported"], &info["remarks"]), (&json!(expected), &json!([])));
    assert!(
        info["caches"].is_null() && info["reservations"].is_null() && info["capacity"].is_object(),
        "{info}"
    );
    let text = target.run(&["info", &unit, "--auth", "none"]).expect(0).stdout;
    assert!(has_row(&text, "not supported", &expected.join(", ")), "{text}");
}

/// Write protection is known from any page where the unit has no caching page.
#[test]
fn a_unit_without_a_caching_page_still_tells_its_write_protection() {
    let target = Scripted::after_login(|script| {
        script.serve_but(|command, moment| {
            let is_caching = command.cdb[0] == MODE_SENSE_6 && command.cdb[2] & 0x3f == 0x08;
            is_caching.then(|| check_condition(command, moment, Sense::INVALID_FIELD))
        })
    });
    let unit = format!("{}/0", target.url());
    let info = documented(&target.run(&["info", &unit, "--auth", "none", "--output", "json"]).expect(0));
    assert_eq!(info["caches"]["write_protected"], false);
    assert!(info["unsupported"].as_array().unwrap().contains(&"caching page".into()), "{info}");
}

/// Each question has its own limit.
#[test]
fn a_question_without_an_answer_hides_no_other() {
    let target = Scripted::after_login(|script| {
        script.serve_but(|command, _| {
            let is_silent = matches!(command.cdb[0], MODE_SENSE_6) || command.cdb[..3] == [INQUIRY, 1, 0xb0];
            is_silent.then(Reply::default)
        })
    });
    let unit = format!("{}/0", target.url());
    let arguments = ["info", &unit, "--auth", "none", "--output", "json", "--timeout", "0.3"];
    let info = documented(&finish(&mut target.place.command(&arguments)).expect(0));
    let remarks = info["remarks"].as_array().unwrap();
    let parts = ["caching page: ", "mode parameters: ", "block limits: "];
    assert_eq!(remarks.len(), parts.len(), "{info}");
    for (remark, part) in remarks.iter().zip(parts) {
        assert!(remark.as_str().unwrap().starts_with(part), "{part} in {info}");
    }
    assert!(info["caches"].is_null() && info["block_limits"].is_null(), "{info}");
    assert!(info["medium"].is_object() && info["reservations"].is_object(), "{info}");
}

/// A unit that lists no pages is asked for each of them.
#[test]
fn a_unit_without_a_list_of_pages_is_asked_for_the_pages() {
    let target = Scripted::after_login(|script| {
        script.serve_but(|command, moment| {
            let is_list = command.cdb[..3] == [INQUIRY, 1, 0x00];
            is_list.then(|| check_condition(command, moment, Sense::INVALID_FIELD))
        })
    });
    let unit = format!("{}/0", target.url());
    let info = documented(&target.run(&["info", &unit, "--auth", "none", "--output", "json"]).expect(0));
    assert_eq!((&info["vpd_pages"], &info["remarks"]), (&json!([]), &json!([])));
    assert!(info["medium"].is_object() && info["block_limits"].is_object(), "{info}");
    assert_eq!(info["unsupported"], json!(["list of VPD pages", "provisioning"]));
}
