//! What a session can ask about its logical units.

use iscsi_pdu::Lun;

use crate::scsi::{
    self, Capacity, Command, Completion, DeviceIdentification, Inquiry, SenseData, SenseKey,
    vital_product_data,
};
use crate::{Error, Session};

/// Unit attentions reported one after the other before the first command gets through.
const MAX_UNIT_ATTENTIONS: usize = 8;
/// Logical units there is room for in the first question.
const FIRST_LUNS: u32 = 256;

impl Session {
    /// Waits until the unit takes commands: the unit attentions that a new session meets are passed over.
    ///
    /// # Errors
    /// [`Error::Command`] when the unit is not there or not ready, or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn test_unit_ready(&self, lun: Lun) -> Result<(), Error> {
        self.past_unit_attentions(lun, scsi::test_unit_ready()).await.map(drop)
    }

    /// The logical units, as the target names them.
    ///
    /// # Errors
    /// [`Error::Command`], or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn report_luns(&self) -> Result<Vec<Lun>, Error> {
        let ask = async |room| {
            let answer = self.past_unit_attentions(Lun::ZERO, scsi::report_luns(room)).await?;
            scsi::parse_luns(&answer.data)
        };
        let (luns, total) = ask(FIRST_LUNS).await?;
        if total <= FIRST_LUNS { Ok(luns) } else { Ok(ask(total).await?.0) }
    }

    /// Who the logical unit is.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::Answer`], or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn inquiry(&self, lun: Lun) -> Result<Inquiry, Error> {
        Inquiry::parse(&self.past_unit_attentions(lun, scsi::inquiry()).await?.data)
    }

    /// The unit's serial number, if it has the page for it.
    ///
    /// # Errors
    /// [`Error::Answer`], or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn unit_serial_number(&self, lun: Lun) -> Result<Option<String>, Error> {
        self.page(lun, 0x80).await?.map(|page| scsi::parse_serial_number(&page.data)).transpose()
    }

    /// The unit's names; empty if it has no page for them.
    ///
    /// # Errors
    /// [`Error::Answer`], or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn device_identification(&self, lun: Lun) -> Result<DeviceIdentification, Error> {
        let page = self.page(lun, 0x83).await?;
        page.map_or_else(
            || Ok(DeviceIdentification::default()),
            |page| DeviceIdentification::parse(&page.data),
        )
    }

    /// The unit's size, by the long form when the short one cannot hold it.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::Answer`] for a size nothing can be done with, or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn read_capacity(&self, lun: Lun) -> Result<Capacity, Error> {
        let short = self.past_unit_attentions(lun, scsi::read_capacity_10()).await?;
        match scsi::parse_capacity_10(&short.data)? {
            Some(capacity) => Ok(capacity),
            None => scsi::parse_capacity_16(&self.execute(lun, scsi::read_capacity_16()).await?.data),
        }
    }

    /// The most blocks one command may move, if the unit states a limit (page 0xb0, SBC-3, 6.5.3).
    pub(crate) async fn max_transfer_blocks(&self, lun: Lun) -> Result<Option<u32>, Error> {
        let Some(page) = self.page(lun, 0xb0).await? else { return Ok(None) };
        let limit =
            page.data.get(8..).and_then(<[u8]>::first_chunk).map(|octets| u32::from_be_bytes(*octets));
        Ok(limit.filter(|limit| *limit > 0))
    }

    /// A page of vital product data; `None` when the unit does not have it.
    async fn page(&self, lun: Lun, page: u8) -> Result<Option<Completion>, Error> {
        match self.past_unit_attentions(lun, vital_product_data(page)).await {
            Ok(completion) => Ok(Some(completion)),
            Err(Error::Command { sense: Some(SenseData { key: SenseKey::ILLEGAL_REQUEST, .. }), .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn past_unit_attentions(&self, lun: Lun, command: Command) -> Result<Completion, Error> {
        let mut attentions = 0;
        loop {
            match self.execute(lun, command.clone()).await {
                Err(Error::Command { sense: Some(sense), .. })
                    if sense.key == SenseKey::UNIT_ATTENTION && attentions < MAX_UNIT_ATTENTIONS =>
                {
                    tracing::debug!(%lun, %sense, "unit attention");
                    attentions += 1;
                }
                other => return other,
            }
        }
    }
}
