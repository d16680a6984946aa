//! Lists the targets of a portal and their addresses: `discovery PORTAL`

use std::error::Error;

use iscsi_initiator::{AuthenticationRequest, Config, Initiator};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let portal = std::env::args().nth(1).ok_or("usage: discovery PORTAL")?.parse()?;
    let initiator = Initiator::without_store(Config::new("iqn.2001-04.com.example:host".parse()?)?);
    let found = initiator.discover(&portal, &AuthenticationRequest::default()).await?;
    for target in &found.targets {
        // `escape_debug`: a target chooses its name, and a terminal must not obey it.
        println!("{}", target.name.as_str().escape_debug());
        for address in &target.addresses {
            println!("    {}", address.to_string().escape_debug());
        }
    }
    // Malformed records do not hide the other targets; they are counted here.
    let unusable =
        found.unusable.len() + found.targets.iter().map(|target| target.unusable.len()).sum::<usize>();
    if unusable + found.more_unusable > 0 {
        eprintln!("{} unusable records", unusable + found.more_unusable);
    }
    Ok(())
}
