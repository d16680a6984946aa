//! Targets that deviate harmlessly from RFC 7143: what the program says about them, and `--strict`.

use iscsi_initiator::Deviation;
use iscsi_pdu::{TargetPdu, TargetTransferTag, TextResponse};
use iscsi_tests::ram_disk::{self, Target};
use iscsi_tests::scripted_target::{
    DEVIATING_ACCOUNT, DEVIATING_TARGET, Reply, Script, ScriptedTarget, Trial, deviating, text_response,
};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::measured::parsed;
use crate::program::{Outcome, Place};

/// A deviating target, and a place for the program.
struct Stage {
    place: Place,
    scripted: ScriptedTarget,
    trial: Trial,
    _runtime: Runtime,
}

impl Stage {
    fn new(trial: Trial, script: Script) -> Self {
        let runtime = Runtime::new().unwrap();
        let scripted = runtime.block_on(ScriptedTarget::serve(script)).unwrap();
        let place = Place::with_store();
        place.secret_file("forward", DEVIATING_ACCOUNT.1);
        place.file("block", &[7; 512], 0o600);
        Self { place, scripted, trial, _runtime: runtime }
    }

    /// Does what meets the deviation.
    fn run(&self, options: &[&str]) -> Outcome {
        let portal = self.scripted.portal().to_string();
        let url = format!("iscsi://{portal}/{DEVIATING_TARGET}");
        let unit = format!("{url}/1");
        let account = ["--user", DEVIATING_ACCOUNT.0, "--secret-file", "forward"];
        let by_chap = [&["login", &url], &account[..]].concat();
        let command: Vec<&str> = match self.trial {
            Trial::Login => vec!["login", &url],
            Trial::LoginIfAsked => [&by_chap[..], &["--auth", "if-asked"]].concat(),
            Trial::LoginByChap => by_chap,
            Trial::Discovery => vec!["discover", &portal],
            Trial::Write => vec!["-v", "write", &unit, "--offset", "0", "-i", "block"],
        };
        self.place.run(&[&command[..], options].concat())
    }
}

/// The first script of a row.
fn stage_of(row: &Deviation) -> Stage {
    let (trial, scripts) = deviating(row).unwrap();
    Stage::new(trial, scripts.into_iter().next().unwrap())
}

/// Each row is shown by its id where it is tolerated, and ends in exit 6 with `--strict`; a target that skips the security
/// stage has not done what was demanded, which is exit 4.
#[test]
fn each_row_is_shown_or_refused() {
    for row in Deviation::ALL {
        let stage = stage_of(&row);
        let Outcome { stdout, stderr, .. } = stage.run(&[]).expect(0);
        let shown = if row == Deviation::RECORD_UNUSABLE { "unusable: " } else { row.id };
        assert!(format!("{stdout}{stderr}").contains(shown), "{}: {stdout}{stderr}", row.id);
        let code = if row == Deviation::SECURITY_STAGE_SKIPPED { 4 } else { 6 };
        stage.run(&["--strict"]).expect(code).complains("error: ");
    }
}

#[test]
fn login_shows_deviations_in_its_table_and_in_json() {
    let stage = stage_of(&Deviation::VALUE_BEYOND_OFFER);
    let detail = "MaxBurstLength=16776192, 1048576 is used";
    let table = stage.run(&[]).expect(0).stdout;
    let line = format!("\ndeviation:                 value-beyond-offer: {detail} (RFC 7143, 6.2.2)");
    assert!(table.contains(&line), "{table}");
    let json = parsed(&stage.run(&["--output", "json"]).expect(0));
    let expected = serde_json::json!([{ "id": "value-beyond-offer", "section": "6.2.2", "detail": detail }]);
    assert_eq!(json["deviations"], expected);
}

/// A target that deviates in nothing has an empty list, which programs can rely on.
#[test]
fn login_without_deviations() {
    let measured = crate::measured::Measured::open();
    let outcome =
        measured.place.run(&["login", &measured.url(), "--auth", "none", "--store", "env:"]).expect(0);
    assert!(!outcome.stdout.contains("deviation"), "{}", outcome.stdout);
    let arguments =
        ["login", &measured.url(), "--auth", "none", "--store", "env:", "--strict", "--output", "json"];
    assert_eq!(parsed(&measured.place.run(&arguments).expect(0))["deviations"], serde_json::json!([]));
}

/// A portal that answers the question for targets so.
fn answering(answer: bytes::Bytes) -> Script {
    let config = ram_disk::Config::with_targets([Target::new(DEVIATING_TARGET.parse().unwrap())]);
    let script = Script::new().log_in(config).answer_text(move |request, moment| {
        let response = text_response(request, moment, answer.clone());
        Reply::of(&[TargetPdu::TextResponse(response)], moment.digests)
    });
    script.serve()
}

fn discovered(stage: &Stage) -> (String, Value) {
    let table = stage.run(&[]).expect(0).stdout;
    (table, parsed(&stage.run(&["--output", "json"]).expect(0)))
}

#[test]
fn discover_remarks_on_odd_addresses() {
    let (table, json) = discovered(&stage_of(&Deviation::ADDRESS_TAG_NEGATIVE));
    let remark = "address-tag-negative: TargetAddress=\"10.0.0.5:3260,-1\" (RFC 7143, 13.8)";
    let line = table.lines().find(|line| line.starts_with(DEVIATING_TARGET)).unwrap();
    assert!(line.contains("10.0.0.5:3260") && line.ends_with(remark), "{table}");
    let portal = &json[0]["portals"][0];
    assert_eq!((&portal["portal"], &portal["portal_group_tag"]), (&"10.0.0.5:3260".into(), &Value::Null));
    assert_eq!(portal["deviations"][0]["id"], "address-tag-negative");
    assert_eq!(json[1]["portals"][0]["deviations"], serde_json::json!([]));
}

/// A name outside the grammar is remarked on once, however many portals the target has.
#[test]
fn discover_remarks_on_odd_names() {
    let name = "iqn.2001-04.com.example:my_disk";
    let text = format!("TargetName={name}\0TargetAddress=10.0.0.5,1\0TargetAddress=10.0.0.6,1 \0");
    let stage = Stage::new(Trial::Discovery, answering(text.into()));
    let (table, json) = discovered(&stage);
    let rule = "name holds a character other than letters, digits, '-', '.' and ':'";
    let remark = format!("name-grammar: TargetName=\"{name}\": {rule} (RFC 7143, 4.2.7)");
    assert_eq!(table.matches(&remark).count(), 1, "{table}");
    let lines: Vec<_> = table.lines().filter(|line| line.starts_with(name)).collect();
    assert!(lines[0].contains("10.0.0.5:3260") && lines[0].ends_with(&remark), "{table}");
    assert!(lines[1].contains("  address-trailing-blank: "), "{table}");
    let logged = stage.run(&["-v"]).expect(0).stderr;
    assert!(logged.contains("addresses=[\"10.0.0.5:3260,1\", \"10.0.0.6:3260,1\"]"), "{logged}");
    assert_eq!((&json[0]["target"], &json[0]["deviations"][0]["id"]), (&name.into(), &"name-grammar".into()));
}

/// A target with an unusable address is shown without one, and not at the portal that was asked.
#[test]
fn discover_shows_unusable_addresses_with_their_target() {
    let (table, json) = discovered(&stage_of(&Deviation::RECORD_UNUSABLE));
    let reason = "value of TargetAddress: port of the target address is not a number from 1 to 65535";
    let remark = format!("unusable: \"TargetAddress=10.0.0.5:0,1\": {reason}");
    let lines: Vec<_> = table.lines().filter(|line| line.starts_with(DEVIATING_TARGET)).collect();
    assert!(lines.len() == 1 && lines[0].ends_with(&remark), "{table}");
    assert_eq!((&json[0]["target"], &json[0]["portals"]), (&DEVIATING_TARGET.into(), &serde_json::json!([])));
    let unusable = serde_json::json!([{ "text": "TargetAddress=10.0.0.5:0,1", "reason": reason }]);
    assert_eq!((&json[0]["unusable"], &json[1]["unusable"]), (&unusable, &serde_json::json!([])));
}

/// A record without a usable name has no target; what it holds cannot steer a terminal.
#[test]
fn discover_shows_records_without_a_target() {
    let (_, scripts) = deviating(&Deviation::RECORD_UNUSABLE).unwrap();
    let (table, json) = discovered(&Stage::new(Trial::Discovery, scripts.into_iter().nth(1).unwrap()));
    let reason = "value of TargetName: iSCSI name cannot hold '/'";
    let remark = format!("unusable: \"TargetName=disk/1 TargetAddress=10.0.0.5,1\": {reason}");
    let line = table.lines().find(|line| line.contains(&remark)).unwrap();
    assert!(line.starts_with("-  "), "{table}");
    let last = json.as_array().unwrap().last().unwrap();
    assert_eq!((&last["target"], &last["portals"]), (&Value::Null, &serde_json::json!([])));
    let text = "TargetName=disk/1 TargetAddress=10.0.0.5,1";
    assert_eq!((&last["unusable"][0]["text"], json.as_array().unwrap().len()), (&text.into(), 3));
}

/// Deviations of a discovery login are notes beside the result.
#[test]
fn discover_tells_of_its_own_login() {
    let stage = stage_of(&Deviation::KEY_IRRELEVANT_IN_DISCOVERY);
    let note =
        "note: deviation of the target: key-irrelevant-in-discovery: ImmediateData=Yes (RFC 7143, 6.3, 13)";
    stage.run(&[]).expect(0).complains(note);
    let outcome = stage.run(&["--output", "json"]).expect(0).complains(note);
    assert_eq!(parsed(&outcome).as_array().unwrap().len(), 2);
}

/// With `--strict` the error says which record it is.
#[test]
fn strict_discovery_names_the_record() {
    let stage = stage_of(&Deviation::ADDRESS_TRAILING_BLANK);
    stage
        .run(&["--strict"])
        .expect(6)
        .complains("record \"TargetAddress=10.0.0.5:3260,1 \": value of TargetAddress");
}

/// More malformed records than are kept: how many are left out is said.
#[test]
fn discover_says_how_many_unusable_records_it_leaves_out() {
    let stage = Stage::new(Trial::Discovery, answering("TargetName=disk/1\0".repeat(258).into()));
    let outcome = stage.run(&["--output", "json"]).expect(0);
    assert_eq!(parsed(&outcome).as_array().unwrap().len(), 256);
    outcome.complains("warning: 2 more records are unusable and not shown");
}

/// `0.0.0.0` and `::` stand for the portal that was asked, which the list says; they never lead to this host.
#[test]
fn discover_tells_unspecified_addresses() {
    let text =
        format!("TargetName={DEVIATING_TARGET}\0TargetAddress=0.0.0.0:3261,1\0TargetAddress=10.0.0.5,1\0");
    let stage = Stage::new(Trial::Discovery, answering(text.into()));
    let (table, json) = discovered(&stage);
    let host = stage.scripted.portal().ip().to_string();
    let portals = &json[0]["portals"];
    assert_eq!(
        (&portals[0]["portal"], &portals[0]["unspecified"]),
        (&format!("{host}:3261").into(), &true.into())
    );
    assert_eq!(portals[1]["unspecified"], false);
    let remark = "unspecified address: the host that was asked";
    assert_eq!((table.matches(remark).count(), table.contains("0.0.0.0")), (1, false), "{table}");
}

/// A portal that answers the question for targets with these texts, one response each.
fn answering_in_parts(parts: Vec<bytes::Bytes>) -> Script {
    let config = ram_disk::Config::with_targets([Target::new(DEVIATING_TARGET.parse().unwrap())]);
    let last = parts.len() - 1;
    let answer = |script: Script, (number, part): (usize, bytes::Bytes)| {
        script.answer_text(move |request, moment| {
            let whole = text_response(request, moment, part.clone());
            let ttt = if number == last { TargetTransferTag::RESERVED } else { TargetTransferTag(1) };
            let response = TextResponse { is_final: number == last, ttt, ..whole };
            Reply::of(&[TargetPdu::TextResponse(response)], moment.digests)
        })
    };
    parts.into_iter().enumerate().fold(Script::new().log_in(config), answer).serve()
}

/// An answer within the bounds of targets, addresses and bytes is listed; one more of each is an error that says which.
#[test]
fn txt_17_discovery_answers_are_bounded() {
    let targets = |count: usize| -> String {
        let record = |number| format!("TargetName=iqn.2001-04.com.example:{number}\0");
        (0..count).map(record).collect()
    };
    let addresses = |count: usize| -> String {
        let address = |number| format!("TargetAddress=10.0.0.{number},1\0");
        format!("TargetName={DEVIATING_TARGET}\0") + &(1..=count).map(address).collect::<String>()
    };
    let run = |text: String, code| {
        let parts = text.as_bytes().chunks(8192).map(bytes::Bytes::copy_from_slice).collect();
        Stage::new(Trial::Discovery, answering_in_parts(parts)).run(&["--output", "json"]).expect(code)
    };
    assert_eq!(parsed(&run(targets(10_000), 0)).as_array().unwrap().len(), 10_000);
    run(targets(10_001), 6).complains("names more than 10000 targets");
    assert_eq!(parsed(&run(addresses(128), 0))[0]["portals"].as_array().unwrap().len(), 128);
    run(addresses(129), 6).complains(&format!("gives {DEVIATING_TARGET} more than 128 addresses"));
    let most = 2 << 20;
    let again = |length: usize| {
        let name = format!("TargetName={DEVIATING_TARGET}\0");
        let short = name.repeat(length / name.len() - 4);
        let rest = length - short.len() - "TargetAddress=\0".len();
        assert!(rest > 100, "fills up with one unusable address");
        format!("{short}TargetAddress={}\0", "x".repeat(rest))
    };
    assert_eq!(again(most).len(), most);
    assert_eq!(parsed(&run(again(most), 0)).as_array().unwrap().len(), 1);
    run(again(most + 1), 6).complains("exceeds 2097152");
}
