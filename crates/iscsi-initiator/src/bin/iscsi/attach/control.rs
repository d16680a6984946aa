//! Questions to the process that serves a device, over its socket: one line each way.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::registry::MOST_BYTES;
use super::status::Attached;

/// The limit within which a question has to be asked, and an answer taken.
const QUESTION_LIMIT: Duration = Duration::from_secs(2);
/// The most bytes of a question.
const LONGEST_QUESTION: usize = 16;
/// The limit for a description.
const STATUS_LIMIT: Duration = Duration::from_secs(5);
/// The limit for the end: what was accepted is answered, flushed, and the session logged out.
const DETACH_LIMIT: Duration = Duration::from_mins(5);

/// A question to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// To describe the device.
    Status,
    /// To disconnect the device, and to end.
    Detach,
}

impl Question {
    const fn line(self) -> &'static str {
        match self {
            Self::Status => "status\n",
            Self::Detach => "detach\n",
        }
    }

    fn parse(line: &[u8]) -> Option<Self> {
        [Self::Status, Self::Detach].into_iter().find(|question| question.line().as_bytes() == line)
    }

    const fn limit(self) -> Duration {
        match self {
            Self::Status => STATUS_LIMIT,
            Self::Detach => DETACH_LIMIT,
        }
    }
}

/// The answer of the process.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reply {
    /// The device, as it is or as it was at the end.
    Attached(Box<Attached>),
    /// The device is disconnected, and this failed.
    Failed(String),
}

/// Asks the process behind a socket. `None` if none listens there.
///
/// # Errors
/// The process does not answer within the limit, or what it answers cannot be read.
pub(super) fn ask(socket: &Path, question: Question) -> io::Result<Option<Reply>> {
    let stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    stream.set_read_timeout(Some(question.limit()))?;
    stream.set_write_timeout(Some(STATUS_LIMIT))?;
    (&stream).write_all(question.line().as_bytes())?;
    let mut line = Vec::new();
    let read = BufReader::new((&stream).take(MOST_BYTES)).read_until(b'\n', &mut line);
    read.map_err(|error| if is_timeout(&error) { silence(question.limit()) } else { error })?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn silence(limit: Duration) -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("its process does not answer within {} s", limit.as_secs()),
    )
}

/// Whether the error means that no process listens.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// A connection on which a question was asked.
pub(super) struct Asker(tokio::net::UnixStream);

impl Asker {
    /// Reads the question; `None` if it is none, or is not there in time.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connection is closed.
    pub(super) async fn question(mut stream: tokio::net::UnixStream) -> Option<(Question, Self)> {
        let question = timeout(QUESTION_LIMIT, read_question(&mut stream)).await.ok().flatten()?;
        Some((question, Self(stream)))
    }

    /// Answers. An asker that does not read the answer is left.
    ///
    /// # Cancel safety
    /// When the future is dropped, the asker gets a part of the answer.
    pub(super) async fn reply(mut self, reply: &Reply) {
        let Ok(mut line) = serde_json::to_vec(reply) else { return };
        line.push(b'\n');
        _ = timeout(QUESTION_LIMIT, self.0.write_all(&line)).await;
    }
}

/// # Cancel safety
/// When the future is dropped, a part of the question may be read.
async fn read_question(stream: &mut tokio::net::UnixStream) -> Option<Question> {
    let mut line = [0; LONGEST_QUESTION];
    let mut length = 0;
    loop {
        let free = line.get_mut(length..).filter(|free| !free.is_empty())?;
        match stream.read(free).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => length += count,
        }
        let read = line.get(..length)?;
        if read.contains(&b'\n') {
            return Question::parse(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attach::status::tests::attached;

    async fn read(bytes: &[u8]) -> Option<Question> {
        let (mut ours, mut theirs) = tokio::net::UnixStream::pair().unwrap();
        theirs.write_all(bytes).await.unwrap();
        theirs.shutdown().await.unwrap();
        read_question(&mut ours).await
    }

    #[tokio::test]
    async fn a_question_is_one_known_line() {
        assert_eq!(read(b"status\n").await, Some(Question::Status));
        assert_eq!(read(b"detach\n").await, Some(Question::Detach));
        for other in [&b""[..], b"status", b"\n", b"status\nstatus\n", b"0123456789abcdef", b"\xff\n"] {
            assert_eq!(read(other).await, None, "{other:?}");
        }
        assert_eq!(read(&[b's'; 100]).await, None);
    }

    #[tokio::test]
    async fn an_answer_comes_back_whole() {
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let reply = Reply::Attached(Box::new(attached("/dev/nbd0")));
        let answer = tokio::task::spawn_blocking(move || ask(&socket, Question::Status));
        let (stream, _) = listener.accept().await.unwrap();
        let (question, asker) = Asker::question(stream).await.unwrap();
        assert_eq!(question, Question::Status);
        asker.reply(&reply).await;
        assert_eq!(answer.await.unwrap().unwrap(), Some(reply));
    }

    #[tokio::test]
    async fn a_process_that_is_gone_is_no_error_and_one_that_says_nothing_is() {
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join("socket");
        assert_eq!(ask(&socket, Question::Status).unwrap(), None);
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let path = socket.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&path, Question::Status));
        let (mut stream, _) = listener.accept().await.unwrap();
        // A question that is not read would make the end a reset.
        assert_eq!(read_question(&mut stream).await, Some(Question::Status));
        drop(stream);
        assert_eq!(asked.await.unwrap().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        drop(listener);
        assert_eq!(ask(&socket, Question::Status).unwrap(), None);
        // A path that is too long for a socket.
        assert!(ask(&place.path().join("x".repeat(200)), Question::Status).is_err());
    }

    #[test]
    fn a_process_that_stays_silent_is_told_with_the_limit() {
        for kind in [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut] {
            assert!(is_timeout(&kind.into()), "{kind}");
        }
        assert!(!is_timeout(&io::ErrorKind::ConnectionReset.into()));
        let told = silence(Question::Status.limit()).to_string();
        assert_eq!(told, "its process does not answer within 5 s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_question_is_closed_in_time() {
        let (ours, _theirs) = tokio::net::UnixStream::pair().unwrap();
        assert!(Asker::question(ours).await.is_none());
    }
}
