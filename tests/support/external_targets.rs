//! External iSCSI targets on loopback, and an independent decoder of the traffic.
//!
//! [`Tgt`], [`Istgt`] and [`Lio`] each run one daemon on a free port of 127.0.0.1, with all its files in a folder of its
//! own, and end it when dropped. Any number of them can run at the same time. [`Capture`] records the traffic of one port,
//! and [`Dissection`] decodes the record with `tshark`.
//!
//! Everything here panics on failure, since a test without its target has failed. If a program is not installed, the
//! message contains the command that installs it.
//!
//! ```no_run
//! use iscsi_tests::external_targets::{Auth, Capture, Tgt, TgtTarget};
//!
//! let auth = Auth::mutual(("host", "what-host-proves"), ("disk", "what-disk-proves"));
//! let tgt = Tgt::builder().target(TgtTarget::named("disk").auth(auth).parameter("InitialR2T", "No")).start();
//! let capture = Capture::start(tgt.portal().port());
//! println!("log in to {}", tgt.url("disk", TgtTarget::FILE_LUN));
//! let dissection = capture.stop();
//! assert_eq!(dissection.malformed(), Vec::<String>::new());
//! ```

mod auth;
mod capture;
mod daemon;
mod dissection;
mod guest_programs;
mod istgt;
mod istgt_conf;
mod lio;
mod lio_guest;
mod lio_target;
mod patience;
mod port;
mod program;
mod slow_writes;
mod tgt;
mod tgt_target;
mod tgtadm;

#[cfg(test)]
mod libiscsi;
#[cfg(test)]
mod self_check;

pub use auth::{Account, Auth};
pub use capture::Capture;
pub use dissection::{Dissection, Row};
pub use istgt::{Istgt, IstgtBuilder};
pub use istgt_conf::IstgtTarget;
pub use lio::{Lio, LioBuilder};
pub use lio_target::LioTarget;
pub use port::free_port;
pub use slow_writes::SlowWrites;
pub use tgt::{Tgt, TgtBuilder};
pub use tgt_target::TgtTarget;
