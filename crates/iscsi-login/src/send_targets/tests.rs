//! Records of every form, and the limits of an answer.

use std::collections::BTreeSet;

use super::{MAX_UNUSABLE, parse_send_targets};
use crate::{DiscoveredTarget, DiscoveredTargets, Strictness};

/// The targets of an answer without deviations.
fn parse(text: &[u8]) -> Vec<DiscoveredTarget> {
    let found = parse_send_targets(text, Strictness::Strict).unwrap();
    assert_eq!((found.unusable.len(), found.deviations()), (0, Vec::new()));
    found.targets
}

fn parse_tolerant(text: &[u8]) -> DiscoveredTargets {
    parse_send_targets(text, Strictness::Tolerant).unwrap()
}

/// Records with several addresses, and with none.
#[test]
fn dis_04_dis_05_records() {
    let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,1\0\
        TargetAddress=[2001:db8::5]:3260,1\0TargetName=iqn.2001-04.com.example:b\0";
    let targets = parse(text);
    assert_eq!(targets.len(), 2);
    assert_eq!(targets[0].addresses.len(), 2);
    assert!(targets[1].addresses.is_empty());
    assert!(parse(b"").is_empty());
}

/// DIS-10: duplicates are merged, order kept.
#[test]
fn dis_10_duplicates_are_merged() {
    let record = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5,1\0";
    let targets = parse(&record.repeat(2));
    assert_eq!((targets.len(), targets[0].addresses.len()), (1, 1));
}

/// Addresses of every form, in the target's order; a target that is named again goes on where it was.
#[test]
fn dis_06_dis_10_forms_of_addresses() {
    let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=[2001:db8::5]:3261,1\0\
        TargetAddress=[fe80::1%eth0],1\0TargetAddress=disk.example.com,0x2\0\
        TargetName=iqn.2001-04.com.example:b\0TargetAddress=10.0.0.5,1\0\
        TargetName=iqn.2001-04.com.example:a\0TargetAddress=[fe80::1%eth0]:3260,1\0TargetAddress=10.0.0.5,1\0";
    let targets = parse(text);
    let addresses =
        |place: usize| -> Vec<String> { targets[place].addresses.iter().map(ToString::to_string).collect() };
    assert_eq!(targets.len(), 2);
    let of_a =
        ["[2001:db8::5]:3261,1", "[fe80::1%eth0]:3260,1", "disk.example.com:3260,2", "10.0.0.5:3260,1"];
    assert_eq!(
        (addresses(0), addresses(1)),
        (of_a.map(str::to_owned).to_vec(), vec!["10.0.0.5:3260,1".to_owned()])
    );
}

/// DIS-07: tags are kept, and a portal in two groups is reported.
#[test]
fn dis_07_portal_groups() {
    let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5,1\0TargetAddress=10.0.0.5,2\0\
        TargetAddress=10.0.0.6,2\0";
    let targets = parse(text);
    let tags: Vec<_> = targets[0].addresses.iter().map(|address| address.portal_group_tag).collect();
    assert_eq!(tags, [Some(1), Some(2), Some(2)]);
    assert_eq!(targets[0].portals_in_several_groups(), BTreeSet::from([("10.0.0.5", 3260)]));
}

/// DIS-09: foreign keys, orphaned addresses and hostile names are errors.
#[test]
fn dis_09_malformed_answers() {
    let bad: [&[u8]; 4] = [
        b"TargetAddress=10.0.0.5,1\0",
        b"TargetName=iqn.2001-04.com.example:a\0TargetAlias=x\0",
        b"TargetName=../../etc/passwd\0",
        b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:99999,1\0",
    ];
    for text in bad {
        assert!(parse_send_targets(text, Strictness::Strict).is_err(), "{}", text.escape_ascii());
    }
}

/// DIS-09: an answer that refuses SendTargets is an error in either mode.
#[test]
fn dis_09_a_refused_request_is_an_error_in_either_mode() {
    for strictness in [Strictness::Strict, Strictness::Tolerant] {
        assert!(parse_send_targets(b"SendTargets=Reject\0", strictness).is_err());
    }
}

/// One malformed record of each kind between two valid ones: both are found, and its text and reason are reported.
#[test]
fn dis_09_one_malformed_record_does_not_hide_the_others() {
    let cases: [(&[u8], &str, &str); 6] = [
        (
            b"TargetName=disk/1\0TargetAddress=10.0.0.6,1\0",
            "TargetName=disk/1 TargetAddress=10.0.0.6,1",
            "iSCSI",
        ),
        (b"TargetName\0", "TargetName", "="),
        (b"targetName=x\0", "targetName=x", "key"),
        (b"TargetAlias=x\0", "TargetAlias=x", "not allowed in a SendTargets answer"),
        (b"TargetAddress=\x1b[2J\0", "TargetAddress=\\x1b[2J", "control character"),
        (b"TargetAddress=\xff\0", "TargetAddress=\\xff", "UTF-8"),
    ];
    for (malformed, shown, reason) in cases {
        let (first, last) = (
            b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5,1\0",
            b"TargetName=iqn.2001-04.com.example:b\0TargetAddress=10.0.0.5,1\0",
        );
        let text = [first, malformed, last].concat();
        let found = parse_tolerant(&text);
        assert!(parse_send_targets(&text, Strictness::Strict).is_err(), "{shown}");
        assert_eq!(found.targets.len(), 2, "{shown}");
        assert!(found.targets.iter().all(|target| target.addresses.len() == 1), "{shown}");
        let unusable: Vec<_> = found.targets.iter().flat_map(|target| &target.unusable).collect();
        let record = found.unusable.iter().chain(unusable).next().unwrap();
        assert_eq!(record.text, shown);
        assert!(record.reason.to_string().contains(reason), "{}", record.reason);
        let observed = found.deviations();
        assert_eq!((observed.len(), observed[0].deviation.id), (1, "record-unusable"));
    }
}

/// The last pair of a truncated answer is not used as a name.
#[test]
fn dis_09_an_unterminated_record_is_unusable() {
    let found = parse_tolerant(b"TargetName=iqn.2001-04.com.example:a\0TargetName=iqn.2001-04.com.exa");
    assert_eq!((found.targets.len(), found.targets[0].unusable.len()), (1, 1));
    assert_eq!(found.targets[0].unusable[0].text, "TargetName=iqn.2001-04.com.exa");
}

/// An address before any name belongs to no target, one after an unusable name to that record.
#[test]
fn dis_09_addresses_without_a_target() {
    let found =
        parse_tolerant(b"TargetAddress=10.0.0.4,1\0TargetName=/x\0TargetAlias=y\0TargetAddress=10.0.0.5,1\0");
    let texts: Vec<_> = found.unusable.iter().map(|record| record.text.as_str()).collect();
    let expected = ["TargetAddress=10.0.0.4,1", "TargetName=/x TargetAddress=10.0.0.5,1", "TargetAlias=y"];
    assert_eq!((texts, found.targets.len()), (expected.to_vec(), 0));
}

/// DIS-05: only a target without any address is at the portal that sent the answer.
#[test]
fn dis_05_an_unusable_address_is_not_the_portal_asked() {
    let cases: [(&[u8], bool); 5] = [
        (b"", true),
        (b"TargetAlias=disk\0", true),
        (b"TargetAddress=10.0.0.5:0,1\0", false),
        (b"TargetAddress=10.0.0.5,1\0", false),
        (b"TargetAddress=\xff\0", false),
    ];
    for (rest, is_there) in cases {
        let found = parse_tolerant(&[b"TargetName=iqn.2001-04.com.example:a\0", rest].concat());
        assert_eq!(found.targets[0].is_at_the_portal_asked(), is_there, "{}", rest.escape_ascii());
    }
}

/// A name outside the grammar is kept unchanged and reported once; in strict mode it is refused.
#[test]
fn names_outside_the_grammar() {
    for (name, rule) in [
        ("iqn.2004-04.com.example:my_target", "a character other than"),
        ("iqn.2015-1.workgroup:raid", "date of the iqn. name"),
        ("iqn.2004-04.com.example:a ", "a character other than"),
        ("disk1", "neither iqn., eui. nor naa."),
    ] {
        let text = format!("TargetName={name}\0TargetAddress=10.0.0.5,1\0TargetName={name}\0");
        let found = parse_tolerant(text.as_bytes());
        assert_eq!((found.targets.len(), found.targets[0].name.as_str()), (1, name));
        assert_eq!((found.targets[0].addresses.len(), found.unusable.len()), (1, 0));
        let observed = found.deviations();
        assert_eq!((observed.len(), observed[0].deviation.id), (1, "name-grammar"));
        assert!(observed[0].detail.starts_with(&format!("TargetName={name:?}: ")), "{observed:?}");
        assert!(observed[0].detail.contains(rule), "{observed:?}");
        let error = parse_send_targets(text.as_bytes(), Strictness::Strict).unwrap_err().to_string();
        assert!(error.contains(&format!("record \"TargetName={name}\"")) && error.contains(rule), "{error}");
    }
}

/// Deviating forms are reported once, with the address meant.
#[test]
fn dis_06_deviating_addresses_are_reported() {
    let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,-1 \0\
        TargetAddress=10.0.0.5:3260,-1 \0TargetAddress=10.0.0.6,1\0TargetAddress=10.0.0.6,1 \0";
    let found = parse_tolerant(text);
    assert!(parse_send_targets(text, Strictness::Strict).is_err());
    let target = &found.targets[0];
    assert_eq!((target.addresses.len(), target.unusable.len()), (2, 0));
    let reported: Vec<_> = target
        .deviations
        .iter()
        .map(|found| (found.address.to_string(), found.observed.deviation.id, found.observed.detail.as_str()))
        .collect();
    let detail = "TargetAddress=\"10.0.0.5:3260,-1 \"";
    let of = |id| ("10.0.0.5:3260".to_owned(), id, detail);
    assert_eq!(reported, [of("address-trailing-blank"), of("address-tag-negative")]);
}

/// More targets than the limit are an error in either mode; a repeated name does not count.
#[test]
fn targets_are_bounded() {
    let limit = DiscoveredTargets::MAX_TARGETS;
    let names = |count: usize| -> String {
        let record = |number: usize| format!("TargetName=iqn.2001-04.com.example:{number}\0");
        (0..count).map(record).collect()
    };
    let again = names(limit) + &names(limit);
    assert_eq!(parse(again.as_bytes()).len(), limit);
    for strictness in [Strictness::Strict, Strictness::Tolerant] {
        let error = parse_send_targets(names(limit + 1).as_bytes(), strictness).unwrap_err();
        assert_eq!(error.to_string(), "SendTargets answer names more than 10000 targets");
    }
}

/// The same of the addresses of one target, even if others stand between them.
#[test]
fn addresses_are_bounded() {
    let limit = DiscoveredTarget::MAX_ADDRESSES;
    let records = |count: usize| -> String {
        let record = |number: usize| {
            let address = format!("TargetAddress=10.0.0.{number}\0");
            format!("TargetName=iqn.2001-04.com.example:a\0{address}TargetName=iqn.2001-04.com.example:b\0")
        };
        (1..=count).map(record).collect()
    };
    let again = records(limit) + &records(limit);
    assert_eq!(parse(again.as_bytes())[0].addresses.len(), limit);
    for strictness in [Strictness::Strict, Strictness::Tolerant] {
        let error = parse_send_targets(records(limit + 1).as_bytes(), strictness).unwrap_err();
        let expected = "SendTargets answer gives iqn.2001-04.com.example:a more than 128 addresses";
        assert_eq!(error.to_string(), expected);
    }
}

/// The length and the number of kept records are limited.
#[test]
fn unusable_records_are_bounded() {
    let record = |name: &str| {
        let text = format!("TargetName=/{name}\0TargetAddress=x\0");
        parse_tolerant(text.as_bytes()).unusable.swap_remove(0).text
    };
    assert_eq!(record(&"x".repeat(1024 - 28)), format!("TargetName=/{} TargetAddress=x", "x".repeat(996)));
    assert_eq!(record(&"x".repeat(1024 - 27)), format!("TargetName=/{}", "x".repeat(997)));
    assert_eq!(record(&"x".repeat(1024 - 12)).len(), 1024);
    assert_eq!(record(&"x".repeat(1024 - 11)), format!("TargetName=/{}…", "x".repeat(1009)));
    assert_eq!(record(&"ä".repeat(3000)), format!("TargetName=/{}…", "ä".repeat(504)));
    let mut text = b"TargetName=/x\0".repeat(MAX_UNUSABLE);
    assert_eq!(parse_tolerant(&text).more_unusable, 0);
    text.extend_from_slice(
        b"TargetName=/y\0TargetAddress=10.0.0.5,1\0TargetName=iqn.2001-04.com.example:a\0",
    );
    let found = parse_tolerant(&text);
    assert_eq!((found.unusable.len(), found.more_unusable, found.targets.len()), (MAX_UNUSABLE, 1, 1));
    assert!(found.unusable.iter().all(|record| record.text == "TargetName=/x"));
    text.extend_from_slice(b"TargetAddress=\0");
    let found = parse_tolerant(&text);
    assert_eq!(found.more_unusable, 2);
    assert!(!found.targets[0].is_at_the_portal_asked(), "what is not kept still counts");
}
