//! Checks of a Login Response that are the same in every state: its header, and keys outside their stage.

use iscsi_pdu::{LoginResponse, Stage};

use super::context::LoginContext;
use super::outcome::Redirect;
use crate::deviation::Deviation;
use crate::error::{LoginError, ProtocolViolation, TargetAuthError};
use crate::login_key::{LoginKey, Pair};
use crate::login_text::ReceivedKeys;

/// The number of exchanges after which an endless login fails; real logins take one to ten.
const MAX_EXCHANGES: u32 = 64;

/// The header (RFC 7143, 6.3 and 11.13).
impl LoginContext<'_> {
    /// Checks the task tag and the status. They come first because a refusal does not define the other fields (LOG-37).
    pub(super) fn check_status(&mut self, response: &LoginResponse) -> Result<Option<Redirect>, LoginError> {
        self.check_task_tag(response)?;
        match response.status.class() {
            0 => Ok(None),
            1 => {
                let authenticated = self.target_authenticated.is_some();
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

    /// Checks that the response belongs to this login (LOG-38).
    fn check_task_tag(&self, response: &LoginResponse) -> Result<(), ProtocolViolation> {
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

    /// Checks version, stages and flags of a response with status 0000 (LOG-07, LOG-14, LOG-15, TXT-14).
    pub(super) fn check_header(&mut self, response: &LoginResponse) -> Result<(), LoginError> {
        if self.round_trips > MAX_EXCHANGES {
            return Err(ProtocolViolation::TooManyExchanges { limit: MAX_EXCHANGES }.into());
        }
        let version = *self.version_active.get_or_insert(response.version_active);
        expect_equal("Version-active", response.version_active, 0, "0x00 is the only version (11.12.4)")?;
        expect_equal(
            "Version-active",
            response.version_active,
            version,
            "the version of the first response (11.13.2)",
        )?;
        expect_equal("CSG", response.current_stage.0, self.stage.0, "the stage of the request (6.3)")?;
        if response.transit {
            self.check_transit(response)?;
        }
        // Last, so that only a response that passed all checks is acknowledged.
        self.exp_stat_sn = response.numbers.stat_sn.next();
        Ok(())
    }

    fn check_transit(&self, response: &LoginResponse) -> Result<(), LoginError> {
        expect_equal("C", u8::from(response.continues), 0, "incomplete text cannot end a stage (6.2)")?;
        let Some(requested) = self.requested else {
            return Err(self.unasked_transit(response.next_stage));
        };
        if response.next_stage == requested {
            return Ok(());
        }
        // A target that goes beyond the next stage skips what is left of the authentication. The error says so, instead of
        // naming a wrong field.
        if self.stage == Stage::SECURITY && response.next_stage > requested {
            return Err(TargetAuthError::Skipped { next: response.next_stage }.into());
        }
        expect_equal("NSG", response.next_stage.0, requested.0, "not beyond the stage asked for (6.3)")
            .map_err(Into::into)
    }

    /// The error of a transition that was not asked for. In the security stage it would skip the rest of the authentication
    /// (LOG-15, CHP-23).
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

/// Keys outside their stage (RFC 7143, 6.3 and 12).
impl LoginContext<'_> {
    /// Checks the keys that a step of the security stage did not take. Keys of an authentication method are never tolerated
    /// (CHP-22); operational keys are too early (LOG-17, LOG-28).
    pub(super) fn check_remaining(
        &mut self,
        keys: ReceivedKeys<'_>,
        step: &'static str,
    ) -> Result<(), ProtocolViolation> {
        for pair in keys.rest() {
            if self.ignores(pair, step)? {
                continue;
            }
            let Pair { known, key, value } = pair;
            // The report leaves out the value of an unknown key, which may be secret.
            let detail = if known.is_some() { format!("{key}={value}") } else { key.to_owned() };
            self.tolerance.tolerate(&Deviation::KEY_IN_SECURITY_STAGE, detail, unexpected(key, step))?;
            if let Some(LoginKey::Operational(place)) = known {
                self.negotiation.take_early(place, value)?;
            }
        }
        Ok(())
    }

    /// Whether a key that no stage negotiates with a target is ignored, because it repeats what is already known.
    ///
    /// # Errors
    /// [`ProtocolViolation::UnexpectedKey`] if the value differs, or if the key belongs to an authentication method.
    pub(super) fn ignores(
        &mut self,
        Pair { known, key, value }: Pair<'_>,
        step: &'static str,
    ) -> Result<bool, ProtocolViolation> {
        if is_of_authentication(key) {
            return Err(unexpected(key, step));
        }
        let (row, is_known_value) = if known == Some(LoginKey::AuthMethod) {
            (&Deviation::AUTH_METHOD_REPEATED, value == self.method())
        } else if let Some(is_echo) = known.and_then(|key| self.config.is_echo(key, value)) {
            (&Deviation::DECLARATION_ECHOED, is_echo)
        } else {
            return Ok(false);
        };
        if !is_known_value {
            return Err(unexpected(key, step));
        }
        self.tolerance.tolerate(row, format!("{key}={value}"), unexpected(key, step))?;
        Ok(true)
    }

    /// The authentication method in use.
    const fn method(&self) -> &'static str {
        if self.algorithm.is_some() { "CHAP" } else { "None" }
    }
}

/// Whether a key belongs to CHAP, Kerberos or SRP (12.1), or to SPKM of RFC 3720.
fn is_of_authentication(key: &str) -> bool {
    ["CHAP_", "KRB_", "SRP_", "SPKM_"].iter().any(|method| key.starts_with(method))
}

fn unexpected(key: &str, step: &'static str) -> ProtocolViolation {
    ProtocolViolation::UnexpectedKey { key: key.to_owned(), step }
}
