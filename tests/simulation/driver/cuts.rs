//! Cuts of the connection at many places of a workload, in each way in which a connection can end.

use std::time::Instant;

use iscsi_initiator::Error;
use iscsi_tests::world::{Direction, Ending, PipeSettings, Variant};

use super::load::Load;
use super::{MILLISECOND, assert_over, paused, start, tasks};
use crate::is_long;

const ENDINGS: [Ending; 3] = [Ending::EndOfStream, Ending::Reset, Ending::Silence];

fn narrow() -> PipeSettings {
    PipeSettings { latency: MILLISECOND..=3 * MILLISECOND, pieces: 1..=2000, capacity: 4096 }
}

/// The bytes behind the login that cross in each direction without a cut.
async fn length(variant: Variant) -> [u64; 2] {
    let (rig, session) = start(variant, &narrow(), 1);
    let load = Load::new(1, variant);
    load.run(&session).await;
    load.logout(session).await;
    Direction::BOTH.map(|direction| rig.crossed(direction))
}

/// Every operation ends once, all that fail have the session's reason, and the task ends.
async fn cut(variant: Variant, direction: Direction, offset: u64, ending: Ending) -> Error {
    let (rig, session) = start(variant, &narrow(), 1);
    rig.cut_after(direction, offset, ending);
    let load = Load::new(1, variant);
    let waiting = session.clone();
    let ended = tokio::spawn(async move { waiting.ended().await });
    load.run(&session).await;
    // A connection that was cut behind the last operation fails the logout.
    let logout = session.clone().logout().await;
    let reason = ended.await.unwrap();
    assert_eq!(session.end_reason(), Some(reason.clone()));
    assert_eq!(session.ended().await, reason);
    assert_eq!(logout, if reason == Error::LoggedOut { Ok(()) } else { Err(reason.clone()) });
    assert!(load.failures().iter().all(|failure| *failure == reason), "{:?} {reason:?}", load.failures());
    assert_eq!(session.report_luns().await, Err(reason.clone()));
    if ending == Ending::Silence {
        // The target is not told of the end.
        assert!(tasks() == 1 && rig.initiator_has_closed() && rig.isid_is_free());
    } else {
        assert_over(&rig).await;
    }
    load.finish(&rig);
    reason
}

fn is_expected(reason: &Error, ending: Ending) -> bool {
    match ending {
        Ending::EndOfStream | Ending::Reset => matches!(reason, Error::ConnectionLost { .. }),
        Ending::Silence => matches!(reason, Error::Timeout { .. }),
    }
}

fn cut_at_many_places(variant: Variant) {
    let began = Instant::now();
    let places = if is_long() { 2000 } else { 200 };
    let lengths = paused(length(variant));
    let (mut failed, mut logged_out) = (0, 0);
    for (direction, length) in Direction::BOTH.into_iter().zip(lengths) {
        for ending in ENDINGS {
            for offset in (0..=places).map(|place| length * place / places) {
                let reason = paused(cut(variant, direction, offset, ending));
                let place = format!("{direction:?} {offset} {ending:?}: {reason:?}");
                // The end of the stream behind the logout is the usual one.
                let is_complete = reason == Error::LoggedOut && offset == length;
                assert!(is_complete || is_expected(&reason, ending), "{place}");
                failed += u32::from(!is_complete);
                logged_out += u32::from(is_complete);
            }
        }
    }
    println!("{failed} sessions failed, {logged_out} logged out, in {:?}", began.elapsed());
    assert!(failed >= 1200 && logged_out >= 3);
}

#[test]
fn lgo_08_cuts_with_immediate_and_unsolicited_data() {
    cut_at_many_places(Variant::default());
}

#[test]
fn lgo_08_cuts_with_solicited_data_and_digests() {
    let (initial_r2t, immediate_data, max_outstanding_r2t) = (true, false, 3);
    let variant =
        Variant { initial_r2t, immediate_data, max_outstanding_r2t, digests: true, ..Variant::default() };
    cut_at_many_places(variant);
}
