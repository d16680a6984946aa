//! Login Request and Login Response (RFC 7143, 11.12 and 11.13).

use core::fmt;

use bytes::Bytes;

use crate::header::{Bhs, Error, InitiatorTaskTag, Opcode, RawPdu, SequenceNumbers, SerialNumber};
use crate::naming::Isid;

/// Login Request: one step of a login by the initiator, always immediate
/// ([RFC 7143, section 11.12](https://www.rfc-editor.org/rfc/rfc7143#section-11.12)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRequest {
    /// T: the initiator is ready to move from the current stage to `next_stage`.
    pub transit: bool,
    /// C: the text continues in the next request.
    pub continues: bool,
    /// CSG: the current stage.
    pub current_stage: Stage,
    /// NSG: the next stage; valid only with `transit`.
    pub next_stage: Stage,
    /// Highest protocol version that the initiator supports.
    pub version_max: u8,
    /// Lowest protocol version that the initiator supports.
    pub version_min: u8,
    /// Initiator part of the session identifier (ISID).
    pub isid: Isid,
    /// Target part of the session identifier (TSIH); 0 for a new session.
    pub tsih: u16,
    /// Initiator Task Tag, one for the whole login.
    pub itt: InitiatorTaskTag,
    /// Connection identifier (CID), unique in the session.
    pub cid: u16,
    /// Command sequence number (`CmdSN`), which the request does not use up.
    pub cmd_sn: SerialNumber,
    /// The next `StatSN` expected; 0 in the first request of a new connection.
    pub exp_stat_sn: SerialNumber,
    /// Text keys (`key=value` pairs).
    pub text: Bytes,
}

impl LoginRequest {
    /// Decodes the fields; reserved fields are ignored.
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

    /// Encodes the PDU.
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

/// Login Response: one step of a login by the target
/// ([RFC 7143, section 11.13](https://www.rfc-editor.org/rfc/rfc7143#section-11.13)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginResponse {
    /// T: the target agrees to the requested transition.
    pub transit: bool,
    /// C: the text continues in the next response.
    pub continues: bool,
    /// CSG: the current stage.
    pub current_stage: Stage,
    /// NSG: the next stage; valid only with `transit`.
    pub next_stage: Stage,
    /// Highest protocol version that the target supports.
    pub version_max: u8,
    /// Protocol version in use.
    pub version_active: u8,
    /// ISID, copied from the request.
    pub isid: Isid,
    /// Target part of the session identifier (TSIH); set in the last response of a new session.
    pub tsih: u16,
    /// Initiator Task Tag, copied from the request.
    pub itt: InitiatorTaskTag,
    /// Status and command window numbers; invalid if the status class is not 0.
    pub numbers: SequenceNumbers,
    /// Status class and status detail.
    pub status: LoginStatus,
    /// Text keys (`key=value` pairs).
    pub text: Bytes,
}

impl LoginResponse {
    /// Decodes the fields; reserved fields are ignored.
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

    /// Encodes the PDU.
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

/// Stage of a login, two bits ([RFC 7143, section 11.12.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.12.3)).
/// The reserved value 2 is preserved.
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

/// Status class (high byte) and status detail (low byte) of a Login Response
/// ([RFC 7143, section 11.13.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.13.5)).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginStatus(pub u16);

impl LoginStatus {
    /// The login continues or is complete.
    pub const SUCCESS: Self = Self(0x0000);
    /// The target has moved temporarily to another address.
    pub const MOVED_TEMPORARILY: Self = Self(0x0101);
    /// The target has moved permanently to another address.
    pub const MOVED_PERMANENTLY: Self = Self(0x0102);
    /// Initiator error without a more specific code.
    pub const INITIATOR_ERROR: Self = Self(0x0200);
    /// The initiator was not authenticated, or the target does not support the requested authentication.
    pub const AUTHENTICATION_FAILURE: Self = Self(0x0201);
    /// The initiator may not use the target.
    pub const AUTHORIZATION_FAILURE: Self = Self(0x0202);
    /// The target does not exist at this portal.
    pub const NOT_FOUND: Self = Self(0x0203);
    /// The target was removed and has no new address.
    pub const TARGET_REMOVED: Self = Self(0x0204);
    /// The protocol version ranges do not overlap.
    pub const UNSUPPORTED_VERSION: Self = Self(0x0205);
    /// The session already has its maximum number of connections.
    pub const TOO_MANY_CONNECTIONS: Self = Self(0x0206);
    /// A required key is missing.
    pub const MISSING_PARAMETER: Self = Self(0x0207);
    /// The connection cannot join the session.
    pub const CANNOT_INCLUDE_IN_SESSION: Self = Self(0x0208);
    /// The target does not support this type of session.
    pub const SESSION_TYPE_NOT_SUPPORTED: Self = Self(0x0209);
    /// The session to join does not exist.
    pub const SESSION_DOES_NOT_EXIST: Self = Self(0x020a);
    /// A request that is not allowed during login.
    pub const INVALID_DURING_LOGIN: Self = Self(0x020b);
    /// Target error without a more specific code.
    pub const TARGET_ERROR: Self = Self(0x0300);
    /// The service or the target is temporarily unavailable.
    pub const SERVICE_UNAVAILABLE: Self = Self(0x0301);
    /// The target has no resources left.
    pub const OUT_OF_RESOURCES: Self = Self(0x0302);

    /// Returns the status class: 0 success, 1 redirection, 2 initiator error, 3 target error.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// Returns the status detail within the class.
    #[must_use]
    pub const fn detail(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// Returns `true` if the status class is 0.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.class() == 0
    }

    /// Returns the meaning of the code, or of its class if the detail is unknown.
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
