//! Copies one logical unit to another one that is at least as large: `copy_lun SOURCE-URL DESTINATION-URL`
//!
//! 32 pieces are copied at a time. Parts that the source has not mapped are not read: the destination makes them zeros.
//! The URLs are `iscsi://host[:port]/target[/lun]`.

use std::error::Error;

use iscsi_initiator::{
    AuthenticationRequest, BlockDevice, BlockStatus, Config, Initiator, Lun, Session, TargetUrl, Zeroing,
};
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The most commands in flight, and the most bytes of each.
const IN_FLIGHT: usize = 32;
const LENGTH: u64 = 256 << 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    println!("copied {} bytes", copy(std::env::args().skip(1).collect()).await?);
    Ok(())
}

/// Copies, and returns the number of bytes that the source has mapped.
pub(crate) async fn copy(arguments: Vec<String>) -> Outcome<u64> {
    let [source, destination] = arguments.try_into().map_err(|_| "two URLs are needed")?;
    let initiator = Initiator::without_store(Config::new("iqn.2001-04.com.example:host".parse()?)?);
    let (source_session, source) = open(&initiator, &source).await?;
    let (destination_session, destination) = open(&initiator, &destination).await?;
    let (end, mut offset, mut copied) = (source.capacity().bytes(), 0, 0);
    let mut pieces = JoinSet::new();
    while offset < end {
        for part in source.block_status(offset, end - offset).await? {
            offset += part.length;
            if part.is_mapped {
                copied += part.length;
                copy_part(&source, &destination, part, &mut pieces).await?;
            } else {
                destination.write_zeroes(part.offset, part.length, Zeroing::MayUnmap).await?;
            }
        }
    }
    while let Some(piece) = pieces.join_next().await {
        piece??;
    }
    // Acknowledged data may still be in a volatile cache of the target.
    destination.flush().await?;
    source_session.logout().await?;
    destination_session.logout().await?;
    Ok(copied)
}

/// Begins to copy a part, as soon as fewer pieces than the most are in flight.
async fn copy_part(
    source: &BlockDevice,
    destination: &BlockDevice,
    part: BlockStatus,
    pieces: &mut JoinSet<Outcome<()>>,
) -> Outcome<()> {
    let most = LENGTH.min(source.max_transfer_length()).min(destination.max_transfer_length());
    let (mut offset, end) = (part.offset, part.offset + part.length);
    while offset < end {
        if pieces.len() == IN_FLIGHT {
            pieces.join_next().await.ok_or("no piece is in flight")???;
        }
        let length = most.min(end - offset);
        pieces.spawn(copy_piece(source.clone(), destination.clone(), offset, length));
        offset += length;
    }
    Ok(())
}

async fn copy_piece(source: BlockDevice, destination: BlockDevice, offset: u64, length: u64) -> Outcome<()> {
    let data = source.read_at(offset, usize::try_from(length)?).await?;
    Ok(destination.write_at(offset, data).await?)
}

async fn open(initiator: &Initiator, url: &str) -> Outcome<(Session, BlockDevice)> {
    let url: TargetUrl = url.parse()?;
    let session = initiator.login(&url.target, &url.portal, &AuthenticationRequest::default()).await?;
    let disk = BlockDevice::open(&session, url.lun.unwrap_or(Lun::ZERO)).await?;
    Ok((session, disk))
}
