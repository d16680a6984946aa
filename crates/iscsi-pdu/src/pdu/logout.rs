//! Logout Request and Logout Response (RFC 7143, 11.14 and 11.15).

use core::fmt;

use crate::header::{Bhs, Error, InitiatorTaskTag, Opcode, RawPdu, SequenceNumbers, SerialNumber};

/// Why the initiator logs out, seven bits (11.14.1). Unknown values are kept as they came.
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

/// The initiator leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Outside the command order.
    pub immediate: bool,
    /// Why.
    pub reason: LogoutReason,
    /// Names this request.
    pub itt: InitiatorTaskTag,
    /// The connection concerned; 0 when the session closes.
    pub cid: u16,
    /// Command sequence number.
    pub cmd_sn: SerialNumber,
    /// The next status number expected on the connection concerned.
    pub exp_stat_sn: SerialNumber,
}

impl LogoutRequest {
    /// Reads the fields; reserved ones are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] when the PDU carries data (11.14.2).
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

    /// The PDU as sent.
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

/// Outcome of a logout (11.15.1). Unknown values are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogoutResponseCode(pub u8);

impl LogoutResponseCode {
    /// Connection or session closed.
    pub const CLOSED: Self = Self(0);
    /// No such connection.
    pub const CID_NOT_FOUND: Self = Self(1);
    /// Connections cannot be recovered here.
    pub const RECOVERY_NOT_SUPPORTED: Self = Self(2);
    /// Cleaning up failed.
    pub const CLEANUP_FAILED: Self = Self(3);
}

impl fmt::Debug for LogoutResponseCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LogoutResponseCode({})", self.0)
    }
}

/// The target's leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutResponse {
    /// Outcome.
    pub response: LogoutResponseCode,
    /// Tag of the request.
    pub itt: InitiatorTaskTag,
    /// Status and window numbers.
    pub numbers: SequenceNumbers,
    /// Seconds to wait before reconnecting (11.15.3).
    pub time2wait: u16,
    /// Seconds, after that, for which tasks are kept (11.15.4).
    pub time2retain: u16,
}

impl LogoutResponse {
    /// Reads the fields; reserved ones are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] when the PDU carries data (11.15.2).
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

    /// The PDU as sent.
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
