//! Messages of generic netlink as values: headers, attributes and errors. Numbers are in the byte order of the host.

use std::io;

/// The most bytes of an answer that is parsed; those of the NBD driver are far shorter.
pub(super) const MOST_BYTES: usize = 64 << 10;

/// The message type of an error, or of an acknowledgement with error 0.
const ERROR: u16 = 2;
/// The message type under which families are looked up.
pub(super) const CONTROL: u16 = 16;

/// The header flags of a request that is acknowledged.
const REQUEST_WITH_ACK: u16 = 0x01 | 0x04;

/// The bits of an attribute type that do not name it: it holds attributes, it is in network byte order.
const TYPE_FLAGS: u16 = 0xc000;
const NESTED: u16 = 0x8000;

const HEADER: usize = 16;
const COMMAND_HEADER: usize = 4;
const ATTRIBUTE_HEADER: usize = 4;

/// Attributes of a request, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes(Vec<u8>);

impl Attributes {
    pub(super) fn u32(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    pub(super) fn u64(self, kind: u16, value: u64) -> Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    /// A text with a zero byte at its end.
    pub(super) fn text(self, kind: u16, value: &str) -> Self {
        self.bytes(kind, &[value.as_bytes(), &[0]].concat())
    }

    pub(super) fn nested(self, kind: u16, inner: &Self) -> Self {
        self.bytes(kind | NESTED, &inner.0)
    }

    fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        // Callers keep their values far below 64 KiB; a longer one would be refused by the kernel.
        let length = u16::try_from(ATTRIBUTE_HEADER + value.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }
}

/// A command to a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The message type: the number of the family.
    pub(super) family: u16,
    pub(super) command: u8,
    pub(super) version: u8,
    /// The number that answers repeat.
    pub(super) sequence: u32,
    pub(super) attributes: Attributes,
}

impl Request {
    pub(super) fn encode(&self) -> Vec<u8> {
        let length = HEADER + COMMAND_HEADER + self.attributes.0.len();
        let mut bytes = Vec::with_capacity(length);
        bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
        bytes.extend(self.family.to_ne_bytes());
        bytes.extend(REQUEST_WITH_ACK.to_ne_bytes());
        bytes.extend(self.sequence.to_ne_bytes());
        // The port: that of the socket.
        bytes.extend([0; 4]);
        bytes.extend([self.command, self.version, 0, 0]);
        bytes.extend(&self.attributes.0);
        bytes
    }
}

/// One message from the kernel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// The request was carried out.
    Done,
    /// The request was refused with this error number.
    Refused(i32),
    /// Attributes of an answer.
    Data(Received<'a>),
}

/// Why an answer cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel: {0}")]
pub(super) struct Malformed(&'static str);

impl From<Malformed> for io::Error {
    fn from(error: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// Takes the first message off a datagram: the number of the request that it answers, and what it says. `None` behind the
/// last one.
pub(super) fn split_answer<'a>(datagram: &mut &'a [u8]) -> Result<Option<(u32, Answer<'a>)>, Malformed> {
    if datagram.is_empty() {
        return Ok(None);
    }
    let (length, kind, sequence) = header(datagram).ok_or(Malformed("a netlink header is cut off"))?;
    let message = datagram.get(..length).ok_or(Malformed("a netlink message is cut off"))?;
    let body = message.get(HEADER..).ok_or(Malformed("a netlink message is shorter than its header"))?;
    *datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    let answer = match kind {
        ERROR => outcome(body)?,
        _ => Answer::Data(Received(body.get(COMMAND_HEADER..).ok_or(Malformed("an answer is cut off"))?)),
    };
    Ok(Some((sequence, answer)))
}

/// The length of a message with its header, its type, and the number of its request. The flags do not matter.
fn header(datagram: &[u8]) -> Option<(usize, u16, u32)> {
    let (length, rest) = datagram.split_first_chunk()?;
    let (kind, rest) = rest.split_first_chunk()?;
    let (_flags, rest) = rest.split_first_chunk::<2>()?;
    let (sequence, _port) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_ne_bytes(*length)).ok()?;
    Some((length, u16::from_ne_bytes(*kind), u32::from_ne_bytes(*sequence)))
}

/// The outcome of a request; error numbers are negative on the wire.
fn outcome(body: &[u8]) -> Result<Answer<'static>, Malformed> {
    let code = body.first_chunk().ok_or(Malformed("an error number is cut off"))?;
    Ok(match i32::from_ne_bytes(*code).saturating_neg() {
        0 => Answer::Done,
        number => Answer::Refused(number),
    })
}

/// The attributes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received<'a>(&'a [u8]);

impl<'a> Received<'a> {
    /// The value of the first attribute of this type.
    pub(super) fn find(self, kind: u16) -> Result<Option<&'a [u8]>, Malformed> {
        let mut rest = self.0;
        while let Some((found, value)) = split_attribute(&mut rest)? {
            if found == kind {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// The attributes within the first attribute of this type.
    pub(super) fn nested(self, kind: u16) -> Result<Option<Self>, Malformed> {
        Ok(self.find(kind)?.map(Self))
    }

    pub(super) fn u32(self, kind: u16) -> Result<Option<u32>, Malformed> {
        let bytes = self.find(kind)?.map(|value| value.first_chunk().ok_or(SHORT)).transpose()?;
        Ok(bytes.map(|bytes| u32::from_ne_bytes(*bytes)))
    }

    pub(super) fn u16(self, kind: u16) -> Result<Option<u16>, Malformed> {
        let bytes = self.find(kind)?.map(|value| value.first_chunk().ok_or(SHORT)).transpose()?;
        Ok(bytes.map(|bytes| u16::from_ne_bytes(*bytes)))
    }

    pub(super) fn u8(self, kind: u16) -> Result<Option<u8>, Malformed> {
        let byte = self.find(kind)?.map(|value| value.first().ok_or(SHORT)).transpose()?;
        Ok(byte.copied())
    }
}

const SHORT: Malformed = Malformed("the value of an attribute is too short");

/// Takes the first attribute off a list: its type without flags, and its value.
fn split_attribute<'a>(rest: &mut &'a [u8]) -> Result<Option<(u16, &'a [u8])>, Malformed> {
    if rest.is_empty() {
        return Ok(None);
    }
    let [a, b, c, d] = *rest.first_chunk().ok_or(Malformed("an attribute is cut off"))?;
    let length = usize::from(u16::from_ne_bytes([a, b]));
    let value = rest.get(ATTRIBUTE_HEADER..length).ok_or(Malformed("an attribute has a wrong length"))?;
    *rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    Ok(Some((u16::from_ne_bytes([c, d]) & !TYPE_FLAGS, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with this type, answering request 7.
    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn first(bytes: &[u8]) -> Result<Option<(u32, Answer<'_>)>, Malformed> {
        split_answer(&mut &*bytes)
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_request_has_the_layout_of_generic_netlink() {
        let inner = Attributes::default().u32(1, 5);
        let attributes = Attributes::default().text(2, "nbd").nested(7, &inner).u64(4, 0x0102);
        let request = Request { family: 0x10, command: 3, version: 1, sequence: 9, attributes };
        let expected: [&[u8]; 5] = [
            &[52, 0, 0, 0, 0x10, 0, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0],
            &[3, 1, 0, 0],
            &[8, 0, 2, 0, b'n', b'b', b'd', 0],
            &[12, 0, 7, 0x80, 8, 0, 1, 0, 5, 0, 0, 0],
            &[12, 0, 4, 0, 2, 1, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(request.encode(), expected.concat());
    }

    #[test]
    fn values_are_padded_to_four_bytes_and_their_length_is_not() {
        let Attributes(bytes) = Attributes::default().text(2, "nbd0").u32(1, 1);
        let mut rest = &bytes[..];
        assert_eq!(split_attribute(&mut rest), Ok(Some((2, &b"nbd0\0"[..]))));
        assert_eq!(rest.len(), 8);
    }

    #[test]
    fn an_answer_and_its_acknowledgement_come_in_one_datagram() {
        let Attributes(attributes) = Attributes::default().u32(1, 3);
        let bytes =
            [message(0x1c, &[&[1, 1, 0, 0][..], &attributes].concat()), message(ERROR, &[0; 20])].concat();
        let mut rest = &bytes[..];
        let Ok(Some((7, Answer::Data(data)))) = split_answer(&mut rest) else { panic!("no data") };
        assert_eq!(data.u32(1), Ok(Some(3)));
        assert_eq!(data.u32(2), Ok(None));
        assert_eq!(split_answer(&mut rest), Ok(Some((7, Answer::Done))));
        assert_eq!(split_answer(&mut rest), Ok(None));
    }

    #[test]
    fn refusals_have_the_error_number() {
        let refused = |code: i32| message(ERROR, &code.to_ne_bytes());
        assert_eq!(first(&refused(-16)), Ok(Some((7, Answer::Refused(16)))));
        assert_eq!(first(&refused(i32::MIN)), Ok(Some((7, Answer::Refused(i32::MAX)))));
    }

    #[test]
    fn a_message_cut_off_at_any_length_is_malformed() {
        for whole in [message(ERROR, &[0; 4]), message(0x1c, &[1, 1, 0, 0])] {
            assert!(first(&whole).is_ok());
            for length in 1..whole.len() {
                assert!(first(&whole[..length]).is_err(), "{length}");
            }
        }
        for length in 0..16_u32 {
            let mut bytes = message(ERROR, &[0; 4]);
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            assert!(first(&bytes).is_err(), "{length}");
        }
    }

    #[test]
    fn an_attribute_with_a_wrong_length_is_malformed() {
        let attribute =
            |length: u16| [&length.to_ne_bytes()[..], &1_u16.to_ne_bytes(), &[1, 2, 3, 4]].concat();
        for length in [0, 3, 9, u16::MAX] {
            assert!(Received(&attribute(length)).find(2).is_err(), "{length}");
        }
        assert_eq!(Received(&attribute(8)).u32(1), Ok(Some(u32::from_ne_bytes([1, 2, 3, 4]))));
        assert_eq!(Received(&attribute(7)).u32(1), Err(SHORT));
        assert_eq!(Received(&attribute(5)).u16(1), Err(SHORT));
        assert_eq!(Received(&attribute(4)).u8(1), Err(SHORT));
        assert_eq!(Received(&[1, 2, 3]).find(1), Err(Malformed("an attribute is cut off")));
    }

    #[test]
    fn nested_attributes_are_found_whatever_the_flags_of_their_type() {
        let inner = Attributes::default().u32(2, 4);
        let Attributes(bytes) = Attributes::default().nested(9, &inner);
        let list = Received(&bytes).nested(9).unwrap().unwrap();
        assert_eq!(list.u32(2), Ok(Some(4)));
        assert_eq!(Received(&bytes).nested(8), Ok(None));
    }
}
