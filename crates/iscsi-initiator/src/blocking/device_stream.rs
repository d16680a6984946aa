//! A block device as a stream of bytes for the traits of the standard library.

use std::future::poll_fn;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::task::ready;

use super::Session;
use crate::block_device;
use crate::runtime::{AsyncRead as _, AsyncSeek as _, AsyncWrite as _, ReadBuf};

/// A position in a device, with [`Read`], [`Write`] and [`Seek`]: a [`DeviceStream`](crate::DeviceStream) with blocking calls, which
/// reads ahead and has several writes in flight.
///
/// A write ends when the data are taken, and its error is that of a later call. So call [`flush`](Write::flush) at the end, which
/// waits until all data are stable; a stream that is dropped before leaves any part of what was written last written. Reads see what
/// was written before. At the end of the device a read returns no bytes, and a write fails with
/// [`ErrorKind::StorageFull`](io::ErrorKind::StorageFull). A seek within what was read ahead drops that.
///
/// The source of an error is the [`Error`](crate::Error) of the session, if it has one:
///
/// ```no_run
/// # fn example(mut stream: iscsi_initiator::blocking::DeviceStream) {
/// use std::io::Write as _;
/// if let Err(failure) = stream.flush() {
///     let error = failure.get_ref().and_then(|source| source.downcast_ref::<iscsi_initiator::Error>());
///     eprintln!("{failure}; {:?}", error.and_then(iscsi_initiator::Error::hint));
/// }
/// # }
/// ```
pub struct DeviceStream {
    stream: block_device::DeviceStream,
    session: Session,
}

impl DeviceStream {
    pub(super) const fn new(stream: block_device::DeviceStream, session: Session) -> Self {
        Self { stream, session }
    }
}

impl Read for DeviceStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { stream, session } = self;
        let mut buffer = ReadBuf::new(buffer);
        session.block_on(poll_fn(|context| {
            ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
            io::Result::Ok(buffer.filled().len()).into()
        }))
    }
}

impl Write for DeviceStream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let Self { stream, session } = self;
        session.block_on(poll_fn(|context| Pin::new(&mut *stream).poll_write(context, data)))
    }

    fn flush(&mut self) -> io::Result<()> {
        let Self { stream, session } = self;
        session.block_on(poll_fn(|context| Pin::new(&mut *stream).poll_flush(context)))
    }
}

impl Seek for DeviceStream {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let Self { stream, session } = self;
        session.block_on(async {
            Pin::new(&mut *stream).start_seek(position)?;
            poll_fn(|context| Pin::new(&mut *stream).poll_complete(context)).await
        })
    }
}
