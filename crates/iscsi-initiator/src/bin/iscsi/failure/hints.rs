//! Hints about failures, in terms of the commands, options and files of this program.

mod by_sense;

use iscsi_initiator::{Advice, Error, UrlError};
use iscsi_secrets::{SecretFileError, SecretFileFault};

use super::Failure;

impl Failure {
    /// Returns what to change, where that is known.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Usage { hint, .. } | Self::Device { hint, .. } => hint,
            Self::Url(error) => of_url(*error),
            Self::Initiator(error) => return of_initiator(error),
            Self::Store(error) => return error.remedy(),
            Self::UnknownScope { .. } => "see `iscsi secret list`",
            Self::SecretFile(error) => return of_secret_file(error),
            Self::Import(error) => return error.remedy(),
            Self::NotAllImported { left_out: 0, .. } => "--replace overwrites what is in the store",
            Self::NotAllImported { .. } => {
                "see the warnings above; `iscsi secret set` stores what was left out"
            }
            Self::LoginsFailed { .. } => {
                "`iscsi login` shows more about one login; --allow-failures sets how many may fail"
            }
            Self::OperationsFailed { .. } => {
                "`iscsi info` shows more about the unit; --allow-failures sets how many may fail"
            }
            Self::WrongData { .. } => {
                "the unit lost, moved or changed data, or somebody else writes to it; --output json lists the first blocks"
            }
            Self::HeldSessionsLost { .. } => {
                "look for the reason in the target's log: its limits, its memory, or an idle timeout"
            }
            Self::OpenFiles { needed, .. } => {
                return Some(format!(
                    "raise it: `ulimit -n {needed}`, LimitNOFILE={needed} in a systemd unit, --ulimit nofile={needed} \
                     for a container"
                ));
            }
            Self::File { hint, .. } => return hint.map(str::to_owned),
            Self::WeakSecrets { .. } => {
                "`iscsi secret generate` makes secrets that are neither short nor shared"
            }
            Self::NameFile { .. } => "put one line `InitiatorName=iqn…` there, or use --initiator-name",
            Self::Unfinished { source, .. } | Self::Reserved { source, .. } => return source.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

const fn of_url(error: UrlError) -> &'static str {
    match error {
        UrlError::Scheme | UrlError::NoTarget | UrlError::TargetText | UrlError::Target(_) => {
            "write iscsi://host[:port]/target, the target as `iscsi discover` shows it"
        }
        UrlError::Secret(_) => {
            "a CHAP secret has 12 to 255 bytes; better keep it in a file (--secret-file) or in the store"
        }
        other => other.hint(),
    }
}

/// Does not repeat the name of the file where it may be the secret itself.
fn of_secret_file(error: &SecretFileError) -> Option<String> {
    match error.fault {
        SecretFileFault::Open(std::io::ErrorKind::NotFound) => {
            Some("check the path; the option takes the name of a file, not the secret".to_owned())
        }
        _ => error.remedy(),
    }
}

/// Sense data say more than the advice of the library, which knows no command of this program.
fn of_initiator(error: &Error) -> Option<String> {
    if let Error::Command { sense: Some(sense), .. } = error
        && let Some(hint) = by_sense::hint(*sense)
    {
        return Some(hint.to_owned());
    }
    match error.advice() {
        Some(advice) => Some(words(advice).map_or_else(|| advice.to_string(), str::to_owned)),
        None => error.hint(),
    }
}

const BECOMING_READY: &str =
    "the logical unit is becoming ready: try again in a moment, or have --wait-ready wait for it";
const OUT_OF_RANGE: &str = "the target says that the logical unit ends before this range; it may have been resized: `iscsi \
                            info` shows its size";
const NO_SUCH_UNIT: &str = "the target has no such logical unit: `iscsi luns` lists those it has";

/// Hints for advice that the library words by its own settings: a table, written as one match so that a variant occurs
/// once.
const fn words(advice: Advice) -> Option<&'static str> {
    Some(match advice {
        Advice::SeparateSecrets => {
            "give the target a secret of its own, with `iscsi secret set` or --target-secret-file: one secret for both \
             directions can be reflected"
        }
        Advice::SecretLength => "`iscsi secret generate` makes a secret of 16 random characters",
        Advice::NameAlgorithm => "name at least one algorithm with --algorithms",
        Advice::MissingSecret => {
            "store the missing secret (`iscsi secret set`) or name its file (--secret-file, --target-secret-file), \
             or choose less authentication with --auth"
        }
        Advice::RequiredByStore => {
            "`iscsi secret set` stores the secrets that are missing; `iscsi secret require` changes what is required, \
             `iscsi secret list` shows it"
        }
        Advice::RequiredByConfig => {
            "`iscsi secret set` stores the secrets that are missing; --require-auth (ISCSI_REQUIRE_AUTH) is what \
             requires them"
        }
        Advice::SharedSecret => {
            "give each direction a secret of its own (`iscsi secret check` finds all that are shared), or use \
             --allow-shared-secret"
        }
        Advice::ClosedDuringAuthentication => {
            "the reason is in the target's log; some targets close the connection when CHAP is not enabled for this \
             initiator, or only in one direction. Enable it there, or decide with --auth how much authentication this \
             session needs"
        }
        Advice::ClosedDuringNegotiation => {
            "the reason is in the target's log; some targets close the connection when they require CHAP and the login \
             offers none. If so, give --user and --secret-file, or store the secret (`iscsi secret set`)"
        }
        Advice::LoginTimeout | Advice::CommandTimeout => {
            "raise --timeout if the target is slow rather than gone"
        }
        Advice::BecomingReady => BECOMING_READY,
        Advice::AllowRedirect => "add the portal to --redirect-to if the target may send logins there",
        Advice::CredentialsRequired => {
            "the target requires CHAP, and the login offered none: give --user and --secret-file, or store the secret \
             (`iscsi secret set`)"
        }
        Advice::AccessList => {
            "the target does not admit this initiator name: check its access list; --initiator-name sends another one"
        }
        Advice::UnexplainedInAuthentication => {
            "the target gave no reason. Usual ones: CHAP is not enabled there for this initiator, though --auth or the \
             stored secrets require it, or it fails on the first algorithm of --algorithms, as tgt does on sha256: \
             `--algorithms md5` works with most targets"
        }
        Advice::UnexplainedInNegotiation => {
            "the target gave no reason. Usual ones: it requires digests (--header-digest crc32c, --data-digest crc32c), \
             or CHAP (--user and --secret-file)"
        }
        Advice::IscsiName => "`iscsi discover PORTAL` shows the targets of a portal",
        Advice::TargetWithoutChap => {
            "CHAP is not enabled for this initiator at the target: enable it there, or decide that this session needs \
             no authentication (--auth none)"
        }
        Advice::Algorithm => {
            "the target chose a CHAP algorithm that is not in --algorithms: add it there if it is acceptable, or enable \
             another one at the target"
        }
        Advice::TargetWithoutSecret => {
            "the target has no secret to authenticate itself with: set one for this initiator there, or decide that \
             one-way CHAP is enough (--auth chap)"
        }
        Advice::WrongTargetSecret => {
            "the secret stored or given for the target is wrong or outdated, or this is not the target you expect"
        }
        Advice::WrongTargetName => {
            "check the CHAP name expected of the target: --target-user, or `iscsi secret list`"
        }
        Advice::Digest => {
            "the target does not support this digest: prefer-crc32c uses it where it is available \
             (--header-digest, --data-digest)"
        }
        Advice::OutOfRange => OUT_OF_RANGE,
        Advice::NoSuchUnit => NO_SUCH_UNIT,
        Advice::Reservation => {
            "another initiator holds a reservation on the logical unit, or this one is not registered: `iscsi reserve list` \
             shows both; release it there, or take it over with `iscsi reserve preempt`"
        }
        Advice::UnsupportedFunction => {
            "the target does not support this function: `iscsi reset --lun` resets one logical unit, `iscsi reset --target` all \
             of them"
        }
        Advice::NoSession => "look whether the target is there; the command has waited two minutes for it",
        Advice::FunctionTimeout => {
            "raise --timeout if the target is slow rather than gone; it may still carry the function out"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Advice for which this program has settings or commands.
    const BY_SETTINGS: [Advice; 27] = [
        Advice::Reservation,
        Advice::NoSession,
        Advice::SeparateSecrets,
        Advice::SecretLength,
        Advice::NameAlgorithm,
        Advice::MissingSecret,
        Advice::ClosedDuringAuthentication,
        Advice::ClosedDuringNegotiation,
        Advice::LoginTimeout,
        Advice::CommandTimeout,
        Advice::AllowRedirect,
        Advice::BecomingReady,
        Advice::CredentialsRequired,
        Advice::AccessList,
        Advice::UnexplainedInAuthentication,
        Advice::UnexplainedInNegotiation,
        Advice::IscsiName,
        Advice::TargetWithoutChap,
        Advice::Algorithm,
        Advice::TargetWithoutSecret,
        Advice::WrongTargetSecret,
        Advice::WrongTargetName,
        Advice::Digest,
        Advice::OutOfRange,
        Advice::NoSuchUnit,
        Advice::UnsupportedFunction,
        Advice::FunctionTimeout,
    ];

    #[test]
    fn advice_about_settings_has_words_of_the_program() {
        for advice in BY_SETTINGS {
            let words = words(advice).unwrap_or_else(|| panic!("{advice:?}"));
            assert_ne!(words, advice.to_string());
            for setting in ["::", "AuthenticationMode", "AuthenticationRequest"] {
                assert!(!words.contains(setting), "{advice:?}: {words}");
            }
        }
    }

    /// All other advice is shown as the library words it.
    #[test]
    fn other_advice_names_no_setting_of_the_library() {
        let others = [
            Advice::ChapName,
            Advice::EndSessions,
            Advice::CheckPortal,
            Advice::CheckRoute,
            Advice::RedirectLoop,
            Advice::LogInAgain,
            Advice::CheckCredentials,
            Advice::TargetUnavailable,
            Advice::Reflection,
            Advice::Overloaded,
            Advice::NotStarted,
            Advice::NotReady,
            Advice::PathInTransition,
            Advice::PathInStandby,
            Advice::PathUnavailable,
            Advice::NoMedium,
            Advice::OutOfSpace,
            Advice::WriteProtected,
            Advice::SendAgain,
            Advice::UnsupportedRequest,
            Advice::PermitFunction,
            Advice::FunctionRejected,
            Advice::CheckResult,
            Advice::WriteAgain,
            Advice::OtherUnit,
            Advice::InitiatorName,
        ];
        for advice in others {
            assert!(words(advice).is_none() && !advice.to_string().contains("::"), "{advice:?}");
        }
    }
}
