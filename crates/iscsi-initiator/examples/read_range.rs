//! Reads a range of bytes of a logical unit into a new file: `read_range URL OFFSET LENGTH FILE`
//!
//! The URL is `iscsi://host[:port]/target[/lun]`.

use std::{error::Error, fs::File, io::Write};

use iscsi_initiator::{AuthenticationRequest, BlockDevice, Config, Initiator, Lun, TargetUrl};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, offset, length, path] = arguments.try_into().map_err(|_| "four arguments are needed")?;
    let url: TargetUrl = url.parse()?;
    let mut file = File::create_new(path)?;
    let initiator = Initiator::without_store(Config::new("iqn.2001-04.com.example:host".parse()?)?);
    let session = initiator.login(&url.target, &url.portal, &AuthenticationRequest::default()).await?;
    let disk = BlockDevice::open(&session, url.lun.unwrap_or(Lun::ZERO)).await?;
    let mut range = disk.reader(offset.parse()?, length.parse()?)?;
    while let Some(piece) = range.next().await? {
        file.write_all(&piece)?;
    }
    file.sync_all()?;
    Ok(session.logout().await?)
}
