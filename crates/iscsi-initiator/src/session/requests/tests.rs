use bytes::Bytes;
use iscsi_pdu::Lun;

use super::*;
use crate::scsi::TestUnitReady;

fn add(requests: &mut Requests) -> InitiatorTaskTag {
    requests.insert(Request::command(Lun::ZERO, TestUnitReady.into()))
}

/// Whether somebody waits for the outcome.
fn end(requests: &mut Requests, itt: InitiatorTaskTag) -> Option<bool> {
    Some(requests.end(itt, |_| Outcome::Text(Bytes::new()))? != Awaited::Nobody)
}

/// A slot gives as many tags as it has generations, none of which is the reserved one.
#[test]
fn tag_01_tags_of_one_slot() {
    let mut requests = Requests::default();
    let mut tags: Vec<_> = (0..4097)
        .map(|_| {
            let itt = add(&mut requests);
            assert!(end(&mut requests, itt).is_some() && requests.take_outcome(itt).is_some());
            itt.0
        })
        .collect();
    assert_eq!((tags[0], tags.pop()), (0, Some(0)));
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), 4096);
    assert!(tags.iter().all(|itt| InitiatorTaskTag(*itt).is_valid()));
}

#[test]
fn tag_01_tags_without_a_slot() {
    let mut requests = Requests::default();
    let first = requests.tag_without_slot();
    let others: Vec<_> = (0..4095).map(|_| requests.tag_without_slot()).collect();
    assert!(!others.contains(&first) && others.iter().all(|itt| itt.is_valid()));
    assert_eq!(requests.tag_without_slot(), first);
    assert!(requests.get(first).is_none());
}

/// A slot is free when its outcome was taken, or its request ended after it was abandoned; not before.
#[test]
fn slots_are_used_again() {
    let mut requests = Requests::default();
    let [taken, abandoned, left] = [(); 3].map(|()| add(&mut requests));
    requests.abandon(abandoned);
    assert_eq!(requests.open(), 3);
    assert_eq!(
        [taken, abandoned, left].map(|itt| end(&mut requests, itt)),
        [Some(true), Some(false), Some(true)]
    );
    assert_eq!([taken, abandoned, left].map(|itt| end(&mut requests, itt)), [None; 3]);
    assert_eq!((requests.open(), requests.free.len()), (0, 1));
    assert!(requests.outcome(taken).is_some() && requests.take_outcome(taken).is_some());
    assert!(requests.outcome(taken).is_none() && requests.take_outcome(taken).is_none());
    assert_eq!(requests.free.len(), 2);
    requests.release();
    assert!(requests.has_slots(), "an outcome was not taken");
    requests.abandon(left);
    assert_eq!(requests.free.len(), 3);
    requests.release();
    assert!(!requests.has_slots());
    // Tags do not begin anew.
    assert!(![taken, abandoned, left].contains(&add(&mut requests)));
}

/// Requests that wait, slots that are free, and what was taken are no outcomes.
#[test]
fn outcomes_that_were_not_taken() {
    let mut requests = Requests::default();
    let [first, _waiting] = [(); 2].map(|()| add(&mut requests));
    assert!(!requests.has_outcomes());
    end(&mut requests, first);
    assert!(requests.has_outcomes());
    requests.take_outcome(first);
    assert!(!requests.has_outcomes());
}

/// A renamed request has its outcome under the tag that its caller knows, and its other slots are free again.
#[test]
fn a_renamed_request_ends_under_its_first_tag() {
    let mut requests = Requests::default();
    let known = add(&mut requests);
    let others = [(); 3].map(|()| {
        let current = requests.current_tag(known);
        requests.rename(current).unwrap()
    });
    assert_eq!((requests.current_tag(known), requests.open()), (others[2], 1));
    assert!(requests.get(known).is_none() && requests.rename(known).is_none());
    assert_eq!((end(&mut requests, others[1]), end(&mut requests, known)), (None, None));
    assert_eq!(requests.end(others[2], |_| Outcome::Pong), Some(Awaited::By(known)));
    assert_eq!(requests.take_outcome(known), Some(Outcome::Pong));
    assert_eq!(requests.free.len(), requests.slots.len());
}

/// A caller may abandon a request under the tag that it knows, before it is renamed or after.
#[test]
fn a_renamed_request_that_is_abandoned_leaves_nothing() {
    for is_before in [false, true] {
        let mut requests = Requests::default();
        let known = add(&mut requests);
        if is_before {
            requests.abandon(known);
        }
        let current = requests.rename(known).unwrap();
        if !is_before {
            requests.abandon(known);
        }
        assert_eq!(requests.current_tag(known), known, "it is forgotten");
        assert_eq!((end(&mut requests, current), requests.open()), (Some(false), 0));
        assert_eq!(requests.free.len(), requests.slots.len());
    }
}

/// A request of which a byte was written may have been carried out, whatever becomes of it in later sessions.
#[test]
fn touched_are_the_requests_of_which_a_byte_was_written() {
    let mut requests = Requests::default();
    let [first, second, queued] = [(); 3].map(|()| add(&mut requests));
    requests.begin(first, SerialNumber(1), 0);
    requests.begin(second, SerialNumber(2), 48);
    for (written, touched) in [(0, false), (1, true), (0, true)] {
        requests.interrupt(written);
        assert_eq!(requests.is_touched(first), touched);
        requests.begin(first, SerialNumber(1), 0);
    }
    requests.begin(second, SerialNumber(2), 48);
    requests.interrupt(48);
    assert!(!requests.is_touched(second));
    requests.begin(second, SerialNumber(2), 48);
    requests.interrupt(49);
    assert!(requests.is_touched(second) && !requests.is_touched(queued));
    let renamed = requests.rename(second).unwrap();
    assert!(requests.is_touched(renamed) && requests.cmd_sn(renamed).is_none());
}

/// Queued commands and those of other units do not count.
#[test]
fn commands_that_were_sent_to_a_unit() {
    let mut requests = Requests::default();
    let other = Request::command(Lun([0, 1, 0, 0, 0, 0, 0, 0]), TestUnitReady.into());
    let sent = [add(&mut requests), requests.insert(other)];
    add(&mut requests);
    for itt in sent {
        requests.begin(itt, SerialNumber(1), 0);
    }
    assert_eq!(requests.sent_to(Lun::ZERO), 1);
    end(&mut requests, sent[0]);
    assert_eq!(requests.sent_to(Lun::ZERO), 0);
}

#[test]
fn the_number_of_slots_is_bounded() {
    let mut requests = Requests::default();
    while requests.has_space() {
        add(&mut requests);
    }
    assert_eq!(requests.open(), 65_536);
    let first = requests.open_in_order()[0];
    end(&mut requests, first);
    assert!(!requests.has_space(), "the outcome was not taken");
    requests.take_outcome(first);
    assert!(requests.has_space());
}
