//! The group of the target's only port, with its access state (SPC-4, 5.15, 6.37 and 6.45).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::Sense;
use super::cdb::{Cdb, operation};
use super::scsi::{Plan, Rejection};

/// The identifier of the group, and the relative one of the port.
const GROUP: u16 = 1;
const PORT: u16 = 1;
pub(super) const SERVICE_ACTION: u8 = 0x0a;
/// Active/optimized, active/non-optimized, standby, unavailable.
const SUPPORTED: u8 = 0x0f;
const STANDBY: u8 = 2;
const UNAVAILABLE: u8 = 3;
/// Most bytes of the parameter list of SET TARGET PORT GROUPS.
const MOST: u64 = 1024;

/// The access state of the group for one unit: active/optimized at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Access {
    state: u8,
    was_set: bool,
}

/// The plan of SET TARGET PORT GROUPS.
pub(super) fn plan_set(cdb: &Cdb) -> Plan {
    let length = cdb.number(6, 4);
    match cdb.service_action() {
        SERVICE_ACTION if (4..=MOST).contains(&length) && length.is_multiple_of(4) => {
            Plan::SetAccess { length }
        }
        SERVICE_ACTION => Plan::Check(Sense::PARAMETER_LIST_LENGTH),
        _ => Plan::Check(Sense::INVALID_FIELD),
    }
}

impl Access {
    /// REPORT TARGET PORT GROUPS, in both formats.
    pub(super) fn report(self, cdb: &Cdb) -> Plan {
        const EXTENDED: u8 = 0x20;
        let header: &[u8] = match cdb.byte(1) {
            SERVICE_ACTION => &[],
            format if format == EXTENDED | SERVICE_ACTION => &[0x10, 0, 0, 0],
            _ => return Plan::Check(Sense::INVALID_FIELD),
        };
        let mut data = BytesMut::with_capacity(20);
        data.put_u32(u32::try_from(header.len() + 12).unwrap_or(u32::MAX));
        data.put_slice(header);
        data.put_slice(&[self.state, SUPPORTED]);
        data.put_u16(GROUP);
        data.put_slice(&[0, u8::from(self.was_set), 0, 1, 0, 0]);
        data.put_u16(PORT);
        Plan::data(Bytes::from(data), cdb.allocation_length(6, 4))
    }

    /// SET TARGET PORT GROUPS. Nothing changes if one of the groups or states is not possible.
    pub(super) fn set(&mut self, list: &[u8]) -> Result<(), Rejection> {
        let descriptors = list.as_chunks().0.iter().skip(1);
        let states: Vec<u8> = descriptors
            .map(|&[state, _, high, low]| {
                let is_possible = state <= UNAVAILABLE && u16::from_be_bytes([high, low]) == GROUP;
                is_possible.then_some(state)
            })
            .collect::<Option<_>>()
            .ok_or(Rejection::Check(Sense::INVALID_FIELD_IN_LIST))?;
        if let Some(state) = states.last() {
            *self = Self { state: *state, was_set: true };
        }
        Ok(())
    }

    /// The reason why a command is not carried out in this state.
    pub(super) const fn refusal(self, operation: u8) -> Option<Sense> {
        let passes = matches!(
            operation,
            operation::INQUIRY
                | operation::REPORT_LUNS
                | operation::REQUEST_SENSE
                | operation::MAINTENANCE_IN
                | operation::MAINTENANCE_OUT
                | operation::PERSISTENT_RESERVE_IN
                | operation::PERSISTENT_RESERVE_OUT
        );
        match self.state {
            STANDBY if !passes => Some(Sense::STANDBY),
            UNAVAILABLE if !passes => Some(Sense::UNAVAILABLE),
            _ => None,
        }
    }
}
