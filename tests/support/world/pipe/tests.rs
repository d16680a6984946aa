use std::num::NonZero;
use std::time::Duration;

use bytes::Bytes;

use super::{BrokenPipe, Ending, Pipe, PipeSettings, Received};
use crate::world::Seed;

const START: Duration = Duration::ZERO;

const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn pipe() -> Pipe {
    Pipe::new(PipeSettings::default(), Seed::new(1))
}

fn with(change: impl FnOnce(&mut PipeSettings)) -> Pipe {
    let mut settings = PipeSettings::default();
    change(&mut settings);
    Pipe::new(settings, Seed::new(1))
}

fn write(pipe: &mut Pipe, bytes: &'static [u8], now: Duration) {
    assert_eq!(pipe.write(&Bytes::from_static(bytes), now), Ok(bytes.len()));
}

fn data(bytes: &'static [u8]) -> Received {
    Received::Data(Bytes::from_static(bytes))
}

/// Everything that a reader gets now, and the result that ended it.
fn read_all(pipe: &mut Pipe, now: Duration) -> (Vec<u8>, Received) {
    let mut all = Vec::new();
    loop {
        match pipe.read(usize::MAX, now) {
            Received::Data(data) => all.extend_from_slice(&data),
            end => return (all, end),
        }
    }
}

#[test]
fn bytes_cross_in_order() {
    let mut pipe = pipe();
    assert_eq!(pipe.read(9, START), Received::Nothing);
    write(&mut pipe, b"abc", START);
    write(&mut pipe, b"defg", START);
    assert_eq!((pipe.written(), pipe.crossed(), pipe.ready(START)), (7, 0, 7));
    assert_eq!(pipe.read(2, START), data(b"ab"));
    assert_eq!((pipe.written(), pipe.crossed(), pipe.ready(START)), (7, 2, 5));
    assert_eq!(pipe.read(0, START), Received::Nothing);
    assert_eq!(pipe.read(3, START), data(b"cde"), "one read takes the bytes of several writes");
    assert_eq!(pipe.read(9, START), data(b"fg"));
    assert_eq!(pipe.read(9, START), Received::Nothing);
    assert_eq!((pipe.written(), pipe.crossed(), pipe.next_arrival()), (7, 7, None));
}

#[test]
fn bytes_arrive_after_the_latency_and_not_before() {
    let mut pipe = with(|settings| settings.latency = milliseconds(5)..=milliseconds(5));
    write(&mut pipe, b"a", milliseconds(10));
    write(&mut pipe, b"b", milliseconds(12));
    assert_eq!(pipe.next_arrival(), Some(milliseconds(15)));
    let before = milliseconds(15).checked_sub(Duration::from_nanos(1)).unwrap();
    assert_eq!((pipe.ready(before), pipe.read(9, before)), (0, Received::Nothing));
    assert_eq!(pipe.read(9, milliseconds(15)), data(b"a"));
    assert_eq!(pipe.next_arrival(), Some(milliseconds(17)));
    assert_eq!(pipe.read(9, milliseconds(17)), data(b"b"));
}

#[test]
fn drawn_latencies_differ_but_nothing_overtakes() {
    let mut pipe = with(|settings| settings.latency = START..=milliseconds(9));
    let mut arrivals = Vec::new();
    for _ in 0..50 {
        write(&mut pipe, b"x", START);
    }
    while let Some(at) = pipe.next_arrival() {
        arrivals.push(at);
        assert_eq!(pipe.read(1, at), data(b"x"));
    }
    assert!(arrivals.is_sorted(), "{arrivals:?}");
    assert_eq!(arrivals.len(), 50);
    assert!(arrivals.iter().all(|at| *at <= milliseconds(9)));
    arrivals.dedup();
    assert!(arrivals.len() > 2, "{arrivals:?}");
}

#[test]
fn a_full_pipe_takes_a_part_and_then_nothing() {
    let mut pipe = with(|settings| settings.capacity = 4);
    let bytes = Bytes::from_static(b"abcdef");
    assert_eq!((pipe.free(), pipe.write(&bytes, START)), (4, Ok(4)));
    assert_eq!((pipe.free(), pipe.write(&bytes.slice(4..), START)), (0, Ok(0)));
    assert_eq!(pipe.read(1, START), data(b"a"));
    assert_eq!((pipe.free(), pipe.write(&bytes.slice(4..), START)), (1, Ok(1)));
    assert_eq!(read_all(&mut pipe, START).0, b"bcde");
}

#[test]
fn pieces_bound_each_read() {
    let mut alone = with(|settings| settings.pieces = 1..=1);
    write(&mut alone, b"abc", START);
    assert_eq!((alone.ready(START), alone.read(9, START)), (1, data(b"a")));
    let mut drawn = with(|settings| settings.pieces = 0..=3);
    let mut lengths = Vec::new();
    for _ in 0..100 {
        write(&mut drawn, b"abcdefgh", START);
    }
    while let Received::Data(data) = drawn.read(usize::MAX, START) {
        lengths.push(data.len());
    }
    assert_eq!(lengths.iter().sum::<usize>(), 800);
    lengths.sort_unstable();
    lengths.dedup();
    assert_eq!(lengths, [1, 2, 3], "a piece has at least one byte");
}

#[test]
fn a_cut_lets_exactly_that_many_bytes_cross() {
    for ending in [Ending::EndOfStream, Ending::Reset] {
        for offset in 0..=8 {
            let mut pipe = pipe();
            write(&mut pipe, b"abcd", START);
            pipe.cut_after(offset, ending);
            let rest = pipe.write(&Bytes::from_static(b"efgh"), START);
            let expected = if offset > 4 { Ok(usize::try_from(offset - 4).unwrap()) } else { broken(offset) };
            assert_eq!(rest, expected, "{offset}");
            assert_eq!(pipe.written(), offset);
            let end = if ending == Ending::Reset { Received::Reset } else { Received::EndOfStream };
            let crossed = &b"abcdefgh"[..usize::try_from(offset).unwrap()];
            assert_eq!(read_all(&mut pipe, START), (crossed.to_vec(), end), "{offset}");
            assert_eq!(pipe.write(&Bytes::from_static(b"i"), START), broken(offset));
        }
    }
}

fn broken(crossed: u64) -> Result<usize, BrokenPipe> {
    Err(BrokenPipe { crossed })
}

#[test]
fn a_cut_shows_when_the_last_byte_has_crossed() {
    let mut pipe = with(|settings| settings.latency = milliseconds(5)..=milliseconds(5));
    write(&mut pipe, b"ab", START);
    pipe.cut_after(2, Ending::Reset);
    assert_eq!((pipe.next_arrival(), pipe.read(9, START)), (Some(milliseconds(5)), Received::Nothing));
    assert_eq!(pipe.read(9, milliseconds(5)), data(b"ab"));
    assert_eq!(pipe.next_arrival(), Some(START));
    assert_eq!(pipe.read(9, milliseconds(5)), Received::Reset);
}

#[test]
fn a_cut_of_bytes_that_have_crossed_is_a_cut_now() {
    let mut pipe = pipe();
    write(&mut pipe, b"abcd", START);
    assert_eq!(pipe.read(2, START), data(b"ab"));
    let mut now = pipe.clone();
    pipe.cut_after(1, Ending::EndOfStream);
    assert_eq!(read_all(&mut pipe, START), (vec![], Received::EndOfStream));
    assert_eq!((pipe.crossed(), pipe.written()), (2, 2));
    now.cut(Ending::Reset);
    assert_eq!(read_all(&mut now, START), (vec![], Received::Reset));
}

#[test]
fn the_first_of_two_cuts_in_the_stream_counts() {
    for (first, second) in [(2, 3), (3, 2)] {
        let mut pipe = pipe();
        write(&mut pipe, b"abcd", START);
        pipe.cut_after(first, if first == 2 { Ending::Reset } else { Ending::EndOfStream });
        pipe.cut_after(second, if second == 2 { Ending::Reset } else { Ending::EndOfStream });
        assert_eq!(read_all(&mut pipe, START), (b"ab".to_vec(), Received::Reset));
    }
}

#[test]
fn after_a_silent_cut_both_sides_wait() {
    let mut pipe = with(|settings| settings.capacity = 4);
    pipe.cut_after(1, Ending::Silence);
    write(&mut pipe, b"abc", START);
    assert_eq!(read_all(&mut pipe, START), (b"a".to_vec(), Received::Nothing));
    assert_eq!((pipe.next_arrival(), pipe.ready(milliseconds(1))), (None, 0));
    assert_eq!(pipe.free(), 2, "the writer does not know that bytes are lost");
    write(&mut pipe, b"de", START);
    assert_eq!(pipe.write(&Bytes::from_static(b"f"), START), Ok(0), "lost bytes fill the pipe");
    assert_eq!(read_all(&mut pipe, milliseconds(1)).1, Received::Nothing);
}

#[test]
fn the_end_of_a_closed_pipe_arrives_after_its_bytes() {
    let mut pipe = with(|settings| settings.latency = milliseconds(5)..=milliseconds(5));
    write(&mut pipe, b"ab", START);
    pipe.close(milliseconds(3));
    assert_eq!(pipe.write(&Bytes::from_static(b"c"), milliseconds(3)), broken(2));
    assert_eq!(pipe.read(9, milliseconds(5)), data(b"ab"));
    assert_eq!(
        (pipe.next_arrival(), pipe.read(9, milliseconds(7))),
        (Some(milliseconds(8)), Received::Nothing)
    );
    assert_eq!(pipe.read(9, milliseconds(8)), Received::EndOfStream);
}

#[test]
fn a_closed_pipe_can_still_be_cut() {
    let mut pipe = pipe();
    write(&mut pipe, b"ab", START);
    pipe.close(START);
    pipe.cut_after(1, Ending::Reset);
    assert_eq!(read_all(&mut pipe, START), (b"a".to_vec(), Received::Reset));
}

#[test]
fn a_cut_stays_when_the_writer_closes() {
    for (ending, expected) in [(Ending::Silence, Received::Nothing), (Ending::Reset, Received::Reset)] {
        let mut pipe = pipe();
        write(&mut pipe, b"ab", START);
        pipe.cut_after(2, ending);
        pipe.close(START);
        assert_eq!(read_all(&mut pipe, START), (b"ab".to_vec(), expected));
    }
    let mut ahead = pipe();
    write(&mut ahead, b"ab", START);
    ahead.cut_after(3, Ending::Reset);
    ahead.close(START);
    assert_eq!(read_all(&mut ahead, START), (b"ab".to_vec(), Received::EndOfStream));
}

#[test]
fn a_silent_cut_leaves_bytes_in_the_pipe_that_do_not_arrive() {
    let mut pipe = with(|settings| settings.capacity = 4);
    write(&mut pipe, b"ab", START);
    write(&mut pipe, b"cd", START);
    pipe.cut_after(1, Ending::Silence);
    assert_eq!((pipe.free(), pipe.written()), (0, 4));
    assert_eq!(read_all(&mut pipe, START), (b"a".to_vec(), Received::Nothing));
    assert_eq!((pipe.free(), pipe.crossed()), (1, 1));
}

#[test]
fn a_cut_drops_several_writes() {
    let mut pipe = pipe();
    for bytes in [b"ab", b"cd", b"ef"] {
        write(&mut pipe, bytes, START);
    }
    pipe.cut_after(3, Ending::Reset);
    assert_eq!((pipe.written(), pipe.ready(START)), (3, 3));
    assert_eq!(read_all(&mut pipe, START), (b"abc".to_vec(), Received::Reset));
}

#[test]
fn a_silent_pipe_can_be_reset_later() {
    let mut pipe = pipe();
    write(&mut pipe, b"abc", START);
    pipe.cut_after(1, Ending::Silence);
    assert_eq!(read_all(&mut pipe, START), (b"a".to_vec(), Received::Nothing));
    pipe.cut(Ending::Reset);
    assert_eq!(read_all(&mut pipe, START), (vec![], Received::Reset));
    assert_eq!((pipe.written(), pipe.write(&Bytes::from_static(b"d"), START)), (1, broken(1)));
}

#[test]
fn damage_changes_one_byte_wherever_the_pieces_end() {
    let bits = NonZero::new(0x81).unwrap();
    for offset in 0..6 {
        for piece in 1..=6 {
            let mut pipe = with(|settings| settings.pieces = piece..=piece);
            write(&mut pipe, b"abc", START);
            assert!(pipe.damage(offset, bits));
            write(&mut pipe, b"def", START);
            let mut expected = b"abcdef".to_vec();
            expected[usize::try_from(offset).unwrap()] ^= 0x81;
            assert_eq!(read_all(&mut pipe, START).0, expected, "{offset}, pieces of {piece}");
        }
    }
}

#[test]
fn several_bytes_can_be_damaged_but_none_that_has_crossed() {
    let bits = NonZero::new(1).unwrap();
    let mut pipe = pipe();
    write(&mut pipe, b"aaaa", START);
    assert_eq!(pipe.read(1, START), data(b"a"));
    assert!(!pipe.damage(0, bits));
    assert!(pipe.damage(1, bits) && pipe.damage(3, bits));
    assert_eq!(read_all(&mut pipe, START).0, b"`a`");
}

#[test]
fn a_clone_goes_on_by_itself() {
    let mut pipe = with(|settings| settings.pieces = 1..=9);
    write(&mut pipe, b"abcdefghij", START);
    let mut copy = pipe.clone();
    let original: Vec<_> = (0..3).map(|_| pipe.read(9, START)).collect();
    assert_eq!(copy.crossed(), 0);
    assert_eq!((0..3).map(|_| copy.read(9, START)).collect::<Vec<_>>(), original, "the same pieces");
}
