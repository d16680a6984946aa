//! Notifications of a service manager such as systemd, for services of `Type=notify`.

use sd_notify::NotifyState;

/// Says that what this program serves can be used, and what that is.
pub(crate) fn tell_ready(served: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("serving {served}"))]);
}

/// Says that the program ends: it answers what it has accepted, flushes and logs out.
pub(crate) fn tell_stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    // Without a service manager, this does nothing.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}
