//! What the header of a response may say, whatever the state (RFC 7143, 6.3 and 11.13).

use iscsi_pdu::{LoginResponse, Stage};

use super::Redirect;
use super::exchange::Exchange;
use crate::LoginError;
use crate::error::{ProtocolViolation, TargetAuthError};

/// Exchanges after which a login that does not end is given up; real ones take one to ten.
const MAX_EXCHANGES: u32 = 64;

impl Exchange<'_> {
    /// LOG-37: the status comes before everything else; in a refusal the other fields mean nothing.
    pub(super) fn check_status(&mut self, response: &LoginResponse) -> Result<Option<Redirect>, LoginError> {
        self.check_identity(response)?;
        match response.status.class() {
            0 => Ok(None),
            1 => {
                let authenticated = self.proof.is_some();
                let redirect = Redirect::from_response(response, authenticated, &mut self.tolerance)?;
                Ok(Some(redirect))
            }
            2 | 3 => Err(LoginError::Refused { stage: self.stage, status: response.status }),
            class => {
                let rule = "classes above 3 are reserved (11.13.5)";
                Err(ProtocolViolation::HeaderValue { field: "Status-Class", received: class.into(), rule }
                    .into())
            }
        }
    }

    /// LOG-38: the response belongs to this login.
    fn check_identity(&self, response: &LoginResponse) -> Result<(), ProtocolViolation> {
        if response.itt == self.config.itt {
            return Ok(());
        }
        Err(ProtocolViolation::Header {
            field: "Initiator Task Tag",
            received: response.itt.0,
            expected: self.config.itt.0,
            rule: "one tag for the whole login (6.3)",
        })
    }

    /// Version, stages and flags of a response with status 0000 (LOG-07, LOG-14, LOG-15, TXT-14).
    pub(super) fn check_header(&mut self, response: &LoginResponse) -> Result<(), LoginError> {
        if self.round_trips > MAX_EXCHANGES {
            return Err(ProtocolViolation::TooManyExchanges { limit: MAX_EXCHANGES }.into());
        }
        let version = *self.version_active.get_or_insert(response.version_active);
        expect_equal("Version-active", response.version_active, 0, "0x00 is the only version (11.12.4)")?;
        expect_equal("Version-active", response.version_active, version, "the same all along (11.13.2)")?;
        expect_equal("CSG", response.current_stage.0, self.stage.0, "the stage of the request (6.3)")?;
        if response.transit {
            self.check_transit(response)?;
        }
        self.exp_stat_sn = response.numbers.stat_sn.next();
        Ok(())
    }

    fn check_transit(&self, response: &LoginResponse) -> Result<(), LoginError> {
        expect_equal("C", u8::from(response.continues), 0, "text that goes on cannot end a stage (6.2)")?;
        let Some(requested) = self.requested else {
            return Err(self.unasked_transit(response.next_stage));
        };
        if response.next_stage == requested {
            return Ok(());
        }
        if self.stage == Stage::SECURITY && response.next_stage > requested {
            return Err(TargetAuthError::Skipped { next: response.next_stage }.into());
        }
        expect_equal("NSG", response.next_stage.0, requested.0, "not beyond the stage asked for (6.3)")
            .map_err(Into::into)
    }

    /// A transition nobody asked for would skip the rest of the authentication (LOG-15, CHP-23).
    fn unasked_transit(&self, next: Stage) -> LoginError {
        if self.stage == Stage::SECURITY {
            return TargetAuthError::Skipped { next }.into();
        }
        let rule = "only when the request had it (6.3)";
        ProtocolViolation::Header { field: "T", received: 1, expected: 0, rule }.into()
    }
}

fn expect_equal(
    field: &'static str,
    received: u8,
    expected: u8,
    rule: &'static str,
) -> Result<(), ProtocolViolation> {
    if received == expected {
        return Ok(());
    }
    Err(ProtocolViolation::Header { field, received: received.into(), expected: expected.into(), rule })
}
