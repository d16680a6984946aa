//! The numbers and conditions of one session (RFC 7143, 4.2.2).

use iscsi_login::Parameters;
use iscsi_pdu::{Lun, SequenceNumbers, SerialNumber};

use super::Sense;
use super::fault::Fault;
use super::login_phase::LoggedIn;
use super::session_registry::SessionName;

/// Commands an initiator may send ahead.
pub(super) const WINDOW: u32 = 64;

/// The treatment of a request by its `CmdSN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The request is next in order, or immediate.
    Accepted,
    /// The request is outside the window and is ignored without an answer (4.2.2.1).
    Ignored,
}

/// A session with its one connection.
pub(super) struct SessionState {
    pub(super) parameters: Parameters,
    /// Place of the target in the portal; `None` in a discovery session.
    pub(super) target: Option<usize>,
    pub(super) cid: u16,
    pub(super) name: SessionName,
    stat_sn: SerialNumber,
    exp_cmd_sn: SerialNumber,
    /// Commands that hold a place of the window.
    open_commands: u32,
    /// Conditions that the next command to a unit meets.
    attentions: Vec<(Lun, Sense)>,
}

impl SessionState {
    pub(super) fn new(logged_in: &LoggedIn) -> Self {
        let completed = &logged_in.completed;
        Self {
            parameters: completed.parameters,
            target: completed.account,
            cid: logged_in.cid,
            name: SessionName {
                initiator: completed.initiator_name.clone(),
                isid: logged_in.isid,
                target: completed.account,
            },
            stat_sn: completed.stat_sn,
            exp_cmd_sn: completed.cmd_sn,
            open_commands: 0,
            attentions: Vec::new(),
        }
    }

    /// Numbers for a PDU that consumes no status number.
    pub(super) const fn numbers(&self) -> SequenceNumbers {
        SequenceNumbers { stat_sn: self.stat_sn, exp_cmd_sn: self.exp_cmd_sn, max_cmd_sn: self.max_cmd_sn() }
    }

    /// Numbers for a PDU that ends a task.
    pub(super) const fn status_numbers(&mut self) -> SequenceNumbers {
        let numbers = self.numbers();
        self.stat_sn = numbers.stat_sn.next();
        numbers
    }

    /// Takes note of a request's command number.
    ///
    /// # Errors
    /// [`Fault::ProtocolViolation`] for a gap in `CmdSN`, which one connection cannot have.
    pub(super) fn admit(&mut self, immediate: bool, cmd_sn: SerialNumber) -> Result<Admission, Fault> {
        if immediate {
            return Ok(Admission::Accepted);
        }
        if cmd_sn.precedes(self.exp_cmd_sn) || cmd_sn.follows(self.max_cmd_sn()) {
            return Ok(Admission::Ignored);
        }
        if cmd_sn != self.exp_cmd_sn {
            let rule = format!("CmdSN {} received, {} expected (4.2.2.1)", cmd_sn.0, self.exp_cmd_sn.0);
            return Err(Fault::ProtocolViolation(rule));
        }
        self.exp_cmd_sn = cmd_sn.next();
        Ok(Admission::Accepted)
    }

    /// True if the number acknowledges only PDUs that were sent (4.2.2.2).
    pub(super) const fn is_plausible(&self, exp_stat_sn: SerialNumber) -> bool {
        !exp_stat_sn.follows(self.stat_sn)
    }

    /// A command keeps its place of the window until [`Self::command_closed`].
    pub(super) const fn command_opened(&mut self) {
        self.open_commands = self.open_commands.saturating_add(1);
    }

    pub(super) const fn command_closed(&mut self) {
        self.open_commands = self.open_commands.saturating_sub(1);
    }

    /// Puts a condition on a unit, in place of an earlier one.
    pub(super) fn raise_attention(&mut self, lun: Lun, sense: Sense) {
        self.take_attention(lun);
        self.attentions.push((lun, sense));
    }

    /// The unit's condition, which is then over.
    pub(super) fn take_attention(&mut self, lun: Lun) -> Option<Sense> {
        let at = self.attentions.iter().position(|attention| attention.0 == lun)?;
        Some(self.attentions.swap_remove(at).1)
    }

    /// Every place is free at first, and a command moves `ExpCmdSN` on when it takes one: this never goes back.
    const fn max_cmd_sn(&self) -> SerialNumber {
        self.exp_cmd_sn.plus(WINDOW - 1).minus(self.open_commands)
    }
}
