//! Credentials for one login: from options, the URL, libiscsi's variables, or the terminal. The secret store provides the
//! others.

pub(crate) mod secret_source;

use std::path::Path;
use std::sync::Arc;

use iscsi_initiator::{AuthenticationMode, AuthenticationRequest, UrlCredentials};
use iscsi_secrets::{EnvironmentStore, ForwardCredential, ReverseCredential, ReverseLookup, Secret};

use crate::arguments::values::Authentication;
use crate::arguments::{SecretOptions, SessionOptions};
use crate::failure::Failure;
use crate::messages::warn;
use secret_source::{can_prompt, prompt};

/// The credential of one direction, as the arguments give it.
struct Given<'a> {
    /// The name of the secret in messages and at the prompt.
    what: &'static str,
    user_option: &'static str,
    file_option: &'static str,
    user: Option<&'a str>,
    file: Option<&'a Path>,
    url_user: Option<String>,
    url_secret: Option<Secret>,
}

/// A CHAP name, if one was given, and the secret that goes with it.
type NameAndSecret = (Option<String>, Secret);

/// Returns the demanded authentication and the given credentials; nothing is read for a login without authentication.
///
/// Variables provide the credential of a direction only if the arguments give nothing of it.
pub(crate) fn request(
    options: &SessionOptions,
    url: UrlCredentials,
) -> Result<AuthenticationRequest, Failure> {
    let (auth, options) = (options.authentication.auth, &options.secrets);
    let mode = auth.map_or(AuthenticationMode::Automatic, Into::into);
    let [forward, reverse] = given(options, url);
    check_contradictions(auth, &forward, &reverse)?;
    let variables = EnvironmentStore::new();
    let takes_reverse = matches!(mode, AuthenticationMode::Automatic | AuthenticationMode::Mutual);
    let (mut own, mut expected) = (None, None);
    if mode != AuthenticationMode::None {
        own =
            forward.credential(options)?.map_or_else(|| forward_variables(&variables), forward_credential)?;
    }
    if takes_reverse {
        expected =
            reverse.credential(options)?.map_or_else(|| reverse_variables(&variables), reverse_credential)?;
    }
    Ok(AuthenticationRequest { mode, forward: own, reverse: expected })
}

/// The name of the initiator's secret in messages.
pub(crate) const FORWARD: &str = "the initiator's CHAP secret";
/// The name of the target's secret in messages.
pub(crate) const REVERSE: &str = "the target's CHAP secret";

fn given(options: &SecretOptions, url: UrlCredentials) -> [Given<'_>; 2] {
    let forward = Given {
        what: FORWARD,
        user_option: "--user",
        file_option: "--secret-file",
        user: options.user.as_deref(),
        file: options.secret_file.as_deref(),
        url_user: url.user,
        url_secret: url.secret,
    };
    let reverse = Given {
        what: REVERSE,
        user_option: "--target-user",
        file_option: "--target-secret-file",
        user: options.target_user.as_deref(),
        file: options.target_secret_file.as_deref(),
        url_user: url.target_user,
        url_secret: url.target_secret,
    };
    [forward, reverse]
}

/// Refuses credentials that --auth leaves no use for: one of the two is a mistake, and ignoring the credentials would
/// weaken the login.
fn check_contradictions(
    auth: Option<Authentication>,
    forward: &Given<'_>,
    reverse: &Given<'_>,
) -> Result<(), Failure> {
    let (demand, unused): (_, &[&Given<'_>]) = match auth {
        Some(Authentication::None) => ("none", &[forward, reverse]),
        Some(Authentication::IfAsked) => ("if-asked", &[reverse]),
        Some(Authentication::Chap) => ("chap", &[reverse]),
        Some(Authentication::Mutual) | None => return Ok(()),
    };
    match unused.iter().find_map(|given| given.first()) {
        Some(given) => Err(Failure::usage(
            format!("--auth {demand} contradicts {given}"),
            "leave one of the two out; without --auth, a login demands as much as the given credentials allow",
        )),
        None => Ok(()),
    }
}

type Forward = Option<Arc<ForwardCredential>>;
type Reverse = Option<Arc<ReverseCredential>>;

fn forward_credential((name, secret): NameAndSecret) -> Result<Forward, Failure> {
    Ok(Some(Arc::new(ForwardCredential::new(name, secret).map_err(Failure::chap_name)?)))
}

fn reverse_credential((name, secret): NameAndSecret) -> Result<Reverse, Failure> {
    Ok(Some(Arc::new(ReverseCredential::new(name, secret).map_err(Failure::chap_name)?)))
}

fn forward_variables(variables: &EnvironmentStore) -> Result<Forward, Failure> {
    let credential = variables.forward_credential()?;
    Ok(credential.inspect(|_| warn_of_variable(FORWARD, EnvironmentStore::PASSWORD)))
}

fn reverse_variables(variables: &EnvironmentStore) -> Result<Reverse, Failure> {
    let credential = match variables.reverse_credential()? {
        ReverseLookup::Known(credential) => Some(credential),
        ReverseLookup::Cleared | ReverseLookup::Unknown => None,
    };
    Ok(credential.inspect(|_| warn_of_variable(REVERSE, EnvironmentStore::TARGET_PASSWORD)))
}

fn warn_of_variable(what: &str, variable: &str) {
    warn(&format!("{what} is in {variable}, where others on this host may read it"));
}

impl Given<'_> {
    /// The first argument about this direction.
    fn first(&self) -> Option<&'static str> {
        match self {
            Self { file: Some(_), file_option, .. } => Some(file_option),
            Self { user: Some(_), user_option, .. } => Some(user_option),
            Self { url_user: None, url_secret: None, .. } => None,
            Self { .. } => Some("the credentials in the URL"),
        }
    }

    /// Returns name and secret; `None` when no argument is about this direction.
    fn credential(mut self, options: &SecretOptions) -> Result<Option<NameAndSecret>, Failure> {
        if self.first().is_none() {
            return Ok(None);
        }
        let secret = self.secret(options)?;
        Ok(Some((self.user.map(str::to_owned).or(self.url_user), secret)))
    }

    fn secret(&mut self, options: &SecretOptions) -> Result<Secret, Failure> {
        if let Some(path) = self.file {
            return secret_source::read(options, path);
        }
        if let Some(secret) = self.url_secret.take() {
            warn(&format!("{} is in the arguments, where others on this host can read it", self.what));
            return Ok(secret);
        }
        self.ask(options)
    }

    /// Asks for the secret that a name alone lacks.
    fn ask(&self, options: &SecretOptions) -> Result<Secret, Failure> {
        if can_prompt() {
            return prompt(options, self.what);
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
