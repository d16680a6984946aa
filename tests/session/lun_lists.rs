//! REPORT LUNS with targets that have no LUN 0, return no list, or return a part of it.

use iscsi_initiator::{Error, Lun, LunListOrigin, Session};
use iscsi_pdu::ScsiCommand;
use iscsi_tests::ram_disk::{LogicalUnit, Sense};
use iscsi_tests::scripted_target::{Moment, Reply, Script, ScriptedTarget, check_condition, parameter_data};

use crate::partial_results::commands;
use crate::stage::{log_in, open_config};

const REPORT_LUNS: u8 = 0xa0;

/// A conforming target with these units, except that REPORT LUNS is answered by `answer` for each unit.
async fn listing(
    numbers: &[u16],
    answer: impl Fn(Lun, &ScsiCommand, &Moment) -> Option<Reply> + Send + Sync + 'static,
) -> (ScriptedTarget, Session) {
    let mut config = open_config();
    config.targets[0].units =
        numbers.iter().map(|number| LogicalUnit { number: *number, ..LogicalUnit::default() }).collect();
    let script = Script::new().log_in(config).serve_but(move |command, moment| match command.cdb[0] {
        REPORT_LUNS => answer(command.lun, command, moment),
        _ => None,
    });
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    (scripted, session)
}

fn luns(numbers: &[u16]) -> Vec<Lun> {
    numbers.iter().map(|number| Lun::from_number(*number).unwrap()).collect()
}

/// Without LUN 0 the well known logical unit has the list.
#[tokio::test]
async fn targets_without_lun_0() {
    let (scripted, session) = listing(&[1, 300], |lun, command, moment| {
        (lun == Lun::ZERO).then(|| check_condition(command, moment, Sense::UNIT_NOT_SUPPORTED))
    })
    .await;
    let list = session.list_luns().await.unwrap();
    assert_eq!((list.luns, list.total), (luns(&[1, 300]), 2));
    let LunListOrigin::WellKnownLun { refused: Some(refused) } = list.origin else {
        panic!("{:?}", list.origin)
    };
    assert!(refused.to_string().contains("LOGICAL UNIT NOT SUPPORTED"), "{refused}");
    assert_eq!(session.report_luns().await.unwrap(), luns(&[1, 300]));
    let asked: Vec<_> = commands(&scripted, REPORT_LUNS).into_iter().map(|command| command.lun).collect();
    assert_eq!(asked[..2], [Lun::ZERO, Lun::REPORT_LUNS]);
}

/// An empty list of LUN 0 is not believed while the well known logical unit has another.
#[tokio::test]
async fn empty_lists_of_lun_0() {
    let (_scripted, session) = listing(&[5], |lun, command, moment| {
        (lun == Lun::ZERO).then(|| parameter_data(command, moment, &[0; 8]))
    })
    .await;
    let list = session.list_luns().await.unwrap();
    assert_eq!((list.luns, list.origin), (luns(&[5]), LunListOrigin::WellKnownLun { refused: None }));
    // Nothing is an answer too.
    for sense in [None, Some(Sense::UNIT_NOT_SUPPORTED)] {
        let (_scripted, session) = listing(&[5], move |lun, command, moment| match sense {
            Some(sense) if lun != Lun::ZERO => Some(check_condition(command, moment, sense)),
            _ => Some(parameter_data(command, moment, &[0; 8])),
        })
        .await;
        assert_eq!(session.list_luns().await.unwrap().luns, []);
    }
}

/// If no list is available, LUN 0 may still exist.
#[tokio::test]
async fn targets_without_a_list() {
    let refuse = |_: Lun, command: &ScsiCommand, moment: &Moment| {
        Some(check_condition(command, moment, Sense::INVALID_OPERATION))
    };
    let (_scripted, session) = listing(&[0, 1], refuse).await;
    let list = session.list_luns().await.unwrap();
    assert_eq!((&list.luns, list.total), (&luns(&[0]), 1));
    assert!(matches!(list.origin, LunListOrigin::Lun0Alone { .. }));
    // No device at LUN 0: the failure of LUN 0 is what there is to say.
    let (_scripted, session) = listing(&[1], refuse).await;
    let error = session.list_luns().await.unwrap_err();
    assert!(matches!(error, Error::Command { command: "REPORT LUNS", .. }), "{error}");
}

/// A list that is cut off says how many are missing.
#[tokio::test]
async fn lists_that_are_cut_off() {
    let (_scripted, session) = listing(&[0], |_, command, moment| {
        let list = [&[0, 0, 0, 40, 0, 0, 0, 0][..], &Lun::ZERO.0, &Lun([0, 1, 0, 0, 0, 0, 0, 0]).0].concat();
        Some(parameter_data(command, moment, &list))
    })
    .await;
    let list = session.list_luns().await.unwrap();
    assert_eq!((list.luns, list.total, list.origin), (luns(&[0, 1]), 5, LunListOrigin::Lun0));
}
