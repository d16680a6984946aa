//! Captured sessions between other initiators and targets: the codec has to decode every PDU and encode it to the bytes
//! that were sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod agreement;
mod census;
mod connection;
mod cutting;
mod difference;
mod packets;
mod reassembly;
mod seeds;
mod stream;

use connection::{Side, capture_files, connections};
use cutting::{CapturedPdu, cut};

/// Returns every PDU of every capture with the name of its file, connection by connection.
fn captured_pdus() -> impl Iterator<Item = (String, CapturedPdu)> {
    directions().flat_map(|(name, connection, side)| {
        let pdus = cut(&connection, side, usize::MAX).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        pdus.into_iter().map(move |pdu| (name.clone(), pdu))
    })
}

/// Returns both directions of every connection with the name of the file.
fn directions() -> impl Iterator<Item = (String, connection::Connection, Side)> {
    capture_files().into_iter().flat_map(|file| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let both = |connection: connection::Connection| {
            [Side::Initiator, Side::Target].map(|side| (connection.clone(), side))
        };
        let directions = connections(&file).into_iter().flat_map(both);
        directions.map(move |(connection, side)| (name.clone(), connection, side))
    })
}

/// Pieces of one byte, one header and one TCP segment on Ethernet.
#[test]
fn pdus_are_the_same_in_pieces_of_any_size() {
    for (name, connection, side) in directions() {
        let whole = cut(&connection, side, usize::MAX).unwrap();
        for piece in [1, 7, 48, 1448] {
            assert_eq!(cut(&connection, side, piece).as_ref(), Ok(&whole), "{name}, {piece} bytes a piece");
        }
    }
}
