//! What is held for one scope by itself, whatever counts for it where it has nothing.

use std::sync::Arc;

use super::StoreSnapshot;
use crate::credential::ForwardCredential;
use crate::error::StoreError;
use crate::reverse_lookup::ReverseLookup;
use crate::scope::Scope;

impl StoreSnapshot {
    /// What is stored as ours to prove for just this scope.
    pub fn own_forward(&self, scope: &Scope) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        self.record(scope).map_or(Ok(None), |record| self.open_forward(scope.clone(), record))
    }

    /// What is stored to be proved to us for just this scope.
    pub fn own_reverse(&self, scope: &Scope) -> Result<ReverseLookup, StoreError> {
        self.record(scope)
            .map_or(Ok(ReverseLookup::Unknown), |record| self.open_reverse(scope.clone(), record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, ReverseCredential, Secret};
    use iscsi_pdu::IscsiName;

    #[test]
    fn what_counts_for_all_is_nobodys_own() {
        let secret = || Secret::from_bytes(b"abcdefghijkl").unwrap();
        let target = Scope::Target(IscsiName::new("iqn.2001-04.com.example:a").unwrap());
        let mut snapshot = StoreSnapshot::new();
        let forward = ForwardCredential::new(None, secret()).unwrap();
        snapshot.apply(Change::SetForward(Scope::Global, forward)).unwrap();
        let reverse = ReverseCredential::new(None, secret()).unwrap();
        snapshot.apply(Change::SetReverse(Scope::Discovery, reverse)).unwrap();
        assert!(snapshot.own_forward(&Scope::Global).unwrap().is_some());
        assert!(snapshot.own_forward(&target).unwrap().is_none());
        assert!(snapshot.own_forward(&Scope::Discovery).unwrap().is_none());
        assert!(matches!(snapshot.own_reverse(&Scope::Discovery), Ok(ReverseLookup::Known(_))));
        assert!(matches!(snapshot.own_reverse(&target), Ok(ReverseLookup::Unknown)));
    }
}
