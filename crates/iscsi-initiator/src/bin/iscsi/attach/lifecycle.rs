//! The life of an attached device: from the login to the logout, in one process.

use std::time::Duration;

use iscsi_initiator::{BlockDevice, Error, Lun, Overrides, Session};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::control::{Asker, Question, Reply};
use super::device::Device;
use super::device_settings::DeviceSettings;
use super::device_user::DeviceUser;
use super::login::{log_in, log_out, url_of};
use super::placement::{self, Offer, Place};
use super::registry::{Entry, Registry};
use super::sockets::Sockets;
use super::status::{Attached, Counters, State, authentication};
use super::{device_user, driver, time_limits, unit_identity, unit_size};
use crate::arguments::{UnitOptions, values};
use crate::failure::Failure;
use crate::messages::{note, warn};
#[cfg(target_os = "linux")]
use crate::process::writeback;
use crate::serve::export::{Export, ExportOptions};
use crate::serve::memory::Memory;
use crate::service_manager;
use crate::session::Opened;
use crate::signals::StopSignals;

/// The unit to be attached, and the settings of its device.
pub(crate) struct Wanted<'a> {
    pub(crate) url: &'a str,
    pub(crate) unit: &'a UnitOptions,
    pub(crate) overrides: Overrides,
    pub(crate) place: Place,
    pub(crate) read_only: bool,
    /// Sockets between the kernel and this process.
    pub(crate) connections: usize,
    /// The time for which requests wait for a lost session.
    pub(crate) give_up: Duration,
}

/// Attaches a unit, tells `ready` so, and serves it until it is detached, or a signal ends this. A device that is in use when a
/// signal comes stays, and waits for another process.
///
/// # Errors
/// The unit cannot be attached; or it was, and what it had taken is not on stable storage.
///
/// # Cancel safety
/// When the future is dropped, the device stays, and waits for another process.
pub(crate) async fn attach(
    wanted: &Wanted<'_>,
    ready: impl FnOnce(&Attached) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (url, lun) = values::logical_unit_url(wanted.url)?;
    driver::check()?;
    placement::check(wanted.place)?;
    let mut signals = StopSignals::new().map_err(Failure::local("wait for signals"))?;
    let opened = log_in(wanted.unit, wanted.give_up, url).await?;
    let life = async {
        match Attachment::make(wanted, &opened, lun).await {
            Ok(attachment) => attachment.live(ready, &mut signals).await,
            Err(failure) => Ended { outcome: Err(failure), asker: None },
        }
    };
    let Ended { outcome, asker } = opened.accompany(life).await;
    log_out(opened.session).await;
    // The answer comes last: when `iscsi detach` returns, nothing is left of the device.
    if let Some((asker, reply)) = asker {
        asker.reply(&reply).await;
    }
    outcome
}

/// A unit that is attached.
struct Attachment {
    session: Session,
    lun: Lun,
    unit: BlockDevice,
    export: Export,
    device: Device,
    settings: DeviceSettings,
    sockets: Sockets,
    sizes: watch::Receiver<u64>,
    watcher: JoinHandle<()>,
    /// `None` before it is made.
    entry: Option<Entry>,
}

/// The reason for which a device is no longer served.
enum End {
    /// `iscsi detach` asked for it.
    Detach(Asker),
    /// A signal asked for it, or it could not be recorded.
    Stopped,
    /// Another program disconnected the device.
    Disconnected,
    /// Another process of this program has taken it over.
    TakenOver,
    /// The session is over.
    Session(Error),
}

/// The end of a device, and who is to be told of it.
struct Ended {
    outcome: Result<(), Failure>,
    asker: Option<(Asker, Reply)>,
}

impl Attachment {
    /// # Cancel safety
    /// When the future is dropped, the kernel may have a device that waits for a server.
    async fn make(wanted: &Wanted<'_>, opened: &Opened, lun: Lun) -> Result<Self, Failure> {
        let session = &opened.session;
        let unit = BlockDevice::open_with(session, lun, wanted.overrides).await?;
        let backend = unit_identity::backend(session, lun).await?;
        let options = ExportOptions { read_only: wanted.read_only, ..ExportOptions::default() };
        let export = Export::new(unit.clone(), options, Memory::default());
        let timeout = time_limits::kernel_timeout(opened.config());
        let settings = DeviceSettings::of_unit(&unit, &export, backend, timeout)?;
        let offer = Offer {
            settings,
            is_read_only: export.is_read_only(),
            authentication: authentication(&session.details().completed.authenticated),
        };
        let place = placement::instead_of_dead(wanted.place, &offer).await?;
        #[cfg(target_os = "linux")]
        writeback::prepare();
        let mut sockets = Sockets::new(export.clone());
        let kernels = sockets.add(wanted.connections).map_err(Failure::local("make sockets"))?;
        let transfer = unit.max_transfer_length();
        let device = placement::connect(place, &offer, kernels, transfer).await?;
        let (sizes, watcher) = unit_size::watch(session, lun, &unit, device.size());
        let (session, settings) = (session.clone(), offer.settings);
        Ok(Self { session, lun, unit, export, device, settings, sockets, sizes, watcher, entry: None })
    }

    /// Serves the device from its first moment to its last.
    ///
    /// # Cancel safety
    /// When the future is dropped, the device stays, and waits for another process.
    async fn live(
        mut self,
        ready: impl FnOnce(&Attached) -> Result<(), Failure>,
        signals: &mut StopSignals,
    ) -> Ended {
        let end = match self.tell_ready(ready) {
            Ok(()) => self.serve(signals).await,
            Err(failure) => {
                let ended = self.end(End::Stopped, signals).await;
                return Ended { outcome: Err(failure), ..ended };
            }
        };
        service_manager::tell_stopping();
        self.end(end, signals).await
    }

    /// Records the device, and tells its user and the service manager that it is there.
    fn tell_ready(&mut self, ready: impl FnOnce(&Attached) -> Result<(), Failure>) -> Result<(), Failure> {
        let (registry, attached) = (Registry::of_host(), self.describe());
        let entry = registry.enter(self.device, &attached);
        self.entry = Some(entry.map_err(Failure::file("record the device in", registry.folder()))?);
        ready(&attached)?;
        service_manager::tell_ready(&self.device.to_string());
        Ok(())
    }

    /// # Cancel safety
    /// Requests that were accepted are carried out all the same.
    async fn serve(&mut self, signals: &mut StopSignals) -> End {
        loop {
            let Some(entry) = &self.entry else { return End::Stopped };
            tokio::select! {
                () = signals.next() => return End::Stopped,
                error = self.session.ended() => return End::Session(error),
                was_used = self.sockets.one_ended() => {
                    if let Some(end) = self.after_loss_of_socket(was_used).await {
                        return end;
                    }
                }
                Ok(()) = self.sizes.changed() => self.resize().await,
                Ok((stream, _)) = entry.listener.accept() => {
                    if let Some(asker) = self.answer(stream).await {
                        return End::Detach(asker);
                    }
                }
            }
        }
    }

    /// Answers a question, or returns who asks for the end.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connection is closed.
    async fn answer(&self, stream: UnixStream) -> Option<Asker> {
        match Asker::question(stream).await? {
            (Question::Status, asker) => {
                asker.reply(&Reply::Attached(Box::new(self.describe()))).await;
                None
            }
            (Question::Detach, asker) => Some(asker),
        }
    }

    /// Replaces a socket that the kernel has closed, since a request took too long. Returns the reason why there is nothing to
    /// serve any more, if that is why it was closed.
    ///
    /// # Cancel safety
    /// When the future is dropped, the device has a socket less.
    async fn after_loss_of_socket(&mut self, was_used: bool) -> Option<End> {
        if self.device.backend().as_ref() != Some(&self.settings.backend) {
            return Some(End::Disconnected);
        }
        if was_used {
            warn(&format!("the kernel has closed a socket of {}; it gets another one", self.device));
            if let Ok(kernels) = self.sockets.add(1) {
                // Refused, the new socket ends at once, unused.
                _ = placement::replace_sockets(self.device, &self.settings, kernels).await;
            }
        }
        (self.sockets.len() == 0).then_some(End::TakenOver)
    }

    /// Tells the kernel the size that the unit reports now.
    ///
    /// # Cancel safety
    /// When the future is dropped, the kernel may have the new size.
    async fn resize(&mut self) {
        let (device, size) = (self.device, *self.sizes.borrow_and_update());
        self.settings.size = size;
        let settings = self.settings.clone();
        let failure = match driver::call(move |driver| driver.resize(device.0, &settings)).await {
            Ok(Ok(())) => return note(&format!("{device} has {size} bytes now")),
            Ok(Err(error)) => error.to_string(),
            Err(failure) => failure.to_string(),
        };
        warn(&format!("{device} cannot get its new size of {size} bytes: {failure}"));
    }

    /// Ends the device, or leaves it to another process. A second signal ends the wait for that.
    ///
    /// # Cancel safety
    /// When the future is dropped, the device stays, and waits for another process.
    async fn end(mut self, end: End, signals: &mut StopSignals) -> Ended {
        self.watcher.abort();
        let user = if matches!(end, End::Stopped) { device_user::find(self.device).await } else { None };
        let stays = user.is_some() || matches!(end, End::Disconnected | End::TakenOver);
        let outcome = tokio::select! {
            outcome = self.finish(!stays) => outcome,
            () = signals.next() => Err(Failure::Interrupted),
        };
        match &user {
            Some(user) => self.tell_left(user),
            None if matches!(end, End::TakenOver) => note("another process has taken the device over"),
            None => self.remove_entry(),
        }
        self.ended(end, outcome)
    }

    /// # Cancel safety
    /// When the future is dropped, requests that were accepted are carried out all the same.
    async fn finish(&mut self, disconnects: bool) -> Result<(), Failure> {
        let disconnected = if disconnects { placement::disconnect(self.device).await } else { Ok(()) };
        self.sockets.drain().await;
        let flushed = if self.export.is_read_only() { Ok(()) } else { self.unit.flush().await.map(drop) };
        disconnected.and(flushed.map_err(Failure::from))
    }

    fn tell_left(&self, user: &DeviceUser) {
        let (device, seconds) = (self.device, self.settings.dead_connection_timeout.as_secs());
        warn(&format!(
            "{device} is {user}, so it stays: for {seconds} seconds its requests wait until the unit is attached again"
        ));
    }

    fn remove_entry(&mut self) {
        if let Some(Err(error)) = self.entry.take().map(Entry::remove) {
            warn(&format!("cannot remove the record of {}: {error}", self.device));
        }
    }

    fn ended(&self, end: End, outcome: Result<(), Failure>) -> Ended {
        match end {
            End::Detach(asker) => {
                let reply = match &outcome {
                    Ok(()) => Reply::Attached(Box::new(self.describe())),
                    Err(failure) => Reply::Failed(failure.to_string()),
                };
                Ended { outcome, asker: Some((asker, reply)) }
            }
            End::Session(error) => Ended { outcome: Err(error.into()), asker: None },
            End::Disconnected => {
                note(&format!("{} was disconnected by another program", self.device));
                Ended { outcome, asker: None }
            }
            End::Stopped | End::TakenOver => Ended { outcome, asker: None },
        }
    }

    fn describe(&self) -> Attached {
        let (state, counts) = (self.session.state(), self.export.counts());
        Attached {
            device: self.device.to_string(),
            url: url_of(&self.session, self.lun),
            authentication: authentication(&self.session.details().completed.authenticated).to_owned(),
            state: State::of(state),
            process: std::process::id(),
            size: self.export.size(),
            read_only: self.export.is_read_only(),
            kernel_timeout: self.settings.timeout.as_secs(),
            counters: Counters::new(counts, state),
            last_failure: self.session.last_failure().map(|error| error.to_string()),
            backend: self.settings.backend.clone(),
        }
    }
}
