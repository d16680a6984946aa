//! A login without I/O: its credentials, its bytes, and its redirections.

mod authentication;
mod exchange;
mod redirects;
mod settings;
mod times;

pub use authentication::{
    AuthenticationMode, AuthenticationRequest, CredentialScope, Credentials, Secrets, Unauthenticated,
};
pub use exchange::{Exchange, LoggedIn, Next};
pub use redirects::RedirectKind;
pub use settings::{Draw, LoginSettings};
pub use times::LoginTimes;
