//! Dispatch of a CDB to its operation: first a plan, then its execution.

use bytes::{BufMut as _, Bytes, BytesMut};
use iscsi_pdu::{IscsiName, Lun, ScsiStatus};

use super::buffer;
use super::cdb::{Cdb, operation};
use super::medium::{Extent, Snapshot};
use super::reservation::{self, Consequences, InitiatorPort};
use super::sanitize::{self, Sanitization};
use super::third_party_copy::{self, Copies};
use super::unit::{Unit, UnitError};
use super::{
    Sense, Target, inquiry, log, mode_select, mode_sense, port_group, provisioning, start_stop, supported,
    verify, write_same, xd_write_read,
};

/// A valid command before its execution, or the reason why it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Sends these bytes of parameter data.
    Data(Bytes),
    /// Sends these bytes of the medium.
    Read(Extent),
    /// Writes these bytes of the medium.
    Write { extent: Extent, is_stable: bool },
    /// Compares these bytes of the medium with `length` bytes of data, which are repeated.
    Verify { extent: Extent, length: u64 },
    /// Writes these bytes of the medium if they are the expected ones.
    CompareAndWrite { extent: Extent, is_stable: bool },
    /// Sets bits in these bytes of the medium.
    OrWrite { extent: Extent, is_stable: bool },
    /// Writes these bytes of the medium, and sends the exclusive or of the old and the new ones.
    WriteAndXor { extent: Extent, is_stable: bool },
    /// Writes the same `length` bytes to each block, or zeros if there are none.
    WriteSame { extent: Extent, length: u64, unmaps: bool },
    /// Unmaps the ranges of a parameter list of this length.
    Unmap { length: u64 },
    /// Makes all data irrecoverable.
    Sanitize(Sanitization),
    /// Makes these bytes of the medium stable.
    Flush(Extent),
    /// Changes mode pages as the parameter list of this length says.
    ModeSelect { length: u64 },
    /// Writes to the buffer.
    WriteBuffer(buffer::Write),
    /// Starts or stops the unit.
    Start { is_started: bool },
    /// Changes reservations as a parameter list of this length says.
    Reserve { length: u64 },
    /// Reserves the unit until the session ends.
    ReserveUnit,
    /// Ends such a reservation.
    ReleaseUnit,
    /// Sets the access state as a parameter list of this length says.
    SetAccess { length: u64 },
    /// Copies between units as a parameter list of this length says.
    Copy { length: u64 },
    /// Ends with CHECK CONDITION.
    Check(Sense),
    /// Ends with another status.
    Status(ScsiStatus),
}

/// The end of a command that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// CHECK CONDITION.
    Check(Sense),
    /// CHECK CONDITION for data that differ from the medium, first at this byte of them.
    Miscompare { offset: u32 },
    /// Another status.
    Status(ScsiStatus),
}

/// The data that an executed command sends.
#[derive(Clone)]
pub(super) enum Source {
    Parameters(Bytes),
    Medium { snapshot: Snapshot, length: u64 },
}

impl Plan {
    /// GOOD status and no data.
    pub(super) const GOOD: Self = Self::Data(Bytes::new());

    /// Parameter data, cut off at the allocation length.
    pub(super) fn data(mut data: Bytes, allocation_length: usize) -> Self {
        data.truncate(allocation_length);
        Self::Data(data)
    }

    /// Bytes that the command takes from the initiator.
    pub(super) fn length_out(&self) -> u64 {
        match self {
            Self::Write { extent, .. } | Self::OrWrite { extent, .. } | Self::WriteAndXor { extent, .. } => {
                extent.length
            }
            Self::CompareAndWrite { extent, .. } => extent.length.saturating_mul(2),
            Self::Verify { length, .. }
            | Self::WriteSame { length, .. }
            | Self::Unmap { length }
            | Self::Sanitize(Sanitization::Overwrite { length })
            | Self::ModeSelect { length }
            | Self::Reserve { length }
            | Self::SetAccess { length }
            | Self::Copy { length }
            | Self::WriteBuffer(buffer::Write { length, .. }) => *length,
            _ => 0,
        }
    }

    /// Whether the command takes data and sends others.
    pub(super) const fn is_bidirectional(&self) -> bool {
        matches!(self, Self::WriteAndXor { .. })
    }

    /// Whether the command changes the medium.
    const fn changes_medium(&self) -> bool {
        !matches!(
            self,
            Self::Data(_)
                | Self::Read(_)
                | Self::Flush(_)
                | Self::ModeSelect { .. }
                | Self::WriteBuffer(_)
                | Self::Start { .. }
                | Self::Verify { .. }
                | Self::Reserve { .. }
                | Self::ReserveUnit
                | Self::ReleaseUnit
                | Self::SetAccess { .. }
                | Self::Check(_)
                | Self::Status(_)
        )
    }

    pub(super) const fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Check(sense) => Some(Rejection::Check(*sense)),
            Self::Status(status) => Some(Rejection::Status(*status)),
            _ => None,
        }
    }
}

impl Source {
    pub(super) const NONE: Self = Self::Parameters(Bytes::new());

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Parameters(data) => u64::try_from(data.len()).unwrap_or(u64::MAX),
            Self::Medium { length, .. } => *length,
        }
    }

    pub(super) fn read(&self, offset: u32, length: usize) -> Bytes {
        match self {
            Self::Parameters(data) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
                data.slice(start..start.saturating_add(length).min(data.len()))
            }
            Self::Medium { snapshot, .. } => snapshot.read(offset.into(), length),
        }
    }
}

/// The logical units of one target.
#[derive(Clone)]
pub(super) struct Units {
    pub(super) list: Vec<(Lun, Unit)>,
    /// The name of the target.
    pub(super) target: IscsiName,
    pub(super) copies: Copies,
}

impl Units {
    pub(super) fn open(target: &Target) -> Result<Self, UnitError> {
        let list = target.units.iter().map(|unit| Unit::open(*unit)).collect::<Result<_, _>>()?;
        Ok(Self { list, target: target.name.clone(), copies: Copies::default() })
    }

    pub(super) fn get(&self, lun: Lun) -> Option<&Unit> {
        self.list.iter().find(|unit| unit.0 == lun).map(|unit| &unit.1)
    }

    pub(super) fn get_mut(&mut self, lun: Lun) -> Option<&mut Unit> {
        self.list.iter_mut().find(|unit| unit.0 == lun).map(|unit| &mut unit.1)
    }

    pub(super) fn luns(&self) -> impl Iterator<Item = Lun> {
        self.list.iter().map(|unit| unit.0)
    }

    /// Decides on a command; nothing has been read or written yet.
    pub(super) fn plan(&self, target: &IscsiName, lun: Lun, cdb: &Cdb, port: &InitiatorPort) -> Plan {
        match (cdb.operation(), self.get(lun)) {
            (operation::INQUIRY, unit) => inquiry::execute(target, lun, unit, cdb),
            (operation::REPORT_LUNS, _) => self.report_luns(cdb),
            (operation::REQUEST_SENSE, None) => request_sense(Sense::UNIT_NOT_SUPPORTED, cdb),
            (_, None) => Plan::Check(Sense::UNIT_NOT_SUPPORTED),
            (operation, Some(unit)) if unit.reservations.conflicts(port, operation) => {
                Plan::Status(ScsiStatus::RESERVATION_CONFLICT)
            }
            (operation, Some(unit)) if !unit.is_ready && operation != operation::REQUEST_SENSE => {
                Plan::Check(Sense::BECOMING_READY)
            }
            (operation, Some(unit)) if unit.is_stopped && start_stop::is_refused(operation) => {
                Plan::Check(Sense::STOPPED)
            }
            (operation, Some(unit)) => match unit.access.refusal(operation) {
                Some(sense) => Plan::Check(sense),
                None if operation == operation::RECEIVE_COPY_RESULTS => self.copies.report(port, cdb),
                None => match plan_on_unit(unit, cdb) {
                    plan if unit.is_protected && plan.changes_medium() => {
                        Plan::Check(Sense::SOFTWARE_WRITE_PROTECTED)
                    }
                    plan => plan,
                },
            },
        }
    }

    /// Ends reservations of whole units: those of one port, or of all.
    pub(super) fn end_unit_reservations(&mut self, lun: Option<Lun>, port: Option<&InitiatorPort>) {
        let concerned = self.list.iter_mut().filter(|(known, _)| lun.is_none_or(|lun| lun == *known));
        for (_, unit) in concerned {
            match port {
                Some(port) => unit.reservations.release_unit(port),
                None => unit.reservations.reset(),
            }
        }
    }

    /// REPORT LUNS (SPC-4, 6.33).
    fn report_luns(&self, cdb: &Cdb) -> Plan {
        /// `SELECT REPORT` values: units; well-known units; both.
        const UNITS: u8 = 0x00;
        const WELL_KNOWN: u8 = 0x01;
        const BOTH: u8 = 0x02;
        let mut list = BytesMut::new();
        match cdb.byte(2) {
            UNITS | BOTH => self.luns().for_each(|lun| list.put_slice(&lun.0)),
            WELL_KNOWN => {}
            _ => return Plan::Check(Sense::INVALID_FIELD),
        }
        let mut data = BytesMut::with_capacity(8 + list.len());
        data.put_u32(u32::try_from(list.len()).unwrap_or(u32::MAX));
        data.put_u32(0);
        data.put_slice(&list);
        Plan::data(data.freeze(), cdb.allocation_length(6, 4))
    }

    /// Executes a plan with the data that the initiator sent.
    pub(super) fn execute(
        &mut self,
        lun: Lun,
        plan: &Plan,
        cdb: &Cdb,
        port: &InitiatorPort,
        data: &[u8],
    ) -> Result<(Source, Consequences), Rejection> {
        let none = Consequences::default();
        match (plan, self.get_mut(lun)) {
            (Plan::Data(data), _) => return Ok((Source::Parameters(data.clone()), none)),
            (Plan::Check(sense), _) => return Err(Rejection::Check(*sense)),
            (Plan::Status(status), _) => return Err(Rejection::Status(*status)),
            (_, None) => return Err(Rejection::Check(Sense::UNIT_NOT_SUPPORTED)),
            (Plan::Read(extent), Some(unit)) => {
                let snapshot = unit.medium().snapshot(*extent);
                return Ok((Source::Medium { snapshot, length: extent.length }, none));
            }
            (Plan::Write { extent, is_stable }, Some(unit)) => unit.write(extent.offset, data, *is_stable),
            (Plan::Flush(extent), Some(unit)) => unit.flush(*extent),
            (Plan::Verify { extent, .. }, Some(unit)) => unit.verify(*extent, data)?,
            (Plan::CompareAndWrite { extent, is_stable }, Some(unit)) => {
                unit.compare_and_write(*extent, data, *is_stable)?;
            }
            (Plan::OrWrite { extent, is_stable }, Some(unit)) => unit.or_write(*extent, data, *is_stable),
            (Plan::WriteAndXor { extent, is_stable }, Some(unit)) => {
                let difference = unit.write_and_xor(*extent, data, *is_stable);
                return Ok((Source::Parameters(difference), none));
            }
            (Plan::WriteSame { extent, unmaps, .. }, Some(unit)) => unit.write_same(*extent, data, *unmaps),
            (Plan::Unmap { .. }, Some(unit)) => unit.unmap(data)?,
            (Plan::Sanitize(how), Some(unit)) => unit.sanitize(*how, data)?,
            (Plan::ModeSelect { .. }, Some(unit)) => mode_select::execute(unit, cdb, data)?,
            (Plan::WriteBuffer(write), Some(unit)) => unit.buffer.write(*write, data),
            (Plan::Start { is_started }, Some(unit)) => unit.is_stopped = !is_started,
            (Plan::ReserveUnit, Some(unit)) => unit.reservations.reserve_unit(port),
            (Plan::ReleaseUnit, Some(unit)) => unit.reservations.release_unit(port),
            (Plan::SetAccess { .. }, Some(unit)) => {
                unit.access.set(data)?;
                return Ok((Source::NONE, Consequences { others_meet: Some(Sense::ACCESS_CHANGED), ..none }));
            }
            (Plan::Copy { .. }, Some(_)) => self.copy(lun, cdb, port, data)?,
            (Plan::Reserve { .. }, Some(unit)) => {
                return unit.reservations.change(port, cdb, data).map(|changed| (Source::NONE, changed));
            }
        }
        Ok((Source::NONE, none))
    }
}

/// True if a pending unit attention condition stays pending with this command (SAM-5, 5.14).
pub(super) const fn passes_unit_attention(operation: u8) -> bool {
    matches!(operation, operation::INQUIRY | operation::REPORT_LUNS)
}

fn plan_on_unit(unit: &Unit, cdb: &Cdb) -> Plan {
    match cdb.operation() {
        operation::TEST_UNIT_READY => Plan::GOOD,
        operation::REQUEST_SENSE => request_sense(Sense::NONE, cdb),
        operation::READ_CAPACITY_10 => unit.read_capacity_10(),
        operation::SERVICE_ACTION_IN_16 => unit.service_action_in_16(cdb),
        operation::MODE_SENSE_6 | operation::MODE_SENSE_10 => mode_sense::execute(unit, cdb),
        operation::MODE_SELECT_6 | operation::MODE_SELECT_10 => mode_select::plan(cdb),
        operation::LOG_SENSE => log::execute(cdb),
        operation::START_STOP_UNIT => start_stop::plan(cdb),
        operation::PREVENT_ALLOW_MEDIUM_REMOVAL => start_stop::prevent_removal(cdb),
        operation::READ_BUFFER => unit.buffer.read(cdb),
        operation::WRITE_BUFFER => buffer::plan_write(cdb),
        operation::MAINTENANCE_IN if cdb.service_action() == port_group::SERVICE_ACTION => {
            unit.access.report(cdb)
        }
        operation::MAINTENANCE_IN => supported::execute(unit.settings().is_thin, cdb),
        operation::READ_6 | operation::READ_10 | operation::READ_12 | operation::READ_16 => {
            unit.plan_transfer(cdb, Plan::Read)
        }
        operation::WRITE_6 | operation::WRITE_10 | operation::WRITE_12 | operation::WRITE_16 => {
            let is_stable = cdb.forces_unit_access();
            unit.plan_transfer(cdb, |extent| Plan::Write { extent, is_stable })
        }
        operation::SYNCHRONIZE_CACHE_10 | operation::SYNCHRONIZE_CACHE_16 => unit.plan_rest(cdb, Plan::Flush),
        operation::WRITE_AND_VERIFY_10 | operation::WRITE_AND_VERIFY_12 | operation::WRITE_AND_VERIFY_16 => {
            unit.plan_transfer(cdb, |extent| Plan::Write { extent, is_stable: true })
        }
        operation::VERIFY_10 | operation::VERIFY_12 | operation::VERIFY_16 => verify::plan(unit, cdb),
        operation::COMPARE_AND_WRITE => verify::plan_compare_and_write(unit, cdb),
        operation::OR_WRITE_16 => {
            let is_stable = cdb.forces_unit_access();
            unit.plan_transfer(cdb, |extent| Plan::OrWrite { extent, is_stable })
        }
        operation::WRITE_ATOMIC_16 => unit.plan_atomic_write(cdb),
        operation::XD_WRITE_READ_10 => xd_write_read::plan(unit, cdb),
        operation::WRITE_SAME_10 | operation::WRITE_SAME_16 => write_same::plan(unit, cdb),
        operation::UNMAP => provisioning::plan_unmap(unit, cdb),
        // All blocks are in memory.
        operation::PRE_FETCH_10 | operation::PRE_FETCH_16 => {
            unit.plan_rest(cdb, |_| Plan::Status(ScsiStatus::CONDITION_MET))
        }
        operation::SANITIZE => sanitize::plan(cdb),
        operation::READ_DEFECT_DATA_10 | operation::READ_DEFECT_DATA_12 => sanitize::defect_data(cdb),
        operation::PERSISTENT_RESERVE_IN => match unit.reservations.report(cdb.service_action()) {
            Some(report) => Plan::data(report.into(), cdb.allocation_length(7, 2)),
            None => Plan::Check(Sense::INVALID_FIELD),
        },
        operation::PERSISTENT_RESERVE_OUT => reservation::plan(cdb),
        operation::RESERVE_6 => Plan::ReserveUnit,
        operation::RELEASE_6 => Plan::ReleaseUnit,
        operation::MAINTENANCE_OUT => port_group::plan_set(cdb),
        operation::THIRD_PARTY_COPY_OUT => third_party_copy::plan(cdb),
        _ => Plan::Check(Sense::INVALID_OPERATION),
    }
}

/// REQUEST SENSE (SPC-4, 6.39) with this sense as its data.
pub(super) fn request_sense(sense: Sense, cdb: &Cdb) -> Plan {
    let data = if cdb.flag(1, 0x01) { sense.to_descriptor() } else { sense.to_fixed() };
    Plan::data(data, cdb.allocation_length(4, 1))
}
