//! The initiator's challenges over many connections: each is new, and one that a target sends back is not answered.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iscsi_initiator::{AuthenticationRequest, Error, Fault};
use iscsi_login::{LoginError, TargetAuthError};
use iscsi_pdu::{LoginStatus, TextWriter, parse_number};
use iscsi_tests::scripted_target::{Received, Script, ScriptedTarget, login};

use crate::authentication::{FORWARD, REVERSE, log_in, mutual, one_way};

/// The value of a key in a Login Request.
fn value(request: &Received, key: &str) -> Option<String> {
    request.text().lines().find_map(|line| Some(line.strip_prefix(key)?.strip_prefix('=')?.to_owned()))
}

/// Identifiers and challenges received, in order.
fn challenges(scripted: &ScriptedTarget) -> Vec<(u64, String)> {
    let challenge = |request: &Received| {
        Some((parse_number(&value(request, "CHAP_I")?).unwrap(), value(request, "CHAP_C")?))
    };
    scripted.received().iter().filter_map(challenge).collect()
}

/// The first login is kept waiting for its answer while a second one meets the challenge of the first.
async fn second_login_meets_our_challenge(request: AuthenticationRequest) -> (ScriptedTarget, Error) {
    let stolen = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&stolen);
    let replay = Script::challenges_with(move |_| {
        TextWriter::new().pair("CHAP_A", 5).pair("CHAP_I", 7).pair("CHAP_C", shown.lock().unwrap())
    });
    let victim = Script::new().choose_chap().challenge().take();
    let scripted = Arc::new(ScriptedTarget::serve_each(vec![victim, replay]).await.unwrap());
    let waiting = Arc::clone(&scripted);
    let first = tokio::spawn(async move { log_in(&waiting, &mutual(FORWARD, REVERSE)).await.map(drop) });
    while challenges(&scripted).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stolen.lock().unwrap().push_str(&challenges(&scripted)[0].1);
    let error = log_in(&scripted, &request).await.err().unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    scripted.all_closed().await;
    (Arc::into_inner(scripted).unwrap(), error)
}

#[tokio::test]
async fn chp_17_a_challenge_of_another_connection_is_not_answered() {
    for request in [mutual(FORWARD, REVERSE), one_way(FORWARD)] {
        let (scripted, error) = second_login_meets_our_challenge(request).await;
        let Error::Login { error, .. } = error else { panic!("{error}") };
        assert_eq!(error, LoginError::NotAuthenticated(TargetAuthError::ReflectedChallenge));
        // Three requests of the first login, two of the second: no CHAP_R for the challenge.
        let counts = [0, 1]
            .map(|number| scripted.received().iter().filter(|request| request.connection == number).count());
        assert_eq!(counts, [3, 2]);
    }
}

/// A challenge sent back on its own connection does not authenticate the target either.
#[tokio::test]
async fn chp_16_chp_17_a_challenge_that_comes_back_at_once() {
    let scripted = ScriptedTarget::serve(Script::reflects_challenge()).await.unwrap();
    let error = log_in(&scripted, &mutual(FORWARD, REVERSE)).await.err().unwrap();
    assert_eq!(error.fault(), Fault::TargetNotAuthenticated, "{error}");
    scripted.all_closed().await;
    assert_eq!(scripted.received().len(), 3);
}

/// Some logins in between never get as far as a challenge; more logins than there are identifiers.
#[tokio::test]
async fn chp_18_no_challenge_and_no_identifier_comes_again() {
    let refusing = || Script::new().answer_login(login::status(LoginStatus::SERVICE_UNAVAILABLE));
    let challenged = || Script::new().choose_chap().challenge().take().close();
    let scripts = (0..400).map(|number| if number % 4 == 3 { refusing() } else { challenged() });
    let scripted = ScriptedTarget::serve_each(scripts.collect()).await.unwrap();
    for _ in 0..400 {
        assert!(log_in(&scripted, &mutual(FORWARD, REVERSE)).await.is_err());
    }
    let sent = challenges(&scripted);
    assert_eq!(sent.len(), 300);
    let different: HashSet<_> = sent.iter().map(|(_, challenge)| challenge).collect();
    assert_eq!(different.len(), 300, "a challenge came again");
    // "0x" and 16 bytes.
    assert!(different.iter().all(|challenge| challenge.len() == 34));
    let repeated = sent.windows(2).find(|pair| pair[0].0 == pair[1].0);
    assert_eq!(repeated, None, "one identifier twice in a row");
}

/// A login that is redirected begins anew.
#[tokio::test]
async fn chp_18_chp_32_a_redirected_login_challenges_anew() {
    let elsewhere = ScriptedTarget::serve(Script::sends_wrong_chap_response()).await.unwrap();
    let moved = login::redirect(LoginStatus::MOVED_TEMPORARILY, elsewhere.portal().to_string());
    let scripted =
        ScriptedTarget::serve(Script::new().choose_chap().challenge().answer_login(moved)).await.unwrap();
    assert!(log_in(&scripted, &mutual(FORWARD, REVERSE)).await.is_err());
    let (first, second) = (challenges(&scripted), challenges(&elsewhere));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert!(first[0].0 != second[0].0 && first[0].1 != second[0].1);
}
