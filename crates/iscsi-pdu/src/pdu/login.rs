//! Login Request and Login Response (RFC 7143, 11.12 and 11.13).

use core::fmt;

use bytes::Bytes;

use crate::header::{Bhs, Error, InitiatorTaskTag, Opcode, RawPdu, SequenceNumbers, SerialNumber};
use crate::naming::Isid;

/// One step of a login by the initiator. Always immediate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRequest {
    /// T: ready to leave the current stage for `next_stage`.
    pub transit: bool,
    /// C: the text goes on in the next request.
    pub continues: bool,
    /// CSG.
    pub current_stage: Stage,
    /// NSG; means something only with `transit`.
    pub next_stage: Stage,
    /// Highest protocol version supported.
    pub version_max: u8,
    /// Lowest protocol version supported.
    pub version_min: u8,
    /// Initiator part of the session identifier.
    pub isid: Isid,
    /// Target part: 0 for a new session.
    pub tsih: u16,
    /// One tag for the whole login.
    pub itt: InitiatorTaskTag,
    /// Connection identifier, unique in the session.
    pub cid: u16,
    /// Command sequence number; not consumed.
    pub cmd_sn: SerialNumber,
    /// The next status number expected; 0 in the first request of a new connection.
    pub exp_stat_sn: SerialNumber,
    /// Text keys.
    pub text: Bytes,
}

impl LoginRequest {
    /// Reads the fields; reserved ones are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::LOGIN_REQUEST)?;
        Ok(Self {
            transit: raw.bhs.flag::<1>(0x80),
            continues: raw.bhs.flag::<1>(0x40),
            current_stage: Stage(raw.bhs.byte::<1>() >> 2 & 0x03),
            next_stage: Stage(raw.bhs.byte::<1>() & 0x03),
            version_max: raw.bhs.byte::<2>(),
            version_min: raw.bhs.byte::<3>(),
            isid: Isid(raw.bhs.array::<8, 6>()),
            tsih: raw.bhs.u16::<14>(),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            cid: raw.bhs.u16::<20>(),
            cmd_sn: SerialNumber(raw.bhs.u32::<24>()),
            exp_stat_sn: SerialNumber(raw.bhs.u32::<28>()),
            text: raw.data,
        })
    }

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let text = self.text.clone();
        let mut bhs = Bhs::new(Opcode::LOGIN_REQUEST);
        bhs.set_immediate(true);
        bhs.set_byte::<1>((self.current_stage.0 & 0x03) << 2 | self.next_stage.0 & 0x03);
        bhs.set_flag::<1>(0x80, self.transit);
        bhs.set_flag::<1>(0x40, self.continues);
        bhs.set_byte::<2>(self.version_max);
        bhs.set_byte::<3>(self.version_min);
        bhs.set_array::<8, 6>(self.isid.0);
        bhs.set_u16::<14>(self.tsih);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u16::<20>(self.cid);
        bhs.set_u32::<24>(self.cmd_sn.0);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        RawPdu::with_data(bhs, text)
    }
}

/// One step of a login by the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginResponse {
    /// T: the transition asked for is granted.
    pub transit: bool,
    /// C: the text goes on in the next response.
    pub continues: bool,
    /// CSG.
    pub current_stage: Stage,
    /// NSG; means something only with `transit`.
    pub next_stage: Stage,
    /// Highest protocol version supported.
    pub version_max: u8,
    /// The version in force.
    pub version_active: u8,
    /// Copied from the request.
    pub isid: Isid,
    /// Target part of the session identifier; set in the last response of a new session.
    pub tsih: u16,
    /// Copied from the request.
    pub itt: InitiatorTaskTag,
    /// Status and window numbers; void when the status class is not 0.
    pub numbers: SequenceNumbers,
    /// Status class and detail.
    pub status: LoginStatus,
    /// Text keys.
    pub text: Bytes,
}

impl LoginResponse {
    /// Reads the fields; reserved ones are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::LOGIN_RESPONSE)?;
        Ok(Self {
            transit: raw.bhs.flag::<1>(0x80),
            continues: raw.bhs.flag::<1>(0x40),
            current_stage: Stage(raw.bhs.byte::<1>() >> 2 & 0x03),
            next_stage: Stage(raw.bhs.byte::<1>() & 0x03),
            version_max: raw.bhs.byte::<2>(),
            version_active: raw.bhs.byte::<3>(),
            isid: Isid(raw.bhs.array::<8, 6>()),
            tsih: raw.bhs.u16::<14>(),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            numbers: SequenceNumbers::decode(&raw.bhs),
            status: LoginStatus(raw.bhs.u16::<36>()),
            text: raw.data,
        })
    }

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let text = self.text.clone();
        let mut bhs = Bhs::new(Opcode::LOGIN_RESPONSE);
        bhs.set_byte::<1>((self.current_stage.0 & 0x03) << 2 | self.next_stage.0 & 0x03);
        bhs.set_flag::<1>(0x80, self.transit);
        bhs.set_flag::<1>(0x40, self.continues);
        bhs.set_byte::<2>(self.version_max);
        bhs.set_byte::<3>(self.version_active);
        bhs.set_array::<8, 6>(self.isid.0);
        bhs.set_u16::<14>(self.tsih);
        bhs.set_u32::<16>(self.itt.0);
        self.numbers.encode(&mut bhs);
        bhs.set_u16::<36>(self.status.0);
        RawPdu::with_data(bhs, text)
    }
}

/// Current or next stage of a login, two bits. 2 is reserved and kept as it came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stage(pub u8);

impl Stage {
    /// Security negotiation.
    pub const SECURITY: Self = Self(0);
    /// Login operational negotiation.
    pub const OPERATIONAL: Self = Self(1);
    /// Full feature phase.
    pub const FULL_FEATURE: Self = Self(3);
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SECURITY => formatter.write_str("security negotiation"),
            Self::OPERATIONAL => formatter.write_str("operational negotiation"),
            Self::FULL_FEATURE => formatter.write_str("full feature phase"),
            Self(other) => write!(formatter, "reserved stage {other}"),
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Stage({})", self.0)
    }
}

/// Status class (high byte) and detail (low byte) of a Login Response.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginStatus(pub u16);

impl LoginStatus {
    /// The login goes on, or is complete.
    pub const SUCCESS: Self = Self(0x0000);
    /// The target is for now at another address.
    pub const MOVED_TEMPORARILY: Self = Self(0x0101);
    /// The target is for good at another address.
    pub const MOVED_PERMANENTLY: Self = Self(0x0102);
    /// The initiator erred, in a way that has no code of its own.
    pub const INITIATOR_ERROR: Self = Self(0x0200);
    /// The initiator could not be authenticated, or the target cannot be.
    pub const AUTHENTICATION_FAILURE: Self = Self(0x0201);
    /// The initiator may not use the target.
    pub const AUTHORIZATION_FAILURE: Self = Self(0x0202);
    /// No such target here.
    pub const NOT_FOUND: Self = Self(0x0203);
    /// The target was removed and has no new address.
    pub const TARGET_REMOVED: Self = Self(0x0204);
    /// The protocol version range does not overlap.
    pub const UNSUPPORTED_VERSION: Self = Self(0x0205);
    /// The session has as many connections as it may.
    pub const TOO_MANY_CONNECTIONS: Self = Self(0x0206);
    /// A key that is needed is missing.
    pub const MISSING_PARAMETER: Self = Self(0x0207);
    /// The connection cannot join the session.
    pub const CANNOT_INCLUDE_IN_SESSION: Self = Self(0x0208);
    /// The target does not offer this kind of session.
    pub const SESSION_TYPE_NOT_SUPPORTED: Self = Self(0x0209);
    /// The session to join does not exist.
    pub const SESSION_DOES_NOT_EXIST: Self = Self(0x020a);
    /// A request that has no place in a login.
    pub const INVALID_DURING_LOGIN: Self = Self(0x020b);
    /// The target has a fault.
    pub const TARGET_ERROR: Self = Self(0x0300);
    /// The service or the target is not available now.
    pub const SERVICE_UNAVAILABLE: Self = Self(0x0301);
    /// The target has no resources left.
    pub const OUT_OF_RESOURCES: Self = Self(0x0302);

    /// 0 success, 1 redirection, 2 initiator error, 3 target error.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// The detail within the class.
    #[must_use]
    pub const fn detail(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// Is the class 0?
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.class() == 0
    }

    /// What the code says, falling back on its class when the detail is unknown.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::SUCCESS => "success",
            Self::MOVED_TEMPORARILY => "target moved temporarily",
            Self::MOVED_PERMANENTLY => "target moved permanently",
            Self::INITIATOR_ERROR => "initiator error",
            Self::AUTHENTICATION_FAILURE => "authentication failure",
            Self::AUTHORIZATION_FAILURE => "authorization failure",
            Self::NOT_FOUND => "target not found",
            Self::TARGET_REMOVED => "target removed",
            Self::UNSUPPORTED_VERSION => "unsupported version",
            Self::TOO_MANY_CONNECTIONS => "too many connections",
            Self::MISSING_PARAMETER => "missing parameter",
            Self::CANNOT_INCLUDE_IN_SESSION => "cannot include in session",
            Self::SESSION_TYPE_NOT_SUPPORTED => "session type not supported",
            Self::SESSION_DOES_NOT_EXIST => "session does not exist",
            Self::INVALID_DURING_LOGIN => "invalid during login",
            Self::TARGET_ERROR => "target error",
            Self::SERVICE_UNAVAILABLE => "service unavailable",
            Self::OUT_OF_RESOURCES => "out of resources",
            _ => match self.class() {
                0 => "success of unknown detail",
                1 => "redirection of unknown detail",
                2 => "initiator error of unknown detail",
                3 => "target error of unknown detail",
                _ => "reserved status class",
            },
        }
    }
}

impl fmt::Display for LoginStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04x} {}", self.0, self.meaning())
    }
}

impl fmt::Debug for LoginStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LoginStatus(0x{:04x})", self.0)
    }
}
