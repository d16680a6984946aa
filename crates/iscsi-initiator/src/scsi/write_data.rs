//! The data of a write, in one piece or in several.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

/// The data of a write command: one or several pieces, which are sent one behind the other without being joined
/// ([RFC 7143, section 11.3.4](https://www.rfc-editor.org/rfc/rfc7143#section-11.3.4)). Clones share them.
///
/// ```
/// use bytes::Bytes;
/// use iscsi_initiator::scsi::WriteData;
/// let data = WriteData::from(vec![Bytes::from_static(b"head"), vec![0; 508].into()]);
/// assert_eq!(data.len(), 512);
/// ```
#[derive(Clone)]
pub struct WriteData(Pieces);

#[derive(Clone)]
enum Pieces {
    One(Bytes),
    Several { pieces: Arc<[Bytes]>, length: usize },
}

impl WriteData {
    /// Returns the length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Pieces::One(data) => data.len(),
            Pieces::Several { length, .. } => *length,
        }
    }

    /// Returns `true` if there are no data.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the pieces in order.
    #[must_use]
    pub fn pieces(&self) -> &[Bytes] {
        match &self.0 {
            Pieces::One(data) => std::slice::from_ref(data),
            Pieces::Several { pieces, .. } => pieces,
        }
    }

    /// Returns this part as its first piece and the further ones. The range must lie within the data.
    #[inline]
    pub(crate) fn part(&self, range: Range<usize>) -> (Bytes, Option<Box<[Bytes]>>) {
        match &self.0 {
            Pieces::One(data) => (data.slice(range), None),
            Pieces::Several { pieces, .. } => Self::part_of_several(pieces, range),
        }
    }

    fn part_of_several(pieces: &[Bytes], range: Range<usize>) -> (Bytes, Option<Box<[Bytes]>>) {
        let mut begin = 0;
        let parts = pieces.iter().filter_map(|piece| {
            let (from, to) = (range.start.max(begin), range.end.min(begin + piece.len()));
            let part = (from < to).then(|| piece.slice(from - begin..to - begin));
            begin += piece.len();
            part
        });
        let mut parts = parts.collect::<Vec<_>>().into_iter();
        (parts.next().unwrap_or_default(), Some(parts.collect()))
    }
}

impl Default for WriteData {
    /// Returns no data.
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl fmt::Debug for WriteData {
    /// Writes the length alone: the data are of no use in a trace, and nobody else's business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WriteData({} bytes)", self.len())
    }
}

/// Compares the bytes, however they are divided.
impl PartialEq for WriteData {
    fn eq(&self, other: &Self) -> bool {
        self.pieces().iter().flatten().eq(other.pieces().iter().flatten())
    }
}

impl Eq for WriteData {}

impl From<Bytes> for WriteData {
    fn from(data: Bytes) -> Self {
        Self(Pieces::One(data))
    }
}

impl From<Vec<u8>> for WriteData {
    fn from(data: Vec<u8>) -> Self {
        Bytes::from(data).into()
    }
}

impl From<&'static [u8]> for WriteData {
    fn from(data: &'static [u8]) -> Self {
        Bytes::from_static(data).into()
    }
}

impl From<Vec<Bytes>> for WriteData {
    fn from(pieces: Vec<Bytes>) -> Self {
        let length = pieces.iter().map(Bytes::len).sum();
        match <[Bytes; 1]>::try_from(pieces) {
            Ok([data]) => data.into(),
            Err(pieces) => Self(Pieces::Several { pieces: pieces.into(), length }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_pieces_is_that_of_the_whole() {
        let whole: Vec<u8> = (0..20).collect();
        for lengths in [&[20][..], &[5, 0, 7, 8], &[1, 19], &[10, 10], &[0, 20, 0]] {
            let mut rest = Bytes::from(whole.clone());
            let pieces: Vec<_> = lengths.iter().map(|length| rest.split_to(*length)).collect();
            let data = WriteData::from(pieces.clone());
            assert_eq!((data.len(), data.is_empty(), data.pieces()), (20, false, &pieces[..]));
            assert_eq!(data, WriteData::from(whole.clone()));
            for begin in 0..=20 {
                for end in begin..=20 {
                    let (first, rest) = data.part(begin..end);
                    let rest = rest.unwrap_or_default();
                    assert!(rest.iter().all(|piece| !piece.is_empty()));
                    assert_eq!([&[first][..], &rest].concat().concat(), whole[begin..end], "{lengths:?}");
                }
            }
        }
    }

    #[test]
    fn no_data_are_shown() {
        assert_eq!(format!("{:?}", WriteData::from(vec![0x73, 0x65])), "WriteData(2 bytes)");
    }

    #[test]
    fn no_data_and_other_data() {
        let pieces = WriteData::from(Vec::<Bytes>::new());
        for empty in [pieces, Vec::<u8>::new().into(), b"".as_slice().into(), WriteData::default()] {
            assert!(empty.is_empty() && empty.part(0..0).0.is_empty());
        }
        let data = WriteData::from(vec![1, 2, 3]);
        assert_ne!(data, WriteData::from(vec![1, 2]));
        assert_ne!(data, WriteData::from(vec![Bytes::from(vec![1, 2]), Bytes::from(vec![4])]));
    }
}
