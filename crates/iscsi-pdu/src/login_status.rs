//! Login status class and detail (RFC 7143, 11.13.5).

use core::fmt;

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
