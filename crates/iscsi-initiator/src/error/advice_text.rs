//! Advice in words, which name the settings of this library.

use std::fmt;

use super::Advice;

impl fmt::Display for Advice {
    /// Writes the advice in terms of this library's settings.
    #[allow(
        clippy::too_many_lines,
        reason = "a table: the compiler checks that each variant has its sentence"
    )]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SeparateSecrets => {
                "give the target a secret of its own: one secret for both directions can be reflected"
            }
            Self::SecretLength => "use a secret of 12 to 255 bytes, best 16 random ones",
            Self::ChapName => "use a CHAP name of 1 to 255 bytes without control characters",
            Self::NameAlgorithm => "put at least one algorithm into Config::algorithms",
            Self::MissingSecret => {
                "put the missing secret into the store or into the AuthenticationRequest, or choose another \
                 AuthenticationMode"
            }
            Self::RequiredByStore => "store the secrets that are missing, or lower the requirement in the store",
            Self::RequiredByConfig => "give the credentials that are missing, or lower Config::require",
            Self::SharedSecret => "give each direction a secret of its own, or set Config::allow_shared_secret",
            Self::EndSessions => "log out of sessions that are no longer needed",
            Self::CheckPortal => "check host and port, and that the target listens there",
            Self::CheckRoute => {
                "nothing answers at this address: check it, and the routes and firewalls on the way"
            }
            Self::ClosedDuringAuthentication => {
                "the reason is in the target's log; some targets close the connection when CHAP is not enabled for \
                 this initiator, or only in one direction. Enable it there, or decide with AuthenticationMode how much \
                 authentication this session needs"
            }
            Self::ClosedDuringNegotiation => {
                "the reason is in the target's log; some targets close the connection when they require CHAP and the login offers \
                 none. If so, give credentials in the store or in AuthenticationRequest::forward"
            }
            Self::LoginTimeout => "raise Config::login_timeout if the target is slow rather than gone",
            Self::CommandTimeout => "raise Config::command_timeout if the target is slow rather than gone",
            Self::AllowRedirect => {
                "add the portal to Config::redirect_to if the target may send logins there"
            }
            Self::RedirectLoop => {
                "the portals send logins to each other: check the configuration of the target"
            }
            Self::LogInAgain => {
                "targets request a logout before maintenance, or to move the session elsewhere: log in again"
            }
            Self::CredentialsRequired => {
                "the target requires CHAP, and the login offered none: give credentials in the store or in \
                 AuthenticationRequest::forward"
            }
            Self::CheckCredentials => {
                "check CHAP name and secret on both sides; a target without a secret of its own refuses mutual CHAP \
                 this way too"
            }
            Self::AccessList => {
                "the target does not admit this initiator name: check its access list and Config::initiator_name"
            }
            Self::UnexplainedInAuthentication => {
                "the target gave no reason. Usual ones: CHAP is not enabled there for this initiator, though the login \
                 requires it (AuthenticationMode), or it fails on the first algorithm of Config::algorithms, as tgt does on \
                 SHA-256"
            }
            Self::UnexplainedInNegotiation => {
                "the target gave no reason. Usual ones: it requires digests (Offer::header_digest, \
                 Offer::data_digest), or CHAP, for which the login needs credentials"
            }
            Self::IscsiName => "ask the portal for the names of its targets: Initiator::discover",
            Self::TargetUnavailable => {
                "try again later; some targets answer this for an unknown target, or while an old session ages out"
            }
            Self::TargetWithoutChap => {
                "CHAP is not enabled for this initiator at the target: enable it there, or decide that this session needs no \
                 authentication (AuthenticationMode::None)"
            }
            Self::Algorithm => {
                "the target chose a CHAP algorithm that is not in Config::algorithms: add it there if it is \
                 acceptable, or enable another one at the target"
            }
            Self::TargetWithoutSecret => {
                "the target has no secret to authenticate itself with: set one for this initiator there, or decide \
                 that one-way CHAP is enough (AuthenticationMode::Chap)"
            }
            Self::WrongTargetSecret => {
                "the secret known for the target is wrong or outdated, or this is not the target you expect"
            }
            Self::WrongTargetName => "check the CHAP name expected of the target",
            Self::Reflection => {
                "do not trust this target: it replayed what the initiator had sent (reflection attack)"
            }
            Self::Digest => {
                "the target does not support this digest: DigestPreference::PreferCrc32c uses it where it is available"
            }
            Self::Reservation => {
                "another initiator holds a reservation on the logical unit: release it there, or clear it at the target"
            }
            Self::Overloaded => "the target is busy: try again later, with fewer commands or sessions at once",
            Self::BecomingReady => {
                "the logical unit is becoming ready: try again in a moment, or have RetryPolicy::ready_timeout wait for it"
            },
            Self::NotStarted => "the logical unit is stopped: start it at the target",
            Self::NotReady => "the logical unit is not ready: see the target's log for the reason",
            Self::PathInTransition => {
                "the target is changing the access state of this path: try again in a few seconds"
            }
            Self::PathInStandby => {
                "this path is in standby: use another portal of the target, or make the path active there"
            }
            Self::PathUnavailable => "this path is unavailable: use another portal of the target",
            Self::NoMedium => "put a medium into the device, or attach one at the target",
            Self::OutOfSpace => "the storage behind the logical unit is full: free or add space at the target",
            Self::WriteProtected => "the logical unit is read-only: lift the write protection at the target",
            Self::OutOfRange => {
                "the target says that the logical unit ends before this range; it may have been resized: ask for its \
                 capacity again"
            }
            Self::NoSuchUnit => "the target has no such logical unit: Session::report_luns lists those it has",
            Self::SendAgain => "the command is gone, and the session goes on: send it again if it is still needed",
            Self::UnsupportedRequest => "the target does not support this request: do without it",
            Self::UnsupportedFunction => {
                "the target does not support this task management function: choose another one of TaskManagement"
            }
            Self::PermitFunction => {
                "the target does not permit this initiator to request task management functions: permit it there"
            }
            Self::FunctionRejected => "the reason is in the target's log; some targets reject functions while another is under way",
            Self::FunctionTimeout => {
                "raise Config::abort_timeout if the target is slow rather than gone; it may still carry the function out"
            }
            Self::CheckResult => {
                "read what the command was to change before it is sent again; its session was replaced by one that does not \
                 permit to repeat it"
            }
            Self::WriteAgain => "write again what was written since the flush before, and flush it",
            Self::NoSession => {
                "look whether the target is there; RecoveryPolicy::replacement_timeout is the time for which commands wait for it"
            }
            Self::OtherUnit => {
                "look at the target which logical unit has this number now, and log in again if it is the right one"
            }
            Self::InitiatorName => {
                "look for another host with the same initiator name and ISID, such as a copy of a virtual machine, and give it a \
                 name of its own; otherwise the target's log has the reason"
            }
        })
    }
}
