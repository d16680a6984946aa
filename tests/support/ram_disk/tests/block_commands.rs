//! Commands of block devices with parameter lists and data that are wrong, without sockets.

use iscsi_pdu::{InitiatorPdu, ScsiStatus, TargetPdu};

use super::by_hand::disk_name;
use super::host::{Host, SECOND, ZERO, cdb, config};
use crate::ram_disk::Engine;

const UNMAP: u8 = 0x42;
const WRITE_SAME_10: u8 = 0x41;
const WRITE_SAME_16: u8 = 0x93;
const SANITIZE: u8 = 0x48;
const COMPARE_AND_WRITE: u8 = 0x89;
const VERIFY_10: u8 = 0x2f;
const GET_LBA_STATUS: u8 = 0x9e;

type Sense = Option<(u8, u8, u8)>;

const LIST_LENGTH: Sense = Some((5, 0x1a, 0));
const INVALID_OPERATION: Sense = Some((5, 0x20, 0));
const OUT_OF_RANGE: Sense = Some((5, 0x21, 0));
const INVALID_FIELD: Sense = Some((5, 0x24, 0));
const INVALID_LIST: Sense = Some((5, 0x26, 0));

/// An engine whose unit 0 is thin and has a write cache, and a host.
fn stage() -> (Engine, Host) {
    let mut config = config();
    config.targets[0].units[0].is_thin = true;
    config.targets[0].units[0].write_cache = true;
    let mut engine = Engine::new(config).unwrap();
    let host = Host::log_in(&mut engine, ZERO, 0);
    (engine, host)
}

fn run(engine: &mut Engine, host: &mut Host, bytes: &[u8], list: &[u8]) -> Sense {
    let command = match list {
        [] => host.command(cdb(bytes), 0, 0),
        list => host.with_list(cdb(bytes), list),
    };
    let ended = host.run(engine, ZERO, command);
    assert_eq!(ended.is_good(), ended.sense.is_none(), "{ended:?}");
    ended.sense
}

/// The parameter list of an UNMAP of these blocks.
fn unmap_list(ranges: &[(u64, u32)]) -> Vec<u8> {
    let length = u16::try_from(16 * ranges.len()).unwrap();
    let mut list = [&(length + 6).to_be_bytes()[..], &length.to_be_bytes(), &[0; 4]].concat();
    for (lba, blocks) in ranges {
        list.extend([&lba.to_be_bytes()[..], &blocks.to_be_bytes(), &[0; 4]].concat());
    }
    list
}

fn unmap(engine: &mut Engine, host: &mut Host, list: &[u8]) -> Sense {
    let [high, low] = u16::try_from(list.len()).unwrap().to_be_bytes();
    run(engine, host, &[UNMAP, 0, 0, 0, 0, 0, 0, high, low], list)
}

fn write(engine: &mut Engine, host: &mut Host, lba: u8, value: u8) {
    let write = host.write(lba, value);
    assert!(host.run(engine, ZERO, write).is_good());
}

fn first_byte(engine: &Engine, lba: u64) -> u8 {
    engine.read_medium(&disk_name(), 0, lba * 512, 1).unwrap()[0]
}

#[test]
fn a_miscompare_carries_the_offset_of_the_first_byte_that_differs() {
    let (mut engine, mut host) = stage();
    write(&mut engine, &mut host, 3, 1);
    write(&mut engine, &mut host, 4, 2);
    let mut expected = [vec![1; 512], vec![2; 512]].concat();
    expected[777] = 9;
    let data = [&expected[..], &[7; 1024]].concat();
    let compare = cdb(&[COMPARE_AND_WRITE, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2]);
    let verify = cdb(&[VERIFY_10, 0x02, 0, 0, 0, 3, 0, 0, 2]);
    for (cdb, data) in [(compare, &data[..]), (verify, &expected)] {
        let command = host.with_list(cdb, data);
        host.send(&mut engine, ZERO, &InitiatorPdu::ScsiCommand(command));
        let Some(TargetPdu::ScsiResponse(response)) = host.receive(&mut engine) else { panic!() };
        assert_eq!(response.status, ScsiStatus::CHECK_CONDITION);
        assert_eq!(response.sense[..8], [0xf0, 0, 0x0e, 0, 0, 0x03, 0x09, 10]);
        assert_eq!(response.sense[12..14], [0x1d, 0]);
    }
    assert_eq!([3, 4].map(|lba| first_byte(&engine, lba)), [1, 2]);
}

#[test]
fn an_unmap_list_is_carried_out_as_a_whole_or_not_at_all() {
    let (mut engine, mut host) = stage();
    write(&mut engine, &mut host, 3, 1);
    let good = unmap_list(&[(3, 1), (131_071, 1)]);
    for length in 1..good.len() {
        let expected = if length < 8 { LIST_LENGTH } else { INVALID_LIST };
        assert_eq!(unmap(&mut engine, &mut host, &good[..length]), expected, "{length}");
    }
    for beyond in [(131_071, 2), (131_072, 1), (u64::MAX, 1), (0, u32::MAX)] {
        let list = unmap_list(&[(3, 1), beyond]);
        assert_eq!(unmap(&mut engine, &mut host, &list), OUT_OF_RANGE, "{beyond:?}");
    }
    assert_eq!(unmap(&mut engine, &mut host, &unmap_list(&[(3, 1); 257])), INVALID_LIST);
    assert_eq!(unmap(&mut engine, &mut host, &[]), None);
    assert_eq!(first_byte(&engine, 3), 1);
    assert_eq!(unmap(&mut engine, &mut host, &good), None);
    assert_eq!(first_byte(&engine, 3), 0);
    assert_eq!(run(&mut engine, &mut host, &[UNMAP, 1, 0, 0, 0, 0, 0, 0, 8], &good[..8]), INVALID_FIELD);
}

#[test]
fn data_that_are_cut_off_change_nothing() {
    let (mut engine, mut host) = stage();
    write(&mut engine, &mut host, 0, 1);
    let same = [WRITE_SAME_10, 0, 0, 0, 0, 0, 0, 0, 1];
    let compare = [COMPARE_AND_WRITE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    for length in [1, 511] {
        assert_eq!(run(&mut engine, &mut host, &same, &vec![7; length]), INVALID_FIELD);
        assert_eq!(run(&mut engine, &mut host, &compare, &vec![1; length + 512]), INVALID_FIELD);
        assert_eq!(
            run(&mut engine, &mut host, &[VERIFY_10, 6, 0, 0, 0, 0, 0, 0, 9], &vec![1; length]),
            INVALID_FIELD
        );
    }
    assert_eq!(first_byte(&engine, 0), 1);
}

#[test]
fn a_fully_provisioned_unit_unmaps_nothing() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    write(&mut engine, &mut host, 0, 1);
    assert_eq!(unmap(&mut engine, &mut host, &unmap_list(&[(0, 1)])), INVALID_OPERATION);
    let same = [WRITE_SAME_16, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(run(&mut engine, &mut host, &same, &[]), INVALID_FIELD);
    let status = host.command(cdb(&[GET_LBA_STATUS, 0x12, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 100]), 100, 0);
    let ended = host.run(&mut engine, ZERO, status);
    let descriptor = [0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0xff, 0xf7, 0, 0, 0, 0];
    assert_eq!(ended.data, [&[0, 0, 0, 20, 0, 0, 0, 7][..], &descriptor].concat());
    assert_eq!(first_byte(&engine, 0), 1);
}

/// Unmapped blocks come back with the power until they are flushed, like data that were written.
#[test]
fn an_unmap_is_in_the_cache_until_it_is_flushed() {
    let flush = [0x35];
    for is_flushed in [false, true] {
        let (mut engine, mut host) = stage();
        write(&mut engine, &mut host, 0, 1);
        assert_eq!(run(&mut engine, &mut host, &flush, &[]), None);
        assert_eq!(unmap(&mut engine, &mut host, &unmap_list(&[(0, 1)])), None);
        if is_flushed {
            assert_eq!(run(&mut engine, &mut host, &flush, &[]), None);
        }
        engine.restart(SECOND);
        assert_eq!(first_byte(&engine, 0), u8::from(!is_flushed));
    }
}

#[test]
fn a_sanitize_survives_a_loss_of_power_and_checks_its_pattern() {
    let (mut engine, mut host) = stage();
    write(&mut engine, &mut host, 0, 1);
    let overwrite = |length| [SANITIZE, 1, 0, 0, 0, 0, 0, 0, length];
    for (list, sense) in [
        (&[1, 0, 0, 1][..], LIST_LENGTH),
        (&[1, 0, 0, 2, 7], INVALID_LIST),
        (&[0, 0, 0, 1, 7], INVALID_LIST),
        (&[1, 0, 0, 1, 7], None),
    ] {
        let length = u8::try_from(list.len()).unwrap();
        assert_eq!(run(&mut engine, &mut host, &overwrite(length), list), sense, "{list:?}");
        assert_eq!(first_byte(&engine, 0), if sense.is_some() { 1 } else { 7 });
    }
    for (bytes, sense) in [
        (&[SANITIZE, 2, 0, 0, 0, 0, 0, 0, 1][..], INVALID_FIELD),
        (&[SANITIZE, 4], INVALID_FIELD),
        (&[SANITIZE, 0x1f], None),
    ] {
        assert_eq!(run(&mut engine, &mut host, bytes, &[]), sense, "{bytes:?}");
    }
    engine.restart(SECOND);
    assert_eq!([0, 131_071].map(|lba| first_byte(&engine, lba)), [7, 7]);
}

/// Nothing is written that takes more memory than a transfer.
#[test]
fn a_write_same_has_a_limit() {
    let (mut engine, mut host) = stage();
    let same = |blocks: u32| {
        let [a, b, c, d] = blocks.to_be_bytes();
        [WRITE_SAME_16, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
    };
    assert_eq!(run(&mut engine, &mut host, &same(32_768), &[]), None);
    assert_eq!(run(&mut engine, &mut host, &same(32_769), &[]), INVALID_FIELD);
    assert_eq!(run(&mut engine, &mut host, &same(0), &[]), INVALID_FIELD);
}
