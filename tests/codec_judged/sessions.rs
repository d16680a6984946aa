//! The PDUs of the test: random, valid, the same in every run.

use std::env;

use bytes::Bytes;
use iscsi_pdu::{Digests, InitiatorPdu, TargetPdu, TextWriter};

use crate::judged::{Judged, random_pdus};
use crate::valid::valid;

pub(crate) const OFF: Digests = Digests { header: false, data: false };
pub(crate) const ON: Digests = Digests { header: true, data: true };

/// Digests of each session.
pub(crate) const DIGESTS: [Digests; 4] =
    [OFF, Digests { header: true, data: false }, Digests { header: false, data: true }, ON];

/// PDUs of one session; a long run takes twenty times as many.
fn count() -> usize {
    if env::var_os("ISCSI_TESTS_LONG").is_some() { 30_000 } else { 1500 }
}

/// One session for each entry of [`DIGESTS`].
pub(crate) fn sessions() -> [Vec<Judged>; 4] {
    [1, 2, 3, 4].map(|seed| random_pdus(seed, count()).into_iter().map(valid).collect())
}

/// A Login Request and its response that agree on these digests: the dissector has to know.
pub(crate) fn agreement(pdus: &[Judged], digests: Digests) -> Vec<Judged> {
    let answer = |on| if on { "CRC32C" } else { "None" };
    let keys = TextWriter::new()
        .pair("HeaderDigest", answer(digests.header))
        .pair("DataDigest", answer(digests.data))
        .finish()
        .unwrap();
    let request = pdus.iter().find(|pdu| matches!(pdu, Judged::Initiator(InitiatorPdu::LoginRequest(_))));
    let response = pdus.iter().find(|pdu| matches!(pdu, Judged::Target(TargetPdu::LoginResponse(_))));
    request.into_iter().chain(response).map(|pdu| with_text(pdu.clone(), &keys)).collect()
}

fn with_text(mut pdu: Judged, keys: &Bytes) -> Judged {
    match &mut pdu {
        Judged::Initiator(InitiatorPdu::LoginRequest(pdu)) => pdu.text.clone_from(keys),
        Judged::Target(TargetPdu::LoginResponse(pdu)) => pdu.text.clone_from(keys),
        _ => {}
    }
    pdu
}
