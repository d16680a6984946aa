//! A target over TCP that follows a script instead of the protocol, and records the PDUs of the initiator.
//!
//! ```no_run
//! use iscsi_tests::scripted_target::{ScriptedTarget, Script, login};
//!
//! # async fn run() -> std::io::Result<()> {
//! let scripted = ScriptedTarget::serve(Script::new().answer_login(login::straight_to_full_feature)).await?;
//! // … let an initiator try to log in at scripted.portal(), see it fail, and then:
//! scripted.all_closed().await;
//! assert_eq!(scripted.received().len(), 1, "nothing may be sent after the failure");
//! # Ok(())
//! # }
//! ```

mod chap_steps;
mod deviations;
mod flood;
mod full_feature;
mod log;
pub mod login;
mod management_steps;
mod player;
mod portal;
mod received;
mod script;
mod scsi_steps;
mod served;
mod text_steps;
pub(crate) mod wire;

#[cfg(test)]
mod tests;

pub use deviations::{DEVIATING_ACCOUNT, DEVIATING_TARGET, Trial, deviating};
pub use full_feature::{Moment, Reply, bytes, with_bad_data_digest};
pub use management_steps::management_response;
pub use portal::ScriptedTarget;
pub use received::Received;
pub use script::Script;
pub use scsi_steps::{check_condition, data_in, parameter_data, r2t, response};
pub use text_steps::text_response;
