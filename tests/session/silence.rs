//! Silence of a target after each kind of PDU, and in the middle of one: every call ends with its error in time, and the
//! session goes on or ends as the policy says.

use std::time::{Duration, Instant};

use bytes::Bytes;
use iscsi_initiator::{Abort, AbortCause, Error, Extent, Lun, Session, TaskManagement, scsi};
use iscsi_pdu::{
    AsyncEvent, DataIn, RawPdu, Reject, RejectReason, ScsiCommand, ScsiStatus, SerialNumber, TargetPdu,
    TargetTransferTag, TextResponse,
};
use iscsi_tests::scripted_target::{Moment, Reply, Script, bytes, data_in, r2t, response, text_response};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::stage::{LIMIT, hurried_config, session_with, soliciting_config};
use crate::unasked::{news, only, ping, reject};

const TEST_UNIT_READY: u8 = 0x00;
const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
/// Far beyond the limits under test.
const PATIENCE: Duration = Duration::from_secs(10);

/// A call that waits for the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// Waits for the end of a session whose target is pinged when it is quiet.
    Nothing,
    Test,
    /// Reads this many blocks.
    Read(u32),
    /// Writes this many blocks.
    Write(u32),
    Targets,
    Ping,
    Reset,
    Logout,
}

impl Call {
    /// The error of the call.
    async fn error(self, session: &Session) -> Error {
        let lun = Lun::ZERO;
        match self {
            Self::Nothing => session.ended().await,
            Self::Test => session.test_unit_ready(lun).await.unwrap_err(),
            Self::Read(blocks) => session.execute(lun, scsi::read_blocks(0, blocks, 512)).await.unwrap_err(),
            Self::Write(blocks) => {
                let data = vec![7; blocks as usize * 512];
                session.execute(lun, scsi::write_blocks(0, blocks, data)).await.unwrap_err()
            }
            Self::Targets => session.send_targets("").await.unwrap_err(),
            Self::Ping => session.ping("there?").await.unwrap_err(),
            Self::Reset => session.manage_tasks(TaskManagement::LogicalUnitReset(lun)).await.unwrap_err(),
            Self::Logout => session.clone().logout().await.unwrap_err(),
        }
    }
}

/// A target that falls silent at this point of its script.
struct Case {
    /// The last thing that it sends or takes.
    after: &'static str,
    script: Script,
    call: Call,
    /// The error of the call.
    error: Error,
    /// The reason for which the session ends then; `None` if it goes on.
    end: Option<Error>,
}

impl Case {
    /// Silence that ends the session with the call.
    fn ends(after: &'static str, script: Script, call: Call, error: Error) -> Self {
        Self { after, script, call, end: Some(error.clone()), error }
    }

    /// Silence after which the session goes on.
    fn goes_on(after: &'static str, script: Script, call: Call, error: Error) -> Self {
        Self { after, script, call, error, end: None }
    }

    async fn check(self) {
        let Self { after, script, call, error, end } = self;
        let mut config = hurried_config();
        config.noop_out_interval = (call == Call::Nothing).then_some(LIMIT);
        let (scripted, session) = session_with(soliciting_config(), script, config).await;
        let begin = Instant::now();
        let found = timeout(PATIENCE, call.error(&session)).await;
        assert_eq!(found, Ok(error), "after {after}");
        let Some(end) = end else {
            session.test_unit_ready(Lun::ZERO).await.unwrap();
            return session.logout().await.unwrap();
        };
        assert_eq!(timeout(PATIENCE, session.ended()).await, Ok(end.clone()), "after {after}");
        assert!(begin.elapsed() >= LIMIT, "after {after}: over after {:?}", begin.elapsed());
        timeout(PATIENCE, scripted.all_closed()).await.unwrap_or_else(|_| panic!("after {after}: open"));
        // Whoever comes late learns the same.
        assert_eq!(session.test_unit_ready(Lun::ZERO).await, Err(end), "after {after}");
    }
}

/// All cases at the same time.
async fn check(cases: impl IntoIterator<Item = Case>) {
    cases.into_iter().map(Case::check).collect::<JoinSet<_>>().join_all().await;
}

fn timed_out(operation: &'static str) -> Error {
    Error::Timeout { operation, limit: LIMIT }
}

fn aborted(command: &'static str) -> Error {
    // The conforming part of the script has never heard of the command.
    Error::Aborted { command, abort: Abort { cause: AbortCause::Timeout, extent: Extent::Unknown } }
}

fn rejected(request: &'static str) -> Error {
    Error::Rejected { request, reason: RejectReason::COMMAND_NOT_SUPPORTED }
}

fn silent<Request>(_: &Request, _: &Moment) -> Reply {
    Reply::default()
}

/// This many bytes of data, without the status.
fn data(length: usize) -> impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static {
    move |command, moment| {
        let whole = data_in(command, moment, 0, length);
        only(TargetPdu::DataIn(DataIn { has_status: false, ..whole }), moment)
    }
}

/// The first bytes of a Data-In with this much data.
fn cut(length: usize, at: usize) -> impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static {
    move |command, moment| {
        let mut bytes = bytes(&TargetPdu::DataIn(data_in(command, moment, 0, length)), moment.digests);
        bytes.truncate(at);
        Reply::raw(bytes)
    }
}

/// An R2T for this many bytes from the start.
fn request(length: u32) -> impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static {
    move |command, moment| only(TargetPdu::R2t(r2t(command, moment, 0, length)), moment)
}

/// A Reject of a request with this command number, which it does not count.
fn reject_of(request: &RawPdu, cmd_sn: SerialNumber, moment: &Moment) -> Reply {
    let mut numbers = moment.numbers;
    numbers.exp_cmd_sn = cmd_sn;
    let data = Bytes::copy_from_slice(request.bhs.as_bytes());
    let reject = Reject { reason: RejectReason::COMMAND_NOT_SUPPORTED, numbers, data_sn: 0, data };
    only(TargetPdu::Reject(reject), moment)
}

/// Silence during a command.
fn commands() -> Vec<Case> {
    let (read, write) = (timed_out("READ (10)"), timed_out("WRITE (10)"));
    let stalled = Script::new().answer_command(WRITE_10, request(1 << 20)).pause(5 * LIMIT);
    let half = Script::new().answer_command(READ_10, data(512));
    let all = Script::new().answer_command(READ_10, data(1024));
    let some_data = Script::new().answer_command(WRITE_10, request(512));
    let all_data = Script::new().answer_command(WRITE_10, request(1024));
    let pings_only = Script::new()
        .answer_command(TEST_UNIT_READY, silent)
        .answer_management(silent)
        .answer_management(silent);
    vec![
        Case::ends("a command without data", Script::new(), Call::Test, timed_out("TEST UNIT READY")),
        Case::ends("one of two Data-In PDUs", half, Call::Read(2), read.clone()),
        Case::ends("all data but no status", all, Call::Read(2), read),
        Case::ends("the data of an R2T for a part", some_data, Call::Write(2), write.clone()),
        Case::ends("the data of an R2T", all_data, Call::Write(2), write.clone()),
        Case::ends("an R2T whose data it does not take", stalled, Call::Write(2048), write),
        Case::ends("ABORT TASK and the reset", pings_only, Call::Test, timed_out("TEST UNIT READY")),
    ]
}

/// Silence after requests that are no commands.
fn other_requests() -> Vec<Case> {
    let part = Script::new().answer_text(|request, moment| {
        let whole = text_response(request, moment, "TargetName=iqn.2001-04.com.example:disk\0");
        let part = TextResponse { is_final: false, ttt: TargetTransferTag(1), ..whole };
        only(TargetPdu::TextResponse(part), moment)
    });
    vec![
        Case::ends("a Text Request", Script::new(), Call::Targets, timed_out("SendTargets")),
        Case::ends("a part of a text", part, Call::Targets, timed_out("SendTargets")),
        Case::ends("a ping", Script::new(), Call::Ping, timed_out("ping")),
        Case::ends("a Logout Request", Script::new(), Call::Logout, timed_out("logout")),
    ]
}

fn announcing(pdu: fn(&Moment) -> TargetPdu) -> Script {
    Script::new().announce(move |moment| only(pdu(moment), moment))
}

/// Silence after a PDU that answers nothing, with and without a caller who waits.
fn unasked() -> Vec<Case> {
    let announced = [
        ("the login", Script::new()),
        ("an Asynchronous Message", announcing(|moment| news(moment, AsyncEvent(250)))),
        ("a ping of its own", announcing(|moment| ping(moment, TargetTransferTag(1)))),
        ("an update of the window", announcing(|moment| ping(moment, TargetTransferTag::RESERVED))),
        ("a Reject of nothing", announcing(reject)),
    ];
    let calls = [(Call::Test, timed_out("TEST UNIT READY")), (Call::Nothing, timed_out("ping"))];
    let mut cases = Vec::new();
    for (after, script) in announced {
        cases.extend(calls.clone().map(|(call, error)| Case::ends(after, script.clone(), call, error)));
    }
    // The session answers it by an empty Text Request.
    let negotiate = announcing(|moment| news(moment, AsyncEvent::NEGOTIATE));
    let negotiation = timed_out("parameter negotiation");
    cases.push(Case::ends("a request to negotiate", negotiate, Call::Nothing, negotiation));
    cases
}

/// Silence after a Reject. A ping uses the number of the rejected request up, and has no answer either.
fn rejects() -> [Case; 2] {
    let of_command = Script::new().answer_command(TEST_UNIT_READY, |command, moment| {
        reject_of(&command.encode(), command.cmd_sn, moment)
    });
    let of_text =
        Script::new().answer_text(|request, moment| reject_of(&request.encode(), request.cmd_sn, moment));
    [(of_command, Call::Test, "TEST UNIT READY"), (of_text, Call::Targets, "SendTargets")].map(
        |(script, call, name)| Case {
            end: Some(timed_out("ping")),
            ..Case::ends("a Reject", script, call, rejected(name))
        },
    )
}

/// Silence inside a PDU.
fn parts_of_pdus() -> Vec<Case> {
    let half_a_header = Script::new().answer_command(TEST_UNIT_READY, |command, moment| {
        let good = response(command, moment, ScsiStatus::GOOD, Bytes::new());
        let mut bytes = bytes(&TargetPdu::ScsiResponse(good), moment.digests);
        bytes.truncate(20);
        Reply::raw(bytes)
    });
    let trickle = Script::new().answer_command(TEST_UNIT_READY, silent).trickle(vec![0x20; 48], LIMIT / 3);
    let data = |length, at| Script::new().answer_command(READ_10, cut(length, at));
    let (test, read) = (timed_out("TEST UNIT READY"), timed_out("READ (10)"));
    vec![
        Case::ends("half a header", half_a_header, Call::Test, test.clone()),
        Case::ends(
            "half a header unasked",
            Script::new().send(vec![0x20; 24]),
            Call::Nothing,
            timed_out("ping"),
        ),
        Case::ends("a header byte by byte", trickle, Call::Test, test),
        Case::ends("a header without its data", data(1024, 48), Call::Read(2), read.clone()),
        Case::ends("a part of short data", data(1024, 148), Call::Read(2), read.clone()),
        // These are read to the place where the caller gets them.
        Case::ends("a part of long data", data(1 << 16, 1048), Call::Read(128), read),
    ]
}

/// A target that sends nothing any more: every call ends with an error that names what was not answered, within a few times
/// the limit, and the connection is closed.
#[tokio::test]
async fn cmd_18_nop_06_tmf_10_lgo_07_silence_for_ever() {
    let answered = [commands(), other_requests(), unasked(), parts_of_pdus()];
    check(answered.into_iter().flatten().chain(rejects())).await;
}

/// A target that answers everything but one request: a command or a function ends alone. Text exchanges cannot be aborted,
/// and a ping without an answer is a lost connection.
#[tokio::test]
async fn tmf_09_silence_about_one_request() {
    let test = Script::new().answer_command(TEST_UNIT_READY, silent).serve();
    let read = Script::new().answer_command(READ_10, data(512)).serve();
    let write = |length| Script::new().answer_command(WRITE_10, request(length)).take().serve();
    let reset = Script::new().answer_management(silent).serve();
    let function = Error::TaskManagement { function: "LOGICAL UNIT RESET", response: None };
    let question = Script::new().answer_text(silent).serve();
    let ping = Script::new().take().serve();
    check([
        Case::goes_on("a command without data", test, Call::Test, aborted("TEST UNIT READY")),
        Case::goes_on("one of two Data-In PDUs", read, Call::Read(2), aborted("READ (10)")),
        Case::goes_on("the data of an R2T for a part", write(512), Call::Write(2), aborted("WRITE (10)")),
        Case::goes_on("the data of an R2T", write(1024), Call::Write(2), aborted("WRITE (10)")),
        Case::goes_on("a reset", reset, Call::Reset, function),
        Case::ends("a Text Request", question, Call::Targets, timed_out("SendTargets")),
        Case::ends("a ping", ping, Call::Ping, timed_out("ping")),
    ])
    .await;
}
