//! Sockets of the server: their places, and the right to connect.

use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use super::client::{Form, READ};
use super::{MIB, Served, TARGET, start, thin, wait};
use crate::program::Place;

const URL: &str = "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk/0";

#[test]
fn a_unix_socket_is_its_owners() {
    let served = Served::unit(thin(0, MIB));
    let mode = fs::metadata(served.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let export = &served.report["exports"][0];
    assert_eq!(export["uri"], format!("nbd+unix:///{TARGET}/0?socket=nbd"));
    assert_eq!([&export["size"], &export["block_size"]], [MIB, 512]);
    served.end().expect(0);
}

#[test]
fn the_socket_of_a_dead_server_is_replaced_and_that_of_a_live_one_is_not() {
    let served = Served::unit(thin(0, MIB));
    let url = format!("iscsi://{}/{TARGET}/0", served.target.portal());
    let arguments = ["serve", "nbd", &url, "--socket", "nbd", "--auth", "none", "--output", "json"];
    served.place.run(&arguments).expect(10).complains("cannot listen on nbd");
    {
        let mut child = served.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(served.socket().exists());
        (*child, _) = start(&mut served.place.command(&arguments));
    }
    assert_eq!(served.client().go("", Form::Simple).error(READ, 0, (0, 512)), 0);
    served.signal();
    wait(&mut served.child.lock().unwrap()).expect(0);
    assert!(!served.socket().exists());
}

#[test]
fn a_file_that_is_no_socket_stays() {
    let place = Place::new();
    fs::write(place.path("file"), "kept").unwrap();
    let outcome = place.run(&["serve", "nbd", URL, "--socket", "file", "--auth", "none"]);
    outcome.expect(2).complains("exists, and is not a socket");
    assert_eq!(fs::read(place.path("file")).unwrap(), b"kept");
}

#[test]
fn a_tcp_port_is_on_the_loopback_interface_unless_allowed() {
    let place = Place::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1", "[::ffff:192.0.2.1]:0"] {
        let outcome = place.run(&["serve", "nbd", URL, "--listen", address, "--auth", "none"]);
        outcome.expect(2).complains("NBD has no authentication");
    }
    // With consent, the address is used; the target is the next that is missing.
    let arguments = ["serve", "nbd", URL, "--listen", "0.0.0.0:0", "--allow-remote", "--auth", "none"];
    place.run(&arguments).expect(7).complains("cannot connect to 127.0.0.1:1");
    let served = Served::units(vec![thin(0, MIB)], &["--listen", "127.0.0.1:0"]);
    let uri = served.report["exports"][0]["uri"].as_str().unwrap().to_owned();
    let address = uri.strip_prefix("nbd://").unwrap().split('/').next().unwrap();
    let mut greeting = [0; 8];
    TcpStream::connect(address).unwrap().read_exact(&mut greeting).unwrap();
    assert_eq!(greeting, *b"NBDMAGIC");
    served.end().expect(0);
}

#[test]
fn names_that_are_ambiguous_or_too_many_are_refused() {
    let place = Place::new();
    let refused = |urls: &[&str], names: &[&str]| {
        let names: Vec<_> = names.iter().flat_map(|name| ["--export", name]).collect();
        let arguments = [&["serve", "nbd", "--socket", "nbd", "--auth", "none"], &names[..], urls].concat();
        place.run(&arguments).expect(2)
    };
    refused(&[URL, URL], &[]).complains("two exports have the same name");
    refused(&[URL, URL], &["a", "a"]).complains("two exports have the same name");
    refused(&[URL], &["a", "b"]).complains("2 names for 1 exports");
    place.run(&["serve", "nbd", URL]).expect(2).complains("--socket");
    place.run(&["serve", "nbd", URL, "--socket", "a", "--listen", "::1"]).expect(2);
}
