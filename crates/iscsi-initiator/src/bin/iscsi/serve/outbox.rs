//! Replies on their way to a client: those of several requests leave in one write.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use iscsi_initiator::nbd::ReplyHead;
use tokio::io::AsyncWrite;

/// The most pieces of one write: heads, and data behind them.
const MOST_PIECES: usize = 64;

/// A reply, and the bytes that its request is charged with.
pub(super) struct Reply {
    pub(super) head: ReplyHead,
    pub(super) body: Body,
    pub(super) charge: usize,
}

/// The part of a reply behind its head.
pub(super) enum Body {
    /// Nothing; the buffer was that of the data of a write.
    None(BytesMut),
    /// The data of a read.
    Data(BytesMut),
    Text(String),
    Bytes(Vec<u8>),
}

impl Body {
    pub(super) fn empty() -> Self {
        Self::None(BytesMut::new())
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::None(_) => &[],
            Self::Data(data) => data,
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The buffer of the data, if there is one.
    pub(super) fn into_buffer(self) -> Option<BytesMut> {
        match self {
            Self::None(buffer) | Self::Data(buffer) if !buffer.is_empty() => Some(buffer),
            _ => None,
        }
    }
}

impl Reply {
    fn length(&self) -> usize {
        self.head.len() + self.body.bytes().len()
    }
}

/// Replies in the order in which they are sent.
#[derive(Default)]
pub(super) struct Outbox {
    replies: VecDeque<Reply>,
    /// The bytes of the first reply that are sent.
    sent: usize,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }

    /// The place where new replies are put.
    pub(super) const fn queue(&mut self) -> &mut VecDeque<Reply> {
        &mut self.replies
    }

    /// Writes once, and hands the replies that are sent to `done`.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
        done: impl FnMut(Reply),
    ) -> Poll<io::Result<()>> {
        let mut pieces = [IoSlice::new(&[]); MOST_PIECES];
        let count = self.fill(&mut pieces);
        let pieces = pieces.get(..count).unwrap_or_default();
        let written = ready!(Pin::new(stream).poll_write_vectored(context, pieces))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(written, done);
        Poll::Ready(Ok(()))
    }

    /// The next pieces, and their number.
    fn fill<'a>(&'a self, pieces: &mut [IoSlice<'a>]) -> usize {
        let mut skipped = self.sent;
        let parts = self.replies.iter().flat_map(|reply| [reply.head.as_bytes(), reply.body.bytes()]);
        let unsent = parts.filter_map(|part| {
            let skip = skipped.min(part.len());
            skipped -= skip;
            part.get(skip..).filter(|rest| !rest.is_empty())
        });
        let mut count = 0;
        for (place, part) in pieces.iter_mut().zip(unsent) {
            *place = IoSlice::new(part);
            count += 1;
        }
        count
    }

    fn advance(&mut self, written: usize, mut done: impl FnMut(Reply)) {
        self.sent += written;
        while let Some(length) = self.replies.front().map(Reply::length)
            && length <= self.sent
        {
            self.sent -= length;
            self.replies.pop_front().into_iter().for_each(&mut done);
        }
    }
}

#[cfg(test)]
mod tests {
    use iscsi_initiator::nbd::ReplyForm;

    use super::*;

    fn reply(cookie: u64, data: &[u8]) -> Reply {
        let head = ReplyForm::Simple.data(cookie, 0, 0);
        Reply { head, body: Body::Data(BytesMut::from(data)), charge: data.len() }
    }

    fn expected(replies: &[(u64, &[u8])]) -> Vec<u8> {
        let parts = replies.iter().flat_map(|(cookie, data)| {
            [ReplyForm::Simple.data(*cookie, 0, 0).as_bytes().to_vec(), data.to_vec()]
        });
        parts.collect::<Vec<_>>().concat()
    }

    /// A write may end anywhere; what was sent is not sent again.
    #[test]
    fn replies_continue_where_a_write_ended() {
        let replies: [(u64, &[u8]); 3] = [(1, b"abc"), (2, b""), (3, b"defg")];
        let all = expected(&replies);
        for most in 1..=all.len() {
            let mut outbox = Outbox::default();
            outbox.queue().extend(replies.map(|(cookie, data)| reply(cookie, data)));
            let (mut sent, mut charges) = (Vec::<u8>::new(), Vec::new());
            while !outbox.is_empty() {
                let mut pieces = [IoSlice::new(&[]); MOST_PIECES];
                let count = outbox.fill(&mut pieces);
                let bytes = pieces[..count].iter().flat_map(|piece| piece.to_vec()).collect::<Vec<_>>();
                assert!(pieces[..count].iter().all(|piece| !piece.is_empty()));
                let written = bytes.len().min(most);
                sent.extend(&bytes[..written]);
                outbox.advance(written, |reply| charges.push(reply.charge));
            }
            assert!(sent == all, "{most}");
            assert_eq!(charges, [3, 0, 4]);
        }
    }

    #[test]
    fn buffers_of_data_are_there_to_be_used_again() {
        let buffer = || BytesMut::from(&b"data"[..]);
        assert_eq!(Body::Data(buffer()).into_buffer(), Some(buffer()));
        assert_eq!(Body::None(buffer()).into_buffer(), Some(buffer()));
        assert_eq!([Body::empty(), Body::Text("text".to_owned())].map(Body::into_buffer), [None, None]);
    }

    #[test]
    fn more_replies_than_pieces_take_several_writes() {
        let mut outbox = Outbox::default();
        outbox.queue().extend((0..100).map(|cookie| reply(cookie, b"x")));
        let mut pieces = [IoSlice::new(&[]); MOST_PIECES];
        assert_eq!(outbox.fill(&mut pieces), MOST_PIECES);
    }
}
