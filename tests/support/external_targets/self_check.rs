//! Tests of the external targets themselves, with another initiator, libiscsi.

use std::collections::HashSet;
use std::net::TcpStream;
use std::path::Path;

use super::libiscsi::{Credentials, discover, inquire, read_capacity};
use super::*;

const INITIATOR: (&str, &str) = ("host", "what-host-proves");
const TARGET: (&str, &str) = ("disk", "what-disk-proves");
const WRONG: (&str, &str) = ("disk", "not-the-right-one");

const NOBODY: Credentials<'_> = Credentials { initiator: None, target: None };
const ONE_WAY: Credentials<'_> = Credentials { initiator: Some(INITIATOR), target: None };
const MUTUAL: Credentials<'_> = Credentials { initiator: Some(INITIATOR), target: Some(TARGET) };
const WRONG_FORWARD: Credentials<'_> =
    Credentials { initiator: Some((INITIATOR.0, WRONG.1)), target: Some(TARGET) };
const WRONG_REVERSE: Credentials<'_> = Credentials { initiator: Some(INITIATOR), target: Some(WRONG) };

fn mutual() -> Auth {
    Auth::mutual(INITIATOR, TARGET)
}

fn admits(url: &str, credentials: Credentials<'_>) -> bool {
    let outcome = inquire(url, credentials);
    let shown = outcome.stdout.contains("DIRECT_ACCESS");
    assert_eq!(shown, outcome.status.success(), "{}{}", outcome.stdout, outcome.stderr);
    shown
}

#[test]
fn tgtd_demands_what_it_was_told_to_demand() {
    let tgt = Tgt::builder()
        .target(TgtTarget::named("none"))
        .target(TgtTarget::named("chap").auth(Auth::chap(INITIATOR)))
        .target(TgtTarget::named("mutual").auth(mutual()).parameter("HeaderDigest", "CRC32C"))
        .start();
    let url = |name: &str| tgt.url(name, TgtTarget::FILE_LUN);
    assert!(admits(&url("none"), NOBODY));
    assert!(admits(&url("chap"), ONE_WAY));
    assert!(!admits(&url("chap"), NOBODY));
    assert!(!admits(&url("chap"), MUTUAL), "there is no account for the target");
    assert!(admits(&url("mutual"), MUTUAL));
    assert!(!admits(&url("mutual"), WRONG_FORWARD));
    assert!(!admits(&url("mutual"), WRONG_REVERSE));
    assert!(admits(&url("mutual"), ONE_WAY), "tgtd leaves mutual CHAP to the initiator");
}

#[test]
fn tgtd_authenticates_discovery() {
    let tgt = Tgt::builder().discovery(mutual()).target(TgtTarget::named("seen")).start();
    let url = format!("iscsi://{}", tgt.portal());
    assert!(discover(&url, MUTUAL).stdout.contains(&tgt.iqn("seen")));
    assert!(!discover(&url, NOBODY).status.success());
    assert!(!discover(&url, WRONG_REVERSE).status.success());
}

#[test]
fn tgtd_has_the_units_and_parameters_it_was_given() {
    let target =
        TgtTarget::named("sized").size(5 << 20).with_null_unit().parameter("MaxBurstLength", "1048576");
    let tgt = Tgt::builder().target(target).start();
    let capacity = |lun| read_capacity(&tgt.url("sized", lun)).stdout;
    assert!(capacity(TgtTarget::FILE_LUN).contains("ADDRESS:10239"), "{}", capacity(TgtTarget::FILE_LUN));
    assert!(
        capacity(TgtTarget::NULL_LUN).contains("ADDRESS:2147483647"),
        "{}",
        capacity(TgtTarget::NULL_LUN)
    );
    assert_eq!(tgt.backing_file("sized").metadata().unwrap().len(), 5 << 20);
    let shown = tgt.admin(&["--mode", "target", "--op", "show", "--tid", "1"]);
    assert!(shown.contains("MaxBurstLength=1048576"), "{shown}");
}

#[test]
fn istgt_demands_what_it_was_told_to_demand() {
    let istgt = Istgt::builder()
        .target(IstgtTarget::named("none").size(5 << 20))
        .target(IstgtTarget::named("chap").auth(Auth::chap(INITIATOR)))
        .target(IstgtTarget::named("mutual").auth(mutual()))
        .start();
    assert!(read_capacity(&istgt.url("none")).stdout.contains("ADDRESS:10239"));
    assert!(admits(&istgt.url("chap"), ONE_WAY));
    assert!(!admits(&istgt.url("chap"), NOBODY));
    assert!(!admits(&istgt.url("chap"), MUTUAL), "there is no account for the target");
    assert!(admits(&istgt.url("mutual"), MUTUAL));
    assert!(!admits(&istgt.url("mutual"), WRONG_FORWARD));
    assert!(!admits(&istgt.url("mutual"), WRONG_REVERSE));
    assert!(!admits(&istgt.url("mutual"), ONE_WAY), "istgt insists on mutual CHAP");
}

#[test]
fn istgt_takes_global_keys() {
    let builder = Istgt::builder().global("ImmediateData", "No").global("FirstBurstLength", "131072");
    let istgt = builder.target(IstgtTarget::named("tuned").require_digests()).start();
    let capture = Capture::start(istgt.portal().port());
    let url = format!("{}?header_digest=crc32c", istgt.url("tuned"));
    inquire(&url, NOBODY);
    let keys = keys_of(&capture.stop(), "iscsi.opcode == 0x23");
    for key in ["ImmediateData=No", "FirstBurstLength=131072", "HeaderDigest=CRC32C", "DataDigest=Reject"] {
        assert!(keys.contains(key), "{key} is not among {keys:?}");
    }
}

/// LIO pads its CHAP answers with left-overs of earlier ones, which libiscsi reads as text: with a name of six letters
/// nothing is padded.
#[test]
fn lio_demands_what_it_was_told_to_demand() {
    const SIX: (&str, &str) = ("target", TARGET.1);
    const MUTUAL: Credentials<'_> = Credentials { initiator: Some(INITIATOR), target: Some(SIX) };
    let wrong_reverse = Credentials { target: Some((SIX.0, WRONG.1)), ..MUTUAL };
    let mutual = Auth::mutual(INITIATOR, SIX);
    let lio = Lio::builder()
        .target(LioTarget::named("none").size(5 << 20).portal_groups(2).parameter("ImmediateData", "No"))
        .target(LioTarget::named("chap").auth(Auth::chap(INITIATOR)))
        .target(LioTarget::named("mutual").auth(mutual.clone()))
        .discovery(mutual)
        .start();
    let capture = Capture::start(lio.portal().port());
    assert!(read_capacity(&lio.url("none")).stdout.contains("ADDRESS:10239"), "{}", lio.log());
    assert!(keys_of(&capture.stop(), "iscsi.opcode == 0x23").contains("ImmediateData=No"));
    assert!(admits(&lio.url("chap"), ONE_WAY));
    assert!(!admits(&lio.url("chap"), NOBODY));
    assert!(!admits(&lio.url("chap"), MUTUAL), "there is no account for the target");
    assert!(admits(&lio.url("mutual"), MUTUAL));
    assert!(!admits(&lio.url("mutual"), WRONG_FORWARD));
    assert!(!admits(&lio.url("mutual"), wrong_reverse));
    assert!(admits(&lio.url("mutual"), ONE_WAY), "LIO leaves mutual CHAP to the initiator");
    let url = format!("iscsi://{}", lio.portal());
    let found = discover(&url, MUTUAL).stdout;
    assert!(lio.portals().iter().zip(1..).all(|(portal, tag)| found.contains(&format!("{portal},{tag}"))));
    assert!(!discover(&url, NOBODY).status.success());
    let pid = lio.pid();
    drop(lio);
    assert!(!Path::new("/proc").join(pid.to_string()).exists());
}

#[test]
#[should_panic(expected = "NoSuchKey")]
fn lio_is_not_ready_if_a_step_of_its_setup_failed() {
    let _ = Lio::builder().target(LioTarget::named("one").parameter("NoSuchKey", "Yes")).start();
}

#[test]
fn targets_run_side_by_side_and_end_when_dropped() {
    let tgts = [(); 3].map(|()| Tgt::builder().target(TgtTarget::named("one")).start());
    let istgts = [(); 2].map(|()| Istgt::builder().target(IstgtTarget::named("one")).start());
    for tgt in &tgts {
        assert!(admits(&tgt.url("one", TgtTarget::FILE_LUN), NOBODY), "{}", tgt.log());
    }
    for istgt in &istgts {
        assert!(admits(&istgt.url("one"), NOBODY), "{}", istgt.log());
    }
    let portals: Vec<_> = tgts.iter().map(Tgt::portal).chain(istgts.iter().map(Istgt::portal)).collect();
    let pids: Vec<_> = tgts.iter().map(Tgt::pid).chain(istgts.iter().map(Istgt::pid)).collect();
    drop((tgts, istgts));
    assert!(portals.into_iter().all(|portal| TcpStream::connect(portal).is_err()));
    assert!(pids.into_iter().all(|pid| !Path::new("/proc").join(pid.to_string()).exists()));
}

#[test]
fn a_record_shows_both_directions_of_mutual_chap() {
    let tgt = Tgt::builder().target(TgtTarget::named("seen").auth(mutual())).start();
    let capture = Capture::start(tgt.portal().port());
    assert!(admits(&tgt.url("seen", TgtTarget::FILE_LUN), MUTUAL));
    let dissection = capture.stop();
    assert_eq!(dissection.malformed(), Vec::<String>::new());
    for opcode in ["0x03", "0x23"] {
        let keys = keys_of(&dissection, &format!("iscsi.opcode == {opcode}"));
        for key in ["CHAP_I=", "CHAP_C=", "CHAP_N=", "CHAP_R="] {
            assert!(keys.iter().any(|seen| seen.starts_with(key)), "{key} is not in {opcode}: {keys:?}");
        }
    }
    assert!(Dissection::of(dissection.record(), tgt.portal().port()).malformed().is_empty());
}

fn keys_of(dissection: &Dissection, filter: &str) -> HashSet<String> {
    dissection.fields(filter, &["iscsi.keyvalue"]).into_iter().flatten().flatten().collect()
}
