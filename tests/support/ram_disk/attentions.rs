//! Unit attention conditions of a session (SAM-5, 5.14).

use iscsi_pdu::Lun;

use super::Sense;
use super::session::Session;

/// Conditions kept of a unit.
const MOST_ATTENTIONS: usize = 16;

impl Session {
    /// Puts a condition on a unit, behind earlier ones. The same one is put once, and a reset replaces all others.
    pub(super) fn raise_attention(&mut self, lun: Lun, sense: Sense) {
        const RESET: u8 = 0x29;
        self.attentions.retain(|known| known.0 != lun || (known.1 != sense && sense.asc != RESET));
        if self.attentions.iter().filter(|known| known.0 == lun).count() < MOST_ATTENTIONS {
            self.attentions.push((lun, sense));
        }
    }

    /// The unit's next condition, which is then over.
    pub(super) fn take_attention(&mut self, lun: Lun) -> Option<Sense> {
        let at = self.attentions.iter().position(|attention| attention.0 == lun)?;
        Some(self.attentions.remove(at).1)
    }

    /// The unit's next condition, which stays, and the number of its conditions.
    pub(super) fn pending_attentions(&self, lun: Lun) -> Option<(Sense, usize)> {
        let mut pending = self.attentions.iter().filter(|attention| attention.0 == lun);
        pending.next().map(|first| (first.1, 1 + pending.count()))
    }

    /// The units that have not told the session of this condition.
    pub(super) fn untold(&self, sense: Sense) -> Vec<Lun> {
        let untold = self.attentions.iter().filter(|attention| attention.1 == sense);
        untold.map(|attention| attention.0).collect()
    }
}
