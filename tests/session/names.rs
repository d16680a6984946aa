//! iSCSI names on the wire, and `SendTargets` in a normal session.

use std::sync::Arc;

use iscsi_initiator::{AuthenticationRequest, Config, Fault, Initiator, IscsiName, Portal};
use iscsi_secrets::{ForwardCredential, MemoryStore, Scope, Secret, SecretStore};
use iscsi_tests::ram_disk::{self, Target};
use iscsi_tests::scripted_target::{Received, Script, ScriptedTarget};

use crate::stage::{config, initiator, open_config, target_name};

/// A portal with a target of this name.
async fn portal_of(target: &IscsiName) -> (ScriptedTarget, Portal) {
    let targets = vec![Target::new(target.clone())];
    let config = ram_disk::Config { targets, ..open_config() };
    let scripted = ScriptedTarget::serve(Script::new().log_in(config).serve()).await.unwrap();
    let portal = scripted.portal().to_string().parse().unwrap();
    (scripted, portal)
}

/// A discovered name is sent back byte for byte.
#[tokio::test]
async fn nam_09_names_of_targets_stay_as_they_are() {
    for name in ["eui.02004567A425678D", "naa.52004567BA64678D", "iqn.2001-04.com.example:Disk"] {
        let (scripted, portal) = portal_of(&IscsiName::new(name).unwrap()).await;
        let request = AuthenticationRequest::default();
        let found = initiator().discover(&portal, &request).await.unwrap().targets;
        assert_eq!(found[0].name.as_str(), name);
        let session = initiator().login(&found[0].name, &portal, &request).await.unwrap();
        assert!(scripted.received().iter().any(|pdu| pdu.text().contains(&format!("TargetName={name}\n"))));
        session.logout().await.unwrap();
    }
}

/// NAM-02: the initiator's name is sent as it was given, and so is a target's that was typed.
#[tokio::test]
async fn nam_02_nam_09_names_keep_their_spelling_on_the_wire() {
    const HOST: &str = "iqn.2026-01.com.example:Host7.shEhjs";
    const DISK: &str = "iqn.2000-01.com.example:My_Disk ";
    let (scripted, portal) = portal_of(&DISK.parse().unwrap()).await;
    let config = Config::new(HOST.parse().unwrap()).unwrap();
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let target = DISK.parse().unwrap();
    let session = initiator.login(&target, &portal, &AuthenticationRequest::default()).await.unwrap();
    session.logout().await.unwrap();
    let first = scripted.received()[0].text();
    for pair in [format!("InitiatorName={HOST}\n"), format!("TargetName={DISK}\n")] {
        assert!(first.contains(&pair), "{first}");
    }
}

/// A secret that was stored under one spelling is demanded under every other: never silently none.
#[tokio::test]
async fn nam_02_secrets_are_found_under_every_spelling_of_a_name() {
    for (stored, typed) in [
        ("iqn.2000-01.com.example:Disk", "iqn.2000-01.com.example:disk"),
        ("iqn.2000-01.com.example:disk", "IQN.2000-01.com.example:DISK"),
        ("eui.02004567A425678D", "eui.02004567a425678d"),
        ("iqn.2000-01.com.example:stra\u{df}e", "iqn.2000-01.com.example:STRASSE"),
    ] {
        let typed: IscsiName = typed.parse().unwrap();
        let (_scripted, portal) = portal_of(&typed).await;
        let store = MemoryStore::new();
        let scope = Scope::Target(stored.parse().unwrap());
        let secret = || Secret::from_bytes(b"a secret of 19 byte").unwrap();
        store.set_forward(scope.clone(), ForwardCredential::new(None, secret()).unwrap()).unwrap();
        let initiator = Initiator::new(config(), Arc::new(store));
        // The target knows no secret, so CHAP is refused, which shows that it was demanded.
        let error = initiator.login(&typed, &portal, &AuthenticationRequest::default()).await.err().unwrap();
        assert_eq!(error.fault(), Fault::CredentialsRefused, "{typed}: {error}");
    }
}

#[tokio::test]
async fn nam_01_names_of_223_bytes_are_sent() {
    let long = |letter: &str| format!("iqn.2001-04.com.example:{}", letter.repeat(223 - 24));
    let (scripted, portal) = portal_of(&long("t").parse().unwrap()).await;
    let defaults = config();
    let mut config = Config::new(long("i").parse().unwrap()).unwrap();
    config.login_timeout = defaults.login_timeout;
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let target = long("t").parse().unwrap();
    let session = initiator.login(&target, &portal, &AuthenticationRequest::default()).await.unwrap();
    let first = scripted.received()[0].text();
    for (key, name) in [("InitiatorName", long("i")), ("TargetName", long("t"))] {
        assert!(first.contains(&format!("{key}={name}\n")), "{first}");
    }
    session.logout().await.unwrap();
    assert!(format!("{}t", long("t")).parse::<IscsiName>().is_err());
}

/// The session's own target by silence and by name, as often as one likes; no answer for another one.
#[tokio::test]
async fn dis_02_dis_03_dis_17_questions_in_a_normal_session() {
    let (scripted, portal) = portal_of(&target_name()).await;
    let session =
        initiator().login(&target_name(), &portal, &AuthenticationRequest::default()).await.unwrap();
    for names in ["", target_name().as_str(), ""] {
        let found = session.send_targets(names).await.unwrap().targets;
        assert_eq!((found.len(), &found[0].name), (1, &target_name()));
        assert_eq!(found[0].addresses[0].port, scripted.portal().port());
    }
    assert_eq!(session.send_targets("iqn.2001-04.com.example:other").await.unwrap().targets, []);
    session.logout().await.unwrap();
    let questions: Vec<_> =
        scripted.received().iter().map(Received::text).filter(|text| text.contains("SendTargets")).collect();
    let own = format!("SendTargets={}\n", target_name());
    assert_eq!(
        questions,
        ["SendTargets=\n", &own, "SendTargets=\n", "SendTargets=iqn.2001-04.com.example:other\n"]
    );
}
