//! The program with logical units and targets that support only some commands: it shows available results, names missing
//! ones, and fails only if the requested operation failed.

use iscsi_pdu::{
    AsyncEvent, AsyncMessage, Lun, ScsiCommand, ScsiResponse, ScsiStatus, SerialNumber, TargetPdu,
};
use iscsi_tests::ram_disk::{self, LogicalUnit, Sense, Target};
use iscsi_tests::scripted_target::{
    Moment, Reply, Script, check_condition, data_in, parameter_data, response,
};

use crate::scripted_target::{NAME, Stage, after_login};

const INQUIRY: u8 = 0x12;
const MODE_SENSE_6: u8 = 0x1a;
const READ_CAPACITY_10: u8 = 0x25;
const READ_10: u8 = 0x28;
const SYNCHRONIZE_CACHE_10: u8 = 0x35;
const SYNCHRONIZE_CACHE_16: u8 = 0x91;
const REPORT_LUNS: u8 = 0xa0;

const ABORTED: Sense = Sense::new(0x0b, 0x00, 0x00);
const NOT_READY: Sense = Sense::new(0x02, 0x04, 0x01);

/// A target of four units but for the commands of which `answer` makes an answer.
fn four_units(answer: impl Fn(&ScsiCommand, &Moment) -> Option<Reply> + Send + Sync + 'static) -> Stage {
    let units = (0..4).map(|number| LogicalUnit { number, ..LogicalUnit::default() }).collect();
    let target = Target { units, ..Target::new(NAME.parse().unwrap()) };
    let mut config = ram_disk::Config::with_targets([target]);
    config.unit_attention = false;
    Stage::new(Script::new().log_in(config).serve_but(answer))
}

fn lun(number: u16) -> Lun {
    Lun::from_number(number).unwrap()
}

/// The line of a table that begins with this LUN.
#[track_caller]
fn line<'a>(table: &'a str, lun: &str) -> &'a str {
    let begins = |line: &&str| line.split_whitespace().next() == Some(lun);
    table.lines().find(begins).unwrap_or_else(|| panic!("no LUN {lun} in {table}"))
}

/// Whatever a unit fails at, the others are shown whole, and its own line says what is missing.
#[test]
fn a_broken_unit_hides_no_other() {
    let stage = four_units(|command, moment| match (command.cdb[0], command.lun) {
        (INQUIRY, at) if at == lun(1) => Some(check_condition(command, moment, ABORTED)),
        (READ_CAPACITY_10, at) if at == lun(2) => Some(check_condition(command, moment, NOT_READY)),
        (INQUIRY, at) if at == lun(3) => Some(parameter_data(command, moment, &[0, 0, 5])),
        _ => None,
    });
    let table = stage.run("luns", "", &[]).expect(&[0]).stdout;
    assert!(line(&table, "0").contains("64.0 MiB") && line(&table, "0").trim_end().ends_with("Virtual disk"));
    assert!(
        line(&table, "1").contains("INQUIRY failed: CHECK CONDITION")
            && line(&table, "1").contains("ABORTED COMMAND")
    );
    assert!(line(&table, "2").contains("RAMDISK") && line(&table, "2").contains("NOT READY"), "{table}");
    assert!(line(&table, "3").contains("unusable answer to INQUIRY"), "{table}");

    let json = stage.run("luns", "", &["--output", "json"]).expect(&[0]).stdout;
    let units: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(units[0]["remarks"].as_array().unwrap().len(), 0);
    assert_eq!((units[0]["size"].as_u64(), units[2]["size"].as_u64()), (Some(64 << 20), None));
    assert!(units[1]["product"].is_null() && units[2]["product"] == "Virtual disk");
    for (at, text) in [(1, "ABORTED COMMAND"), (2, "NOT READY"), (3, "unusable answer")] {
        assert!(units[at]["remarks"][0].as_str().unwrap().contains(text), "{json}");
    }
}

/// Without remarks the table has no column for them.
#[test]
fn whole_units_have_no_remarks() {
    let stage = four_units(|_, _| None);
    let outcome = stage.run("luns", "", &["--auth", "none"]).expect(&[0]);
    assert!(outcome.stdout.starts_with("LUN") && !outcome.stdout.contains("REMARKS"), "{}", outcome.stdout);
    assert_eq!(outcome.stderr, "");
}

/// LUNs behind which there is no device, as their INQUIRY data say.
#[test]
fn units_without_a_device() {
    let stage = four_units(|command, moment| {
        let mut data = vec![0x7f, 0, 5, 2, 31, 0, 0, 0];
        data.resize(36, b' ');
        (command.cdb[0] == INQUIRY && command.lun == lun(1)).then(|| parameter_data(command, moment, &data))
    });
    let table = stage.run("luns", "", &[]).expect(&[0]).stdout;
    assert!(line(&table, "1").contains("no device here (peripheral qualifier 3)"), "{table}");
}

/// A session that ends in the middle: what was learnt is shown, the rest is named, and the exit code is that of the end.
#[test]
fn a_session_that_ends_in_the_middle() {
    let stage = four_units(|command, moment| {
        (command.cdb[0] == INQUIRY && command.lun == lun(2)).then(|| session_drop(moment))
    });
    let outcome = stage.run("luns", "", &["--no-recovery"]).expect(&[7]);
    let table = outcome.stdout;
    assert!(line(&table, "1").contains("64.0 MiB"), "{table}");
    assert!(line(&table, "2").contains("it announced that it drops the connection"), "{table}");
    assert!(line(&table, "3").contains("not asked: the session had ended"), "{table}");
    let outcome = stage.run("info", "/2", &["--no-recovery"]).expect(&[7]);
    assert_eq!(outcome.stdout, "", "without INQUIRY data there is nothing to show");
}

/// The announcement that the target drops all connections.
fn session_drop(moment: &Moment) -> Reply {
    let event = AsyncMessage {
        lun: Lun::ZERO,
        numbers: moment.numbers,
        event: AsyncEvent::SESSION_DROP,
        vendor_code: 0,
        parameter1: 0,
        parameter2: 0,
        parameter3: 0,
        sense: bytes::Bytes::new(),
        event_data: bytes::Bytes::new(),
    };
    Reply::of(&[TargetPdu::AsyncMessage(event)], moment.digests)
}

/// A unit that never answers: its command is aborted, and the others are shown.
#[test]
fn a_unit_that_never_answers() {
    let stage =
        four_units(|command, _| (command.cdb[0] == INQUIRY && command.lun == lun(2)).then(Reply::default));
    let table = stage.run("luns", "", &["--timeout", "1"]).expect(&[0]).stdout;
    assert!(line(&table, "1").contains("64.0 MiB") && line(&table, "3").contains("64.0 MiB"), "{table}");
    assert!(line(&table, "2").contains("INQUIRY was aborted since it had no response"), "{table}");
    let outcome = stage.run("info", "/2", &["--timeout", "1"]).expect(&[8]);
    assert_eq!(outcome.stdout, "", "without INQUIRY data there is nothing to show");
}

/// Peripheral and flat addressing of one number are two units, and each can be asked by the name it is shown by.
#[test]
fn peripheral_and_flat_addressing() {
    let flat = Lun([0x40, 1, 0, 0, 0, 0, 0, 0]);
    let stage = four_units(move |command, moment| match command.cdb[0] {
        REPORT_LUNS => {
            let list = [&[0, 0, 0, 16, 0, 0, 0, 0][..], &lun(1).0, &flat.0].concat();
            Some(parameter_data(command, moment, &list))
        }
        INQUIRY if command.lun == flat && command.cdb[1] == 0 => {
            let mut data = vec![0x0c, 0, 5, 2, 31, 0, 0, 0];
            data.extend(b"FLAT    UNIT            0001");
            Some(parameter_data(command, moment, &data))
        }
        _ => None,
    });
    let table = stage.run("luns", "", &[]).expect(&[0]).stdout;
    assert!(
        line(&table, "1").contains("RAMDISK") && line(&table, "0x4001000000000000").contains("FLAT"),
        "{table}"
    );
    stage.run("info", "/1", &[]).expect(&[0]).shows("RAMDISK");
    stage.run("info", "/0x4001000000000000", &[]).expect(&[0]).shows("FLAT").shows("0x4001000000000000");
}

/// Without LUN 0 the list comes from elsewhere, and the program says so.
#[test]
fn targets_without_lun_0() {
    let stage = four_units(|command, moment| {
        let listed = command.cdb[0] == REPORT_LUNS && command.lun == Lun::ZERO;
        listed.then(|| check_condition(command, moment, Sense::UNIT_NOT_SUPPORTED))
    });
    let outcome = stage.run("luns", "", &[]).expect(&[0]);
    assert_eq!(outcome.stdout.lines().count(), 5, "{}", outcome.stdout);
    outcome.complains("this list is from the REPORT LUNS well known logical unit").complains("NOT SUPPORTED");

    let stage = four_units(|command, moment| {
        (command.cdb[0] == REPORT_LUNS).then(|| check_condition(command, moment, Sense::INVALID_OPERATION))
    });
    let outcome = stage.run("luns", "", &[]).expect(&[0]).complains("only LUN 0 was tried");
    assert_eq!(outcome.stdout.lines().count(), 2, "{}", outcome.stdout);

    let stage = four_units(|command, moment| {
        let refused = matches!(command.cdb[0], REPORT_LUNS | INQUIRY);
        refused.then(|| check_condition(command, moment, Sense::UNIT_NOT_SUPPORTED))
    });
    let outcome = stage.run("luns", "", &[]).expect(&[8]).complains("REPORT LUNS failed");
    assert_eq!(outcome.stdout, "");
}

#[test]
fn lists_that_are_empty_or_cut_off() {
    let stage = four_units(|command, moment| {
        (command.cdb[0] == REPORT_LUNS).then(|| parameter_data(command, moment, &[0; 8]))
    });
    stage.run("luns", "", &[]).expect(&[0]).complains("no logical units");
    let stage = four_units(|command, moment| {
        let list = [&[0, 0, 0, 24, 0, 0, 0, 0][..], &lun(0).0].concat();
        (command.cdb[0] == REPORT_LUNS).then(|| parameter_data(command, moment, &list))
    });
    stage.run("luns", "", &[]).expect(&[0]).complains("3 logical units, and listed only 1");
}

/// A target that ignores the EVPD bit, and one that aborts every page: the rest is shown, and each of the six pages is a
/// remark.
#[test]
fn info_without_vital_product_data() {
    let standard = |command: &ScsiCommand, moment: &Moment| {
        let mut data = vec![0, 0x80, 5, 2, 31, 0, 0, 2];
        data.extend(b"VENDOR  IGNORES EVPD    0001");
        (command.cdb[0] == INQUIRY).then(|| parameter_data(command, moment, &data))
    };
    let outcome = four_units(standard).run("info", "/0", &[]).expect(&[0]);
    let outcome = outcome.shows("IGNORES EVPD").shows("67108864 bytes");
    assert_eq!(line(&outcome.stdout, "serial").split_whitespace().last(), Some("-"), "{}", outcome.stdout);
    let remarks = outcome.stdout.lines().filter(|line| line.starts_with("remark:")).count();
    assert_eq!(remarks, 6, "{}", outcome.stdout);

    let aborting = |command: &ScsiCommand, moment: &Moment| {
        (command.cdb[..2] == [INQUIRY, 1]).then(|| check_condition(command, moment, ABORTED))
    };
    let stage = four_units(aborting);
    let outcome = stage.run("info", "/0", &["--output", "json"]).expect(&[0]);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (report["capacity"]["size"].as_u64(), report["product"].as_str()),
        (Some(64 << 20), Some("Virtual disk"))
    );
    let remarks = report["remarks"].as_array().unwrap();
    assert!(remarks.len() == 6 && remarks.iter().all(|remark| remark.as_str().unwrap().contains("ABORTED")));
    // Page 0xb0 is not needed either.
    stage
        .run("read", "/0", &["--length", "1M", "-o", "/dev/null"])
        .expect(&[0])
        .complains("read 1048576 bytes");
}

/// A unit that is not ready is shown without its size; one that is not there is an error.
#[test]
fn info_without_a_size() {
    let stage = after_login(|script| {
        script.serve_but(|command, moment| {
            (command.cdb[0] == READ_CAPACITY_10).then(|| check_condition(command, moment, NOT_READY))
        })
    });
    stage.run("info", "/0", &[]).expect(&[0]).shows("Virtual disk").shows("NOT READY");
    stage.run("info", "/9", &[]).expect(&[8]).complains("LOGICAL UNIT NOT SUPPORTED");
    // The requested blocks are not available.
    stage.run("read", "/0", &["--length", "512", "-o", "/dev/null"]).expect(&[8]);
}

/// The output of `write` for a unit without SYNCHRONIZE CACHE depends on the cache that the unit reports.
#[test]
fn writes_to_units_without_synchronize_cache() {
    let cases: [(Option<u8>, i32, &str); 3] = [
        (Some(0x00), 0, "no volatile write cache (WCE=0)"),
        (None, 0, "reports no write cache"),
        (Some(0x04), 8, "volatile write cache (WCE=1) and does not support SYNCHRONIZE CACHE"),
    ];
    for (flags, code, text) in cases {
        let stage = after_login(|script| {
            script.serve_but(move |command, moment| match (command.cdb[0], flags) {
                (SYNCHRONIZE_CACHE_10 | SYNCHRONIZE_CACHE_16, _) | (MODE_SENSE_6, None) => {
                    Some(check_condition(command, moment, Sense::INVALID_OPERATION))
                }
                (MODE_SENSE_6, Some(flags)) => {
                    let mut page = [0; 24];
                    page[..7].copy_from_slice(&[23, 0, 0, 0, 8, 18, flags]);
                    Some(parameter_data(command, moment, &page))
                }
                _ => None,
            })
        });
        let file = stage.user.path("data");
        std::fs::write(&file, [7; 1000]).unwrap();
        stage.run("write", "/0", &["-i", file.to_str().unwrap()]).expect(&[code]).complains(text);
    }
    let stage = after_login(Script::serve);
    let file = stage.user.path("data");
    std::fs::write(&file, [7; 1000]).unwrap();
    let outcome = stage.run("write", "/0", &["-i", file.to_str().unwrap()]).expect(&[0]);
    outcome.complains("wrote 1000 bytes at offset 0; flushed to stable storage");
}

/// RECOVERED ERROR with all data is a success with a warning.
#[test]
fn reads_with_recovered_errors() {
    let stage = after_login(|script| {
        script.serve_but(|command, moment| {
            if command.cdb[0] != READ_10 {
                return None;
            }
            let length = usize::try_from(command.expected_data_transfer_length).unwrap();
            let data = iscsi_pdu::DataIn { has_status: false, ..data_in(command, moment, 0, length) };
            let sense = Sense::new(0x01, 0x17, 0x01).to_fixed();
            let response = response(command, moment, ScsiStatus::CHECK_CONDITION, sense);
            let response = ScsiResponse { exp_data_sn: SerialNumber(1), ..response };
            Some(Reply::of(&[TargetPdu::DataIn(data), TargetPdu::ScsiResponse(response)], moment.digests))
        })
    });
    let read = ["--length", "4096", "-o", "/dev/null"];
    let outcome = stage.run("read", "/0", &read).expect(&[0]).complains("read 4096 bytes at offset 0");
    outcome.complains("had recovered from an error (RECOVERED ERROR): 1");
}

/// A session that is lost while the program still collects its input is noticed at once.
#[test]
fn writes_notice_a_lost_session_before_their_input_ends() {
    let stage = after_login(|script| {
        script
            .answer_command(INQUIRY, |command, moment| {
                // The last thing that is asked before the input is read.
                check_condition(command, moment, ABORTED)
            })
            .close()
    });
    // A pipe that stays open.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = stage.user.command();
    command.args(["write", "--no-recovery", "--initiator-name", "iqn.2001-04.com.example:host", "-i", "-"]);
    let child =
        command.arg(stage.url("/0")).stdin(reader).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let outcome = crate::program::Outcome::of(child).expect(&[7]);
    assert!(outcome.stderr.contains("lost"), "{}", outcome.stderr);
    drop(writer);
}
