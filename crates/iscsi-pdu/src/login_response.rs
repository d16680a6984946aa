//! Login Response (RFC 7143, 11.13).

use bytes::Bytes;

use crate::{Bhs, Error, InitiatorTaskTag, Isid, LoginStatus, Opcode, RawPdu, SequenceNumbers, Stage};

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
