//! Sealing and opening the secrets of a book.

use std::sync::Arc;

use super::SecretBook;
use crate::error::StoreError;
use crate::record::{Association, SealedCredential};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::vault::Vault;

/// A direction of CHAP, as part of what a secret is sealed with: no secret counts for the other one.
pub(super) type Direction = &'static str;

/// What we prove.
pub(super) const FORWARD: Direction = "forward";
/// What must be proved to us.
pub(super) const REVERSE: Direction = "reverse";

impl SecretBook {
    /// A book whose secrets will be sealed in this vault.
    pub(crate) fn in_vault(vault: Arc<Vault>) -> Self {
        Self { vault: Some(vault), ..Self::default() }
    }

    pub(super) fn seal(
        &mut self,
        direction: Direction,
        scope: &Scope,
        name: Option<String>,
        secret: &Secret,
    ) -> Result<SealedCredential, StoreError> {
        let vault = match &self.vault {
            Some(vault) => vault,
            None => self.vault.insert(Arc::new(Vault::generate()?)),
        };
        Ok(SealedCredential { name, secret: vault.seal(&label(direction, scope), secret)? })
    }

    pub(super) fn open(
        &self,
        direction: Direction,
        scope: &Scope,
        sealed: &SealedCredential,
    ) -> Result<Secret, StoreError> {
        let opened =
            self.vault.as_ref().and_then(|vault| vault.open(&label(direction, scope), &sealed.secret));
        opened.ok_or_else(|| StoreError::SecretDamaged { scope: scope.clone() })
    }

    /// The same book with every secret opened, one after the other, and sealed in another vault.
    pub(crate) fn moved_to(&self, vault: Arc<Vault>) -> Result<Self, StoreError> {
        let mut moved = Self { vault: Some(vault), ..self.clone() };
        for (scope, record) in self.records() {
            if let Some(sealed) = &record.forward {
                let secret = self.open(FORWARD, &scope, sealed)?;
                moved.set_forward(scope.clone(), sealed.name.clone(), &secret)?;
            }
            if let Association::Bound(sealed) = &record.association {
                let secret = self.open(REVERSE, &scope, sealed)?;
                moved.bind(scope, sealed.name.clone(), &secret)?;
            }
        }
        Ok(moved)
    }
}

fn label(direction: Direction, scope: &Scope) -> Vec<u8> {
    format!("{direction} {}", scope.label()).into_bytes()
}
