//! Blocking calls, for programs without an asynchronous runtime, such as backup tools. Needs the feature `blocking`.
//!
//! The types have the names and settings of the asynchronous ones, which they wrap. A login, a device, and the device as a file:
//!
//! ```no_run
//! use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
//!
//! use iscsi_initiator::{AuthenticationRequest, Config, Initiator, Lun, blocking};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let config = Config::new("iqn.2001-04.com.example:host".parse()?)?;
//!     let initiator = blocking::Initiator::new(Initiator::without_store(config))?;
//!     let target = "iqn.2001-04.com.example:disk".parse()?;
//!     let session = initiator.login(&target, &"192.0.2.1".parse()?, &AuthenticationRequest::default())?;
//!     let disk = blocking::BlockDevice::open(&session, Lun::ZERO)?;
//!
//!     disk.write_at(4096, b"hello")?;
//!     let mut bytes = [0; 5];
//!     disk.read_at(4096, &mut bytes)?;
//!     assert_eq!(&bytes, b"hello");
//!
//!     let mut stream = disk.stream(0);
//!     stream.seek(SeekFrom::Start(4100))?;
//!     stream.write_all(b"!")?;
//!     stream.seek(SeekFrom::Current(-5))?;
//!     stream.read_exact(&mut bytes)?;
//!     assert_eq!(&bytes, b"hell!");
//!     stream.flush()?;
//!     Ok(session.logout()?)
//! }
//! ```
//!
//! # Threads
//!
//! An [`Initiator`] starts one thread, `iscsi-runtime`, which all of its sessions share. It moves their data, answers pings, and
//! logs in again when a session is lost, also while no call waits. Name lookups and secret stores on disk may need further threads
//! for a time. All types can be sent to other threads. [`Initiator`], [`Session`] and [`BlockDevice`] are cheap to clone, and calls
//! on several threads proceed at the same time: a device takes as many commands as its callers together have in flight. A
//! [`DeviceStream`] has one position, so each thread needs its own.
//!
//! Threads do not survive a `fork`: a program that becomes a daemon makes its [`Initiator`] afterwards.
//!
//! # Time limits
//!
//! Each call ends within the limits of [`Config`](crate::Config), like the asynchronous one: a login within `login_timeout`, once it is
//! its turn, and each command within `command_timeout` and the limits of what follows when it is exceeded. While a session is lost,
//! commands wait for another one for as long as [`RecoveryPolicy::replacement_timeout`](crate::RecoveryPolicy::replacement_timeout)
//! says, two minutes by default. A call has no limit of its own: to end calls early, log the session out on another thread.
//!
//! # Signals and the end of the program
//!
//! No signal interrupts a call, and none is handled. Ctrl-C ends a program that does not handle it, without a logout: the target
//! finds the connection closed, and any part of the writes in flight may be carried out. A program that handles Ctrl-C can call
//! [`Session::logout`] with a clone on another thread; calls that wait then fail with the reason.
//!
//! When the last of a session, its devices and its streams is dropped, the session is logged out, and the drop waits for that, for
//! three seconds at most. Then the connection is closed, unless other sessions keep the runtime, where the logout goes on for as long
//! as that of an asynchronous [`Session`](crate::Session). [`Session::logout`] reports whether the logout succeeded, a drop does not.
//! `std::process::exit` drops nothing.
//!
//! # Asynchronous programs
//!
//! Within a runtime of tokio, blocking calls return [`Error::InvalidArgument`](crate::Error::InvalidArgument), since they would
//! hold up one of its threads; that goes for the threads of `spawn_blocking`, too. The types may be made and dropped there: a drop
//! then does not wait for the logout, which goes on in the background with the same limit.

mod block_device;
mod device_stream;
mod initiator;
mod session;

pub use block_device::BlockDevice;
pub use device_stream::DeviceStream;
pub use initiator::Initiator;
pub use session::Session;
