//! A row of the table: a command, and what it is sent for.

use std::pin::Pin;
use std::rc::Rc;

use iscsi_initiator::scsi::Command;

use super::outcome::Outcome;
use super::unit::Unit;

type Attempt = dyn for<'a> Fn(&'a Unit) -> Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// A command in one of its forms.
pub(super) struct Row {
    pub(super) command: &'static str,
    /// The form, or what the command meets; empty for the ordinary one.
    pub(super) case: &'static str,
    attempt: Box<Attempt>,
}

impl Row {
    /// Sends the command, and checks its answer and its effect.
    pub(super) async fn attempt(&self, unit: &Unit) -> Outcome {
        (self.attempt)(unit).await
    }
}

/// A row with this command, which `attempt` prepares, sends and checks.
pub(super) fn row<C, A>(case: &'static str, command: C, attempt: A) -> Row
where
    C: Command + 'static,
    A: AsyncFn(&Unit, &C) -> Outcome + 'static,
{
    let parts = Rc::new((command, attempt));
    let attempt: Box<Attempt> = Box::new(move |unit| {
        let parts = Rc::clone(&parts);
        Box::pin(async move { (parts.1)(unit, &parts.0).await })
    });
    Row { command: C::NAME, case, attempt }
}
