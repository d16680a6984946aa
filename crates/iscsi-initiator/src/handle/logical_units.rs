//! What a session can ask about its logical units.

use iscsi_pdu::Lun;

use super::session::Session;
use crate::error::Error;
use crate::scsi::{
    self, Capacity, Command, Completion, DeviceIdentification, Inquiry, SenseData, SenseKey,
    vital_product_data,
};

/// Unit attentions reported one after the other before the first command gets through.
const MAX_UNIT_ATTENTIONS: usize = 8;
/// Logical units there is room for in the first question.
const FIRST_LUNS: u32 = 256;
/// Peripheral qualifier of a LUN behind which there is a device (SPC-4, 6.6.2).
const CONNECTED: u8 = 0;

/// The logical units of a target, as far as it reports them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LunList {
    /// The LUNs as the target names them, in its order.
    pub luns: Vec<Lun>,
    /// How many there are by the target's own count: more than `luns` if the list was cut off.
    pub total: u32,
    /// Where the list comes from.
    pub origin: LunListOrigin,
}

/// Where a list of logical units comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LunListOrigin {
    /// LUN 0 answered REPORT LUNS, as it should.
    Lun0,
    /// LUN 0 is missing or failed; the REPORT LUNS well known logical unit answered.
    WellKnownLun {
        /// What LUN 0 answered; `None` for an empty list.
        refused: Option<Error>,
    },
    /// Neither of them answered. There is a device at LUN 0, and nothing is known of others.
    Lun0Alone {
        /// What LUN 0 answered.
        refused: Error,
    },
}

impl Session {
    /// Waits until the unit takes commands: the unit attentions that a new session meets are passed over.
    ///
    /// # Errors
    /// [`Error::Command`] when the unit is not there or not ready, or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn test_unit_ready(&self, lun: Lun) -> Result<(), Error> {
        self.ask(lun, scsi::test_unit_ready()).await.map(drop)
    }

    /// The logical units, as the target names them: the LUNs of [`list_luns`](Self::list_luns).
    ///
    /// # Errors
    /// [`Error::Command`], or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn report_luns(&self) -> Result<Vec<Lun>, Error> {
        Ok(self.list_luns().await?.luns)
    }

    /// The logical units, and how they were found. LUN 0 is asked first; where it is missing or fails, the REPORT LUNS
    /// well known logical unit (SPC-4, 8.2), and where that does not answer either, LUN 0 itself is all there is.
    ///
    /// # Errors
    /// What LUN 0 answered when nothing at all was found, or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn list_luns(&self) -> Result<LunList, Error> {
        let refused = match self.luns_reported_by(Lun::ZERO).await {
            Ok((luns, total)) if !luns.is_empty() => {
                return Ok(LunList { luns, total, origin: LunListOrigin::Lun0 });
            }
            Ok(_) => None,
            Err(error) if error.leaves_session_open() => Some(error),
            Err(error) => return Err(error),
        };
        match (self.luns_reported_by(Lun::REPORT_LUNS).await, refused) {
            (Ok((luns, total)), refused) => {
                Ok(LunList { luns, total, origin: LunListOrigin::WellKnownLun { refused } })
            }
            (Err(error), _) if !error.leaves_session_open() => Err(error),
            (Err(_), None) => Ok(LunList { luns: Vec::new(), total: 0, origin: LunListOrigin::Lun0 }),
            (Err(_), Some(refused)) => self.lun_0_alone(refused).await,
        }
    }

    /// LUN 0, if there is a device.
    async fn lun_0_alone(&self, refused: Error) -> Result<LunList, Error> {
        match self.inquiry(Lun::ZERO).await {
            Ok(inquiry) if inquiry.peripheral_qualifier == CONNECTED => {
                let origin = LunListOrigin::Lun0Alone { refused };
                Ok(LunList { luns: vec![Lun::ZERO], total: 1, origin })
            }
            Err(error) if !error.leaves_session_open() => Err(error),
            _ => Err(refused),
        }
    }

    /// The LUNs that this unit reports, and how many there are.
    async fn luns_reported_by(&self, lun: Lun) -> Result<(Vec<Lun>, u32), Error> {
        let ask = async |room| {
            let answer = self.ask(lun, scsi::report_luns(room)).await?;
            Ok::<_, Error>(scsi::parse_luns(&answer.data)?)
        };
        let (luns, total) = ask(FIRST_LUNS).await?;
        if total <= FIRST_LUNS { Ok((luns, total)) } else { ask(total).await }
    }

    /// Who the logical unit is.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`], or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn inquiry(&self, lun: Lun) -> Result<Inquiry, Error> {
        Ok(Inquiry::parse(&self.ask(lun, scsi::inquiry()).await?.data)?)
    }

    /// The unit's serial number, if it has the page for it.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`] when the target sends something else than this page, or whatever
    /// ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn unit_serial_number(&self, lun: Lun) -> Result<Option<String>, Error> {
        let page = self.page(lun, 0x80).await?;
        Ok(page.map(|page| scsi::parse_serial_number(&page.data)).transpose()?)
    }

    /// The unit's names; empty if it has no page for them.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`] when the target sends something else than this page, or whatever
    /// ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn device_identification(&self, lun: Lun) -> Result<DeviceIdentification, Error> {
        let page = self.page(lun, 0x83).await?;
        let identification = page.map(|page| DeviceIdentification::parse(&page.data)).transpose()?;
        Ok(identification.unwrap_or_default())
    }

    /// The unit's size, by the long form when the short one cannot hold it or is not known.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`] for a size nothing can be done with, or whatever ended the
    /// session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn read_capacity(&self, lun: Lun) -> Result<Capacity, Error> {
        match self.ask(lun, scsi::read_capacity_10()).await {
            Ok(short) => {
                if let Some(capacity) = scsi::parse_capacity_10(&short.data)? {
                    return Ok(capacity);
                }
            }
            Err(Error::Command { sense: Some(SenseData::UNKNOWN_COMMAND), .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(scsi::parse_capacity_16(&self.ask(lun, scsi::read_capacity_16()).await?.data)?)
    }

    /// The most blocks one command may move, if the unit states a limit (page 0xb0, SBC-3, 6.5.3). Reading and writing
    /// do not depend on it: a unit that fails to answer states none.
    pub(crate) async fn max_transfer_blocks(&self, lun: Lun) -> Result<Option<u32>, Error> {
        let page = self.page(lun, 0xb0).await;
        match page.and_then(|page| Ok(page.map(|page| scsi::parse_max_transfer(&page.data)).transpose()?)) {
            Ok(limit) => Ok(limit.flatten()),
            Err(error) if error.leaves_session_open() => {
                tracing::debug!(%lun, %error, "no block limits");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A page of vital product data; `None` when the unit does not have it.
    async fn page(&self, lun: Lun, page: u8) -> Result<Option<Completion>, Error> {
        match self.ask(lun, vital_product_data(page)).await {
            Ok(completion) => Ok(Some(completion)),
            Err(Error::Command { sense: Some(SenseData { key: SenseKey::ILLEGAL_REQUEST, .. }), .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Carries out a command that changes nothing, and repeats it for every unit attention.
    pub(crate) async fn ask(&self, lun: Lun, command: Command) -> Result<Completion, Error> {
        self.retry_unit_attention(lun, command, |_| true).await
    }

    /// The one place where unit attentions are passed over: a command that was answered by one was not carried out, so
    /// it is sent again, a bounded number of times. Those that are not `passed_over` are the caller's.
    pub(crate) async fn retry_unit_attention(
        &self,
        lun: Lun,
        command: Command,
        passed_over: fn(SenseData) -> bool,
    ) -> Result<Completion, Error> {
        let mut attentions = 0;
        loop {
            match self.execute(lun, command.clone()).await {
                Err(Error::Command { sense: Some(sense), .. })
                    if sense.key == SenseKey::UNIT_ATTENTION
                        && passed_over(sense)
                        && attentions < MAX_UNIT_ATTENTIONS =>
                {
                    tracing::debug!(%lun, %sense, command = command.name, "unit attention");
                    attentions += 1;
                }
                other => return other,
            }
        }
    }
}
