//! Stores both secrets of mutual CHAP for one target with the calls of Windows VDS:
//! `set_secrets STORE-DIRECTORY TARGET INITIATOR-SECRET-FILE TARGET-SECRET-FILE`

use std::{error::Error, sync::Arc};

use iscsi_initiator::{Config, FileStore, Initiator, IscsiName, SharedSecret, read_secret_file};
use iscsi_secrets::vds::object_id;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [directory, target, initiator_secret, target_secret] =
        arguments.try_into().map_err(|_| "four arguments are needed")?;
    let target: IscsiName = target.parse()?;
    let initiator_secret = read_secret_file(initiator_secret)?;
    let target_secret = read_secret_file(target_secret)?;
    let config = Config::new("iqn.2001-04.com.example:host".parse()?)?;
    let initiator = Initiator::new(config, Arc::new(FileStore::open(directory)?));
    // The calls name a target by its id, and only a known target has one. Discovery makes targets known too.
    let id = object_id(&target);
    initiator.vds().add_targets([target]);
    // The secret with which the initiator authenticates itself to the target.
    let secret = SharedSecret::of(initiator_secret.expose_secret());
    initiator.remember_target_shared_secret(id, Some(&secret)).await?;
    // The secret with which the target authenticates itself. `Uuid::nil()` as id sets it for all other targets.
    let secret = SharedSecret::of(target_secret.expose_secret());
    Ok(initiator.set_initiator_shared_secret(Some(&secret), id).await?)
}
