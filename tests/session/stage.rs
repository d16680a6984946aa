//! An initiator, and targets for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iscsi_initiator::{
    AuthenticationRequest, Config, Error, Initiator, IscsiName, Portal, RecoveryPolicy, Session,
};
use iscsi_pdu::Opcode;
use iscsi_secrets::{MemoryStore, SecretStore};
use iscsi_tests::ram_disk::{self, RamDisk, Running, Target};
use iscsi_tests::scripted_target::{Received, Script, ScriptedTarget};

pub(crate) fn target_name() -> IscsiName {
    "iqn.2001-04.com.example:disk".parse().unwrap()
}

/// Settings with short limits, for one session that is not replaced.
pub(crate) fn config() -> Config {
    let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
    config.login_timeout = Duration::from_secs(5);
    config.command_timeout = Duration::from_secs(5);
    config.recovery = RecoveryPolicy::OFF;
    config
}

/// The limit of everything in a session that is in a hurry.
pub(crate) const LIMIT: Duration = Duration::from_millis(300);

/// Settings in which everything has the same short limit, and a quiet target is not pinged.
pub(crate) fn hurried_config() -> Config {
    let mut config = config();
    (config.command_timeout, config.noop_out_timeout, config.noop_out_interval) = (LIMIT, LIMIT, None);
    (config.abort_timeout, config.lu_reset_timeout) = (LIMIT, LIMIT);
    config
}

/// An initiator with short limits, which takes its secrets from `store`.
pub(crate) fn initiator_with(store: Arc<dyn SecretStore>) -> Initiator {
    Initiator::new(config(), store)
}

pub(crate) fn initiator() -> Initiator {
    initiator_with(Arc::new(MemoryStore::new()))
}

/// A portal with one target without authentication, which has one disk and reports no unit attention.
pub(crate) fn open_config() -> ram_disk::Config {
    let mut config = ram_disk::Config::with_targets([Target::new(target_name())]);
    config.unit_attention = false;
    config
}

/// Such a portal whose target takes no write data before it has requested them.
pub(crate) fn soliciting_config() -> ram_disk::Config {
    let mut config = open_config();
    (config.offer.parameters.immediate_data, config.offer.parameters.initial_r2t) = (false, true);
    config
}

pub(crate) async fn ram_disk() -> Running {
    RamDisk::serve(open_config()).await.unwrap()
}

pub(crate) async fn log_in(portal: SocketAddr) -> Result<Session, Error> {
    log_in_by(&initiator(), portal).await
}

pub(crate) async fn log_in_by(initiator: &Initiator, portal: SocketAddr) -> Result<Session, Error> {
    let portal: Portal = portal.to_string().parse().unwrap();
    initiator.login(&target_name(), &portal, &AuthenticationRequest::default()).await
}

/// A scripted target that logs the initiator in like a conforming target, and then follows the steps that `misbehave` adds.
pub(crate) async fn scripted(misbehave: impl FnOnce(Script) -> Script) -> (ScriptedTarget, Session) {
    let scripted = ScriptedTarget::serve(misbehave(Script::new().log_in(open_config()))).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    (scripted, session)
}

/// A scripted target that logs the initiator in as a portal of this configuration would, and then follows this script, and a
/// session with these settings.
pub(crate) async fn session_with(
    portal: ram_disk::Config,
    script: Script,
    config: Config,
) -> (ScriptedTarget, Session) {
    let scripted = ScriptedTarget::serve(Script::new().log_in(portal).then(script)).await.unwrap();
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let session = log_in_by(&initiator, scripted.portal()).await.unwrap();
    (scripted, session)
}

/// A session that is in a hurry.
pub(crate) async fn hurried(script: Script) -> (ScriptedTarget, Session) {
    session_with(open_config(), script, hurried_config()).await
}

/// Waits until the scripted target has received a PDU of this kind.
pub(crate) async fn wait_for(scripted: &ScriptedTarget, opcode: Opcode) -> Received {
    for _ in 0..500 {
        if let Some(found) = scripted.received().into_iter().find(|pdu| pdu.opcode() == opcode) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no {opcode} came");
}
