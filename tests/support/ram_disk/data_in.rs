//! SCSI Data-In (RFC 7143, 11.7).

use bytes::Bytes;
use iscsi_pdu::{DataIn, InitiatorTaskTag, Lun, ScsiStatus, TargetTransferTag};

use super::command::{Ending, Residual};
use super::connection::{Connection, segment_limit};
use super::disk::Extent;
use super::fault::Fault;

/// The source of the data of a command.
pub(super) enum DataSource {
    Parameters(Bytes),
    Medium(Extent),
}

impl DataSource {
    fn length(&self) -> u64 {
        match self {
            Self::Parameters(data) => u64::try_from(data.len()).unwrap_or(u64::MAX),
            Self::Medium(extent) => extent.length,
        }
    }
}

/// One Data-In PDU of a transfer.
struct Segment {
    data_sn: u32,
    offset: u32,
    length: u32,
    /// True if the PDU ends a sequence.
    is_final: bool,
    /// True if the PDU ends the transfer.
    is_last: bool,
}

/// Cuts a transfer into segments of at most `segment` bytes and sequences of at most `burst` (13.12, 13.13).
fn segments(total: u32, segment: u32, burst: u32) -> impl Iterator<Item = Segment> {
    let mut offset = 0;
    (0..).map_while(move |data_sn| {
        let burst_left = burst - offset % burst;
        let length = segment.min(burst_left).min(total - offset);
        if length == 0 {
            return None;
        }
        let start = offset;
        offset += length;
        let is_last = offset == total;
        Some(Segment { data_sn, offset: start, length, is_final: is_last || length == burst_left, is_last })
    })
}

impl Connection {
    /// Sends as much of the source as the initiator expects, and the status.
    pub(super) async fn send_data_in(
        &mut self,
        itt: InitiatorTaskTag,
        lun: Lun,
        source: &DataSource,
        expected: u32,
    ) -> Result<(), Fault> {
        let residual = Residual::new(source.length(), expected);
        let total = u32::try_from(source.length()).unwrap_or(u32::MAX).min(expected);
        let parameters = self.session.parameters;
        let (segment, burst) =
            (parameters.max_send_data_segment_length.max(1), parameters.max_burst_length.max(1));
        let mut data_ins = 0;
        for part in segments(total, segment, burst) {
            let has_status = part.is_last && self.portal.config.status_in_data_in;
            let data = self.take(source, lun, part.offset, part.length);
            let numbers = if has_status { self.session.status_numbers() } else { self.numbers() };
            let pdu = DataIn {
                is_final: part.is_final,
                acknowledge: false,
                overflow: has_status && residual.overflow,
                underflow: has_status && residual.underflow,
                has_status,
                status: ScsiStatus::GOOD,
                lun: Lun::ZERO,
                itt,
                ttt: TargetTransferTag::RESERVED,
                numbers,
                data_sn: part.data_sn,
                buffer_offset: part.offset,
                residual_count: if has_status { residual.count } else { 0 },
                data,
            };
            self.wire.send(pdu.encode()).await?;
            if has_status {
                return Ok(());
            }
            data_ins += 1;
        }
        self.respond(Ending { itt, check: None, residual, data_ins }).await
    }

    fn take(&self, source: &DataSource, lun: Lun, offset: u32, length: u32) -> Bytes {
        let length = segment_limit(length);
        match source {
            DataSource::Parameters(data) => {
                let start = segment_limit(offset).min(data.len());
                data.slice(start..start.saturating_add(length).min(data.len()))
            }
            DataSource::Medium(extent) => self
                .target()
                .and_then(|target| target.unit(lun))
                .map(|disk| disk.read(extent.offset + u64::from(offset), length))
                .unwrap_or_default(),
        }
    }
}
