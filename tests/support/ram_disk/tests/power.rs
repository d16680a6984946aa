//! Write cache, loss of power, restart, and units that change, without sockets.

use iscsi_pdu::InitiatorPdu;

use super::by_hand::disk_name;
use super::host::{Host, SECOND, ZERO, cached_config, cdb, config};
use crate::ram_disk::{Config, Engine, LogicalUnit, Sense, Transmit};

const SYNCHRONIZE_CACHE_10: u8 = 0x35;
const POWER_ON: Option<(u8, u8, u8)> = Some((6, 0x29, 0));

fn block(engine: &Engine, lba: u64) -> u8 {
    let block = engine.read_medium(&disk_name(), 0, lba * 512, 512).unwrap();
    assert!(block.iter().all(|byte| *byte == block[0]));
    block[0]
}

/// Writes value 1 to blocks 0 to 3, does something, and returns which blocks are there after a loss of power.
fn kept_after(act: impl FnOnce(&mut Engine, &mut Host)) -> [u8; 4] {
    let mut engine = Engine::new(cached_config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    for lba in 0..4 {
        let write = host.write(lba, 1);
        assert!(host.run(&mut engine, ZERO, write).is_good());
    }
    act(&mut engine, &mut host);
    engine.restart(SECOND);
    [0, 1, 2, 3].map(|lba| block(&engine, lba))
}

fn flush(engine: &mut Engine, host: &mut Host, lba: u8, blocks: u8) {
    let command = host.command(cdb(&[SYNCHRONIZE_CACHE_10, 0, 0, 0, 0, lba, 0, 0, blocks]), 0, 0);
    assert!(host.run(engine, ZERO, command).is_good());
}

#[test]
fn what_is_not_flushed_is_lost_with_the_power() {
    assert_eq!(kept_after(|_, _| {}), [0; 4]);
    assert_eq!(kept_after(|engine, host| flush(engine, host, 0, 0)), [1; 4]);
    assert_eq!(kept_after(|engine, host| flush(engine, host, 2, 0)), [0, 0, 1, 1]);
    assert_eq!(kept_after(|engine, host| flush(engine, host, 1, 2)), [0, 1, 1, 0]);
    assert_eq!(kept_after(|engine, _| engine.destage(&disk_name(), 0, 3, u64::MAX)), [0, 0, 0, 1]);
}

#[test]
fn a_write_with_fua_is_stable_and_alone() {
    let kept = kept_after(|engine, host| {
        let mut write = host.write(2, 9);
        write.cdb[1] = 0x08;
        assert!(host.run(engine, ZERO, write).is_good());
        assert_eq!(block(engine, 2), 9);
    });
    assert_eq!(kept, [0, 0, 9, 0]);
}

#[test]
fn a_later_write_does_not_become_stable_by_an_earlier_flush() {
    let kept = kept_after(|engine, host| {
        flush(engine, host, 0, 0);
        let write = host.write(1, 2);
        assert!(host.run(engine, ZERO, write).is_good());
    });
    assert_eq!(kept, [1; 4]);
}

#[test]
fn without_a_cache_every_write_is_stable() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.write(5, 3);
    assert!(host.run(&mut engine, ZERO, write).is_good());
    engine.restart(ZERO);
    assert_eq!(block(&engine, 5), 3);
}

/// SBC-3, 6.4.5, and SPC-4, 7.8.7: the caching page and the extended INQUIRY data agree.
#[test]
fn mode_page_and_vital_product_data_say_whether_there_is_a_cache() {
    for (config, expected) in [(config(), 0), (cached_config(), 1)] {
        let mut engine = Engine::new(config).unwrap();
        let mut host = Host::log_in(&mut engine, ZERO, 0);
        let sense = host.command(cdb(&[0x1a, 0, 0x08, 0, 255]), 255, 0);
        let page = host.run(&mut engine, ZERO, sense).data;
        assert_eq!((page[4], page[6]), (0x08, expected << 2));
        let sense = host.command(cdb(&[0x1a, 0, 0x48, 0, 255]), 255, 0);
        assert_eq!(host.run(&mut engine, ZERO, sense).data[6], 0, "nothing is changeable");
        let inquiry = host.command(cdb(&[0x12, 1, 0x86, 0, 255]), 255, 0);
        assert_eq!(host.run(&mut engine, ZERO, inquiry).data[6], expected);
    }
}

#[test]
fn block_limits_name_a_burst_and_not_the_disk() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let inquiry = host.command(cdb(&[0x12, 1, 0xb0, 0, 255]), 255, 0);
    let page = host.run(&mut engine, ZERO, inquiry).data;
    let number = |at: usize| u32::from_be_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]]);
    assert_eq!((number(8), number(12)), (32_768, 512));
}

#[test]
fn a_restart_ends_connections_and_is_told_once_to_each_port() {
    let mut engine = Engine::new(config()).unwrap();
    let (mut first, mut second) = (Host::log_in(&mut engine, ZERO, 1), Host::log_in(&mut engine, ZERO, 2));
    assert_eq!((first.attention(&mut engine, ZERO), second.attention(&mut engine, ZERO)), (None, None));
    engine.restart(SECOND);
    assert_eq!(engine.take_ready(), [first.id, second.id]);
    assert!(matches!(engine.transmit(first.id), Transmit::Close));
    engine.disconnect(first.id);
    let mut again = Host::log_in(&mut engine, SECOND, 1);
    assert_eq!(again.attention(&mut engine, SECOND), POWER_ON);
    assert_eq!(again.attention(&mut engine, SECOND), None);
    let mut again = Host::log_in(&mut engine, SECOND, 1);
    assert_eq!(again.attention(&mut engine, SECOND), None);
    let mut other = Host::log_in(&mut engine, SECOND, 2);
    assert_eq!(other.attention(&mut engine, SECOND), POWER_ON);
}

#[test]
fn a_known_port_is_told_of_the_loss_of_its_nexus() {
    let mut config = config();
    config.nexus_loss_attention = true;
    let mut engine = Engine::new(config).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 1);
    assert_eq!(host.attention(&mut engine, ZERO), None);
    let mut host = Host::log_in(&mut engine, ZERO, 1);
    assert_eq!(host.attention(&mut engine, ZERO), Some((6, 0x29, 7)));
    engine.restart(ZERO);
    let mut host = Host::log_in(&mut engine, ZERO, 1);
    assert_eq!(host.attention(&mut engine, ZERO), POWER_ON);
}

#[test]
fn raised_conditions_queue_up_and_a_reset_replaces_them() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let name = disk_name();
    for sense in [Sense::CAPACITY_CHANGED, Sense::INQUIRY_CHANGED, Sense::CAPACITY_CHANGED] {
        assert!(engine.raise_attention(&name, 0, sense));
    }
    assert_eq!(host.attention(&mut engine, ZERO), Some((6, 0x3f, 3)));
    assert_eq!(host.attention(&mut engine, ZERO), Some((6, 0x2a, 9)));
    assert_eq!(host.attention(&mut engine, ZERO), None);
    engine.raise_attention(&name, 0, Sense::LUNS_CHANGED);
    engine.raise_attention(&name, 0, Sense::POWER_ON);
    engine.raise_attention(&name, 1, Sense::CAPACITY_CHANGED);
    assert_eq!(host.attention(&mut engine, ZERO), POWER_ON);
    assert_eq!(host.attention(&mut engine, ZERO), None);
    assert!(!engine.raise_attention(&"iqn.2001-04.com.example:none".parse().unwrap(), 0, Sense::POWER_ON));
}

#[test]
fn raised_conditions_are_bounded() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    for ascq in 0..17 {
        engine.raise_attention(&disk_name(), 0, Sense::new(6, 0x3f, ascq));
    }
    let last = (0..16).map(|_| host.attention(&mut engine, ZERO)).last();
    assert_eq!(last, Some(Some((6, 0x3f, 15))));
    assert_eq!(host.attention(&mut engine, ZERO), None);
}

#[test]
fn another_unit_has_another_identity_and_fails_the_old_ones_commands() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let serial = |engine: &mut Engine, host: &mut Host| {
        let inquiry = host.command(cdb(&[0x12, 1, 0x80, 0, 255]), 255, 0);
        host.run(engine, ZERO, inquiry).data
    };
    let before = serial(&mut engine, &mut host);
    let write = host.write(0, 1);
    assert!(host.run(&mut engine, ZERO, write).is_good());
    engine.set_service_time(0x2a, SECOND);
    let write = host.write(1, 1);
    host.send(&mut engine, ZERO, &InitiatorPdu::ScsiCommand(write));
    let unit = LogicalUnit { blocks: 8, edition: 1, ..LogicalUnit::default() };
    engine.replace_unit(&disk_name(), unit).unwrap();
    assert_eq!(host.end(&mut engine).unwrap().sense, Some((5, 0x25, 0)));
    engine.advance(SECOND);
    assert_eq!((block(&engine, 0), block(&engine, 1)), (0, 0));
    assert_ne!(serial(&mut engine, &mut host), before);
    let capacity = host.command(cdb(&[0x25]), 8, 0);
    assert_eq!(host.run(&mut engine, SECOND, capacity).data, [0, 0, 0, 7, 0, 0, 2, 0]);
    assert!(engine.replace_unit(&disk_name(), LogicalUnit { blocks: 0, ..unit }).is_err());
}

/// A clone goes its own way, and the original never learns of it.
#[test]
fn clones_share_nothing_but_the_past() {
    let mut engine = Engine::new(cached_config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.write(0, 1);
    assert!(host.run(&mut engine, ZERO, write).is_good());
    let (mut other, mut other_host) = (engine.clone(), host.clone());
    let write = other_host.write(0, 2);
    assert!(other_host.run(&mut other, ZERO, write).is_good());
    assert_eq!((block(&engine, 0), block(&other, 0)), (1, 2));
    other.restart(ZERO);
    let read = host.read(0);
    assert_eq!(host.run(&mut engine, ZERO, read).data, [1; 512]);
    assert_eq!((engine.executions().len(), other.executions().len()), (2, 2));
    let written: Vec<_> =
        engine.executions().iter().map(|done| (done.operation, done.lba, done.blocks)).collect();
    assert_eq!(written, [(0x2a, 0, 1), (0x28, 0, 1)]);
}

#[test]
fn the_log_of_executions_is_bounded_and_the_count_is_not() {
    let mut engine = Engine::new(Config { most_executions: 2, ..config() }).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    for _ in 0..3 {
        let read = host.read(0);
        assert!(host.run(&mut engine, ZERO, read).is_good());
    }
    assert_eq!((engine.executions().len(), engine.report().executions), (2, 3));
}
