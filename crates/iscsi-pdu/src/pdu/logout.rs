//! Logout Request and Logout Response (RFC 7143, 11.14 and 11.15).

use core::fmt;

use crate::header::{Bhs, Error, InitiatorTaskTag, Opcode, RawPdu, SequenceNumbers, SerialNumber};

/// Reason of a Logout Request, seven bits
/// ([RFC 7143, section 11.14.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.14.1)). Unknown values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogoutReason(pub u8);

impl LogoutReason {
    /// Close the session with all its connections.
    pub const CLOSE_SESSION: Self = Self(0);
    /// Close one connection.
    pub const CLOSE_CONNECTION: Self = Self(1);
    /// Remove a connection so that its tasks can be recovered.
    pub const REMOVE_CONNECTION_FOR_RECOVERY: Self = Self(2);
}

impl fmt::Debug for LogoutReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LogoutReason({})", self.0)
    }
}

/// Logout Request: the initiator closes a session or a connection
/// ([RFC 7143, section 11.14](https://www.rfc-editor.org/rfc/rfc7143#section-11.14)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Immediate delivery, outside the command order.
    pub immediate: bool,
    /// The reason.
    pub reason: LogoutReason,
    /// Initiator Task Tag of this request.
    pub itt: InitiatorTaskTag,
    /// CID of the connection concerned; 0 if the session is closed.
    pub cid: u16,
    /// Command sequence number (`CmdSN`).
    pub cmd_sn: SerialNumber,
    /// The next `StatSN` expected on the connection concerned.
    pub exp_stat_sn: SerialNumber,
}

impl LogoutRequest {
    /// Decodes the fields; reserved fields are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] if the PDU has data (11.14.2).
    #[inline]
    #[allow(clippy::needless_pass_by_value, reason = "every PDU is decoded by the same call")]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_header_only(Opcode::LOGOUT_REQUEST, "a Logout Request has no data (11.14.2)")?;
        Ok(Self {
            immediate: raw.bhs.is_immediate(),
            reason: LogoutReason(raw.bhs.byte::<1>() & 0x7f),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            cid: raw.bhs.u16::<20>(),
            cmd_sn: SerialNumber(raw.bhs.u32::<24>()),
            exp_stat_sn: SerialNumber(raw.bhs.u32::<28>()),
        })
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let mut bhs = Bhs::new(Opcode::LOGOUT_REQUEST);
        bhs.set_immediate(self.immediate);
        bhs.set_byte::<1>(0x80 | self.reason.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u16::<20>(self.cid);
        bhs.set_u32::<24>(self.cmd_sn.0);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        RawPdu::header(bhs)
    }
}

/// Outcome of a logout ([RFC 7143, section 11.15.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.15.1)).
/// Unknown values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogoutResponseCode(pub u8);

impl LogoutResponseCode {
    /// Connection or session closed.
    pub const CLOSED: Self = Self(0);
    /// The connection does not exist.
    pub const CID_NOT_FOUND: Self = Self(1);
    /// The target does not support recovery of connections.
    pub const RECOVERY_NOT_SUPPORTED: Self = Self(2);
    /// The cleanup failed.
    pub const CLEANUP_FAILED: Self = Self(3);
}

impl fmt::Debug for LogoutResponseCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LogoutResponseCode({})", self.0)
    }
}

/// Logout Response: the outcome of a logout
/// ([RFC 7143, section 11.15](https://www.rfc-editor.org/rfc/rfc7143#section-11.15)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutResponse {
    /// The outcome.
    pub response: LogoutResponseCode,
    /// Initiator Task Tag of the request.
    pub itt: InitiatorTaskTag,
    /// Status and command window numbers.
    pub numbers: SequenceNumbers,
    /// `Time2Wait`: seconds to wait before reconnecting (11.15.3).
    pub time2wait: u16,
    /// `Time2Retain`: seconds after `Time2Wait` for which the target keeps the tasks (11.15.4).
    pub time2retain: u16,
}

impl LogoutResponse {
    /// Decodes the fields; reserved fields are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] if the PDU has data (11.15.2).
    #[inline]
    #[allow(clippy::needless_pass_by_value, reason = "every PDU is decoded by the same call")]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_header_only(Opcode::LOGOUT_RESPONSE, "a Logout Response has no data (11.15.2)")?;
        Ok(Self {
            response: LogoutResponseCode(raw.bhs.byte::<2>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            numbers: SequenceNumbers::decode(&raw.bhs),
            time2wait: raw.bhs.u16::<40>(),
            time2retain: raw.bhs.u16::<42>(),
        })
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let mut bhs = Bhs::new(Opcode::LOGOUT_RESPONSE);
        bhs.set_byte::<1>(0x80);
        bhs.set_byte::<2>(self.response.0);
        bhs.set_u32::<16>(self.itt.0);
        self.numbers.encode(&mut bhs);
        bhs.set_u16::<40>(self.time2wait);
        bhs.set_u16::<42>(self.time2retain);
        RawPdu::header(bhs)
    }
}
