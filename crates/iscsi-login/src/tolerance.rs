//! Tolerance of harmless deviations, and the record of the deviations that a target showed.

use iscsi_pdu::TargetAddress;

use crate::deviation::Deviation;
use crate::error::ProtocolViolation;
use crate::received_address::ReceivedAddress;

/// The most observations of one deviation that are kept; more would say nothing new.
const MAX_OF_ONE_ROW: usize = 4;
/// The most bytes of a detail.
const MAX_DETAIL: usize = 256;

/// Whether an initiator tolerates the deviations of the [table](Deviation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Tolerates and reports them.
    #[default]
    Tolerant,
    /// Refuses them, as RFC 7143 requires; useful to authors of targets.
    Strict,
}

/// A deviation that a target showed and the initiator tolerated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedDeviation {
    /// The row of the table.
    pub deviation: &'static Deviation,
    /// The exact observation, such as `MaxBurstLength=16776192, 1048576 is used`: at most 256 bytes, never a secret.
    ///
    /// It contains text from the target, which must be escaped before it reaches a terminal.
    pub detail: String,
}

impl ObservedDeviation {
    /// Creates an observation, and cuts its detail to 256 bytes.
    #[must_use]
    pub fn new(deviation: &'static Deviation, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        detail.truncate(detail.floor_char_boundary(MAX_DETAIL));
        Self { deviation, detail }
    }
}

/// The decision whether deviations are tolerated, and a bounded record of the tolerated ones, without repetitions.
///
/// ```
/// use iscsi_login::{Deviation, Strictness, Tolerance};
/// let mut tolerance = Tolerance::new(Strictness::Tolerant);
/// assert_eq!(tolerance.tolerate(&Deviation::TSIH_ZERO, "TSIH is 0", "refused"), Ok(()));
/// assert_eq!(tolerance.observed()[0].deviation.id, "tsih-zero");
///
/// let mut strict = Tolerance::new(Strictness::Strict);
/// assert_eq!(strict.tolerate(&Deviation::TSIH_ZERO, "TSIH is 0", "refused"), Err("refused"));
/// assert!(strict.observed().is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    strictness: Strictness,
    observed: Vec<ObservedDeviation>,
}

impl Tolerance {
    /// Creates an empty record.
    #[must_use]
    pub const fn new(strictness: Strictness) -> Self {
        Self { strictness, observed: Vec::new() }
    }

    /// Records a deviation, or refuses it with `error`.
    ///
    /// # Errors
    /// `error`, if deviations are [refused](Strictness::Strict).
    pub fn tolerate<E>(
        &mut self,
        deviation: &'static Deviation,
        detail: impl Into<String>,
        error: E,
    ) -> Result<(), E> {
        if self.strictness == Strictness::Strict {
            return Err(error);
        }
        self.record(ObservedDeviation::new(deviation, detail));
        Ok(())
    }

    /// Adds an observation made elsewhere, such as by the login before a redirection.
    pub fn record(&mut self, observed: ObservedDeviation) {
        let same_row = self.observed.iter().filter(|known| known.deviation == observed.deviation).count();
        if same_row < MAX_OF_ONE_ROW && !self.observed.contains(&observed) {
            self.observed.push(observed);
        }
    }

    /// Whether deviations are tolerated.
    #[must_use]
    pub const fn strictness(&self) -> Strictness {
        self.strictness
    }

    /// The tolerated deviations so far, in order.
    #[must_use]
    pub fn observed(&self) -> &[ObservedDeviation] {
        &self.observed
    }

    /// Returns the tolerated deviations, in order.
    #[must_use]
    pub fn into_observed(self) -> Vec<ObservedDeviation> {
        self.observed
    }

    /// Parses a value of `TargetAddress`, and tolerates the forms that [`ReceivedAddress`] knows.
    pub(crate) fn read_address(&mut self, text: &str) -> Result<TargetAddress, ProtocolViolation> {
        match ReceivedAddress::read(text).map_err(ProtocolViolation::Address)? {
            ReceivedAddress::Regular(address) => Ok(address),
            ReceivedAddress::Deviating { address, deviations, error } => {
                for deviation in deviations {
                    self.tolerate(deviation, address_detail(text), ProtocolViolation::Address(error))?;
                }
                Ok(address)
            }
        }
    }
}

/// An address as received, in quotes, so that trailing blanks are visible.
pub(crate) fn address_detail(text: &str) -> String {
    format!("TargetAddress={text:?}")
}
