//! Names on the wire, and questions about targets in a normal session.

use std::sync::Arc;

use iscsi_initiator::{AuthenticationRequest, Config, Initiator, IscsiName, Portal};
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::{self, Target};
use iscsi_tests::rogue::{Received, Rogue, Script};

use crate::stage::{config, initiator, open_config, target_name};

/// A portal with a target of this name.
async fn portal_of(target: &IscsiName) -> (Rogue, Portal) {
    let targets = vec![Target::new(target.clone())];
    let config = ram_disk::Config { targets, ..open_config() };
    let rogue = Rogue::serve(Script::new().log_in(config).serve()).await.unwrap();
    let portal = rogue.portal().to_string().parse().unwrap();
    (rogue, portal)
}

/// What discovery gives is sent back octet for octet.
#[tokio::test]
async fn nam_09_names_of_targets_stay_as_they_are() {
    for name in ["eui.02004567A425678D", "naa.52004567BA64678D", "iqn.2001-04.com.example:Disk"] {
        let (rogue, portal) = portal_of(&IscsiName::received(name).unwrap()).await;
        let request = AuthenticationRequest::default();
        let found = initiator().discover(&portal, &request).await.unwrap().targets;
        assert_eq!(found[0].name.as_str(), name);
        let session = initiator().login(&found[0].name, &portal, &request).await.unwrap();
        assert!(rogue.received().iter().any(|pdu| pdu.text().contains(&format!("TargetName={name}\n"))));
        session.logout().await.unwrap();
    }
}

#[tokio::test]
async fn nam_01_names_of_223_octets_are_sent() {
    let long = |letter: &str| format!("iqn.2001-04.com.example:{}", letter.repeat(223 - 24));
    let (rogue, portal) = portal_of(&long("t").parse().unwrap()).await;
    let defaults = config();
    let mut config = Config::new(long("i").parse().unwrap()).unwrap();
    config.login_timeout = defaults.login_timeout;
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let target = long("t").parse().unwrap();
    let session = initiator.login(&target, &portal, &AuthenticationRequest::default()).await.unwrap();
    let first = rogue.received()[0].text();
    for (key, name) in [("InitiatorName", long("i")), ("TargetName", long("t"))] {
        assert!(first.contains(&format!("{key}={name}\n")), "{first}");
    }
    session.logout().await.unwrap();
    assert!(format!("{}t", long("t")).parse::<IscsiName>().is_err());
}

/// The session's own target by silence and by name, as often as one likes; no answer for another one.
#[tokio::test]
async fn dis_02_dis_03_dis_17_questions_in_a_normal_session() {
    let (rogue, portal) = portal_of(&target_name()).await;
    let session =
        initiator().login(&target_name(), &portal, &AuthenticationRequest::default()).await.unwrap();
    for whom in ["", target_name().as_str(), ""] {
        let found = session.send_targets(whom).await.unwrap().targets;
        assert_eq!((found.len(), &found[0].name), (1, &target_name()));
        assert_eq!(found[0].addresses[0].port, rogue.portal().port());
    }
    assert_eq!(session.send_targets("iqn.2001-04.com.example:other").await.unwrap().targets, []);
    session.logout().await.unwrap();
    let questions: Vec<_> =
        rogue.received().iter().map(Received::text).filter(|text| text.contains("SendTargets")).collect();
    let own = format!("SendTargets={}\n", target_name());
    assert_eq!(
        questions,
        ["SendTargets=\n", &own, "SendTargets=\n", "SendTargets=iqn.2001-04.com.example:other\n"]
    );
}
