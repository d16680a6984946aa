//! Handles of a program: an initiator, its sessions, and the pending commands of a session.

mod flush;
mod initiator;
mod logical_units;
mod recovery;
mod redialer;
mod repetition;
mod session;
mod task_management;
mod units;
mod vds;

pub use flush::Flush;
pub use initiator::{Discovery, Initiator, session_over};
pub use logical_units::{LunList, LunListOrigin};
pub use redialer::{Relogin, lasting_session_over};
pub(crate) use session::data_of;
pub use session::{PendingCommand, Session, SessionDetails};
pub use task_management::{Aborted, Events};
