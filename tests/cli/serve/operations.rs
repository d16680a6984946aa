//! Requests of every kind: their effect on the logical unit, in every form of replies.

use iscsi_tests::ram_disk::{LogicalUnit, Sense};

use super::client::{
    BLOCK_STATUS, CACHE, DISCONNECT, DONT_FRAGMENT, EINVAL, EIO, ENOSPC, ENOTSUP, EPERM, FAST_ZERO, FLUSH,
    FUA, Form, NO_HOLE, ONE, PAYLOAD, READ, TRIM, WRITE, WRITE_ZEROES,
};
use super::{MIB, Served, TARGET, thin};

const FORMS: [Form; 3] = [Form::Simple, Form::Structured, Form::Extended];
const SYNCHRONIZE_CACHE: u8 = 0x35;
const UNMAP: u8 = 0x42;

fn pattern(length: usize) -> Vec<u8> {
    (1..=251).cycle().take(length).collect()
}

#[test]
fn data_are_read_as_they_were_written_in_every_form() {
    let served = Served::unit(thin(0, 8 * MIB));
    for (form, at) in FORMS.into_iter().zip([0, MIB, 2 * MIB]) {
        let mut client = served.client().go("", form);
        let data = pattern(300_000);
        client.write(at, &data[..4096]);
        client.write(at + 4096, &data[4096..]);
        // Parts of blocks.
        client.write(at + 1, b"part");
        assert_eq!(client.read(at, 8), [1, b'p', b'a', b'r', b't', 6, 7, 8]);
        assert_eq!(client.read(at + 5, 299_995), data[5..]);
        assert_eq!(client.error(FLUSH, 0, (0, 0)), 0);
        client.send(DISCONNECT, 0, 0, (0, 0), &[]);
        assert!(client.is_closed());
    }
    assert_eq!(served.medium(0, MIB + 5, 100), pattern(300_000)[5..105]);
    served.end().expect(0);
}

/// The target counts SYNCHRONIZE CACHE: one for the flush, none for a write with FUA.
#[test]
fn a_flush_and_fua_make_data_stable() {
    let served = Served::unit(thin(0, MIB));
    let mut client = served.client().go("", Form::Structured);
    client.write(0, &pattern(512));
    assert_eq!(served.executions(SYNCHRONIZE_CACHE), 0);
    assert_eq!(client.error(FLUSH, 0, (0, 0)), 0);
    assert_eq!(served.executions(SYNCHRONIZE_CACHE), 1);
    assert_eq!(client.call(WRITE, FUA, (512, 512), &pattern(512)).error, 0);
    assert_eq!(served.executions(SYNCHRONIZE_CACHE), 1);
    // Commands that only write, or only have the flag, need no flush.
    assert_eq!([client.error(WRITE_ZEROES, 0, (0, 512)), client.error(CACHE, FUA, (0, 512))], [0, 0]);
    assert_eq!(served.executions(SYNCHRONIZE_CACHE), 1);
    // A reset of the unit takes what its cache held.
    assert_eq!(client.error(WRITE_ZEROES, FUA, (0, 512)), 0);
    assert_eq!(served.executions(SYNCHRONIZE_CACHE), 2);
    served.end().expect(0);
}

#[test]
fn zeros_and_trims_use_the_commands_of_the_unit() {
    let served = Served::unit(thin(0, 4 * MIB));
    let mut client = served.client().go("", Form::Structured);
    client.write(0, &pattern(1 << 20));
    for flags in [0, NO_HOLE, FAST_ZERO] {
        client.write(4096, &pattern(65_536));
        let expected = if flags & NO_HOLE != 0 { 0 } else { 3 };
        assert_eq!(client.error(WRITE_ZEROES, flags, (4096, 65_536)), 0);
        assert!(client.read(4096, 65_536).iter().all(|byte| *byte == 0));
        let state = client.call(BLOCK_STATUS, ONE, (4096, 65_536), &[]).data;
        assert_eq!(state, [0, 1, 0, 0, 0, 0, 0, expected], "{flags}");
    }
    assert_eq!(client.error(WRITE_ZEROES, FAST_ZERO | NO_HOLE, (0, 512)), ENOTSUP);
    // Zeros of parts of blocks.
    client.write(0, &pattern(1024));
    assert_eq!(client.error(WRITE_ZEROES, 0, (1, 1000)), 0);
    assert_eq!(client.read(0, 1002), [&[1][..], &[0; 1000], &pattern(1024)[1001..1002]].concat());

    let before = served.executions(UNMAP);
    assert_eq!(client.error(TRIM, 0, (0, 65_536)), 0);
    assert!(served.executions(UNMAP) > before);
    // Less than a block is no error.
    assert_eq!(client.error(TRIM, 0, (1, 510)), 0);
    let cached = client.call(CACHE, 0, (1, 65_536), &[]);
    assert_eq!((cached.error, cached.data), (0, vec![]));
    served.end().expect(0);
}

#[test]
fn a_unit_without_thin_provisioning_refuses_fast_zeros_and_is_data_everywhere() {
    let served = Served::unit(LogicalUnit { blocks: 2048, ..LogicalUnit::default() });
    let mut client = served.client().go("", Form::Structured);
    assert_eq!(client.error(WRITE_ZEROES, FAST_ZERO, (0, 4096)), ENOTSUP);
    assert_eq!(client.error(WRITE_ZEROES, 0, (0, 4096)), 0);
    assert_eq!(client.call(BLOCK_STATUS, 0, (0, MIB), &[]).data, [0, 0x10, 0, 0, 0, 0, 0, 0]);
    served.end().expect(0);
}

#[test]
fn states_of_blocks_are_those_of_the_unit() {
    let served = Served::unit(thin(0, 4 * MIB));
    let mut client = served.client().go("", Form::Structured);
    client.write(MIB, &pattern(4096));
    let states = client.call(BLOCK_STATUS, 0, (0, 4 * MIB), &[]).data;
    let expected = [(MIB, 3_u32), (4096, 0), (3 * MIB - 4096, 3)];
    let compact = expected
        .map(|(length, state)| [u32::try_from(length).unwrap().to_be_bytes(), state.to_be_bytes()].concat());
    assert_eq!(states, compact.concat());
    assert_eq!(client.call(BLOCK_STATUS, ONE, (0, 4 * MIB), &[]).data, compact[0]);
    let mut client = served.client().go("", Form::Extended);
    let wide =
        expected.map(|(length, state)| [length.to_be_bytes(), u64::from(state).to_be_bytes()].concat());
    assert_eq!(client.call(BLOCK_STATUS, 0, (0, 4 * MIB), &[]).data, wide.concat());
    served.end().expect(0);
}

/// Every request that is refused, and the code; behind each, the connection goes on.
#[test]
fn requests_that_break_a_rule_are_refused_and_the_connection_goes_on() {
    let served = Served::unit(thin(0, MIB));
    let cases: [(u16, u16, (u64, u64), u32); 24] = [
        (READ, 0, (0, 0), EINVAL),
        (READ, 0, (MIB - 511, 512), EINVAL),
        (READ, 0, (MIB - 512, 512), 0),
        (READ, 0, (u64::MAX, 512), EINVAL),
        (READ, 0, (u64::MAX - 511, 512), EINVAL),
        (READ, 0, (0, 1 << 25), EINVAL),
        (READ, 0, (0, u32::MAX.into()), EINVAL),
        (READ, DONT_FRAGMENT, (0, 512), 0),
        (READ, FUA, (0, 512), 0),
        (READ, NO_HOLE, (0, 512), EINVAL),
        (READ, 1 << 15, (0, 512), EINVAL),
        (WRITE_ZEROES, 0, (MIB - 511, 512), ENOSPC),
        (WRITE_ZEROES, 0, (0, 0), EINVAL),
        (WRITE_ZEROES, DONT_FRAGMENT, (0, 512), EINVAL),
        (TRIM, 0, (MIB - 511, 512), EINVAL),
        (TRIM, NO_HOLE, (0, 512), EINVAL),
        (CACHE, 0, (MIB, 1), EINVAL),
        (FLUSH, 0, (0, 1), EINVAL),
        (FLUSH, 0, (1, 0), EINVAL),
        (FLUSH, FUA, (0, 0), 0),
        (BLOCK_STATUS, 0, (MIB, 512), EINVAL),
        (BLOCK_STATUS, 0, (0, 0), EINVAL),
        (8, 0, (0, 512), EINVAL),
        (u16::MAX, 0, (0, 512), EINVAL),
    ];
    for form in [Form::Structured, Form::Extended] {
        let mut client = served.client().go("", form);
        for (command, flags, range, error) in cases {
            let found = client.error(command, flags, range);
            assert_eq!(found, error, "command {command}, flags {flags}, {range:?}, {form:?}");
        }
        let flags = if form == Form::Extended { PAYLOAD } else { 0 };
        let data = pattern(512);
        assert_eq!(client.call(WRITE, flags, (MIB - 511, 512), &data).error, ENOSPC);
        assert_eq!(client.call(WRITE, flags | NO_HOLE, (0, 512), &data).error, EINVAL);
        assert_eq!(client.call(WRITE, flags, (MIB - 512, 512), &data).error, 0);
        assert_eq!(client.read(MIB - 512, 512), data);
    }
    served.end().expect(0);
}

/// The server logs at its end what was carried out.
#[test]
fn operations_of_every_kind_are_counted() {
    let served = Served::units(vec![thin(0, MIB)], &["-v"]);
    let mut client = served.client().go("", Form::Simple);
    client.write(0, b"data");
    assert_eq!([client.read(0, 4), client.read(1, 3)], [b"data".to_vec(), b"ata".to_vec()]);
    for command in [FLUSH, FLUSH, FLUSH] {
        assert_eq!(client.error(command, 0, (0, 0)), 0);
    }
    for command in [TRIM, WRITE_ZEROES, CACHE, CACHE] {
        assert_eq!(client.error(command, 0, (0, 512)), 0);
    }
    served.end().expect(0).complains("reads=2 writes=1 flushes=3 others=4 failed=0");
}

/// In the simple form there are no flags about chunks, and no states of blocks.
#[test]
fn what_was_not_agreed_on_is_refused() {
    let served = Served::unit(thin(0, MIB));
    let mut client = served.client().go("", Form::Simple);
    assert_eq!(client.error(READ, DONT_FRAGMENT, (0, 512)), EINVAL);
    assert_eq!(client.error(BLOCK_STATUS, 0, (0, 512)), EINVAL);
    assert_eq!(client.call(WRITE, PAYLOAD, (0, 4), b"data").error, EINVAL);
    let mut client = served.client().go_without_contexts();
    assert_eq!(client.error(BLOCK_STATUS, 0, (0, 512)), EINVAL);
    let mut client = served.client().go("", Form::Extended);
    // Data that a command does not have are read past.
    assert_eq!(client.call(READ, PAYLOAD, (0, 4), b"data").error, EINVAL);
    assert_eq!(client.call(WRITE, 0, (0, 4), b"data").error, EINVAL);
    assert_eq!(client.call(BLOCK_STATUS, PAYLOAD, (0, 12), &[0; 12]).error, EINVAL);
    assert_eq!(client.error(READ, 0, (0, 512)), 0);
    served.end().expect(0);
}

#[test]
fn a_read_only_export_refuses_every_way_of_writing() {
    let served = Served::units(vec![thin(0, MIB)], &["--read-only"]);
    assert_eq!(served.report["exports"][0]["read_only"], true);
    let mut client = served.client().go("", Form::Simple);
    assert_eq!(client.call(WRITE, 0, (0, 512), &pattern(512)).error, EPERM);
    assert_eq!(client.error(WRITE_ZEROES, 0, (0, 512)), EPERM);
    assert_eq!(client.error(TRIM, 0, (0, 512)), EPERM);
    assert_eq!([client.error(READ, 0, (0, 512)), client.error(FLUSH, 0, (0, 0))], [0, 0]);
    assert_eq!(served.executions(SYNCHRONIZE_CACHE), 1);
    served.end().expect(0);
}

/// Numbers of the protocol; `HAS_FLAGS`, FLUSH, FUA, `MULTI_CONN` and CACHE are always set.
#[test]
fn commands_that_write_are_offered_where_the_unit_carries_them_out() {
    const ALWAYS: u16 = 0x050d;
    const READ_ONLY: u16 = 0x0002;
    const TRIMS: u16 = 0x0020;
    const ZEROES: u16 = 0x0840;
    let thick = LogicalUnit { blocks: 2048, ..LogicalUnit::default() };
    for (unit, options, others) in [
        (thin(0, MIB), &[][..], TRIMS | ZEROES),
        (thick, &[], ZEROES),
        (thin(0, MIB), &["--read-only"], READ_ONLY),
    ] {
        let served = Served::units(vec![unit], options);
        let replies = served.client().option(6, &[0; 6]);
        assert_eq!(replies[0].1[10..], (ALWAYS | others).to_be_bytes());
        served.end().expect(0);
    }
}

/// The unit says it once; each of two clients learns it from its next flush. The one whose flush met the unit attention learns that
/// too.
#[test]
fn every_client_learns_that_acknowledged_writes_may_be_lost() {
    let served = Served::unit(thin(0, MIB));
    let mut clients = [served.client().go("", Form::Structured), served.client().go("", Form::Structured)];
    for (client, at) in clients.iter_mut().zip([0, 512]) {
        client.write(at, &pattern(512));
    }
    let raised = served
        .target
        .with_engine(|engine| engine.raise_attention(&TARGET.parse().unwrap(), 0, Sense::POWER_ON));
    assert!(raised);
    let [first, second] = &mut clients;
    let mut flushes = [(); 3].map(|()| first.error(FLUSH, 0, (0, 0)));
    flushes.sort_unstable_by_key(|code| std::cmp::Reverse(*code));
    assert!(flushes == [EIO, EIO, 0] || flushes == [EIO, 0, 0], "{flushes:?}");
    assert_eq!([second.error(FLUSH, 0, (0, 0)), second.error(FLUSH, 0, (0, 0))], [EIO, 0]);
    let said = served.end().expect(0).stderr;
    assert!(said.contains("flush of 0 bytes at 0") && said.contains("the client gets EIO"), "{said}");
}

/// The present size counts: clients that connect later are told of it, and requests of the others are checked against it.
#[test]
fn a_unit_that_grows_is_served_up_to_its_new_end() {
    let served = Served::unit(thin(0, MIB));
    let mut client = served.client().go("", Form::Structured);
    assert_eq!(client.error(READ, 0, (MIB, 512)), EINVAL);
    served.target.with_engine(|engine| {
        let target = TARGET.parse().unwrap();
        engine.replace_unit(&target, thin(0, 2 * MIB)).unwrap();
        engine.raise_attention(&target, 0, Sense::CAPACITY_CHANGED);
    });
    assert_eq!(client.error(READ, 0, (0, 512)), 0);
    assert_eq!(client.error(READ, 0, (MIB, 512)), 0);
    let replies = served.client().option(6, &[0, 0, 0, 0, 0, 0]);
    assert_eq!(replies[0].1[..10], [&[0, 0][..], &(2 * MIB).to_be_bytes()].concat());
    served.end().expect(0);
}

#[test]
fn several_units_are_exports_of_one_server() {
    let served = Served::units(vec![thin(0, MIB), thin(1, 2 * MIB)], &["--export", "first"]);
    let second = format!("{TARGET}/1");
    let names: Vec<_> =
        served.report["exports"].as_array().unwrap().iter().map(|export| export["name"].clone()).collect();
    assert_eq!(names, ["first", second.as_str()]);
    let listed = served.client().option(3, &[]);
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].1[4..9], *b"first");
    served.client().go("first", Form::Simple).write(0, b"first");
    served.client().go(&second, Form::Simple).write(0, b"second");
    // The first one is the default.
    assert_eq!(served.client().go("", Form::Simple).read(0, 6), b"first\0");
    assert_eq!(served.medium(1, 0, 6), b"second");
    let mut client = served.client();
    assert_eq!(client.option(7, b"\0\0\0\x07nothing\0\0")[0].0, 0x8000_0006);
    served.end().expect(0);
}
