//! Logouts for each reason.

use iscsi_initiator::{Error, LogoutReason, LogoutResponseCode, Lun};
use iscsi_tests::ram_disk::RamDisk;

use crate::stage::{log_in, open_config};

/// A session has one connection, and ends when that is closed, and also when it cannot be removed for recovery.
#[tokio::test]
async fn lgo_02_lgo_04_every_reason_ends_the_session() {
    let not_supported = Error::Logout(LogoutResponseCode::RECOVERY_NOT_SUPPORTED);
    for (reason, outcome) in [
        (LogoutReason::CLOSE_SESSION, Ok(())),
        (LogoutReason::CLOSE_CONNECTION, Ok(())),
        (LogoutReason::REMOVE_CONNECTION_FOR_RECOVERY, Err(not_supported)),
    ] {
        let target = RamDisk::serve(open_config()).await.unwrap();
        let session = log_in(target.portal()).await.unwrap();
        session.test_unit_ready(Lun::ZERO).await.unwrap();
        assert_eq!(session.clone().logout_for(reason).await, outcome, "{reason:?}");
        assert!(session.end_reason().is_some() && session.test_unit_ready(Lun::ZERO).await.is_err());
        assert_eq!(target.report().violations, [""; 0]);
    }
}

/// What RFC 7143 does not know is not sent, and the session goes on.
#[tokio::test]
async fn lgo_02_an_unknown_reason_is_refused() {
    let target = RamDisk::serve(open_config()).await.unwrap();
    let session = log_in(target.portal()).await.unwrap();
    for reason in [3, 127, 128, 255] {
        let refused = session.clone().logout_for(LogoutReason(reason)).await;
        assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{refused:?}");
    }
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
}
