//! Two targets of one name at two portals, with different credentials.

use iscsi_initiator::{
    Authenticated, AuthenticationMode, AuthenticationRequest, Error, Initiator, IscsiName, Portal,
};
use iscsi_login::{LoginError, TargetAuthError};
use iscsi_tests::ram_disk::{Account, Config, Credentials, LogicalUnit, RamDisk, Running, Target};

use crate::credential::TestCredential;

/// A portal, its target, and the outcomes of logins to it.
pub(crate) struct Stage {
    running: Running,
    target: IscsiName,
    pub(crate) verified: u32,
    pub(crate) refused: u32,
}

impl Stage {
    /// A target with the credential `initiator` for the initiator, and `target_credential` for itself.
    pub(crate) async fn set(
        target: &str,
        initiator: &TestCredential,
        target_credential: &TestCredential,
    ) -> Self {
        let target: IscsiName = target.parse().unwrap();
        let mut served = Target::new(target.clone());
        served.units = vec![LogicalUnit { blocks: 1, ..LogicalUnit::default() }];
        served.credentials =
            Credentials::Mutual { initiator: account(initiator), target: account(target_credential) };
        let running = RamDisk::serve(Config::with_targets([served])).await.unwrap();
        Self { running, target, verified: 0, refused: 0 }
    }

    /// Logs in with the current content of the store. The target may authenticate itself with another secret; any other
    /// failure is an error.
    pub(crate) async fn log_in(&mut self, initiator: &Initiator) {
        let mutual =
            AuthenticationRequest { mode: AuthenticationMode::Mutual, ..AuthenticationRequest::default() };
        let portal: Portal = self.running.portal().to_string().parse().unwrap();
        match initiator.login(&self.target, &portal, &mutual).await {
            Ok(session) => {
                assert!(matches!(session.details().completed.authenticated, Authenticated::Mutual(_)));
                session.logout().await.unwrap();
                self.verified += 1;
            }
            Err(error) if is_wrong_response(&error) => self.refused += 1,
            Err(error) => panic!("{error} ({error:?})"),
        }
    }

    /// Checks that logins both succeeded and failed, and that the target reports no error.
    pub(crate) fn is_sound(&self) {
        println!("{}: {} verified, {} refused", self.running.portal(), self.verified, self.refused);
        assert!(self.verified > 0 && self.refused > 0);
        assert!(self.running.report().violations.is_empty(), "{:?}", self.running.report().violations);
    }
}

fn account(credential: &TestCredential) -> Account {
    Account::new(credential.name.as_deref().unwrap(), &credential.secret)
}

fn is_wrong_response(error: &Error) -> bool {
    let Error::Login { error, .. } = error else { return false };
    matches!(error, LoginError::NotAuthenticated(TargetAuthError::WrongResponse { .. }))
}
