//! Harmless deviations of targets: each row of the table is tolerated and reported, and refused if the settings are strict.

use std::sync::Arc;

use bytes::Bytes;
use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, Deviation, Error, Fault, Initiator, Lun, ObservedDeviation,
    Session, Strictness, scsi,
};
use iscsi_pdu::{DataOut, InitiatorPdu, LoginStatus, R2t, ScsiCommand, TargetPdu};
use iscsi_secrets::{ForwardCredential, MemoryStore, Secret};
use iscsi_tests::scripted_target::{
    DEVIATING_ACCOUNT, Moment, Reply, Script, ScriptedTarget, Trial, deviating, login, r2t,
};

use crate::stage::{config, log_in_by, open_config, target_name};

const LUN_1: Lun = Lun([0, 1, 0, 0, 0, 0, 0, 0]);
const WRITE_10: u8 = 0x2a;

fn initiator(strictness: Strictness) -> Initiator {
    let mut config = config();
    config.strictness = strictness;
    Initiator::new(config, Arc::new(MemoryStore::new()))
}

fn authentication(trial: Trial) -> AuthenticationRequest {
    let mode = match trial {
        Trial::Login | Trial::Discovery | Trial::Write => return AuthenticationRequest::default(),
        Trial::LoginIfAsked => AuthenticationMode::IfAsked,
        Trial::LoginByChap => AuthenticationMode::Chap,
    };
    let (name, secret) = DEVIATING_ACCOUNT;
    let secret = Secret::from_bytes(secret).unwrap();
    let forward = ForwardCredential::new(Some(name.to_owned()), secret).unwrap();
    AuthenticationRequest { mode, forward: Some(Arc::new(forward)), reverse: None }
}

fn write() -> scsi::RawCommand {
    scsi::write_blocks(0, 1, Bytes::from(vec![7; 512]))
}

/// Makes the call that reaches the deviation, and returns the reported deviations.
async fn attempt(
    scripted: &ScriptedTarget,
    trial: Trial,
    strictness: Strictness,
) -> Result<Vec<ObservedDeviation>, Error> {
    let portal = scripted.portal().to_string().parse().unwrap();
    let initiator = initiator(strictness);
    let authentication = authentication(trial);
    if trial == Trial::Discovery {
        let found = initiator.discover(&portal, &authentication).await?;
        let names: Vec<_> = found.targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names.first(), Some(&"iqn.2001-04.com.example:disk"));
        assert_eq!(names.last(), Some(&"iqn.2001-04.com.example:other"));
        return Ok(found.deviations());
    }
    let session = initiator.login(&target_name(), &portal, &authentication).await?;
    if trial == Trial::Write {
        session.execute(LUN_1, write()).await?;
    }
    session.test_unit_ready(Lun::ZERO).await?;
    let deviations = session.deviations();
    session.logout().await?;
    Ok(deviations)
}

/// Every row has its targets; each is used and reported by default, and refused by the letter.
#[tokio::test]
async fn each_row_is_tolerated_and_reported_or_refused() {
    for row in Deviation::ALL {
        let (trial, scripts) = deviating(&row).unwrap_or_else(|| panic!("no target for {}", row.id));
        for (number, script) in scripts.into_iter().enumerate() {
            let which = format!("{} {number}", row.id);
            let scripted = ScriptedTarget::serve(script).await.unwrap();
            let observed = attempt(&scripted, trial, Strictness::Tolerant).await;
            let observed = observed.unwrap_or_else(|error| panic!("{which}: {error:?}"));
            assert!(!observed.is_empty(), "{which}: nothing reported");
            assert!(observed.iter().all(|seen| *seen.deviation == row), "{which}: {observed:?}");
            assert_eq!(scripted.faults(), Vec::<String>::new(), "{which}");
            let refused = attempt(&scripted, trial, Strictness::Strict).await.expect_err(&which);
            let faults = [Fault::Protocol, Fault::TargetNotAuthenticated];
            assert!(faults.contains(&refused.fault()), "{which}: {refused:?}");
        }
    }
}

/// A conforming target is not reported as deviating, in either mode.
#[tokio::test]
async fn a_good_target_shows_no_deviation() {
    let scripted = ScriptedTarget::serve(Script::new().log_in(open_config()).serve()).await.unwrap();
    for strictness in [Strictness::Tolerant, Strictness::Strict] {
        let session = log_in_by(&initiator(strictness), scripted.portal()).await.unwrap();
        session.test_unit_ready(Lun::ZERO).await.unwrap();
        assert_eq!(session.deviations(), []);
        session.logout().await.unwrap();
        let portal = scripted.portal().to_string().parse().unwrap();
        let found = initiator(strictness).discover(&portal, &AuthenticationRequest::default()).await.unwrap();
        assert_eq!(found.deviations(), []);
    }
}

/// A target that asks for write data with this R2T, and nothing after it.
async fn soliciting(change: fn(R2t) -> R2t, strictness: Strictness) -> (ScriptedTarget, Session) {
    let mut config = open_config();
    config.offer.parameters.immediate_data = false;
    config.offer.parameters.initial_r2t = true;
    let ask = move |command: &ScsiCommand, moment: &Moment| {
        Reply::of(&[TargetPdu::R2t(change(r2t(command, moment, 0, 512)))], moment.digests)
    };
    let scripted =
        ScriptedTarget::serve(Script::new().log_in(config).answer_command(WRITE_10, ask)).await.unwrap();
    let session = log_in_by(&initiator(strictness), scripted.portal()).await.unwrap();
    (scripted, session)
}

fn data_outs(scripted: &ScriptedTarget) -> Vec<DataOut> {
    let pdus = scripted.received().into_iter().filter_map(|received| received.pdu());
    pdus.filter_map(|pdu| if let InitiatorPdu::DataOut(data) = pdu { Some(data) } else { None }).collect()
}

/// TAG-03, TAG-04: an R2T for LUN 0 is answered with the LUN of the command, and reported while the session lives.
#[tokio::test]
async fn tag_03_tag_04_data_for_an_r2t_that_names_lun_0() {
    let (scripted, session) = soliciting(|r2t| R2t { lun: Lun::ZERO, ..r2t }, Strictness::Tolerant).await;
    assert_eq!(session.deviations(), []);
    let _pending = session.submit(LUN_1, write()).await.unwrap();
    while data_outs(&scripted).is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let data = data_outs(&scripted).remove(0);
    assert_eq!((data.lun, data.ttt.0, data.data.len()), (LUN_1, 0, 512));
    let observed = session.deviations();
    assert_eq!((observed.len(), observed[0].deviation.id), (1, "r2t-lun-zero"));
    assert_eq!(observed[0].detail, "R2T with LUN 0 for a command to LUN 1");
}

/// TAG-03: an R2T that names another unit than 0 is refused in either mode, and so is one for LUN 0 that breaks another rule.
#[tokio::test]
async fn tag_03_other_r2ts_are_refused_in_either_mode() {
    let changes: [fn(R2t) -> R2t; 3] = [
        |r2t| R2t { lun: Lun([0, 2, 0, 0, 0, 0, 0, 0]), ..r2t },
        |r2t| R2t { lun: Lun::ZERO, desired_data_transfer_length: 1024, ..r2t },
        |r2t| R2t { lun: Lun::ZERO, r2t_sn: 1, ..r2t },
    ];
    for change in changes {
        for strictness in [Strictness::Tolerant, Strictness::Strict] {
            let (scripted, session) = soliciting(change, strictness).await;
            let error = session.execute(LUN_1, write()).await.unwrap_err();
            assert_eq!(error.fault(), Fault::Protocol, "{error}");
            scripted.all_closed().await;
            assert_eq!((data_outs(&scripted), session.deviations()), (vec![], vec![]));
        }
    }
}

/// The deviations of a login that is redirected are those of every portal on the way.
#[tokio::test]
async fn deviations_of_a_redirected_login() {
    let scripted = ScriptedTarget::serve(
        Script::new()
            .log_in_changing(open_config(), |_, response| iscsi_pdu::LoginResponse { tsih: 0, ..response })
            .serve(),
    );
    let scripted = scripted.await.unwrap();
    let address = format!("{} ", scripted.portal());
    let elsewhere = Script::new().answer_login(login::redirect(LoginStatus::MOVED_TEMPORARILY, address));
    let elsewhere = ScriptedTarget::serve(elsewhere).await.unwrap();
    let session = log_in_by(&initiator(Strictness::Tolerant), elsewhere.portal()).await.unwrap();
    let ids: Vec<_> = session.deviations().iter().map(|observed| observed.deviation.id).collect();
    assert_eq!(ids, ["address-trailing-blank", "tsih-zero"]);
    let refused = log_in_by(&initiator(Strictness::Strict), elsewhere.portal()).await.err().unwrap();
    assert_eq!(refused.fault(), Fault::Protocol);
}

/// If one record is malformed, the others are listed, and the malformed one is reported with its text.
#[tokio::test]
async fn dis_09_malformed_records_are_told() {
    let (_, scripts) = deviating(&Deviation::RECORD_UNUSABLE).unwrap();
    let mut texts = Vec::new();
    for script in scripts {
        let scripted = ScriptedTarget::serve(script).await.unwrap();
        let portal = scripted.portal().to_string().parse().unwrap();
        let initiator = initiator(Strictness::Tolerant);
        let found = initiator.discover(&portal, &AuthenticationRequest::default()).await.unwrap();
        assert_eq!(found.targets[1].addresses[0].to_string(), "10.0.0.7:3260,1");
        let of_targets = found.targets.iter().flat_map(|target| &target.unusable);
        texts.extend(of_targets.chain(&found.unusable).map(|record| record.text.clone()));
    }
    let expected = [
        "TargetAddress=10.0.0.5:0,1",
        "TargetName=disk/1 TargetAddress=10.0.0.5,1",
        "TargetName",
        "TargetAlias=disk",
    ];
    assert_eq!(texts, expected);
}
