//! Parameter list of PERSISTENT RESERVE OUT (SPC-4, 6.15.3 and 6.15.4).

use super::InitiatorPort;
use super::action::{REGISTER, REGISTER_AND_MOVE};
use crate::ram_disk::Sense;
use crate::ram_disk::cdb::Cdb;
use crate::ram_disk::scsi::{Plan, Rejection};

/// Bytes of a list without initiator ports.
const LENGTH: u64 = 24;
/// Most bytes of a list with initiator ports.
const MOST: u64 = 8192;

const SPEC_I_PT: u8 = 0x08;
const ALL_TG_PT: u8 = 0x04;
const UNREG: u8 = 0x02;
const APTPL: u8 = 0x01;

/// A parameter list.
pub(super) struct Parameters {
    pub(super) key: u64,
    pub(super) service_action_key: u64,
    /// Registrations survive a loss of power.
    pub(super) persists: bool,
    /// The registration holds for all ports of the target.
    pub(super) all_ports: bool,
    /// The port that moves a reservation is unregistered.
    pub(super) unregisters: bool,
    /// The target's port that a reservation moves to.
    pub(super) target_port: u16,
    /// Other initiator ports, if the list names some.
    pub(super) ports: Option<Vec<InitiatorPort>>,
}

/// The plan of a PERSISTENT RESERVE OUT.
pub(in crate::ram_disk) fn plan(cdb: &Cdb) -> Plan {
    let length = cdb.number(5, 4);
    let is_possible = match cdb.service_action() {
        REGISTER | REGISTER_AND_MOVE => (LENGTH..=MOST).contains(&length),
        _ => length == LENGTH,
    };
    if is_possible { Plan::Reserve { length } } else { Plan::Check(Sense::PARAMETER_LIST_LENGTH) }
}

impl Parameters {
    pub(super) fn parse(action: u8, data: &[u8]) -> Result<Self, Rejection> {
        let too_short = Rejection::Check(Sense::PARAMETER_LIST_LENGTH);
        let fields = data.split_first_chunk().and_then(|(key, rest)| {
            let (service_action_key, rest) = rest.split_first_chunk()?;
            let (last, ports) = rest.split_first_chunk()?;
            Some((u64::from_be_bytes(*key), u64::from_be_bytes(*service_action_key), last, ports))
        });
        let (key, service_action_key, last, rest) = fields.ok_or(too_short)?;
        if action == REGISTER_AND_MOVE {
            return Self::of_move([key, service_action_key], *last, rest);
        }
        let [_, _, _, _, flags, ..] = *last;
        let ports = match rest.split_first_chunk() {
            Some((length, ids)) if flags & SPEC_I_PT != 0 => {
                Some(parse_ports(u32::from_be_bytes(*length), ids)?)
            }
            None if flags & SPEC_I_PT != 0 => return Err(Rejection::Check(Sense::INVALID_FIELD_IN_LIST)),
            _ if rest.is_empty() => None,
            _ => return Err(too_short),
        };
        let (persists, all_ports) = (flags & APTPL != 0, flags & ALL_TG_PT != 0);
        Ok(Self { key, service_action_key, persists, all_ports, unregisters: false, target_port: 1, ports })
    }

    /// The list of REGISTER AND MOVE: flags, the target's port, and the length of a `TransportID`.
    fn of_move([key, service_action_key]: [u64; 2], last: [u8; 8], rest: &[u8]) -> Result<Self, Rejection> {
        let [_, flags, port_high, port_low, length @ ..] = last;
        Ok(Self {
            key,
            service_action_key,
            persists: flags & APTPL != 0,
            all_ports: false,
            unregisters: flags & UNREG != 0,
            target_port: u16::from_be_bytes([port_high, port_low]),
            ports: Some(parse_ports(u32::from_be_bytes(length), rest)?),
        })
    }
}

/// The ports of a list that has this length.
fn parse_ports(length: u32, list: &[u8]) -> Result<Vec<InitiatorPort>, Rejection> {
    let is_whole = usize::try_from(length).is_ok_and(|length| length == list.len());
    let ports = InitiatorPort::parse_list(list).filter(|_| is_whole);
    ports.ok_or(Rejection::Check(Sense::INVALID_FIELD_IN_LIST))
}
