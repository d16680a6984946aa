//! Processor time of a login beside few sessions and beside many.

use std::time::Duration;

use crate::client::Client;
use crate::target::Target;

const FEW: u32 = 100;
/// Measured by turns, so that whatever else the machine does meets both.
const ROUNDS: usize = 9;
/// Beside many it may take so much more.
const MOST: f64 = 1.5;

/// Two clients of one target, which hold few and many sessions.
pub(crate) fn few_and_many_alike(many: u32) {
    let target = Target::start(FEW + many);
    let mut clients = [FEW, many].map(|sessions| Client::start(target.portal(), sessions));
    for (client, sessions) in clients.iter_mut().zip([FEW, many]) {
        client.log_in(sessions);
    }
    let [beside_few, beside_many] = medians(&mut clients, logins(many));
    let ratio = beside_many.as_secs_f64() / beside_few.as_secs_f64();
    println!(
        "a login with its logout takes the client {beside_few:?} of processor time beside {FEW} sessions and \
         {beside_many:?} beside {many}: {ratio:.2}"
    );
    assert!(ratio <= MOST, "{ratio:.2} is more than {MOST}");
    clients.into_iter().for_each(Client::end);
    target.end();
}

/// Logins of one turn.
fn logins(many: u32) -> u32 {
    many / 5
}

fn medians(clients: &mut [Client; 2], logins: u32) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            times.push(client.churn(logins).processor / logins);
        }
    }
    times.map(median)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.swap_remove(times.len() / 2)
}
