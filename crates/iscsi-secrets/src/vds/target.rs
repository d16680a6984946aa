//! `IVdsIscsiTarget`: the target's side of the same secrets.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use iscsi_pdu::IscsiName;

use super::error::VdsError;
use super::shared_secret::{Payload, SharedSecret};
use crate::secret::Secret;

/// The accounts of one target, as its administrator sets them: with these a target that is served by this process
/// admits initiators and proves itself to them.
///
/// They live as long as the object. Nothing reads a secret back but a login, by [`login_of`](Self::login_of).
pub struct VdsIscsiTarget {
    name: IscsiName,
    initiator_specific: bool,
    /// `None` once the target was deleted.
    accounts: RwLock<Option<Accounts>>,
}

#[derive(Default)]
struct Accounts {
    /// What every initiator without a secret of its own must prove.
    default: Option<Arc<Secret>>,
    /// What single initiators must prove.
    own: BTreeMap<IscsiName, Arc<Secret>>,
    /// What this target proves to single initiators.
    remembered: BTreeMap<IscsiName, Arc<Secret>>,
}

/// What a login of one initiator takes.
#[non_exhaustive]
pub enum TargetLogin {
    /// No secret is set for anybody: nothing is proved.
    Open,
    /// Secrets are set for others, and none for this initiator.
    Unknown,
    /// The initiator proves this secret, under its iSCSI name as CHAP name.
    Account {
        /// The target secret: what the initiator must prove.
        target_secret: Arc<Secret>,
        /// The initiator secret: what this target proves to it, if it asks.
        initiator_secret: Option<Arc<Secret>>,
    },
}

impl VdsIscsiTarget {
    /// A target of this name without accounts, which keeps secrets of single initiators.
    #[must_use]
    pub fn new(name: IscsiName) -> Self {
        Self { name, initiator_specific: true, accounts: RwLock::new(Some(Accounts::default())) }
    }

    /// The same, with one secret for every initiator and none of single ones.
    #[must_use]
    pub fn without_initiator_specific(name: IscsiName) -> Self {
        Self { initiator_specific: false, ..Self::new(name) }
    }

    /// Its iSCSI name, which is also the CHAP name with which it proves itself.
    #[must_use]
    pub fn name(&self) -> &IscsiName {
        &self.name
    }

    /// Sets what an initiator, or with `None` every one without a secret of its own, must prove to this target; no
    /// bytes and size 0 clear it.
    ///
    /// The name is also the CHAP name that the initiator has to send. The shapes of the secret are held to R8 to R11;
    /// no structure is `E_INVALIDARG`.
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

    /// Remembers what this target proves to an initiator; no bytes and size 0 forget it.
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

    /// Deletes the target: its secrets are wiped as soon as no login uses them, and every call from now on is
    /// `VDS_E_OBJECT_DELETED`.
    pub fn delete(&self) -> Result<(), VdsError> {
        let deleted = self.accounts.write().unwrap_or_else(PoisonError::into_inner).take();
        deleted.map(drop).ok_or(VdsError::ObjectDeleted)
    }

    /// What a login of the initiator of this name takes at this moment.
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

/// `None` to clear.
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

/// An initiator's name has the form of a target's.
fn initiator(name: &str) -> Result<IscsiName, VdsError> {
    IscsiName::new(name).map_err(VdsError::InitiatorName)
}

#[cfg(test)]
mod tests;
