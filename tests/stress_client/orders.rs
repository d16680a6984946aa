//! Lines from standard input, each answered by one line of `name=number`.

use std::error::Error;
use std::io::stdin;
use std::time::Instant;

use iscsi_tests::own_process::{processor_time, resident_bytes};

use crate::held::Held;
use crate::logins::Logins;

/// Obeys until standard input ends.
pub(crate) fn obey(logins: Logins, at_once: usize) -> Result<(), Box<dyn Error>> {
    let mut held = Held::new(logins, at_once)?;
    for line in stdin().lines() {
        println!("{}", answer(&mut held, line?.trim())?);
    }
    Ok(())
}

/// To how many it was done, and what it took.
fn answer(held: &mut Held, order: &str) -> Result<String, Box<dyn Error>> {
    let (began, processor_began) = (Instant::now(), processor_time());
    let count = carry_out(held, order)?;
    let (time, processor) = (began.elapsed(), processor_time().saturating_sub(processor_began));
    Ok(format!(
        "count={count} nanoseconds={} processor_nanoseconds={} resident={} attempts={} most_attempts={} sleeps={}",
        time.as_nanos(),
        processor.as_nanos(),
        resident_bytes()?,
        held.attempts().sum::<u32>(),
        held.attempts().max().unwrap_or(0),
        held.sleeps(),
    ))
}

fn carry_out(held: &mut Held, order: &str) -> Result<usize, Box<dyn Error>> {
    Ok(match order.split_once(' ').unwrap_or((order, "")) {
        ("log-in", count) => held.log_in(count.parse()?)?,
        ("churn", count) => held.churn(count.parse()?)?,
        ("ask", "") => held.ask(),
        ("forget-lost", "") => held.forget_lost(),
        ("look", "") => held.up(),
        ("await-recoveries", count) => held.await_recoveries(count.parse()?),
        ("log-out", "") => held.log_out()?,
        ("close", "") => held.close()?,
        _ => return Err(format!("{order:?} is no order").into()),
    })
}
