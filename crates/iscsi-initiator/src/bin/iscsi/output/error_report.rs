//! Error reports: lines on standard error, or with `--output json` one JSON object.
//!
//! `schemas/error.schema.json` of this crate is generated from these types and their documentation.

use std::error::Error as _;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{Write as _, stderr};
use std::process::ExitCode;

use clap::error::ErrorKind;
use iscsi_initiator::{Error, LoginStep};
use iscsi_pdu::Stage;
use serde::Serialize;

use crate::arguments::values::Output;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::messages::printable;
use crate::messages::{redacted, without_values};
use crate::output;

/// The last line on standard error of a failed run with `--output json`, in ASCII. Fields are added, never changed or
/// removed.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErrorDocument {
    /// The failure.
    error: ErrorReport,
}

/// A failure. No field holds a secret, nor an argument that may be one.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErrorReport {
    /// The side at fault, or the part that failed.
    fault: FaultName,
    /// The progress of the login, if a connection to a target failed.
    stage: Option<StageName>,
    /// The operation that failed.
    message: String,
    /// The causes, each caused by the next.
    causes: Vec<String>,
    /// The remedy, where it is known.
    hint: Option<String>,
    /// The exit code of the program.
    exit_code: u8,
}

/// The side at fault, or the part that failed. Each has its own exit code, except that `interrupted` and `other` share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum FaultName {
    /// Exit code 2: the arguments.
    Usage,
    /// Exit code 3: the target refused the initiator's credentials.
    CredentialsRefused,
    /// Exit code 4: the target did not authenticate itself, or a required authentication did not take place.
    TargetNotAuthenticated,
    /// Exit code 5: the login was refused for another reason.
    LoginRefused,
    /// Exit code 6: the target violated the protocol.
    Protocol,
    /// Exit code 7: could not connect, connection lost, timed out.
    Network,
    /// Exit code 8: a SCSI command failed.
    Command,
    /// Exit code 9: the secret store or a secret file.
    Secrets,
    /// Exit code 10: a local file, or data that do not match.
    Local,
    /// Exit code 1: Ctrl-C or SIGTERM.
    Interrupted,
    /// Exit code 1: anything else.
    Other,
}

/// The progress of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum StageName {
    /// Name resolution and TCP connection.
    Connecting,
    /// Security negotiation: CHAP.
    SecurityNegotiation,
    /// Operational negotiation.
    OperationalNegotiation,
    /// After the login.
    FullFeaturePhase,
}

impl ErrorReport {
    /// Describes a failure.
    pub(crate) fn new(failure: &Failure) -> Self {
        let (message, mut causes) = (failure.to_string(), Vec::new());
        let mut source = failure.source();
        while let Some(error) = source {
            let text = error.to_string();
            // An error may quote its cause: do not repeat that.
            if !causes.last().unwrap_or(&message).ends_with(&text) {
                causes.push(text);
            }
            source = error.source();
        }
        let exit = Exit::from(failure);
        Self {
            fault: FaultName::of(failure, exit),
            stage: failure.of_initiator().and_then(StageName::of),
            message: redacted(&message),
            causes: causes.iter().map(|cause| redacted(cause)).collect(),
            hint: failure.hint().map(|hint| redacted(&hint)),
            exit_code: exit as u8,
        }
    }

    /// Describes an error about the arguments.
    fn of_usage(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let mut paragraphs = text.split("\n\n").map(str::trim);
        let message = match error.kind() {
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                "a command is missing".to_owned()
            }
            _ => one_line(paragraphs.next().unwrap_or_default().trim_start_matches("error: ")),
        };
        let tip = paragraphs.find_map(|text| text.strip_prefix("tip: "));
        let hint = Some(tip.unwrap_or("`iscsi --help` lists commands and options").to_owned());
        Self {
            fault: FaultName::Usage,
            stage: None,
            message,
            causes: Vec::new(),
            hint,
            exit_code: Exit::Usage as u8,
        }
    }

    /// Prints the report on standard error. Failures to print are ignored: there is nowhere left to report them.
    pub(crate) fn print(self, form: Output) {
        let text = match form {
            Output::Table => self.lines(),
            Output::Json => output::json_line(&ErrorDocument { error: self }).unwrap_or_default() + "\n",
        };
        _ = stderr().write_all(text.as_bytes());
    }

    /// Formats the report as the lines `error:`, `caused by:` and `hint:`.
    fn lines(&self) -> String {
        let mut lines = format!("error: {}\n", printable(&self.message));
        let causes = self.causes.iter().map(|cause| ("caused by", cause));
        for (label, text) in causes.chain(self.hint.iter().map(|hint| ("hint", hint))) {
            _ = writeln!(lines, "{label}: {}", printable(text));
        }
        lines
    }
}

/// Joins lines: clap lists several arguments on lines of their own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prints an error about the arguments, or the requested help.
pub(crate) fn print_usage(error: clap::Error) -> ExitCode {
    let error = without_values(error);
    if error.use_stderr() && wants_json(std::env::args_os()) {
        ErrorReport::of_usage(&error).print(Output::Json);
        return Exit::Usage.into();
    }
    match error.print() {
        Ok(()) => u8::try_from(error.exit_code()).map_or(Exit::Other.into(), ExitCode::from),
        Err(_) => Exit::Local.into(),
    }
}

/// Whether arguments that cannot be parsed as a whole include `--output json`.
fn wants_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let options: Vec<OsString> = arguments.take_while(|argument| argument != "--").collect();
    let apart = options
        .windows(2)
        .any(|pair| matches!(pair, [option, form] if option == "--output" && form == "json"));
    apart || options.iter().any(|option| option == "--output=json")
}

impl FaultName {
    const fn of(failure: &Failure, exit: Exit) -> Self {
        match exit {
            Exit::Usage => Self::Usage,
            Exit::CredentialsRefused => Self::CredentialsRefused,
            Exit::TargetNotAuthenticated => Self::TargetNotAuthenticated,
            Exit::LoginRefused => Self::LoginRefused,
            Exit::Protocol => Self::Protocol,
            Exit::Network => Self::Network,
            Exit::Command => Self::Command,
            Exit::Secrets => Self::Secrets,
            Exit::Local => Self::Local,
            Exit::Done | Exit::Other if failure.is_interruption() => Self::Interrupted,
            Exit::Done | Exit::Other => Self::Other,
        }
    }
}

impl StageName {
    /// Returns `None` for errors without a connection.
    fn of(error: &Error) -> Option<Self> {
        Some(match error {
            Error::Connect { .. } | Error::LoginTimeout { step: LoginStep::Connecting, .. } => {
                Self::Connecting
            }
            Error::LoginTimeout { step: LoginStep::Negotiating(stage), .. }
            | Error::ClosedDuringLogin { stage, .. }
            | Error::MalformedDuringLogin { stage, .. }
            | Error::Login { stage, .. } => return Self::of_login(*stage),
            Error::ConnectionLost { .. }
            | Error::Timeout { .. }
            | Error::Protocol(_)
            | Error::SessionEnded(_)
            | Error::LogoutRequested
            | Error::Logout(_)
            | Error::Command { .. }
            | Error::TargetFailure { .. }
            | Error::Aborted { .. }
            | Error::Rejected { .. }
            | Error::TaskManagement { .. }
            | Error::InvalidResponse { .. } => Self::FullFeaturePhase,
            _ => return None,
        })
    }

    const fn of_login(stage: Stage) -> Option<Self> {
        match stage {
            Stage::SECURITY => Some(Self::SecurityNegotiation),
            Stage::OPERATIONAL => Some(Self::OperationalNegotiation),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
