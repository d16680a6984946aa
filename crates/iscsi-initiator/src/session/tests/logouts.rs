//! The end of a session (rows LGO).

use super::*;

#[test]
fn lgo_01_lgo_02_the_logout_closes_the_session_and_nothing_follows_it() {
    let mut target = Target::with_window(solicited_only(), 2);
    let write = target.write(512);
    let queued = [1, 2, 3].map(|_| target.submit(Transfer::None, true));
    let sent = target.log_out();
    let [.., InitiatorPdu::LogoutRequest(logout)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(
        (logout.reason, logout.cid, logout.immediate),
        (iscsi_pdu::LogoutReason::CLOSE_SESSION, 0, true)
    );
    // One of the queued requests fits into the window and is sent before the logout.
    let before: Vec<_> = sent[..sent.len() - 1].iter().map(|pdu| pdu.encode().bhs.opcode()).collect();
    assert_eq!(before, [iscsi_pdu::Opcode::SCSI_COMMAND]);
    assert!(matches!(&sent[0], InitiatorPdu::ScsiCommand(command) if command.itt == queued[0]));
    // An open window, a ping and another command change nothing.
    target.good(queued[0]).unwrap();
    let ping = iscsi_pdu::NopIn {
        lun: Lun::ZERO,
        itt: InitiatorTaskTag::RESERVED,
        ttt: TargetTransferTag(1),
        numbers: target.numbers,
        data: Bytes::new(),
    };
    target.receive(TargetPdu::NopIn(ping)).unwrap();
    target.submit(Transfer::None, true);
    assert_eq!(target.sent(), []);
    // LGO-09: PDUs before the Logout Response are still processed.
    target.good(write).unwrap();
}

/// A logout that the target requests is none of the initiator.
#[test]
fn logouts_that_the_initiator_requests() {
    for cause in [LogoutCause::Initiator, LogoutCause::Target] {
        let mut target = Target::new(parameters());
        assert!(!target.session.is_logging_out());
        target.session.log_out(cause, NOW);
        for _ in ["wanted", "sent"] {
            assert_eq!(target.session.is_logging_out(), cause == LogoutCause::Initiator);
            target.sent();
        }
    }
}

/// Each reason is about the session's only connection, and one logout is sent.
#[test]
fn lgo_01_lgo_02_reasons_of_a_logout() {
    for reason in [0, 1, 2].map(iscsi_pdu::LogoutReason) {
        let mut target = Target::new(parameters());
        target.session.log_out_for(reason, NOW);
        target.session.log_out_for(iscsi_pdu::LogoutReason::CLOSE_SESSION, NOW);
        let sent = target.sent();
        let [InitiatorPdu::LogoutRequest(logout)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!((logout.reason, logout.cid), (reason, 0), "the first reason counts");
    }
}

/// The session ends whether or not the target grants the logout.
#[test]
fn lgo_04_every_answer_ends_the_session() {
    for code in [0, 1, 2, 3, 77].map(LogoutResponseCode) {
        let mut target = Target::new(parameters());
        target.session.log_out(LogoutCause::Initiator, NOW);
        let itt = target.logouts().remove(0).itt;
        let answer = target.logout_response(itt, code);
        target.receive(answer).unwrap();
        assert_eq!(target.session.end(), Some(&End::LoggedOut(LogoutCause::Initiator, code)));
    }
}

/// Responses without a request.
#[test]
fn tag_05_lgo_04_answers_to_no_logout() {
    let mut target = Target::new(parameters());
    let read = target.read(512);
    for itt in [read, InitiatorTaskTag(77)] {
        let mut target = Target::new(parameters());
        let answer = target.logout_response(itt, LogoutResponseCode::CLOSED);
        assert_eq!(broken_rule(target.receive(answer)).0, u64::from(itt.0));
        target.log_out();
        let answer = target.logout_response(InitiatorTaskTag(78), LogoutResponseCode::CLOSED);
        assert!(target.receive(answer).is_err(), "of another tag");
    }
    // Requested, but not sent.
    target.session.log_out(LogoutCause::Initiator, NOW);
    let answer = target.logout_response(InitiatorTaskTag(2), LogoutResponseCode::CLOSED);
    assert!(target.receive(answer).is_err());
}

/// Responses between the Logout Request and its answer still end their commands.
#[test]
fn lgo_09_responses_are_processed_until_the_logout_is_answered() {
    let mut target = Target::new(parameters());
    let itt = target.read(512);
    target.log_out();
    let data = target.last_data_in(itt, 0, 0, 512);
    target.receive(TargetPdu::DataIn(data)).unwrap();
    assert_eq!(target.completion(itt).data, pattern(512));
}

/// A closed window does not delay a logout.
#[test]
fn num_08_lgo_01_a_logout_through_a_closed_window() {
    let mut target = Target::with_window(parameters(), 0);
    target.submit(Transfer::None, true);
    let sent = target.log_out();
    let [InitiatorPdu::LogoutRequest(logout)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(logout.cmd_sn, SerialNumber(FIRST_CMD_SN));
}
