//! The work of a child that uses the store only: setting, looking up and removing secrets, and rekeying.

use iscsi_secrets::vds::object_id;
use std::path::Path;
use std::sync::Arc;

use iscsi_secrets::{
    Change, Direction, FileStore, ForwardCredential, IscsiName, KeySource, MemoryStore, Scope, Secret,
    SecretStore, SharedSecret, VdsServiceIscsi, read_secret_file,
};

use crate::login::look_at_what_is_left;
use crate::orders::Orders;
use crate::stage::{self, FORWARD_FILE, REVERSE_FILE};

/// Carries the orders out and prints what was found.
pub(crate) fn obey(orders: &Orders) {
    let folder = orders.store.parent().unwrap();
    change(&FileStore::open_existing(&orders.store).unwrap(), folder);
    change(&MemoryStore::new(), folder);
    rekey(&orders.store, folder);
    look_at_what_is_left(orders);
}

/// Sets, renews, looks up, clears and removes secrets.
fn change(store: &impl SecretStore, folder: &Path) {
    let secret = |file: &str| read_secret_file(folder.join(file)).unwrap();
    let name = IscsiName::new(stage::target_name().as_str()).unwrap();
    let target = || Scope::Target(name.clone());
    store.renew_forward_secret(target(), secret(FORWARD_FILE)).unwrap();
    store.renew_reverse_secret(target(), secret(REVERSE_FILE)).unwrap();
    store.set_forward(Scope::Discovery, ForwardCredential::new(None, secret(FORWARD_FILE)).unwrap()).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.forward(&name).unwrap().unwrap().secret().expose_secret().len(), 24);
    assert!(snapshot.reverse(&name).unwrap().known().is_some());
    assert_eq!(snapshot.weaknesses().len(), 0);
    let opposite = snapshot.opposite_uses(&secret(FORWARD_FILE), Direction::Forward).unwrap();
    assert_eq!(opposite.len(), 0);
    store.apply_all(vec![Change::ClearReverse(target()), Change::ClearForward(target())]).unwrap();
    store.renew_forward_secret(target(), secret(FORWARD_FILE)).unwrap();
    store.renew_reverse_secret(target(), secret(REVERSE_FILE)).unwrap();
}

/// Sets a secret through the VDS API, which allows 16 bytes, and rekeys with a secret as the passphrase.
fn rekey(store: &Path, folder: &Path) {
    let name = IscsiName::new(stage::target_name().as_str()).unwrap();
    let opened = Arc::new(FileStore::open_existing(store).unwrap());
    let service = VdsServiceIscsi::new(opened.clone(), "iqn.2001-04.com.example:host");
    let secret = read_secret_file(folder.join(REVERSE_FILE)).unwrap();
    let first = SharedSecret::of(&secret.expose_secret()[..16]);
    service.set_initiator_shared_secret(Some(&first), object_id(&name)).unwrap();
    drop((service, opened));
    let passphrase = || KeySource::Passphrase(read_secret_file(folder.join(FORWARD_FILE)).unwrap());
    let opened = FileStore::open_existing(store).unwrap().rekey(passphrase()).unwrap();
    drop(opened);
    FileStore::open_existing_with(store, passphrase()).unwrap().rekey(KeySource::Adjacent).unwrap();
    drop(Secret::from_bytes(secret.expose_secret()).unwrap());
}
