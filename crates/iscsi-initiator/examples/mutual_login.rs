//! Logs in with mutual CHAP: `mutual_login PORTAL TARGET INITIATOR-SECRET-FILE TARGET-SECRET-FILE`

use std::{error::Error, sync::Arc};

use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, Config, ForwardCredential, Initiator, ReverseCredential,
    read_secret_file,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    log_in(std::env::args().skip(1).collect()).await
}

pub(crate) async fn log_in(arguments: Vec<String>) -> Result<(), Box<dyn Error>> {
    let [portal, target, initiator_secret, target_secret] =
        arguments.try_into().map_err(|_| "four arguments are needed")?;
    let forward = Some(Arc::new(ForwardCredential::new(None, read_secret_file(initiator_secret)?)?));
    let reverse = Some(Arc::new(ReverseCredential::new(None, read_secret_file(target_secret)?)?));
    let authentication = AuthenticationRequest { mode: AuthenticationMode::Mutual, forward, reverse };
    let initiator = Initiator::without_store(Config::new("iqn.2001-04.com.example:host".parse()?)?);
    let session = initiator.login(&target.parse()?, &portal.parse()?, &authentication).await?;
    println!("{:?}", session.details().completed.authenticated);
    Ok(session.logout().await?)
}
