//! A course: callers on a session, one fault after the other, and the figures of both.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use fastrand::Rng;
use iscsi_initiator::{
    AuthenticationRequest, BlockDevice, Config, Initiator, Lun, Portal, RecoveryPolicy, Session, SessionPhase,
};
use iscsi_secrets::MemoryStore;
use iscsi_tests::own_process::{processor_time, resident_bytes};
use iscsi_tests::world::Extent;
use tokio::runtime::{Builder, Runtime};

use crate::callers::{self, BLOCKS, Shared};
use crate::fault::Fault;
use crate::figures::{Counts, Thread};
use crate::model::{BLOCK, Model};
use crate::namespace::{PORTAL, add_portal, remove_portal};
use crate::relay::{Relay, TargetSide};
use crate::target::Target;

/// Calls that have to end after a fault before it is over.
const PROGRESS: u64 = 50;
/// The limit for that, on a busy machine with an emulated target.
const PATIENCE: Duration = Duration::from_mins(1);
/// The time for which commands wait. All faults but one are shorter.
const REPLACEMENT: Duration = Duration::from_secs(20);
/// The time within which the loss of a silent connection is noticed.
const NOTICE: Duration = Duration::from_secs(4);
/// The part of an outage in which wake-ups are counted.
const COUNTED: Duration = Duration::from_secs(10);
/// The most wake-ups in that time: an attempt every second or two, each with a few.
const MOST_WAKEUPS: u64 = 60;
const MOST_PROCESSOR_TIME: Duration = Duration::from_millis(500);
/// The memory by which the process may grow after the first third of the faults.
const GROWTH: u64 = 8 << 20;

/// A target with a relay in front of it.
pub(crate) struct Course {
    target: Target,
    relay: Relay,
    rng: Rng,
}

/// Callers at work, on a thread of their own.
struct Work {
    shared: Arc<Shared>,
    thread: Thread,
    handle: JoinHandle<()>,
}

impl Course {
    pub(crate) fn with(target: Target) -> Self {
        let target_side =
            if matches!(target, Target::Lio(_)) { TargetSide::EndOfStream } else { TargetSide::Same };
        let relay = Relay::start(SocketAddr::from((PORTAL, 0)), target.address(), target_side);
        let seed = std::env::var("ISCSI_TESTS_SEED")
            .map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
        println!("ISCSI_TESTS_SEED={seed}");
        Self { target, relay, rng: Rng::with_seed(seed) }
    }

    /// Has faults happen for so long, checks after each of them that calls end again, and compares the disk in the end.
    pub(crate) fn run(mut self, duration: Duration) {
        let (begin, work) = (Instant::now(), self.start_work());
        let mut first = Fault::all(&self.target).into_iter();
        let sure = 1 + first.len() as u64;
        let (mut faults, mut memory, mut longest) = (0, Vec::new(), Duration::ZERO);
        self.unreachable_for_long(&work);
        while first.len() > 0 || begin.elapsed() < duration {
            let fault = first.next().unwrap_or_else(|| Fault::random(&mut self.rng, &self.target));
            longest = longest.max(self.have_happen(fault, &work));
            faults += 1;
            memory.push(resident_bytes().unwrap());
        }
        let recoveries = work.shared.session.state().recoveries;
        assert!(recoveries >= sure, "{recoveries} recoveries after {sure} long outages");
        self.finish(work);
        println!("{faults} faults; after one calls ended again within {longest:?}");
        check_memory(&memory);
    }

    /// The calls of a while, a fault, and calls that end afterwards. Returns the time that these took.
    fn have_happen(&mut self, fault: Fault, work: &Work) -> Duration {
        sleep(Duration::from_millis(self.rng.u64(100..1500)));
        fault.happen(&mut self.target, &self.relay);
        let begin = Instant::now();
        self.makes_progress(work, &format!("{fault:?}"));
        begin.elapsed()
    }

    /// The portal is not there for so long that commands fail. While nothing can be done, next to nothing is.
    fn unreachable_for_long(&self, work: &Work) {
        self.makes_progress(work, "the login");
        remove_portal();
        sleep(NOTICE);
        assert!(work.shared.session.state().phase != SessionPhase::Up);
        let before = (work.thread.wakeups(), processor_time(), self.relay.accepted());
        sleep(COUNTED);
        let wakeups = work.thread.wakeups() - before.0;
        let processor_time = processor_time().saturating_sub(before.1);
        println!(
            "{wakeups} wake-ups and {processor_time:?} of the processor in {COUNTED:?} without a portal"
        );
        assert!(wakeups <= MOST_WAKEUPS && processor_time < MOST_PROCESSOR_TIME);
        sleep((REPLACEMENT + Duration::from_secs(1)).saturating_sub(COUNTED));
        let state = work.shared.session.state();
        assert!(state.is_failing_fast && state.attempts > 0, "{state:?}");
        add_portal();
        self.makes_progress(work, "a long outage");
    }

    /// Lets the callers end, and compares the whole disk with the model.
    fn finish(self, work: Work) {
        work.shared.is_over.store(true, Ordering::Relaxed);
        work.handle.join().expect("no caller fails");
        let Shared { counts, session, .. } = &*work.shared;
        println!("{counts:?}, {:?}, {} connections", session.state(), self.relay.accepted());
        // LIO with one unit does not report that it was restarted.
        let is_told = matches!(self.target, Target::Tgt(_));
        assert_eq!(counts.may_be_lost.load(Ordering::Relaxed) > 0, is_told, "flushes after a restart");
        let everything = Extent { lba: 0, blocks: u32::try_from(BLOCKS).unwrap() };
        let model = &work.shared.model;
        let disk = read_by_another_session(&self.target);
        model.check(everything, &model.certain(everything), &disk);
        if let Some(file) = self.target.file() {
            assert!(fs::read(file).unwrap()[..disk.len()] == disk, "the file differs from what was read");
        }
    }

    fn start_work(&mut self) -> Work {
        let (portal, iqn, lun) = (self.relay.portal(), self.target.iqn(), self.target.lun());
        let compares = matches!(self.target, Target::Lio(_));
        let (sender, receiver) = mpsc::channel();
        let seed = self.rng.u64(..);
        let handle = thread::Builder::new().name("initiator".to_owned()).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let shared = Arc::new(
                    share(log_in("iqn.2001-04.com.example:host", portal, &iqn).await, lun, compares).await,
                );
                sender.send((Arc::clone(&shared), Thread::current())).unwrap();
                callers::run(&shared, seed).await;
                shared.session.clone().logout().await.unwrap();
            });
        });
        let (shared, thread) = receiver.recv().expect("the first login succeeds");
        Work { shared, thread, handle: handle.unwrap() }
    }

    /// Waits until calls have ended.
    fn makes_progress(&self, work: &Work, after: &str) {
        let Shared { counts, session, .. } = &*work.shared;
        let (begin, bytes) = (Instant::now(), counts.bytes.load(Ordering::Relaxed));
        let calls = counts.calls();
        while counts.calls() < calls + PROGRESS || counts.bytes.load(Ordering::Relaxed) == bytes {
            let has_failed = work.handle.is_finished() || begin.elapsed() > PATIENCE;
            let (state, log) = (session.state(), || self.target.log());
            assert!(!has_failed, "no call ends after {after}: {counts:?}, {state:?}\n{}", log());
            sleep(Duration::from_millis(5));
        }
    }
}

async fn share(session: Session, lun: u16, compares: bool) -> Shared {
    let lun = Lun::from_number(lun).unwrap();
    let disk = BlockDevice::open(&session, lun).await.unwrap();
    let (model, counts, is_over) = (Model::new(BLOCKS), Counts::default(), AtomicBool::new(false));
    Shared { session, disk, lun, model, counts, is_over, compares }
}

async fn log_in(name: &str, portal: SocketAddr, iqn: &str) -> Session {
    let mut config = Config::new(name.parse().unwrap()).unwrap();
    config.noop_out_interval = Some(Duration::from_secs(1));
    config.noop_out_timeout = Duration::from_secs(2);
    config.login_timeout = Duration::from_secs(5);
    config.recovery = RecoveryPolicy::default();
    config.recovery.reconnect_delay = Duration::from_millis(200);
    config.recovery.longest_reconnect_delay = Duration::from_secs(2);
    config.recovery.replacement_timeout = REPLACEMENT;
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let portal: Portal = portal.to_string().parse().unwrap();
    initiator.login(&iqn.parse().unwrap(), &portal, &AuthenticationRequest::default()).await.unwrap()
}

/// The used blocks, as another initiator sees them, without the relay.
fn read_by_another_session(target: &Target) -> Vec<u8> {
    Runtime::new().unwrap().block_on(async {
        let session = log_in("iqn.2001-04.com.example:other", target.address(), &target.iqn()).await;
        let disk = BlockDevice::open(&session, Lun::from_number(target.lun()).unwrap()).await.unwrap();
        let length = usize::try_from(BLOCKS).unwrap() * BLOCK;
        let data = disk.read_at(0, length).await.unwrap();
        session.logout().await.unwrap();
        data.to_vec()
    })
}

/// The last third of the faults needs no more memory than the first.
fn check_memory(resident: &[u64]) {
    let third = resident.len().div_ceil(3);
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or_default();
    let (first, last) = (most(&resident[..third]), most(&resident[resident.len() - third..]));
    println!("{} KiB resident at most in the first third, {} KiB in the last", first >> 10, last >> 10);
    assert!(last <= first + GROWTH, "memory grows: {resident:?}");
}
