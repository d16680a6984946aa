//! The demonstration: mutual CHAP and block I/O against a RAM-disk target in this process, step by step, each with its
//! time and the command a person would have typed.

mod narrator;
mod stage;
mod steps;

use std::error::Error;

use narrator::Narrator;
use stage::Stage;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut narrator = Narrator::begin();
    let stage = Stage::set().await?;
    narrator.say("A RAM-disk target listens and demands mutual CHAP", "", &stage.describe());

    steps::remember_secrets(&stage, &mut narrator)?;
    steps::discover(&stage, &mut narrator).await?;
    let session = steps::log_in(&stage, &mut narrator).await?;
    let disk = steps::open(&stage, &session, &mut narrator).await?;
    let data = steps::write(&stage, &disk, &mut narrator).await?;
    steps::read_back(&stage, &disk, &data, &mut narrator).await?;
    steps::log_out(session, &mut narrator).await?;
    steps::meet_an_impostor(&stage, &mut narrator).await?;
    narrator.end();
    Ok(())
}
