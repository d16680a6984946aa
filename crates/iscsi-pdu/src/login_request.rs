//! Login Request (RFC 7143, 11.12).

use bytes::Bytes;

use crate::{Bhs, Error, InitiatorTaskTag, Isid, Opcode, RawPdu, SerialNumber, Stage};

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
