//! One store, open in the library's initiator and changed by the program, and the other way round.

use std::sync::Arc;

use iscsi_initiator::{
    Authenticated, AuthenticationRequest, BlockDevice, Config, Error, Fault, Initiator, Lun, Session,
};
use iscsi_secrets::vds::{SharedSecret, object_id};
use iscsi_secrets::{FileStore, IscsiName};
use iscsi_tests::external_targets::TgtTarget;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{CLEARED, FORWARD, REVERSE, Stage, WRONG, WRONG_ANSWER, both_authenticated};

/// An initiator that has the user's store open.
struct Library<'a> {
    stage: &'a Stage,
    initiator: Initiator,
    runtime: Runtime,
}

impl<'a> Library<'a> {
    fn over(store: FileStore, stage: &'a Stage) -> Self {
        let config = Config::new("iqn.2001-04.com.example:library".parse().unwrap()).unwrap();
        let initiator = Initiator::new(config, Arc::new(store));
        Self { stage, initiator, runtime: Runtime::new().unwrap() }
    }

    fn log_in(&self) -> Result<Session, Error> {
        let target = self.stage.iqn().parse().unwrap();
        let portal = self.stage.tgt.portal().to_string().parse().unwrap();
        self.runtime.block_on(self.initiator.login(&target, &portal, &AuthenticationRequest::default()))
    }

    /// A session in which the target authenticated itself.
    #[track_caller]
    fn mutual_session(&self) -> Session {
        let session = self.log_in().unwrap();
        match &session.details().completed.authenticated {
            Authenticated::Mutual(target) => assert_eq!(target.name(), REVERSE.0),
            other => panic!("{other:?}"),
        }
        session
    }

    #[track_caller]
    fn log_out(&self, session: Session) {
        self.runtime.block_on(session.logout()).unwrap();
    }

    #[track_caller]
    fn is_refused(&self, fault: Fault) -> Error {
        match self.log_in() {
            Err(error) if error.fault() == fault => error,
            Err(error) => panic!("not {fault:?}: {error:?}"),
            Ok(session) => panic!("not {fault:?}: {:?}", session.details()),
        }
    }

    fn set_shared_secret(&self, secret: Option<&SharedSecret<'_>>, target: Uuid) {
        self.runtime.block_on(self.initiator.set_initiator_shared_secret(secret, target)).unwrap();
    }
}

#[test]
fn what_the_program_stores_counts_for_the_next_login_of_the_library() {
    let stage = Stage::new();
    let library = Library::over(FileStore::open(stage.user.path("store")).unwrap(), &stage);
    stage.set(REVERSE.1);
    let session = library.mutual_session();

    stage.set(WRONG);
    library.is_refused(Fault::TargetNotAuthenticated);
    stage.take_out("clear");
    assert!(matches!(library.is_refused(Fault::TargetNotAuthenticated), Error::AuthPolicy(_)));
    stage.take_out("forget");
    stage.set_global(REVERSE.1);
    stage.remember(WRONG);
    library.is_refused(Fault::CredentialsRefused);
    stage.remember(FORWARD.1);
    library.log_out(library.mutual_session());

    // All the while there was a session, which no change touched.
    let lun = Lun::from_number(TgtTarget::FILE_LUN).unwrap();
    library.runtime.block_on(BlockDevice::open(&session, lun)).unwrap();
    library.log_out(session);
}

/// A store that is empty when the initiator opens it, or that is read-only.
#[test]
fn a_store_filled_after_it_was_opened() {
    let stage = Stage::new();
    stage.take_out("forget");
    let library = Library::over(FileStore::open_existing(stage.user.path("store")).unwrap(), &stage);
    library.is_refused(Fault::CredentialsRefused);
    stage.remember(FORWARD.1);
    stage.set(REVERSE.1);
    library.log_out(library.mutual_session());
}

#[test]
fn what_the_library_stores_counts_for_the_next_login_of_the_program() {
    let stage = Stage::new();
    let library = Library::over(FileStore::open(stage.user.path("store")).unwrap(), &stage);
    let target = object_id(&IscsiName::new(stage.iqn()).unwrap());
    let secret = |text: &'static str| SharedSecret::of(text.as_bytes());
    stage.set_global(WRONG);

    library.set_shared_secret(Some(&secret(REVERSE.1)), target);
    both_authenticated(stage.log_in());
    library.set_shared_secret(Some(&secret(WRONG)), target);
    stage.log_in().expect(&[4]).complains(WRONG_ANSWER);
    library.set_shared_secret(Some(&SharedSecret::CLEAR), target);
    stage.log_in().expect(&[4]).complains(CLEARED);
    library.set_shared_secret(Some(&secret(REVERSE.1)), Uuid::nil());
    stage.log_in().expect(&[4]).complains(CLEARED);
    library.set_shared_secret(None, target);
    both_authenticated(stage.log_in());
}
