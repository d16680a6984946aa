//! Copies with lists that are cut off, or that lie (SPC-4, 6.4; SBC-3, 5.7 and 5.46).

use super::host::{Ended, Host, ZERO, cdb, config};
use crate::ram_disk::Engine;

const EXTENDED_COPY: u8 = 0x00;
const POPULATE_TOKEN: u8 = 0x10;
const WRITE_USING_TOKEN: u8 = 0x11;

fn stage() -> (Engine, Host) {
    let mut engine = Engine::new(config()).unwrap();
    let host = Host::log_in(&mut engine, ZERO, 1);
    (engine, host)
}

fn copy(engine: &mut Engine, host: &mut Host, action: u8, list: &[u8]) -> Ended {
    let [high, low] = u16::try_from(list.len()).unwrap().to_be_bytes();
    let command = host.with_list(cdb(&[0x83, action, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, high, low]), list);
    host.run(engine, ZERO, command)
}

/// The NAA designator of unit 0 as an identification descriptor.
fn unit(engine: &mut Engine, host: &mut Host) -> Vec<u8> {
    let inquiry = host.command(cdb(&[0x12, 1, 0x83, 1, 0]), 256, 0);
    let page = host.run(engine, ZERO, inquiry).data;
    let naa = 4 + 4 + usize::from(page[7]);
    let mut descriptor = [&[0xe4, 0, 0, 0][..], &page[naa..naa + 12]].concat();
    descriptor.resize(28, 0);
    [&descriptor[..], &[0, 0, 2, 0]].concat()
}

/// A list that copies a block from address 0 to address 8.
fn list(unit: &[u8]) -> Vec<u8> {
    let header = [7, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 0];
    let segment = [2, 2, 0, 24, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8];
    [&header[..], unit, &segment].concat()
}

fn range(lba: u8, blocks: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, lba, 0, 0, 0, blocks, 0, 0, 0, 0]
}

#[test]
fn no_list_that_is_cut_off_copies_anything() {
    let (mut engine, mut host) = stage();
    let write = host.write(0, 5);
    assert!(host.run(&mut engine, ZERO, write).is_good());
    let list = list(&unit(&mut engine, &mut host));
    let read = |engine: &mut Engine, host: &mut Host| {
        let read = host.read(8);
        host.run(engine, ZERO, read).data[0]
    };
    for length in 1..list.len() {
        assert!(copy(&mut engine, &mut host, EXTENDED_COPY, &list[..length]).sense.is_some(), "{length}");
        assert_eq!(read(&mut engine, &mut host), 0);
    }
    assert!(copy(&mut engine, &mut host, EXTENDED_COPY, &list).is_good());
    assert_eq!(read(&mut engine, &mut host), 5);
}

#[test]
fn descriptors_that_are_wrong_are_refused() {
    let (mut engine, mut host) = stage();
    let good = list(&unit(&mut engine, &mut host));
    for (at, byte, sense) in [
        (1, 0x08, (5, 0x26, 0)),
        (3, 33, (5, 0x1a, 0)),
        (8, 0xff, (5, 0x1a, 0)),
        (15, 1, (5, 0x26, 0)),
        (16, 0xe5, (5, 0x26, 7)),
        (16 + 7, 21, (5, 0x26, 0)),
        (16 + 7, 255, (5, 0x26, 0)),
        (16 + 8, 0xff, (0x0a, 0x0d, 2)),
        (16 + 30, 4, (5, 0x26, 0)),
        (48, 3, (5, 0x26, 9)),
        (49, 3, (5, 0x26, 0)),
        (51, 23, (5, 0x26, 9)),
        (53, 1, (0x0a, 0, 0)),
        (55, 1, (0x0a, 0, 0)),
        (58, 0xff, (5, 0x26, 0)),
        (60, 0xff, (0x0a, 0, 0)),
        (68, 0xff, (0x0a, 0, 0)),
    ] {
        let mut list = good.clone();
        list[at] = byte;
        assert_eq!(copy(&mut engine, &mut host, EXTENDED_COPY, &list).sense, Some(sense), "{at} {byte:#x}");
    }
}

#[test]
fn token_lists_are_checked_at_every_length() {
    let (mut engine, mut host) = stage();
    let populate = [&[0, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16][..], &range(0, 1)].concat();
    let zeros = [&[0xff, 0xff, 0, 1, 0, 0, 1, 0xf8][..], &[0; 504]].concat();
    let head = [0x02, 0x26, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let write = [&head[..], &zeros, &[0, 0, 0, 0, 0, 0, 0, 16], &range(0, 1)].concat();
    for (action, list) in [(POPULATE_TOKEN, populate), (WRITE_USING_TOKEN, write)] {
        for length in 1..list.len() {
            let cut_off = &list[..length];
            assert!(copy(&mut engine, &mut host, action, cut_off).sense.is_some(), "{action:#x} {length}");
            // A length that fits does not help.
            if length >= 2 {
                let fitting = [&u16::try_from(length - 2).unwrap().to_be_bytes()[..], &cut_off[2..]].concat();
                assert!(
                    copy(&mut engine, &mut host, action, &fitting).sense.is_some(),
                    "{action:#x} {length}"
                );
            }
        }
        assert!(copy(&mut engine, &mut host, action, &list).is_good(), "{action:#x}");
    }
}

#[test]
fn results_are_those_of_the_port_that_asked() {
    let (mut engine, mut host) = stage();
    let list = list(&unit(&mut engine, &mut host));
    assert!(copy(&mut engine, &mut host, EXTENDED_COPY, &list).is_good());
    let status = |engine: &mut Engine, host: &mut Host, list_id| {
        let receive = host.command(cdb(&[0x84, 0, list_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12]), 12, 0);
        host.run(engine, ZERO, receive)
    };
    assert_eq!(status(&mut engine, &mut host, 7).data, [0, 0, 0, 8, 1, 0, 1, 0, 0, 0, 2, 0]);
    assert_eq!(status(&mut engine, &mut host, 8).sense, Some((5, 0x24, 0)));
    let mut other = Host::log_in(&mut engine, ZERO, 2);
    assert_eq!(status(&mut engine, &mut other, 7).sense, Some((5, 0x24, 0)));
}
