//! Bytes that are no NBD: the connection ends, and the server goes on.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use super::client::{EINVAL, Form, READ, WRITE};
use super::{MIB, Served, thin};

/// The server still serves.
#[track_caller]
fn expect_alive(served: &Served) {
    assert_eq!(served.client().go("", Form::Simple).read(0, 512).len(), 512);
}

#[test]
fn a_client_that_speaks_something_else_is_disconnected() {
    let served = Served::unit(thin(0, MIB));
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[0, 0, 0, 4]] {
        let mut stream = UnixStream::connect(served.socket()).unwrap();
        stream.write_all(bytes).unwrap();
        let mut rest = Vec::new();
        // The greeting, and the end; a reset if the server had not read everything.
        _ = stream.read_to_end(&mut rest);
        assert!(rest.len() <= 18, "{rest:?}");
    }
    let mut client = served.client();
    client.stream.write_all(&[0; 16]).unwrap();
    assert!(client.is_closed());
    expect_alive(&served);
    served.end().expect(0);
}

#[test]
fn a_negotiation_cut_off_anywhere_does_no_harm() {
    let served = Served::unit(thin(0, MIB));
    let option = [&b"IHAVEOPT"[..], &[0, 0, 0, 7, 0, 0, 0, 10, 0, 0, 0, 4], b"disk", &[0, 0]].concat();
    for length in 0..option.len() {
        let mut client = served.client();
        client.stream.write_all(&option[..length]).unwrap();
    }
    expect_alive(&served);
    served.end().expect(0);
}

#[test]
fn a_request_without_its_magic_ends_the_connection_behind_the_replies_before_it() {
    let served = Served::unit(thin(0, MIB));
    for form in [Form::Simple, Form::Structured, Form::Extended] {
        let mut client = served.client().go("", form);
        assert_eq!(client.error(READ, 0, (0, 512)), 0);
        client.stream.write_all(&[0; 64]).unwrap();
        assert!(client.is_closed());
    }
    expect_alive(&served);
    served.end().expect(0);
}

#[test]
fn a_request_cut_off_anywhere_changes_nothing() {
    let served = Served::unit(thin(0, MIB));
    let mut whole = served.client().go("", Form::Simple);
    whole.write(0, &[7; 512]);
    let bytes = [&whole.request(WRITE, 0, 1, (0, 512))[..], &[9; 512]].concat();
    for length in (0..bytes.len()).step_by(31) {
        let mut client = served.client().go("", Form::Simple);
        client.stream.write_all(&bytes[..length]).unwrap();
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(client.is_closed());
    }
    assert_eq!(whole.read(0, 512), [7; 512]);
    served.end().expect(0);
}

/// A write that is too long is read past and refused; one that is absurd ends the connection, before any of it is read.
#[test]
fn writes_beyond_the_maximum_are_refused_and_absurd_ones_end_the_connection() {
    const MAXIMUM: u64 = 32 << 20;
    let served = Served::unit(thin(0, 2 * MAXIMUM));
    let mut client = served.client().go("", Form::Simple);
    let data = vec![7; usize::try_from(MAXIMUM).unwrap() + 1];
    assert_eq!(client.call(WRITE, 0, (0, MAXIMUM), &data[1..]).error, 0);
    assert_eq!(client.call(WRITE, 0, (0, MAXIMUM + 1), &data).error, EINVAL);
    assert_eq!(client.read(0, MAXIMUM), data[1..]);
    assert_eq!(client.error(READ, 0, (0, MAXIMUM + 1)), EINVAL);
    assert_eq!(client.call(WRITE, 0, (0, 2 * MAXIMUM), &data[1..].repeat(2)).error, EINVAL);
    client.send(WRITE, 0, 1, (0, 2 * MAXIMUM + 1), &[0; 4096]);
    assert!(client.is_closed());
    expect_alive(&served);
    served.end().expect(0);
}
