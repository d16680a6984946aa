//! Queries about the logical units of a session.

use iscsi_pdu::{Lun, ScsiStatus};

use super::session::{Session, data_of, wrong_answer};
use crate::error::Error;
use crate::nexus::{Probe, ProbeError};
use crate::scsi::{
    self, Capacity, Command, Completion, DeviceIdentification, Inquiry, InquiryPage, ReadCapacity10,
    ReadCapacity16, ReportLuns, SenseData, SenseKey, StandardInquiry, UnitSerialNumber, VpdPage,
};
use crate::session::Outcome;

/// The number of LUNs that the first REPORT LUNS has space for.
const FIRST_LUNS: u32 = 256;
/// Peripheral qualifier of a LUN with a connected device (SPC-4, 6.6.2).
const CONNECTED: u8 = 0;

/// The logical units of a target, as far as it reports them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LunList {
    /// The LUNs as the target names them, in its order.
    pub luns: Vec<Lun>,
    /// The number of LUNs by the target's count: greater than that of `luns` if the list was cut off.
    pub total: u32,
    /// The source of the list.
    pub origin: LunListOrigin,
}

/// The source of a list of logical units.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LunListOrigin {
    /// LUN 0 answered REPORT LUNS, as SPC-4 requires.
    Lun0,
    /// LUN 0 is missing or failed; the REPORT LUNS well known logical unit answered.
    WellKnownLun {
        /// The error from LUN 0; `None` if it returned an empty list.
        refused: Option<Error>,
    },
    /// Neither of them answered. There is a device at LUN 0; other LUNs are unknown.
    Lun0Alone {
        /// The error from LUN 0.
        refused: Error,
    },
}

impl Session {
    /// Sends TEST UNIT READY, again after each unit attention, of which a new session usually gets some.
    ///
    /// # Errors
    /// [`Error::Command`] when the unit is missing or not ready, or the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn test_unit_ready(&self, lun: Lun) -> Result<(), Error> {
        self.send(lun, &scsi::TestUnitReady).await
    }

    /// Returns the LUNs of [`list_luns`](Self::list_luns), as the target states them.
    ///
    /// # Errors
    /// [`Error::Command`], or the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn report_luns(&self) -> Result<Vec<Lun>, Error> {
        Ok(self.list_luns().await?.luns)
    }

    /// Lists the logical units, and states the source of the list. REPORT LUNS is sent to LUN 0 first. If LUN 0 is
    /// missing or fails, it is sent to the REPORT LUNS well known logical unit (SPC-4, 8.2). If that does not answer
    /// either, the list consists of LUN 0, provided that INQUIRY finds a device there.
    ///
    /// # Errors
    /// The error from LUN 0 when no logical unit was found, or the error that ended the session.
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

    /// The list that consists of LUN 0, if there is a device.
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

    /// The LUNs that this unit reports, and their number by its count.
    async fn luns_reported_by(&self, lun: Lun) -> Result<(Vec<Lun>, u32), Error> {
        let ask = async |most| {
            let reported = self.send(lun, &ReportLuns { most, ..ReportLuns::default() }).await?;
            Ok::<_, Error>((reported.luns, reported.total))
        };
        let (luns, total) = ask(FIRST_LUNS).await?;
        if total <= FIRST_LUNS {
            return Ok((luns, total));
        }
        ask(total.min(ReportLuns::MOST_SINGLE_LEVEL)).await
    }

    /// Reads the standard INQUIRY data: vendor, product and device type.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`], or the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn inquiry(&self, lun: Lun) -> Result<Inquiry, Error> {
        self.send(lun, &StandardInquiry::default()).await
    }

    /// Reads the unit's serial number; `None` if it does not have that page.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`] when the target sends something other than this page, or the
    /// error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn unit_serial_number(&self, lun: Lun) -> Result<Option<String>, Error> {
        Ok(self.page(lun).await?.map(|UnitSerialNumber(number)| number))
    }

    /// Reads the unit's designators; empty if it does not have that page.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`] when the target sends something other than this page, or the
    /// error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn device_identification(&self, lun: Lun) -> Result<DeviceIdentification, Error> {
        Ok(self.page(lun).await?.unwrap_or_default())
    }

    /// Reads the unit's size: by READ CAPACITY (16) if the size exceeds READ CAPACITY (10), or if the unit does not
    /// support the latter.
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`] for a size that cannot be used, or the error that ended the
    /// session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn read_capacity(&self, lun: Lun) -> Result<Capacity, Error> {
        let capacity = self.capacity_by_either_form(lun).await?;
        self.note_capacity(lun, capacity);
        Ok(capacity)
    }

    /// Takes note of the size that the unit has from now on.
    pub(super) fn note_capacity(&self, lun: Lun, capacity: Capacity) {
        self.units().change(lun, |unit| unit.capacity = Some(capacity));
        if self.is_lasting() {
            self.link().resize(lun, capacity);
        }
    }

    async fn capacity_by_either_form(&self, lun: Lun) -> Result<Capacity, Error> {
        match self.send(lun, &ReadCapacity10).await {
            Ok(Some(capacity)) => return Ok(capacity),
            Ok(None) => {}
            Err(Error::Command { sense: Some(sense), .. }) if sense.reports_unknown_command() => {}
            Err(error) => return Err(error),
        }
        Ok(self.send(lun, &ReadCapacity16).await?.capacity)
    }

    /// Reads what distinguishes the unit from others, so that it is recognised when this session is replaced by another one.
    /// Otherwise commands of the unit that may have been carried out are not sent again then. [`BlockDevice::open`] calls it.
    ///
    /// [`BlockDevice::open`]: crate::BlockDevice::open
    ///
    /// # Errors
    /// [`Error::Command`], [`Error::InvalidResponse`], or the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn remember_unit(&self, lun: Lun) -> Result<(), Error> {
        let mut probe = Probe::new();
        while let Some(command) = probe.command() {
            let name = command.name;
            let completion = match self.carry_out(lun, command).await?.with_data() {
                Outcome::Good(data) => Completion { data: data.freeze(), ..Completion::good() },
                Outcome::Scsi(ended, _) => ended.completion,
                outcome => {
                    return Err(data_of(name, lun, outcome).err().unwrap_or_else(|| wrong_answer(name)));
                }
            };
            probe.take(completion).map_err(|error| of_probe(error, name))?;
        }
        self.link().remember(lun, probe.finish());
        Ok(())
    }

    /// Remembers the unit if the session is replaced when it is lost. A unit that does not answer the questions can be used all the
    /// same.
    pub(crate) async fn remember_unit_if_lasting(&self, lun: Lun) -> Result<(), Error> {
        if !self.is_lasting() {
            return Ok(());
        }
        match self.remember_unit(lun).await {
            Err(error) if error.leaves_session_open() => {
                tracing::info!(%lun, %error, "the unit will not be recognised in another session");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Asks the unit a question whose answer nothing depends on: `None` if it fails the command.
    pub(crate) async fn ask<C: Command>(&self, lun: Lun, question: &C) -> Result<Option<C::Answer>, Error> {
        match self.send(lun, question).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.leaves_session_open() => {
                tracing::debug!(%lun, command = C::NAME, %error, "no answer");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A page of vital product data; `None` when the unit does not have it.
    async fn page<P: VpdPage>(&self, lun: Lun) -> Result<Option<P>, Error> {
        match self.send(lun, &InquiryPage::new()).await {
            Ok(page) => Ok(Some(page)),
            Err(Error::Command { sense: Some(SenseData { key: SenseKey::ILLEGAL_REQUEST, .. }), .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

fn of_probe(error: ProbeError, command: &'static str) -> Error {
    match error {
        ProbeError::NotUsable(error) => error.into(),
        ProbeError::Reserved => {
            Error::Command { command, status: ScsiStatus::RESERVATION_CONFLICT, sense: None }
        }
        ProbeError::NoAnswer => wrong_answer(command),
        ProbeError::NeverQuiet => Error::InvalidResponse {
            command,
            reason: "the unit reports one event after the other".to_owned(),
        },
    }
}
