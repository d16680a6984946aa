//! Tasks that take time, and the window that they fill. Without sockets.

use std::time::Duration;

use iscsi_pdu::{InitiatorPdu, Lun, ScsiCommand};

use super::by_hand::disk_name;
use super::host::{Host, SECOND, ZERO, cdb, config};
use crate::ram_disk::{Config, Engine, Transmit};

const READ_10: u8 = 0x28;
pub(super) const WRITE_10: u8 = 0x2a;

/// An engine in which reads and writes take a second.
pub(super) fn slow(config: Config) -> Engine {
    let mut engine = Engine::new(config).unwrap();
    engine.set_service_time(READ_10, SECOND);
    engine.set_service_time(WRITE_10, SECOND);
    engine
}

/// Two sessions of a slow engine.
pub(super) fn two_hosts() -> (Engine, Host, Host) {
    let mut engine = slow(config());
    let (first, second) = (Host::log_in(&mut engine, ZERO, 1), Host::log_in(&mut engine, ZERO, 2));
    (engine, first, second)
}

pub(super) fn send(engine: &mut Engine, host: &Host, command: &ScsiCommand) {
    host.send(engine, ZERO, &InitiatorPdu::ScsiCommand(command.clone()));
}

/// A write of one block to unit 1.
pub(super) fn write_to_unit_1(host: &mut Host) -> ScsiCommand {
    ScsiCommand { lun: Lun::from_number(1).unwrap(), ..host.write(0, 1) }
}

/// The tags of the commands executed.
pub(super) fn executed(engine: &Engine) -> Vec<u32> {
    engine.executions().iter().map(|done| done.itt.0).collect()
}

pub(super) fn is_closed(engine: &mut Engine, host: &Host) -> bool {
    matches!(engine.transmit(host.id), Transmit::Close)
}

#[test]
fn commands_end_when_their_time_is_over_in_the_order_of_arrival() {
    let (mut engine, mut host, _) = two_hosts();
    let (write, read) = (host.write(0, 7), host.read(0));
    // The tags are in the other order.
    let (write, read) = (ScsiCommand { itt: read.itt, ..write }, ScsiCommand { itt: write.itt, ..read });
    send(&mut engine, &host, &write);
    send(&mut engine, &host, &read);
    assert_eq!(engine.deadline(), Some(SECOND));
    engine.advance(Duration::from_nanos(999_999_999));
    assert_eq!((host.end(&mut engine), engine.unfinished_commands(host.id)), (None, 2));
    assert!(engine.take_ready().is_empty());
    engine.advance(SECOND);
    assert_eq!((engine.take_ready(), engine.deadline()), (vec![host.id], None));
    assert_eq!(host.end(&mut engine).unwrap().itt, write.itt);
    assert_eq!(host.end(&mut engine).unwrap().data, [7; 512]);
    assert_eq!(engine.unfinished_commands(host.id), 0);
    let times: Vec<_> =
        engine.executions().iter().map(|done| (done.time, done.connection, done.cmd_sn)).collect();
    assert_eq!(times, [(SECOND, host.id, write.cmd_sn), (SECOND, host.id, read.cmd_sn)]);
}

/// The time begins when the last data have arrived.
#[test]
fn a_write_takes_its_time_after_its_data() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = slow(config);
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    let r2t = host.r2t(&mut engine);
    assert_eq!(engine.deadline(), None);
    let data = host.data_out(&r2t, 4);
    host.send(&mut engine, SECOND, &data);
    assert_eq!(engine.deadline(), Some(SECOND * 2));
    engine.advance(SECOND * 2);
    assert!(host.end(&mut engine).unwrap().is_good());
    assert_eq!(engine.read_medium(&disk_name(), 0, 0, 512), Some(vec![4; 512]));
}

/// An unfinished command keeps its place of the window, and the window moves on when it ends.
#[test]
fn unfinished_commands_fill_the_window() {
    let mut engine = slow(Config { window: 2, ..config() });
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    assert_eq!(host.cmd_sn.distance_to(host.max_cmd_sn), 1);
    let (first, second, beyond) = (host.read(0), host.read(1), host.read(2));
    for command in [&first, &second, &beyond] {
        send(&mut engine, &host, command);
    }
    assert_eq!(engine.unfinished_commands(host.id), 2, "the third is ignored (4.2.2.1)");
    assert!(engine.report().violations[0].contains("outside the window"));
    engine.advance(SECOND);
    assert!(host.end(&mut engine).unwrap().is_good() && host.end(&mut engine).unwrap().is_good());
    assert_eq!(beyond.cmd_sn.distance_to(host.max_cmd_sn), 1);
}

/// 4.2.2.1: numbers that were allowed stay allowed; a NOP-In shows when there are more.
#[test]
fn a_closed_window_opens_by_a_nop_in() {
    let mut engine = Engine::new(Config { window: 1, ..config() }).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    engine.set_window(host.id, 0);
    let allowed = host.read(0);
    assert!(host.run(&mut engine, ZERO, allowed).is_good());
    assert!(host.cmd_sn.follows(host.max_cmd_sn), "the window is closed");
    let refused = host.read(0);
    send(&mut engine, &host, &refused);
    assert_eq!(host.end(&mut engine), None);
    engine.set_window(host.id, 3);
    engine.show_numbers(host.id);
    assert_eq!(engine.take_ready(), [host.id]);
    let shown = host.receive(&mut engine);
    assert!(
        matches!(shown, Some(iscsi_pdu::TargetPdu::NopIn(ref ping)) if !ping.itt.is_valid()),
        "{shown:?}"
    );
    assert_eq!(refused.cmd_sn.distance_to(host.max_cmd_sn), 2);
    assert!(host.run(&mut engine, ZERO, refused).is_good());
}
