//! Decisions of a login beyond one connection: credentials, redirections, challenges sent, progress.

mod authentication;
mod own_challenge;
mod progress;
mod redirects;

pub use authentication::{AuthenticationMode, AuthenticationRequest, Unauthenticated};
pub(crate) use authentication::{CredentialScope, Credentials, Secrets};
pub(crate) use own_challenge::{OwnChallenge, is_own_challenge};
pub(crate) use progress::LoginProgress;
pub use progress::LoginTimes;
pub use redirects::RedirectKind;
pub(crate) use redirects::Redirects;
