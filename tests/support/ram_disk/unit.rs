//! A logical unit: its medium, its write cache and its reservations.

use bytes::{BufMut as _, Bytes, BytesMut};
use iscsi_pdu::{IscsiName, Lun};

use super::buffer::Buffer;
use super::cdb::{Cdb, operation};
use super::medium::{Extent, Medium};
use super::port_group::Access;
use super::reservation::Reservations;
use super::scsi::Plan;
use super::write_task::LARGEST_TRANSFER;
use super::{LogicalUnit, Sense, inquiry, provisioning};

/// Service actions of READ CAPACITY (16) and GET LBA STATUS.
const READ_CAPACITY_16: u8 = 0x10;
const GET_LBA_STATUS: u8 = 0x12;
/// The bits RDPROTECT or WRPROTECT: the medium has no protection information.
const PROTECT: u8 = 0xe0;

/// A unit that is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// The number is beyond 16383.
    #[error("unit number beyond 16383")]
    Number,
    /// There is no block, a block has no bytes, or there are more bytes than can be counted.
    #[error("impossible size of a unit")]
    Size,
}

/// One logical unit.
#[derive(Clone)]
pub(super) struct Unit {
    settings: LogicalUnit,
    /// The contents that commands see.
    medium: Medium,
    /// The contents after a loss of power, if the unit has a volatile cache.
    stable: Option<Medium>,
    /// Whether it carries commands out that need the medium.
    pub(super) is_ready: bool,
    /// Whether an initiator has stopped it.
    pub(super) is_stopped: bool,
    /// Whether an initiator has protected its medium.
    pub(super) is_protected: bool,
    pub(super) buffer: Buffer,
    pub(super) reservations: Reservations,
    /// How its port reaches it.
    pub(super) access: Access,
}

impl Unit {
    /// A unit of zeros, with its LUN.
    pub(super) fn open(settings: LogicalUnit) -> Result<(Lun, Self), UnitError> {
        let lun = Lun::from_number(settings.number).ok_or(UnitError::Number)?;
        let bytes = settings.blocks.checked_mul(settings.block_size.into());
        bytes.filter(|bytes| *bytes > 0 && usize::try_from(*bytes).is_ok()).ok_or(UnitError::Size)?;
        let stable = settings.write_cache.then(Medium::default);
        let unit = Self {
            settings,
            medium: Medium::default(),
            stable,
            is_ready: true,
            is_stopped: false,
            is_protected: false,
            buffer: Buffer::default(),
            reservations: Reservations::default(),
            access: Access::default(),
        };
        Ok((lun, unit))
    }

    pub(super) const fn settings(&self) -> &LogicalUnit {
        &self.settings
    }

    /// A stable identifier: FNV-1a over the target's name, the LUN and the edition.
    pub(super) fn fingerprint(&self, target: &IscsiName, lun: Lun) -> u64 {
        let edition = (self.settings.edition != 0).then(|| self.settings.edition.to_be_bytes());
        let bytes = target.as_str().bytes().chain(lun.0).chain(edition.into_iter().flatten());
        bytes
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// Whether the unit has a designator, given with its header.
    pub(super) fn has_designator(&self, target: &IscsiName, lun: Lun, designator: &[u8]) -> bool {
        self.settings.is_named && inquiry::has_designator(target, lun, self, designator)
    }

    /// The extent of `count` blocks from `lba` on; `None` beyond the last block.
    pub(super) fn extent(&self, lba: u64, count: u64) -> Option<Extent> {
        let end = lba.checked_add(count)?;
        if end > self.settings.blocks {
            return None;
        }
        let size = u64::from(self.settings.block_size);
        Some(Extent { offset: lba.checked_mul(size)?, length: count.checked_mul(size)? })
    }

    /// The plan of a READ or WRITE.
    pub(super) fn plan_transfer(&self, cdb: &Cdb, plan: impl FnOnce(Extent) -> Plan) -> Plan {
        // A CDB of 6 bytes has no protection field.
        let short = matches!(cdb.operation(), operation::READ_6 | operation::WRITE_6);
        if !short && cdb.flag(1, PROTECT) {
            return Plan::Check(Sense::INVALID_FIELD);
        }
        let extent = cdb.blocks().and_then(|(lba, count)| self.extent(lba, count));
        extent.map_or(Plan::Check(Sense::LBA_OUT_OF_RANGE), plan)
    }

    /// The plan of a command for which 0 blocks mean all the rest.
    pub(super) fn plan_rest(&self, cdb: &Cdb, plan: impl FnOnce(Extent) -> Plan) -> Plan {
        if cdb.flag(1, PROTECT) {
            return Plan::Check(Sense::INVALID_FIELD);
        }
        let extent = cdb.blocks().and_then(|(lba, count)| {
            let rest = self.settings.blocks.checked_sub(lba)?;
            self.extent(lba, if count == 0 { rest } else { count })
        });
        extent.map_or(Plan::Check(Sense::LBA_OUT_OF_RANGE), plan)
    }

    /// The most blocks of a WRITE ATOMIC, and of its parts; each command is carried out at once.
    pub(super) fn most_atomic_blocks(&self) -> u16 {
        u16::try_from(LARGEST_TRANSFER / self.settings.block_size).unwrap_or(u16::MAX)
    }

    /// The plan of a WRITE ATOMIC (SBC-4).
    pub(super) fn plan_atomic_write(&self, cdb: &Cdb) -> Plan {
        let most = self.most_atomic_blocks().into();
        if cdb.number(10, 2) > most || cdb.number(12, 2) > most {
            return Plan::Check(Sense::INVALID_FIELD);
        }
        let is_stable = cdb.forces_unit_access();
        self.plan_transfer(cdb, |extent| Plan::Write { extent, is_stable })
    }

    pub(super) fn medium(&self) -> &Medium {
        &self.medium
    }

    /// A copy of `length` bytes from `offset` on, fewer at the end of the medium.
    pub(super) fn read(&self, offset: u64, length: usize) -> Bytes {
        let all = self.settings.blocks.saturating_mul(self.settings.block_size.into());
        let length = u64::try_from(length).unwrap_or(u64::MAX).min(all.saturating_sub(offset));
        self.medium.read(Extent { offset, length })
    }

    pub(super) fn write(&mut self, offset: u64, data: &[u8], is_stable: bool) {
        self.medium.write(offset, data);
        if let (true, Some(stable)) = (is_stable, &mut self.stable) {
            stable.write(offset, data);
        }
    }

    /// Makes an extent zeros, mapped or unmapped.
    pub(super) fn clear(&mut self, extent: Extent, unmaps: bool) {
        self.medium.unmap(extent);
        if !unmaps {
            self.medium.map(extent);
        }
    }

    /// Makes all of it zeros that are stable.
    pub(super) fn wipe(&mut self) {
        self.medium = Medium::default();
        self.stable = self.stable.is_some().then(Medium::default);
    }

    /// Whether the block is mapped, and how many blocks from it on are as it is: a block counts as mapped if one of its bytes is.
    pub(super) fn run_at(&self, lba: u64) -> (bool, u64) {
        let size = u64::from(self.settings.block_size);
        let (is_mapped, end) = self.medium.mapping().run_at(lba.saturating_mul(size));
        (is_mapped, (end / size).saturating_sub(lba).max(1))
    }

    /// Makes an extent stable.
    pub(super) fn flush(&mut self, extent: Extent) {
        if let Some(stable) = &mut self.stable {
            stable.copy_from(&self.medium, extent);
        }
    }

    /// Makes a range of blocks stable, as far as it exists.
    pub(super) fn destage(&mut self, lba: u64, blocks: u64) {
        let rest = self.settings.blocks.saturating_sub(lba);
        if let Some(extent) = self.extent(lba, blocks.min(rest)) {
            self.flush(extent);
        }
    }

    /// Drops what is not stable.
    pub(super) fn lose_power(&mut self) {
        if let Some(stable) = &self.stable {
            self.medium = stable.clone();
        }
        (self.is_stopped, self.is_protected, self.buffer) = (false, false, Buffer::default());
        self.reservations.lose_power();
    }

    /// READ CAPACITY (10) (SBC-3, 5.15).
    pub(super) fn read_capacity_10(&self) -> Plan {
        let mut data = BytesMut::with_capacity(8);
        // All ones means: ask READ CAPACITY (16).
        data.put_u32(u32::try_from(self.settings.blocks - 1).unwrap_or(u32::MAX));
        data.put_u32(self.settings.block_size);
        Plan::data(data.freeze(), usize::MAX)
    }

    /// READ CAPACITY (16) (SBC-3, 5.16) and GET LBA STATUS (SBC-4).
    pub(super) fn service_action_in_16(&self, cdb: &Cdb) -> Plan {
        match cdb.service_action() {
            READ_CAPACITY_16 => self.read_capacity_16(cdb),
            GET_LBA_STATUS => provisioning::get_lba_status(self, cdb),
            _ => Plan::Check(Sense::INVALID_FIELD),
        }
    }

    fn read_capacity_16(&self, cdb: &Cdb) -> Plan {
        /// Blocks can be unmapped; unmapped ones read as zeros.
        const LBPME_AND_LBPRZ: u8 = 0xc0;
        let mut data = BytesMut::with_capacity(32);
        data.put_u64(self.settings.blocks - 1);
        data.put_u32(self.settings.block_size);
        data.put_u16(0);
        data.put_u8(if self.settings.is_thin { LBPME_AND_LBPRZ } else { 0 });
        data.put_bytes(0, 32 - data.len());
        Plan::data(data.freeze(), cdb.allocation_length(10, 4))
    }
}
