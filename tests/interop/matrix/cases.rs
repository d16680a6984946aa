//! The table of cases and their expected results with each daemon.

use iscsi_initiator::{AuthenticationMode, ChapAlgorithm, DigestPreference};

use crate::program::{FORWARD, REVERSE, TestAccount, wrong};
use crate::stage::Daemon;

use ChapAlgorithm::{Md5, Sha1, Sha3_256, Sha256};
use DigestPreference::{Crc32c, None as NoDigest};

/// The kind of login or discovery.
#[derive(Clone, Copy)]
pub(super) enum Access {
    /// A login to the target of this name.
    Target(&'static str),
    /// A discovery without authentication.
    Discovery,
    /// A discovery at a portal that requires mutual CHAP.
    GuardedDiscovery,
    /// A discovery, and a login to the target of this name at every address found.
    PortalGroups(&'static str),
}

/// The credentials of a case, in both directions.
#[derive(Clone, Copy)]
pub(super) struct Credentials {
    /// The authentication that the initiator requires.
    pub(super) mode: AuthenticationMode,
    pub(super) forward: Option<TestAccount>,
    pub(super) reverse: Option<TestAccount>,
}

/// One row.
pub(super) struct Case {
    pub(super) what: &'static str,
    pub(super) access: Access,
    pub(super) credentials: Credentials,
    pub(super) algorithms: &'static [ChapAlgorithm],
    /// Header and data digest.
    pub(super) digests: [DigestPreference; 2],
    expected: [&'static str; 3],
}

impl Case {
    pub(super) const fn expected(&self, daemon: Daemon) -> &'static str {
        let [tgt, istgt, lio] = self.expected;
        match daemon {
            Daemon::Tgt => tgt,
            Daemon::Istgt => istgt,
            Daemon::Lio => lio,
        }
    }

    const fn offering(self, algorithms: &'static [ChapAlgorithm]) -> Self {
        Self { algorithms, ..self }
    }

    const fn digests(self, header: DigestPreference, data: DigestPreference) -> Self {
        Self { digests: [header, data], ..self }
    }

    /// The cells of tgt, istgt and LIO.
    const fn gives(self, expected: [&'static str; 3]) -> Self {
        Self { expected, ..self }
    }

    const fn gives_all(self, expected: &'static str) -> Self {
        self.gives([expected; 3])
    }
}

const fn case(what: &'static str, access: Access, credentials: Credentials) -> Case {
    Case { what, access, credentials, algorithms: &[Md5], digests: [NoDigest, NoDigest], expected: [""; 3] }
}

const NOBODY: Credentials = Credentials { mode: AuthenticationMode::None, forward: None, reverse: None };
const ONE_WAY: Credentials =
    Credentials { mode: AuthenticationMode::Chap, forward: Some(FORWARD), reverse: None };
const IF_ASKED: Credentials = Credentials { mode: AuthenticationMode::IfAsked, ..ONE_WAY };
const MUTUAL: Credentials =
    Credentials { mode: AuthenticationMode::Mutual, forward: Some(FORWARD), reverse: Some(REVERSE) };

const WRONG_FORWARD: Credentials = Credentials { forward: Some(wrong(FORWARD)), ..MUTUAL };
const WRONG_REVERSE: Credentials = Credentials { reverse: Some(wrong(REVERSE)), ..MUTUAL };
const STRANGER: Credentials = Credentials { reverse: Some(("somebody", REVERSE.1)), ..MUTUAL };

const ONE: &str = "initiator, MD5";
const BOTH: &str = "both, MD5";
const ALL_TARGETS: &str = "4 targets";

/// The target refuses the login after the initiator's CHAP response, or because it has no secret to authenticate itself.
const REFUSED: &str =
    "CredentialsRefused: target refused the login during security negotiation: 0201 authentication failure";
/// The target refuses the login because the initiator offers no authentication.
const REFUSED_WITHOUT: &str = "CredentialsRefused: target refused the login during operational negotiation: 0201 \
                               authentication failure";
/// tgt takes algorithm 7 for SHA-1, and cannot parse a response computed by SHA-256.
const UNREADABLE: &str =
    "LoginRefused: target refused the login during security negotiation: 0200 initiator error";
const WRONG_ANSWER: &str = "TargetNotAuthenticated: target not authenticated: target's CHAP response as \"target-user\" does not \
                            match the configured target secret";
const WRONG_NAME: &str = "TargetNotAuthenticated: target not authenticated: target's CHAP name is \"target-user\", \
                          \"somebody\" is configured";
const NO_ANSWER: &str =
    "TargetNotAuthenticated: target not authenticated: target did not answer the initiator's challenge";
const REJECTED: &str = "TargetNotAuthenticated: target not authenticated: target chose authentication method Reject, \
                        only CHAP is allowed";
/// The initiator has to offer MD5 (RFC 7143, 12.1.3), but need not accept it.
const TOO_WEAK: &str = "TargetNotAuthenticated: target not authenticated: target chose CHAP algorithm MD5, which the settings do not \
     accept";
/// LIO closes the connection if it accepts none of the offered `AuthMethod`s.
const CLOSED: &str = "Network: closed during security negotiation";

/// Every row of the table.
pub(super) fn cases() -> Vec<Case> {
    [logins(), demands(), wrong_secrets(), algorithms(), digests(), discoveries(), guarded_discoveries()]
        .into_iter()
        .flatten()
        .collect()
}

fn logins() -> Vec<Case> {
    vec![
        case("no authentication, `open`", Access::Target("open"), NOBODY).gives_all("nobody"),
        case("one-way CHAP, `chap`", Access::Target("chap"), ONE_WAY).gives_all(ONE),
        case("mutual CHAP, `mutual`", Access::Target("mutual"), MUTUAL).gives_all(BOTH),
    ]
}

/// Requirements of one side that differ from those of the other.
fn demands() -> Vec<Case> {
    vec![
        case("CHAP if asked, `open`", Access::Target("open"), IF_ASKED).gives_all("nobody"),
        case("CHAP if asked, `chap`", Access::Target("chap"), IF_ASKED).gives_all(ONE),
        case("CHAP if asked, `mutual`", Access::Target("mutual"), IF_ASKED).gives([ONE, REFUSED, ONE]),
        case("no authentication, `chap`", Access::Target("chap"), NOBODY).gives_all(REFUSED_WITHOUT),
        case("one-way CHAP, `mutual`", Access::Target("mutual"), ONE_WAY).gives([ONE, REFUSED, ONE]),
        case("one-way CHAP, `open`", Access::Target("open"), ONE_WAY).gives([REFUSED, REJECTED, CLOSED]),
        case("mutual CHAP, `chap`", Access::Target("chap"), MUTUAL).gives([REFUSED, REFUSED, NO_ANSWER]),
        case("mutual CHAP, `open`", Access::Target("open"), MUTUAL).gives([REFUSED, REJECTED, CLOSED]),
    ]
}

fn wrong_secrets() -> Vec<Case> {
    let one_way = Credentials { forward: WRONG_FORWARD.forward, ..ONE_WAY };
    let mutual = |what, credentials| case(what, Access::Target("mutual"), credentials);
    vec![
        case("wrong forward secret, `chap`", Access::Target("chap"), one_way).gives_all(REFUSED),
        mutual("wrong forward secret, `mutual`", WRONG_FORWARD).gives_all(REFUSED),
        mutual("wrong reverse secret, `mutual`", WRONG_REVERSE).gives_all(WRONG_ANSWER),
        mutual("another CHAP name expected, `mutual`", STRANGER).gives_all(WRONG_NAME),
    ]
}

fn algorithms() -> Vec<Case> {
    let mutual = |what| case(what, Access::Target("mutual"), MUTUAL);
    let one_way = case("one-way CHAP by SHA-256, MD5 (7,5), `chap`", Access::Target("chap"), ONE_WAY);
    let strongest = mutual("mutual CHAP by strongest first (8,7,6,5), `mutual`");
    vec![
        mutual("mutual CHAP by SHA-1, MD5 (6,5), `mutual`").offering(&[Sha1, Md5]).gives([
            BOTH,
            BOTH,
            "both, SHA-1",
        ]),
        mutual("mutual CHAP by SHA-256, MD5 (7,5), `mutual`").offering(&[Sha256, Md5]).gives([
            UNREADABLE,
            BOTH,
            "both, SHA-256",
        ]),
        mutual("mutual CHAP by SHA3-256, MD5 (8,5), `mutual`").offering(&[Sha3_256, Md5]).gives([
            BOTH,
            BOTH,
            "both, SHA3-256",
        ]),
        mutual("mutual CHAP by MD5 first (5,8,7,6), `mutual`")
            .offering(&[Md5, Sha3_256, Sha256, Sha1])
            .gives_all(BOTH),
        strongest.offering(&ChapAlgorithm::ALL).gives([UNREADABLE, BOTH, "both, SHA3-256"]),
        case("one-way CHAP by SHA-256 and nothing less, `chap`", Access::Target("chap"), ONE_WAY)
            .offering(&[Sha256])
            .gives([UNREADABLE, TOO_WEAK, "initiator, SHA-256"]),
        one_way.offering(&[Sha256, Md5]).gives([UNREADABLE, ONE, "initiator, SHA-256"]),
    ]
}

fn digests() -> Vec<Case> {
    let mutual = |what| case(what, Access::Target("digests"), MUTUAL);
    vec![
        mutual("no digest, `digests`").gives_all(BOTH),
        mutual("header digest, `digests`").digests(Crc32c, NoDigest).gives_all("both, MD5, header digest"),
        mutual("data digest, `digests`").digests(NoDigest, Crc32c).gives_all("both, MD5, data digest"),
        mutual("both digests, `digests`")
            .digests(Crc32c, Crc32c)
            .gives_all("both, MD5, header digest, data digest"),
    ]
}

fn discoveries() -> Vec<Case> {
    let groups = case("discovery, then every portal group of `open`", Access::PortalGroups("open"), NOBODY);
    vec![
        case("discovery", Access::Discovery, NOBODY).gives_all(ALL_TARGETS),
        case("discovery, mutual CHAP", Access::Discovery, MUTUAL).gives([REFUSED, REJECTED, REFUSED]),
        groups.gives(["group 1", "group 1", "groups 1, 2"]),
    ]
}

/// Discoveries at a portal that requires mutual CHAP.
fn guarded_discoveries() -> Vec<Case> {
    let guarded = |what, credentials| case(what, Access::GuardedDiscovery, credentials);
    vec![
        guarded("guarded discovery, no authentication", NOBODY).gives_all(REFUSED_WITHOUT),
        guarded("guarded discovery, one-way CHAP", ONE_WAY).gives([ALL_TARGETS, REFUSED, ALL_TARGETS]),
        guarded("guarded discovery, mutual CHAP", MUTUAL).gives_all(ALL_TARGETS),
        guarded("guarded discovery, mutual CHAP by SHA-256, MD5 (7,5)", MUTUAL)
            .offering(&[Sha256, Md5])
            .gives([UNREADABLE, ALL_TARGETS, ALL_TARGETS]),
        guarded("guarded discovery, wrong forward secret", WRONG_FORWARD).gives_all(REFUSED),
        guarded("guarded discovery, wrong reverse secret", WRONG_REVERSE).gives_all(WRONG_ANSWER),
    ]
}
