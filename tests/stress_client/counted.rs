//! Logins and logouts counted by callgrind while other sessions are held, on one thread.

use std::error::Error;

use tokio::runtime::{Builder, Runtime};

use crate::logins::Logins;

/// One after the other, so that nothing but the sessions held makes a difference.
pub(crate) fn run(logins: &Logins, sessions: u32, count: usize) -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut held = Vec::new();
    for _ in 1..sessions {
        held.push(runtime.block_on(logins.log_in())?);
    }
    for _ in 0..count {
        counted_login(&runtime, logins)?;
    }
    // The held ones end with the runtime, without a logout each.
    drop(runtime);
    drop(held);
    Ok(())
}

/// Callgrind is told to begin a new count whenever this is entered.
#[inline(never)]
fn counted_login(runtime: &Runtime, logins: &Logins) -> Result<(), iscsi_initiator::Error> {
    runtime.block_on(logins.log_in_and_out())
}
