//! Credentials for one login: from options, the URL, the environment, or a terminal. What is left open is for the
//! secret store.

use std::env;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::sync::Arc;

use iscsi_initiator::{AuthenticationMode, AuthenticationRequest, UrlCredentials};
use iscsi_secrets::{EnvironmentStore, ForwardCredential, ReverseCredential, Secret};
use zeroize::Zeroizing;

use crate::arguments::{Authentication, Options};
use crate::failure::{Failure, warn};
use crate::{prompt, secret_source};

/// Where the credential of one direction may come from, the first that says something counts.
struct Sources<'a> {
    /// Option and prompt call it so.
    what: &'static str,
    user_option: &'static str,
    user: Option<&'a str>,
    file: Option<&'a Path>,
    url_user: Option<String>,
    url_secret: Option<Secret>,
    /// Environment variables of libiscsi.
    user_variable: &'static str,
    secret_variable: &'static str,
}

/// What the person demands and gives; nothing is read for a login without authentication.
pub(crate) fn request(options: &Options, url: UrlCredentials) -> Result<AuthenticationRequest, Failure> {
    let mode = options.auth.map_or(AuthenticationMode::Automatic, Into::into);
    if options.auth == Some(Authentication::None) {
        return Ok(AuthenticationRequest { mode, ..AuthenticationRequest::default() });
    }
    let forward = Sources {
        what: "our CHAP secret",
        user_option: "--user",
        user: options.user.as_deref(),
        file: options.secret_file.as_deref(),
        url_user: url.user,
        url_secret: url.secret,
        user_variable: EnvironmentStore::USERNAME,
        secret_variable: EnvironmentStore::PASSWORD,
    };
    let reverse = Sources {
        what: "the target's CHAP secret",
        user_option: "--target-user",
        user: options.target_user.as_deref(),
        file: options.target_secret_file.as_deref(),
        url_user: url.target_user,
        url_secret: url.target_secret,
        user_variable: EnvironmentStore::TARGET_USERNAME,
        secret_variable: EnvironmentStore::TARGET_PASSWORD,
    };
    let forward = forward.credential()?.map(|(name, secret)| ForwardCredential::new(name, secret));
    let reverse = reverse.credential()?.map(|(name, secret)| ReverseCredential::new(name, secret));
    Ok(AuthenticationRequest {
        mode,
        forward: forward.transpose().map_err(Failure::chap_name)?.map(Arc::new),
        reverse: reverse.transpose().map_err(Failure::chap_name)?.map(Arc::new),
    })
}

impl Sources<'_> {
    /// Name and secret; `None` when nothing was said about this direction.
    fn credential(mut self) -> Result<Option<(Option<String>, Secret)>, Failure> {
        let named = self.user.map(str::to_owned).or(self.url_user.take());
        let secret = self.secret(named.is_some())?;
        let variable = || env::var(self.user_variable).ok().filter(|name| !name.is_empty());
        Ok(secret.map(|secret| (named.or_else(variable), secret)))
    }

    fn secret(&mut self, named: bool) -> Result<Option<Secret>, Failure> {
        if let Some(path) = self.file {
            return secret_source::read(path).map(Some);
        }
        if let Some(secret) = self.url_secret.take() {
            warn(&format!("{} stands in the arguments, where others on this host can read it", self.what));
            return Ok(Some(secret));
        }
        match env::var_os(self.secret_variable) {
            Some(value) if !value.is_empty() => self.read_variable(value.into_vec()).map(Some),
            _ if named => self.ask().map(Some),
            _ => Ok(None),
        }
    }

    fn read_variable(&self, octets: Vec<u8>) -> Result<Secret, Failure> {
        let octets = Zeroizing::new(octets);
        warn(&format!(
            "{} stands in {}, where others on this host may read it",
            self.what, self.secret_variable
        ));
        Secret::from_zeroizing(octets).map_err(|error| Failure::unusable(self.secret_variable, &error))
    }

    /// A name alone is no credential.
    fn ask(&self) -> Result<Secret, Failure> {
        if prompt::possible() {
            return prompt::once(self.what);
        }
        Err(Failure::usage(
            format!(
                "{} names an account without a secret, and there is no terminal to ask at",
                self.user_option
            ),
            "add --secret-file FILE or --target-secret-file FILE, or leave the name to the secret store",
        ))
    }
}
