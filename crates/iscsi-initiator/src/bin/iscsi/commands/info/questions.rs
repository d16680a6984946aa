//! Questions to a logical unit, of which none hides the answers to the others.

use iscsi_initiator::scsi::{
    CachingPage, Command, InquiryPage, ModeParameters, ModeSense6, SenseData, SenseKey, SupportedVpdPages,
    VpdPage,
};
use iscsi_initiator::{Error, Lun, Session};

use crate::output::remarks::Remarks;

/// Additional sense codes of a command, or a field of it, that the unit does not know (SPC-4, annex F).
const INVALID_OPERATION_CODE: u8 = 0x20;
const INVALID_FIELD_IN_CDB: u8 = 0x24;

/// A logical unit that is asked, and what it did not answer. Each question takes as long as a command may.
pub(super) struct Questions<'a> {
    session: &'a Session,
    lun: Lun,
    remarks: &'a mut Remarks,
    unsupported: &'a mut Vec<&'static str>,
    /// The pages of vital product data; `None` if the unit does not list them.
    pages: Option<SupportedVpdPages>,
}

impl<'a> Questions<'a> {
    pub(super) fn new(
        session: &'a Session,
        lun: Lun,
        remarks: &'a mut Remarks,
        unsupported: &'a mut Vec<&'static str>,
    ) -> Self {
        Self { session, lun, remarks, unsupported, pages: None }
    }

    /// Returns the answer to a command. A command that the unit does not support is listed as such, and any other error is a
    /// remark; the error is returned only if it ended the session.
    ///
    /// # Cancel safety
    /// When the future is dropped, nothing has changed.
    pub(super) async fn ask<C: Command>(
        &mut self,
        what: &'static str,
        command: &C,
    ) -> Result<Option<C::Answer>, Error> {
        let outcome = self.session.send(self.lun, command).await;
        self.keep(what, outcome)
    }

    /// Returns the outcome of a question; see [`ask`](Self::ask).
    pub(super) fn keep<T>(
        &mut self,
        what: &'static str,
        outcome: Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match outcome {
            Err(error) if is_unsupported(&error) => {
                self.unsupported.push(what);
                Ok(None)
            }
            outcome => self.remarks.keep(what, outcome),
        }
    }

    /// Returns the codes of the pages that the unit has, and asks for no others from then on.
    ///
    /// # Cancel safety
    /// When the future is dropped, nothing has changed.
    pub(super) async fn supported_pages(&mut self) -> Result<Vec<u8>, Error> {
        let pages = self.ask("list of VPD pages", &InquiryPage::<SupportedVpdPages>::new()).await?;
        // A list without an entry does not even have the page that it is.
        self.pages = pages.filter(|pages| !pages.codes.is_empty());
        Ok(self.pages.as_ref().map(|pages| pages.codes.clone()).unwrap_or_default())
    }

    /// Returns mode parameters, with the caching page if the unit has it. Their header, which tells the write protection, comes
    /// with any page.
    ///
    /// # Cancel safety
    /// When the future is dropped, nothing has changed.
    pub(super) async fn mode_parameters(&mut self) -> Result<Option<ModeParameters>, Error> {
        let caching_page = self.ask("caching page", &CachingPage::mode_sense()).await?;
        if caching_page.is_some() {
            return Ok(caching_page);
        }
        let every_page = ModeSense6 { disable_block_descriptors: true, ..ModeSense6::default() };
        self.ask("mode parameters", &every_page).await
    }

    /// Returns a page of vital product data if the unit has it.
    ///
    /// # Cancel safety
    /// When the future is dropped, nothing has changed.
    pub(super) async fn page<P: VpdPage>(&mut self, what: &'static str) -> Result<Option<P>, Error> {
        if self.pages.as_ref().is_some_and(|pages| !pages.contains(P::CODE)) {
            self.unsupported.push(what);
            return Ok(None);
        }
        self.ask(what, &InquiryPage::<P>::new()).await
    }
}

/// Whether the unit does not know a command, or what it asks for.
fn is_unsupported(error: &Error) -> bool {
    const KEY: SenseKey = SenseKey::ILLEGAL_REQUEST;
    let Error::Command { sense: Some(SenseData { key: KEY, asc, deferred, .. }), .. } = error else {
        return false;
    };
    matches!(*asc, INVALID_OPERATION_CODE | INVALID_FIELD_IN_CDB) && !deferred
}

#[cfg(test)]
mod tests {
    use iscsi_pdu::ScsiStatus;

    use super::*;

    #[test]
    fn only_an_invalid_operation_or_field_means_that_the_unit_lacks_something() {
        let failed = |key, asc, deferred| Error::Command {
            command: "INQUIRY",
            status: ScsiStatus::CHECK_CONDITION,
            sense: Some(SenseData { deferred, ..SenseData::new(key, asc, 0) }),
        };
        assert!(is_unsupported(&failed(SenseKey::ILLEGAL_REQUEST, 0x20, false)));
        assert!(is_unsupported(&failed(SenseKey::ILLEGAL_REQUEST, 0x24, false)));
        for error in [
            failed(SenseKey::ILLEGAL_REQUEST, 0x25, false),
            failed(SenseKey::ILLEGAL_REQUEST, 0x20, true),
            failed(SenseKey::ABORTED_COMMAND, 0x24, false),
            Error::LoggedOut,
        ] {
            assert!(!is_unsupported(&error), "{error}");
        }
    }
}
