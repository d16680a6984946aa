//! Commands about the unit rather than its blocks: mode pages, buffers, the log, and the list of commands.

use super::host::{Host, ZERO, cdb, config};
use crate::ram_disk::Engine;
use crate::ram_disk::supported::commands;

const GOOD: (u8, u8, u8) = (0, 0, 0);
const INVALID_FIELD: (u8, u8, u8) = (5, 0x24, 0);
const INVALID_LIST: (u8, u8, u8) = (5, 0x26, 0);
const LIST_LENGTH: (u8, u8, u8) = (5, 0x1a, 0);

struct World {
    engine: Engine,
    host: Host,
}

impl World {
    fn new() -> Self {
        let mut engine = Engine::new(config()).unwrap();
        let host = Host::log_in(&mut engine, ZERO, 0);
        Self { engine, host }
    }

    /// Sends a command that reads up to 4096 bytes.
    fn read(&mut self, block: &[u8]) -> Result<Vec<u8>, (u8, u8, u8)> {
        let command = self.host.command(cdb(block), 4096, 0);
        let outcome = self.host.run(&mut self.engine, ZERO, command);
        outcome.sense.map_or(Ok(outcome.data), Err)
    }

    /// Sends a command with these data; key, code and qualifier are 0 when it succeeds.
    fn write(&mut self, block: &[u8], data: &[u8]) -> (u8, u8, u8) {
        let command = self.host.with_list(cdb(block), data);
        self.host.run(&mut self.engine, ZERO, command).sense.unwrap_or(GOOD)
    }

    fn select(&mut self, list: &[u8]) -> (u8, u8, u8) {
        self.write(&[0x15, 0x10, 0, 0, u8::try_from(list.len()).unwrap()], list)
    }
}

/// A control page in the list of MODE SELECT (6), with this byte of flags.
fn control(flags: u8) -> Vec<u8> {
    vec![0, 0, 0, 0, 0x0a, 10, 0, 0, flags, 0, 0, 0, 0, 0, 0, 0]
}

/// REPORT SUPPORTED OPERATION CODES names each command that the unit carries out, and no other.
#[test]
fn the_list_of_commands_is_complete() {
    const UNKNOWN: (u8, u8, u8) = (5, 0x20, 0);
    for code in 0..=u8::MAX {
        // A command may stop the unit.
        let mut world = World::new();
        let is_listed = commands(false).any(|command| command.operation == code);
        assert_eq!(world.read(&[code]) != Err(UNKNOWN), is_listed, "{code:#x}");
    }
    assert!(commands(true).is_sorted_by_key(|command| (command.operation, command.service_action)));
    let [thick, thin] = [false, true].map(|is_thin| commands(is_thin).count());
    assert_eq!(thin, thick + 1, "UNMAP");
}

#[test]
fn software_write_protection_is_changeable_and_nothing_else() {
    let mut world = World::new();
    assert_eq!(world.select(&control(0x08)), GOOD);
    assert_eq!(world.read(&[0x1a, 0, 0x0a, 0, 255]).unwrap()[..9], [15, 0, 0x90, 0, 0x0a, 10, 0, 0, 0x08]);
    assert_eq!(world.write(&[0x2a, 0, 0, 0, 0, 0, 0, 0, 1], &[7; 512]), (7, 0x27, 2));
    assert!(world.read(&[0x28, 0, 0, 0, 0, 0, 0, 0, 1]).is_ok());
    assert_eq!(world.select(&control(0)), GOOD);
    assert_eq!(world.write(&[0x2a, 0, 0, 0, 0, 0, 0, 0, 1], &[7; 512]), GOOD);
    assert_eq!(world.select(&control(0x18)), INVALID_LIST);
    let caching = [&[0, 0, 0, 0, 0x08, 18, 0x04][..], &[0; 17]].concat();
    assert_eq!(world.select(&caching), INVALID_LIST);
}

/// A list that is cut off, of another length, or with an unknown page changes nothing.
#[test]
fn mode_parameter_lists_that_are_wrong() {
    let mut world = World::new();
    let list = control(0x08);
    for length in 1..list.len() {
        let expected = if length == 4 { GOOD } else { LIST_LENGTH };
        assert_eq!(world.select(&list[..length]), expected, "{length}");
    }
    for (at, byte) in [(1, 1), (3, 8), (4, 0x0b), (5, 9)] {
        let mut wrong = list.clone();
        wrong[at] = byte;
        assert!([INVALID_LIST, LIST_LENGTH].contains(&world.select(&wrong)), "{at}");
    }
    assert_eq!(world.write(&[0x15, 0x11, 0, 0, 16], &list), INVALID_FIELD, "nothing is saved");
    assert_eq!(world.write(&[0x15, 0x00, 0, 0, 16], &list), INVALID_FIELD, "the form of a vendor");
    assert_eq!(world.read(&[0x1a, 0, 0x0a, 0, 255]).unwrap()[8], 0);
}

#[test]
fn buffers_have_4096_bytes() {
    let mut world = World::new();
    assert_eq!(world.read(&[0x3c, 0x03, 0, 0, 0, 0, 0, 0, 4]), Ok(vec![0, 0, 0x10, 0]));
    assert_eq!(world.read(&[0x3c, 0x03, 1, 0, 0, 0, 0, 0, 4]), Ok(vec![0; 4]));
    assert_eq!(world.write(&[0x3b, 0x02, 0, 0, 0x0f, 0xfe, 0, 0, 2], &[1, 2]), GOOD);
    assert_eq!(world.read(&[0x3c, 0x02, 0, 0, 0x0f, 0xfd, 0, 0, 9]), Ok(vec![0, 1, 2]));
    assert_eq!(world.read(&[0x3c, 0x02, 0, 0, 0x10, 0, 0, 0, 9]), Ok(Vec::new()));
    for (block, data) in [
        (&[0x3b, 0x02, 0, 0, 0x0f, 0xff, 0, 0, 2][..], &[1, 2][..]),
        (&[0x3b, 0x02, 1, 0, 0, 0, 0, 0, 2], &[1, 2]),
        (&[0x3b, 0x05, 0, 0, 0, 0, 0, 0, 2], &[1, 2]),
    ] {
        assert_eq!(world.write(block, data), INVALID_FIELD, "{block:x?}");
    }
    assert_eq!(world.read(&[0x3c, 0x02, 0, 0, 0x10, 1, 0, 0, 9]), Err(INVALID_FIELD));
    assert_eq!(world.read(&[0x3c, 0x0a, 0, 0, 0, 0, 0, 0, 9]), Err((5, 0x2c, 0)), "no echo was written");
}

#[test]
fn log_pages_and_parameters_that_do_not_exist() {
    let mut world = World::new();
    for block in [
        &[0x4d, 0, 0x4e, 0, 0, 0, 0, 0, 255][..],
        &[0x4d, 0, 0x4d, 1, 0, 0, 0, 0, 255],
        &[0x4d, 0, 0x4d, 0, 0, 0, 2, 0, 255],
        &[0x4d, 0, 0x0d, 0, 0, 0, 0, 0, 255],
        &[0x4d, 1, 0x4d, 0, 0, 0, 0, 0, 255],
    ] {
        assert_eq!(world.read(block), Err(INVALID_FIELD), "{block:x?}");
    }
    assert_eq!(world.read(&[0x4d, 0, 0x4d, 0, 0, 0, 1, 0, 9]).unwrap(), [0x0d, 0, 0, 6, 0, 1, 3, 2, 0]);
}

#[test]
fn a_stopped_unit_needs_a_start() {
    let mut world = World::new();
    assert_eq!(world.read(&[0x1b, 0, 0, 0, 0x02]), Err(INVALID_FIELD), "nothing to eject");
    assert_eq!(world.read(&[0x1b]), Ok(Vec::new()));
    for block in [&[0x00][..], &[0x25], &[0x28, 0, 0, 0, 0, 0, 0, 0, 1], &[0x35]] {
        assert_eq!(world.read(block), Err((2, 0x04, 2)), "{block:x?}");
    }
    assert!(world.read(&[0x12, 0, 0, 0, 96]).is_ok() && world.read(&[0x1a, 0, 0x3f, 0, 96]).is_ok());
    assert_eq!(world.read(&[0x1b, 0, 0, 0, 0x01]), Ok(Vec::new()));
    assert_eq!(world.read(&[0x00]), Ok(Vec::new()));
}
