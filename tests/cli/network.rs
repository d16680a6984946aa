//! Exit codes 7 and 6 against listeners that are no targets, and 10 for local files.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::program::Place;

/// Listens on a free port and treats its one connection so.
fn listener(treat: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let portal = listener.local_addr().unwrap().to_string();
    thread::spawn(move || treat(listener.accept().unwrap().0));
    portal
}

fn url(portal: &str) -> String {
    format!("iscsi://{portal}/iqn.2001-04.com.example:disk/0")
}

#[test]
fn a_closed_port() {
    let place = Place::with_store();
    let complaint = "error: cannot connect to 127.0.0.1:1: ";
    place.run(&["discover", "127.0.0.1:1"]).expect(7).complains(complaint).complains("hint: ");
    for command in ["login", "luns", "info"] {
        place.run(&[command, &url("127.0.0.1:1")]).expect(7).complains(complaint);
    }
}

#[test]
fn a_connection_that_closes() {
    let portal = listener(drop);
    Place::with_store().run(&["discover", &portal]).expect(7).complains("closed during");
}

#[test]
fn a_listener_that_never_answers() {
    let portal = listener(|mut stream| _ = stream.read_to_end(&mut Vec::new()));
    let outcome = Place::with_store().run(&["login", &url(&portal), "--timeout", "0.3"]).expect(7);
    outcome.complains("took longer than 300ms").complains("hint: raise --timeout");
}

#[test]
fn a_listener_that_speaks_another_protocol() {
    let portal = listener(|mut stream| {
        _ = stream.write_all(&b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(10));
        _ = stream.read_to_end(&mut Vec::new());
    });
    Place::with_store().run(&["login", &url(&portal)]).expect(6).complains("error: ");
}

#[test]
fn a_name_that_does_not_resolve() {
    Place::with_store().run(&["discover", "host.invalid", "--timeout", "20"]).expect(7);
}

#[test]
fn a_local_file_that_is_not_there() {
    let place = Place::with_store();
    let complaint = "error: cannot open nowhere\ncaused by: ";
    place.run(&["write", &url("127.0.0.1:1"), "-i", "nowhere"]).expect(10).complains(complaint);
}

#[test]
fn a_read_that_does_not_begin_leaves_no_file() {
    let place = Place::with_store();
    place.run(&["read", &url("127.0.0.1:1"), "-o", "file"]).expect(7);
    assert!(!place.path("file").exists());
}
