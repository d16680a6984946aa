//! One cell: the result of one case with one daemon, as text.

use std::error::Error as _;
use std::sync::Arc;

use bytes::Bytes;
use iscsi_initiator::{
    Authenticated, AuthenticationRequest, BlockDevice, CompletedLogin, Config, DiscoveredTarget, Error,
    Initiator, Lun, Portal, Session,
};
use iscsi_secrets::{ForwardCredential, MemoryStore, ReverseCredential, Secret};

use super::cases::{Access, Case, Credentials};
use crate::stage::{Daemon, Stage};

/// A daemon that allows discovery without authentication, and one that requires mutual CHAP for it.
pub(super) struct Daemons {
    daemon: Daemon,
    open: Stage,
    guarding_discovery: Stage,
}

impl Daemons {
    pub(super) fn new(daemon: Daemon) -> Self {
        Self { daemon, open: Stage::of(daemon), guarding_discovery: Stage::guarding_discovery(daemon) }
    }

    pub(super) async fn attempt(&self, case: &Case) -> String {
        let result = match case.access {
            Access::Target(name) => {
                self.log_in(case, name, &portal_of(&self.open)).await.map(|completed| outcome(&completed))
            }
            Access::Discovery => discover(case, &self.open).await.map(|found| listed(&found)),
            Access::GuardedDiscovery => {
                discover(case, &self.guarding_discovery).await.map(|found| listed(&found))
            }
            Access::PortalGroups(name) => self.enter_every_group(case, name).await,
        };
        result.unwrap_or_else(|error| reason(&error))
    }

    /// Logs in, writes, reads back and logs out. Only the login may fail.
    async fn log_in(&self, case: &Case, name: &str, portal: &Portal) -> Result<CompletedLogin, Error> {
        let target = self.open.iqn(name).parse().unwrap();
        let session = initiator(case).login(&target, portal, &request(case.credentials)).await?;
        let lun = Lun::from_number(self.open.lun).unwrap();
        write_and_read(&session, lun, case.what).await.expect(case.what);
        let completed = session.details().completed.clone();
        match session.logout().await {
            // istgt at times closes the connection before its response is out.
            Err(Error::ConnectionLost { .. }) if matches!(self.daemon, Daemon::Istgt) => {}
            result => result.expect(case.what),
        }
        // None of these targets deviates: a row of the table that fits them would be a false report.
        assert_eq!(completed.deviations, [], "{}", case.what);
        Ok(completed)
    }

    /// Logs in at every address that discovery names, each in another portal group.
    async fn enter_every_group(&self, case: &Case, name: &str) -> Result<String, Error> {
        let found = discover(case, &self.open).await?;
        let target = found.iter().find(|target| target.name.as_str() == self.open.iqn(name)).unwrap();
        let mut groups = Vec::new();
        for address in &target.addresses {
            let entered = self
                .log_in(case, name, &address.portal(&portal_of(&self.open)))
                .await?
                .target_portal_group_tag;
            assert_eq!(entered, address.portal_group_tag, "the group is another than the one discovered");
            groups.push(entered.map_or_else(|| "unknown".to_owned(), |tag| tag.to_string()));
        }
        Ok(format!("{} {}", if groups.len() == 1 { "group" } else { "groups" }, groups.join(", ")))
    }
}

async fn write_and_read(session: &Session, lun: Lun, what: &str) -> Result<(), Error> {
    let disk = BlockDevice::open(session, lun).await?;
    let written = Bytes::from(what.as_bytes().repeat(100));
    disk.write_at(0, written.clone()).await?;
    assert_eq!(disk.read_at(0, written.len()).await?, written, "{what}");
    Ok(())
}

async fn discover(case: &Case, stage: &Stage) -> Result<Vec<DiscoveredTarget>, Error> {
    Ok(initiator(case).discover(&portal_of(stage), &request(case.credentials)).await?.targets)
}

fn initiator(case: &Case) -> Initiator {
    let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
    config.algorithms = case.algorithms.to_vec();
    [config.offer.header_digest, config.offer.data_digest] = case.digests;
    Initiator::new(config, Arc::new(MemoryStore::new()))
}

fn portal_of(stage: &Stage) -> Portal {
    stage.portal.to_string().parse().unwrap()
}

/// The mode is explicit, so that weaker authentication cannot pass.
fn request(Credentials { mode, forward, reverse }: Credentials) -> AuthenticationRequest {
    let secret = |text: &str| Secret::from_bytes(text.as_bytes()).unwrap();
    let forward =
        forward.map(|(name, text)| ForwardCredential::new(Some(name.to_owned()), secret(text)).unwrap());
    let reverse =
        reverse.map(|(name, text)| ReverseCredential::new(Some(name.to_owned()), secret(text)).unwrap());
    AuthenticationRequest { mode, forward: forward.map(Arc::new), reverse: reverse.map(Arc::new) }
}

/// The authentication of both sides, and the negotiated digests.
fn outcome(completed: &CompletedLogin) -> String {
    let authenticated = match &completed.authenticated {
        Authenticated::None => "nobody".to_owned(),
        Authenticated::Initiator { algorithm } => format!("initiator, {algorithm}"),
        Authenticated::Mutual(target) => format!("both, {}", target.algorithm()),
    };
    let digests = completed.parameters.digests;
    let digests = [(digests.header, "header digest"), (digests.data, "data digest")];
    let digests = digests.into_iter().filter(|(agreed, _)| *agreed).map(|(_, name)| format!(", {name}"));
    authenticated + &digests.collect::<String>()
}

fn listed(targets: &[DiscoveredTarget]) -> String {
    format!("{} targets", targets.len())
}

/// The innermost reason. The outer ones name the portal, which is another in every run.
fn reason(error: &Error) -> String {
    match error {
        Error::ClosedDuringLogin { stage, .. } => format!("{:?}: closed during {stage}", error.fault()),
        _ => format!(
            "{:?}: {}",
            error.fault(),
            error.source().map_or_else(|| error.to_string(), ToString::to_string)
        ),
    }
}
