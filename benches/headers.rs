//! One header of each kind, without data.

use std::hint::black_box;

use iscsi_pdu::{
    AsyncMessage, Bhs, DataIn, DataOut, Error, InitiatorPdu, LoginRequest, LoginResponse, LogoutRequest,
    LogoutResponse, NopIn, NopOut, R2t, RawPdu, Reject, ScsiCommand, ScsiResponse, Snack, TargetPdu,
    TaskManagementRequest, TaskManagementResponse, TextRequest, TextResponse,
};

use crate::metered::metered;

/// A kind of PDU, and what is counted for its header.
pub struct Header {
    /// Of its type.
    pub name: &'static str,
    /// Byte 0.
    first: u8,
    /// By the decoder of its type.
    decode: fn(Bhs) -> Result<(), Error>,
    encode: fn(Bhs) -> Result<(), Error>,
    /// By the decoder of its direction, which finds the type.
    dispatch: fn(Bhs) -> Result<(), Error>,
}

macro_rules! header {
    ($first:literal, $pdu:ident of $direction:ident) => {
        Header {
            name: stringify!($pdu),
            first: $first,
            decode: |bhs| metered(RawPdu::header(bhs), $pdu::decode).map(|pdu| _ = black_box(pdu)),
            encode: |bhs| {
                $pdu::decode(RawPdu::header(bhs))
                    .map(|pdu| _ = black_box(metered(black_box(&pdu), $pdu::encode)))
            },
            dispatch: |bhs| metered(RawPdu::header(bhs), $direction::decode).map(|pdu| _ = black_box(pdu)),
        }
    };
}

/// All kinds of RFC 7143.
pub const HEADERS: [Header; 18] = [
    header!(0x40, NopOut of InitiatorPdu),
    header!(0x01, ScsiCommand of InitiatorPdu),
    header!(0x42, TaskManagementRequest of InitiatorPdu),
    header!(0x43, LoginRequest of InitiatorPdu),
    header!(0x04, TextRequest of InitiatorPdu),
    header!(0x05, DataOut of InitiatorPdu),
    header!(0x46, LogoutRequest of InitiatorPdu),
    header!(0x10, Snack of InitiatorPdu),
    header!(0x20, NopIn of TargetPdu),
    header!(0x21, ScsiResponse of TargetPdu),
    header!(0x22, TaskManagementResponse of TargetPdu),
    header!(0x23, LoginResponse of TargetPdu),
    header!(0x24, TextResponse of TargetPdu),
    header!(0x25, DataIn of TargetPdu),
    header!(0x26, LogoutResponse of TargetPdu),
    header!(0x31, R2t of TargetPdu),
    header!(0x32, AsyncMessage of TargetPdu),
    header!(0x3f, Reject of TargetPdu),
];

impl Header {
    /// A header with 0x81 in every byte except the first and the lengths.
    fn bhs(&self) -> Bhs {
        let mut bytes = [0x81; 48];
        bytes[0] = self.first;
        bytes[4..8].fill(0);
        black_box(Bhs::from_bytes(bytes))
    }

    /// Decodes the header by its type.
    ///
    /// # Errors
    /// None: every such header is well-formed.
    pub fn decode(&self) -> Result<(), Error> {
        (self.decode)(self.bhs())
    }

    /// Decodes the header, then encodes it under the meter.
    ///
    /// # Errors
    /// None: every such header is well-formed.
    pub fn encode(&self) -> Result<(), Error> {
        (self.encode)(self.bhs())
    }

    /// Decodes the header by its direction.
    ///
    /// # Errors
    /// None: every such header is well-formed.
    pub fn dispatch(&self) -> Result<(), Error> {
        (self.dispatch)(self.bhs())
    }
}
