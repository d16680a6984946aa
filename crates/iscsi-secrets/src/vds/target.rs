//! `IVdsIscsiTarget`: the secrets on the side of a target.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use iscsi_pdu::IscsiName;

use super::error::VdsError;
use super::{Payload, SharedSecret};
use crate::secret::Secret;

/// The secrets of one target, set by its administrator: with these, a target that is served by this process
/// authenticates initiators and itself.
///
/// They are held in memory only. No method returns a secret, except [`login_of`](Self::login_of) for a login.
pub struct VdsIscsiTarget {
    name: IscsiName,
    initiator_specific: bool,
    /// `None` after the target was deleted.
    accounts: RwLock<Option<Accounts>>,
}

#[derive(Default)]
struct Accounts {
    /// The target secret for initiators that have none of their own.
    default: Option<Arc<Secret>>,
    /// The target secrets of single initiators.
    own: BTreeMap<IscsiName, Arc<Secret>>,
    /// The initiator secrets, by initiator.
    remembered: BTreeMap<IscsiName, Arc<Secret>>,
}

/// The secrets for a login of one initiator.
#[non_exhaustive]
pub enum TargetLogin {
    /// No secret is set for any initiator: the login needs no authentication.
    Open,
    /// Secrets are set for other initiators only.
    Unknown,
    /// The initiator has to authenticate itself, with its iSCSI name as CHAP name.
    Account {
        /// The target secret, with which the initiator authenticates itself.
        target_secret: Arc<Secret>,
        /// The initiator secret, with which the target authenticates itself on request.
        initiator_secret: Option<Arc<Secret>>,
    },
}

impl VdsIscsiTarget {
    /// A target without secrets, which supports secrets for single initiators.
    #[must_use]
    pub fn new(name: IscsiName) -> Self {
        Self { name, initiator_specific: true, accounts: RwLock::new(Some(Accounts::default())) }
    }

    /// A target without secrets, which supports only one secret for all initiators.
    #[must_use]
    pub fn without_initiator_specific(name: IscsiName) -> Self {
        Self { initiator_specific: false, ..Self::new(name) }
    }

    /// The iSCSI name, which is also the CHAP name that the target sends.
    #[must_use]
    pub fn name(&self) -> &IscsiName {
        &self.name
    }

    /// Sets the target secret for an initiator, or with `None` for all that have none of their own; no bytes and size 0
    /// clear it.
    ///
    /// The name is also the CHAP name that the initiator has to send. R8 to R11 apply to the structure, and `None` is
    /// `E_INVALIDARG`.
    pub fn set_shared_secret(
        &self,
        secret: Option<&SharedSecret<'_>>,
        initiator_name: Option<&str>,
    ) -> Result<(), VdsError> {
        self.change(|accounts| {
            if initiator_name.is_some() && !self.initiator_specific {
                return Err(VdsError::InitiatorSpecificNotSupported);
            }
            let secret = payload(secret, |bytes| VdsError::TargetSecretLength { bytes })?;
            match initiator_name {
                None => accounts.default = secret,
                Some(name) => put(&mut accounts.own, name, secret)?,
            }
            Ok(())
        })
    }

    /// Stores the initiator secret of an initiator; no bytes and size 0 remove it.
    pub fn remember_initiator_shared_secret(
        &self,
        initiator_name: Option<&str>,
        secret: Option<&SharedSecret<'_>>,
    ) -> Result<(), VdsError> {
        self.change(|accounts| {
            let name = initiator_name.ok_or(VdsError::NoInitiator)?;
            let secret = payload(secret, |bytes| VdsError::InitiatorSecretLength { bytes })?;
            put(&mut accounts.remembered, name, secret)
        })
    }

    /// Deletes the target. Its secrets are wiped as soon as no login uses them, and every later call returns
    /// `VDS_E_OBJECT_DELETED`.
    pub fn delete(&self) -> Result<(), VdsError> {
        let deleted = self.accounts.write().unwrap_or_else(PoisonError::into_inner).take();
        deleted.map(drop).ok_or(VdsError::ObjectDeleted)
    }

    /// Returns the current secrets for a login of this initiator.
    pub fn login_of(&self, initiator_name: &str) -> Result<TargetLogin, VdsError> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let accounts = accounts.as_ref().ok_or(VdsError::ObjectDeleted)?;
        let name = initiator(initiator_name)?;
        Ok(match accounts.own.get(&name).or(accounts.default.as_ref()) {
            None if accounts.own.is_empty() => TargetLogin::Open,
            None => TargetLogin::Unknown,
            Some(secret) => TargetLogin::Account {
                target_secret: Arc::clone(secret),
                initiator_secret: accounts.remembered.get(&name).cloned(),
            },
        })
    }

    fn change(&self, change: impl FnOnce(&mut Accounts) -> Result<(), VdsError>) -> Result<(), VdsError> {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        change(accounts.as_mut().ok_or(VdsError::ObjectDeleted)?)
    }
}

/// Validates the structure; `None` stands for clearing.
fn payload(
    secret: Option<&SharedSecret<'_>>,
    wrong_length: fn(u32) -> VdsError,
) -> Result<Option<Arc<Secret>>, VdsError> {
    match secret.ok_or(VdsError::NoStructure)?.payload(wrong_length)? {
        Payload::Clear => Ok(None),
        Payload::Set(secret) => Ok(Some(Arc::new(secret))),
    }
}

fn put(
    secrets: &mut BTreeMap<IscsiName, Arc<Secret>>,
    name: &str,
    secret: Option<Arc<Secret>>,
) -> Result<(), VdsError> {
    let name = initiator(name)?;
    match secret {
        Some(secret) => _ = secrets.insert(name, secret),
        None => _ = secrets.remove(&name),
    }
    Ok(())
}

/// Parses the iSCSI name of an initiator.
fn initiator(name: &str) -> Result<IscsiName, VdsError> {
    IscsiName::new(name).map_err(VdsError::InitiatorName)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vds::HResult;

    const HOST: &str = "iqn.2001-04.com.example:host";
    const OTHER: &str = "iqn.2001-04.com.example:other";
    const SECRET: &[u8] = b"twelve-bytes";
    const DEFAULT: &[u8] = b"default-secret";

    fn target() -> VdsIscsiTarget {
        VdsIscsiTarget::new(IscsiName::new("iqn.2001-04.com.example:disk").unwrap())
    }

    fn set(target: &VdsIscsiTarget, bytes: &[u8], initiator: Option<&str>) -> u32 {
        HResult::of(&target.set_shared_secret(Some(&SharedSecret::of(bytes)), initiator)).bits()
    }

    /// The secrets of a login, as text.
    fn login(target: &VdsIscsiTarget, initiator: &str) -> String {
        let text = |secret: &Secret| secret.expose_secret().escape_ascii().to_string();
        match target.login_of(initiator).unwrap() {
            TargetLogin::Open => "open".to_owned(),
            TargetLogin::Unknown => "unknown".to_owned(),
            TargetLogin::Account { target_secret, initiator_secret } => {
                format!("{}, {}", text(&target_secret), initiator_secret.map_or("-".to_owned(), |s| text(&s)))
            }
        }
    }

    #[test]
    fn the_secret_of_an_initiator_goes_before_that_of_every_one() {
        let target = target();
        assert_eq!(login(&target, HOST), "open");
        assert_eq!(set(&target, SECRET, Some(HOST)), 0);
        assert_eq!(
            (login(&target, HOST), login(&target, OTHER)),
            ("twelve-bytes, -".into(), "unknown".into())
        );
        assert_eq!(set(&target, DEFAULT, None), 0);
        assert_eq!(login(&target, OTHER), "default-secret, -");
        target.set_shared_secret(Some(&SharedSecret::CLEAR), Some(HOST)).unwrap();
        assert_eq!(login(&target, HOST), "default-secret, -");
        target.set_shared_secret(Some(&SharedSecret::CLEAR), None).unwrap();
        assert_eq!(login(&target, HOST), "open");
    }

    #[test]
    fn what_is_remembered_is_proved_to_that_initiator_alone() {
        let target = target();
        set(&target, DEFAULT, None);
        let remember =
            |secret: SharedSecret<'_>| target.remember_initiator_shared_secret(Some(HOST), Some(&secret));
        remember(SharedSecret::of(SECRET)).unwrap();
        assert_eq!(login(&target, HOST), "default-secret, twelve-bytes");
        assert_eq!(login(&target, OTHER), "default-secret, -");
        remember(SharedSecret::CLEAR).unwrap();
        assert_eq!(login(&target, HOST), "default-secret, -");
    }

    #[test]
    fn shapes_that_are_none_are_refused_and_change_nothing() {
        let target = target();
        set(&target, SECRET, None);
        let shapes = [
            None,
            Some(SharedSecret { bytes: None, size: 5 }),
            Some(SharedSecret { bytes: Some(SECRET), size: 0 }),
            Some(SharedSecret::of(b"eleven-byte")),
            Some(SharedSecret::of(b"seventeen-bytes!!")),
            Some(SharedSecret { bytes: Some(SECRET), size: 13 }),
        ];
        for shape in &shapes {
            let set = target.set_shared_secret(shape.as_ref(), None);
            let remembered = target.remember_initiator_shared_secret(Some(HOST), shape.as_ref());
            assert_eq!([HResult::of(&set), HResult::of(&remembered)], [HResult::E_INVALIDARG; 2]);
        }
        let nobody = target.remember_initiator_shared_secret(None, Some(&SharedSecret::of(SECRET)));
        assert_eq!(HResult::of(&nobody), HResult::E_INVALIDARG);
        assert_eq!(set(&target, SECRET, Some("no\nname")), 0x8007_0057);
        assert_eq!(login(&target, HOST), "twelve-bytes, -");
    }

    #[test]
    fn a_target_without_secrets_of_single_initiators_says_so() {
        let target = VdsIscsiTarget::without_initiator_specific(
            IscsiName::new("iqn.2001-04.com.example:disk").unwrap(),
        );
        assert_eq!(set(&target, SECRET, Some(HOST)), 0x8004_2707);
        assert_eq!(set(&target, SECRET, None), 0);
        assert_eq!(login(&target, HOST), "twelve-bytes, -");
    }

    #[test]
    fn after_a_deletion_every_call_says_so() {
        let target = target();
        set(&target, SECRET, None);
        target.delete().unwrap();
        let gone = HResult::VDS_E_OBJECT_DELETED;
        let secret = SharedSecret::of(SECRET);
        assert_eq!(HResult::of(&target.delete()), gone);
        assert_eq!(HResult::of(&target.set_shared_secret(Some(&secret), None)), gone);
        assert_eq!(HResult::of(&target.remember_initiator_shared_secret(Some(HOST), Some(&secret))), gone);
        assert_eq!(HResult::of(&target.login_of(HOST)), gone);
    }
}
