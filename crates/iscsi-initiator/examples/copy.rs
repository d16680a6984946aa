//! Copies one logical unit to another one that is at least as large: `copy SOURCE-URL DESTINATION-URL`
//!
//! The URLs are `iscsi://host[:port]/target[/lun]`.

use std::error::Error;

use iscsi_initiator::{AuthenticationRequest, BlockDevice, Config, Initiator, Lun, Session, TargetUrl};

async fn open(initiator: &Initiator, url: &str) -> Result<(Session, BlockDevice), Box<dyn Error>> {
    let url: TargetUrl = url.parse()?;
    let session = initiator.login(&url.target, &url.portal, &AuthenticationRequest::default()).await?;
    let disk = BlockDevice::open(&session, url.lun.unwrap_or(Lun::ZERO)).await?;
    Ok((session, disk))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [source, destination] = arguments.try_into().map_err(|_| "two URLs are needed")?;
    let initiator = Initiator::without_store(Config::new("iqn.2001-04.com.example:host".parse()?)?);
    let (source_session, source) = open(&initiator, &source).await?;
    let (destination_session, destination) = open(&initiator, &destination).await?;
    let length = source.capacity().bytes();
    let (mut reader, mut writer) = (source.reader(0, length)?, destination.writer(0, length)?);
    while let Some(piece) = reader.next().await? {
        writer.write(piece).await?;
    }
    writer.finish().await?;
    // Acknowledged data may still be in a volatile cache of the target.
    println!("copied {length} bytes: {:?}", destination.flush().await?);
    source_session.logout().await?;
    Ok(destination_session.logout().await?)
}
