//! Script of a scripted target: its steps, in order.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use iscsi_pdu::{LoginRequest, LoginResponse, ScsiCommand, TaskManagementRequest, TextRequest};

use super::flood::MakeWave;
use super::full_feature::{Moment, Reply};
use super::served::{ChangeResponse, SharedEngine};
use crate::ram_disk::{Config, Engine};

/// Makes a Login Response of a Login Request.
type AnswerLogin = Arc<dyn Fn(&LoginRequest) -> LoginResponse + Send + Sync>;
/// Makes the answer to a SCSI Command.
type AnswerCommand = Arc<dyn Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync>;
/// Makes the answer to a SCSI Command; `None` leaves it to the conforming target.
type AnswerSome = Arc<dyn Fn(&ScsiCommand, &Moment) -> Option<Reply> + Send + Sync>;
/// Makes the answer to a Text Request.
type AnswerText = Arc<dyn Fn(&TextRequest, &Moment) -> Reply + Send + Sync>;
/// Makes the answer to a Task Management Function Request.
type AnswerManagement = Arc<dyn Fn(&TaskManagementRequest, &Moment) -> Reply + Send + Sync>;
/// Makes something to be sent unasked.
type Announce = Arc<dyn Fn(&Moment) -> Reply + Send + Sync>;

/// One thing a scripted target does.
#[derive(Clone)]
pub(super) enum Step {
    /// Takes one PDU and says nothing.
    Take,
    /// Takes one Login Request and answers it.
    AnswerLogin(AnswerLogin),
    /// Takes the initiator through a whole login, like a conforming target.
    LogIn(SharedEngine, Arc<ChangeResponse>),
    /// Serves requests like a conforming target, until a SCSI Command with this operation code, and answers that one.
    AnswerCommand(u8, AnswerCommand),
    /// Answers the command of the last `AnswerCommand` once more.
    AnswerAgain(AnswerCommand),
    /// Serves requests like a conforming target, until a Text Request, and answers that one.
    AnswerText(AnswerText),
    /// Serves requests like a conforming target, until a task management request, and answers that one.
    AnswerManagement(AnswerManagement),
    /// Sends PDUs that answer nothing.
    Announce(Announce),
    /// Serves requests like a conforming target, until the initiator leaves.
    Serve,
    /// Serves like a conforming target, except for the SCSI Commands that have an answer in this script.
    ServeBut(AnswerSome),
    /// Sends PDUs without end, and serves requests like a conforming target in between.
    Flood(MakeWave),
    /// Sends PDUs without end, and receives nothing.
    FloodUnread(MakeWave),
    /// Sends these bytes.
    Send(Bytes),
    /// Sends these bytes one at a time, with a pause after each.
    Trickle(Bytes, Duration),
    /// Does nothing for a while.
    Pause(Duration),
    /// Closes the connection.
    Close,
}

/// Steps for one connection. After the last one the scripted stays silent and keeps listening until the initiator closes.
#[derive(Clone, Default)]
pub struct Script {
    pub(super) steps: Vec<Step>,
}

impl Script {
    /// Says nothing, ever.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Closes the connection as soon as it is there.
    #[must_use]
    pub fn closes_at_once() -> Self {
        Self::new().close()
    }

    /// Answers the first PDU with bytes that are no PDU.
    #[must_use]
    pub fn garbage() -> Self {
        Self::new().take().send(vec![0xa5; 4096])
    }

    /// Answers the first PDU with a header that announces 2^24 - 1 bytes of text, which never come.
    #[must_use]
    pub fn enormous_segment() -> Self {
        Self::new().take().send(super::login::enormous_segment())
    }

    /// Then follows the steps of `other`.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self
    }

    /// Then takes one PDU and says nothing.
    #[must_use]
    pub fn take(self) -> Self {
        self.with(Step::Take)
    }

    /// Then takes one Login Request and answers with the result of `answer`.
    #[must_use]
    pub fn answer_login(
        self,
        answer: impl Fn(&LoginRequest) -> LoginResponse + Send + Sync + 'static,
    ) -> Self {
        self.with(Step::AnswerLogin(Arc::new(answer)))
    }

    /// Then takes the initiator through a whole login, as a portal of this configuration would; its address means
    /// nothing here.
    ///
    /// # Panics
    /// The configuration has a unit of an impossible size.
    #[must_use]
    pub fn log_in(self, config: Config) -> Self {
        self.log_in_changing(config, |_, response| response)
    }

    /// Logs in like [`log_in`](Self::log_in), but passes each Login Response through `change`.
    ///
    /// # Panics
    /// The configuration has a unit of an impossible size.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot set its stage up has failed")]
    pub fn log_in_changing(
        self,
        config: Config,
        change: impl Fn(&LoginRequest, LoginResponse) -> LoginResponse + Send + Sync + 'static,
    ) -> Self {
        let engine = Engine::new(config).expect("units of a possible size");
        self.with(Step::LogIn(Arc::new(Mutex::new(engine)), Arc::new(change)))
    }

    /// Then serves requests as that portal would, until a command with operation code `operation` comes; answers that
    /// with what `answer` makes of it.
    ///
    /// Needs [`Self::log_in`] before.
    #[must_use]
    pub fn answer_command(
        self,
        operation: u8,
        answer: impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.with(Step::AnswerCommand(operation, Arc::new(answer)))
    }

    /// Then answers the command of the last [`Self::answer_command`] once more: with the rest of its data, with its
    /// status, or with something that it must not be answered by.
    #[must_use]
    pub fn answer_again(
        self,
        answer: impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.with(Step::AnswerAgain(Arc::new(answer)))
    }

    /// Then serves requests until a Text Request, and answers that with the result of `answer`.
    #[must_use]
    pub fn answer_text(
        self,
        answer: impl Fn(&TextRequest, &Moment) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.with(Step::AnswerText(Arc::new(answer)))
    }

    /// Then serves requests until a Task Management Function Request, and answers that with the result of `answer`.
    #[must_use]
    pub fn answer_management(
        self,
        answer: impl Fn(&TaskManagementRequest, &Moment) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.with(Step::AnswerManagement(Arc::new(answer)))
    }

    /// Then sends, unasked, what `make` gives: a ping, an Asynchronous Message, a second response. Needs
    /// [`Self::log_in`] before.
    #[must_use]
    pub fn announce(self, make: impl Fn(&Moment) -> Reply + Send + Sync + 'static) -> Self {
        self.with(Step::Announce(Arc::new(make)))
    }

    /// Then serves requests until the initiator leaves. Needs [`Self::log_in`] before.
    #[must_use]
    pub fn serve(self) -> Self {
        self.with(Step::Serve)
    }

    /// Then serves requests until the initiator leaves, except for the commands that `answer` answers.
    #[must_use]
    pub fn serve_but(
        self,
        answer: impl Fn(&ScsiCommand, &Moment) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        self.with(Step::ServeBut(Arc::new(answer)))
    }

    /// Then sends what `make` gives again and again, a thousand times a second, and serves requests in between until the
    /// initiator leaves. The command is that of the last [`Self::answer_command`]; data for it are dropped, as are answers
    /// to pings. Needs [`Self::log_in`] before.
    #[must_use]
    pub fn flood(
        self,
        make: impl Fn(Option<&ScsiCommand>, &Moment) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.with(Step::Flood(Arc::new(make)))
    }

    /// Then sends what `make` gives again and again, as fast as the initiator receives it, and receives nothing until the
    /// connection is closed. Needs [`Self::log_in`] before.
    #[must_use]
    pub fn flood_unread(
        self,
        make: impl Fn(Option<&ScsiCommand>, &Moment) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.with(Step::FloodUnread(Arc::new(make)))
    }

    /// Then sends these bytes.
    #[must_use]
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.with(Step::Send(bytes.into()))
    }

    /// Then sends these bytes one at a time, with a pause after each.
    #[must_use]
    pub fn trickle(self, bytes: impl Into<Bytes>, pause: Duration) -> Self {
        self.with(Step::Trickle(bytes.into(), pause))
    }

    /// Then does nothing for a while.
    #[must_use]
    pub fn pause(self, time: Duration) -> Self {
        self.with(Step::Pause(time))
    }

    /// Then closes the connection.
    #[must_use]
    pub fn close(self) -> Self {
        self.with(Step::Close)
    }

    fn with(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
