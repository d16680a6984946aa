use super::*;
use crate::change::Change;
use crate::credential::{ForwardCredential, ReverseCredential};

fn name(index: usize) -> IscsiName {
    IscsiName::new(format!("iqn.2001-04.com.example:{index}")).unwrap()
}

fn target(index: usize) -> Scope {
    Scope::Target(name(index))
}

fn portal() -> Scope {
    Scope::Portal("192.0.2.7:3260".parse().unwrap())
}

fn forward(bytes: &[u8]) -> ForwardCredential {
    ForwardCredential::new(Some("me".to_owned()), Secret::from_bytes(bytes).unwrap()).unwrap()
}

fn reverse(chap_name: Option<&str>, bytes: &[u8]) -> ReverseCredential {
    ReverseCredential::new(chap_name.map(str::to_owned), Secret::from_bytes(bytes).unwrap()).unwrap()
}

fn snapshot() -> StoreSnapshot {
    let mut snapshot = StoreSnapshot::in_sealer(Arc::new(Sealer::generate().unwrap()));
    let changes = [
        Change::SetReverse(Scope::Global, reverse(None, b"\0\xff global %#@ ")),
        Change::SetForward(target(1), forward(&[0xff; 255])),
        Change::SetReverse(target(1), reverse(Some("them"), b"r")),
        Change::SetReverse(target(2), reverse(Some("kept"), b"cleared-secret")),
        Change::ClearReverse(target(2)),
        Change::SetForward(Scope::Discovery, forward(b"discovery")),
        Change::SetReverse(portal(), reverse(None, b"discovery there")),
        Change::Require(Scope::Global, Some(Requirement::Chap)),
        Change::Require(target(1), Some(Requirement::Mutual)),
        Change::Require(target(3), Some(Requirement::None)),
    ];
    for change in changes {
        snapshot.apply(change).unwrap();
    }
    snapshot
}

fn decoded(bytes: &[u8]) -> Result<StoreSnapshot, Malformed> {
    decode(Version::Three, bytes, &Arc::new(Sealer::generate().unwrap()))
}

#[test]
fn a_book_comes_back_as_it_was_written() {
    let snapshot = snapshot();
    let bytes = encode(&snapshot);
    let back = decode(Version::Three, &bytes, snapshot.sealer.as_ref().unwrap()).unwrap();
    assert_eq!(back.entries(), snapshot.entries());
    assert_eq!(encode(&back), bytes);
    assert_eq!(back.forward(&name(1)).unwrap().unwrap().secret().expose_secret(), [0xff; 255]);
    assert_eq!(back.weaknesses(), snapshot.weaknesses());
    assert_eq!(encode(&StoreSnapshot::new()).len(), 0);
}

#[test]
fn the_fingerprint_stored_with_a_secret_is_that_of_the_secret() {
    let snapshot = snapshot();
    let back = decode(Version::Three, &encode(&snapshot), snapshot.sealer.as_ref().unwrap()).unwrap();
    for (used, sealed) in back.sealed_credentials() {
        let secret = back.open(&used, sealed).unwrap();
        assert_eq!(snapshot.sealer.as_ref().unwrap().fingerprint(&secret), Ok(sealed.secret.fingerprint));
    }
}

#[test]
fn no_secret_shows_even_before_the_file_is_sealed() {
    let bytes = encode(&snapshot());
    for secret in ["cleared-secret", " global %#@ ", "discovery"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn secrets_open_only_where_they_were_sealed() {
    let snapshot = snapshot();
    let back = decoded(&encode(&snapshot)).unwrap();
    let error = crate::StoreError::SecretDamaged { scope: target(1) };
    assert_eq!(back.forward(&name(1)).err(), Some(error));
    assert_eq!(back.entries(), snapshot.entries());
}

#[test]
fn every_truncation_inside_a_record_is_malformed() {
    let mut snapshot = StoreSnapshot::in_sealer(Arc::new(Sealer::generate().unwrap()));
    snapshot.apply(Change::SetReverse(target(1), reverse(Some("them"), b"secret"))).unwrap();
    let bytes = encode(&snapshot);
    for length in 1..bytes.len() {
        assert_eq!(decoded(&bytes[..length]).err(), Some(Malformed), "{length} bytes");
    }
}

#[test]
fn what_is_never_written_is_malformed() {
    let bytes = encode(&snapshot());
    let cases: [&[u8]; 9] = [
        b"\x05",
        // An empty record, and an unknown requirement.
        b"\x02\0\0\0\0\0\0\0\x01n\0\0\0",
        b"\x02\0\0\0\0\0\0\0\x01n\0\0\x04",
        b"\x02\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x02\0\0\0\0\0\0\0\0\0\0",
        b"\x02\0\0\0\0\0\0\0\x01\xff\0\0",
        b"\x02\0\0\0\0\0\0\0\x01n\x02\0",
        b"\x02\0\0\0\0\0\0\0\x01n\0\x03",
        &[&bytes[..], &bytes[..]].concat(),
    ];
    for bytes in cases {
        assert_eq!(decoded(bytes).err(), Some(Malformed), "{}", bytes.escape_ascii());
    }
}

/// The portal is one that can be parsed, but a writer states its port, and no leading zeros.
#[test]
fn a_portal_that_is_spelled_as_no_writer_spells_it_is_malformed() {
    let mut snapshot = StoreSnapshot::in_sealer(Arc::new(Sealer::generate().unwrap()));
    snapshot.apply(Change::SetReverse(portal(), reverse(None, b"discovery there"))).unwrap();
    let bytes = encode(&snapshot);
    let rest = bytes.strip_prefix(b"\x04\0\0\0\0\0\0\0\x0e192.0.2.7:3260").unwrap();
    for (spelling, is_accepted) in
        [("192.0.2.7:3260", true), ("192.0.2.7", false), ("192.0.2.7:03260", false)]
    {
        let length = u64::try_from(spelling.len()).unwrap().to_be_bytes();
        let record = [&[PORTAL][..], &length, spelling.as_bytes(), rest].concat();
        assert_eq!(decoded(&record).is_ok(), is_accepted, "{spelling}");
    }
}
