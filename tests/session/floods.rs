//! Targets that send without end. A session keeps little of a flood, and commands are carried out beside it if the protocol
//! permits what is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use iscsi_initiator::{Config, Error, Event, Initiator, Lun, Session};
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, Bhs, InitiatorTaskTag, NopIn, Opcode, RawPdu, Reject, ScsiCommand, ScsiStatus,
    SequenceNumbers, TargetPdu, TargetTransferTag,
};
use iscsi_secrets::MemoryStore;
use iscsi_tests::scripted_target::{Moment, Reply, Script, ScriptedTarget, bytes, response};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::stage::{LIMIT, config, hurried_config, log_in_by, soliciting_config};
use crate::unasked::{news, ping, reject};

/// Makes the next PDUs of a flood. The command is the one that the script has taken, if there is one.
pub(crate) type Wave = Box<dyn Fn(Option<&ScsiCommand>, &Moment) -> Reply + Send + Sync>;

/// The length of a wave in bytes, of which there are a thousand a second if requests are served in between.
const WAVE: usize = 16 << 10;
/// The bytes of data of a PDU that may have some.
const DATA: usize = 1024;
/// The most bytes of memory that a session may hold, with its login and its runtime.
pub(crate) const MOST_HELD: u64 = 768 << 10;
/// The least length of a flood in bytes: its PDUs would not fit into so much memory.
const LEAST_SENT: u64 = 2 << 20;
/// Far beyond the limits under test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The number of bytes in a flood so far.
#[derive(Clone, Default)]
struct Sent(Arc<AtomicU64>);

impl Sent {
    /// The same flood, of which the bytes are counted.
    fn count(&self, wave: Wave) -> impl Fn(Option<&ScsiCommand>, &Moment) -> Reply + Send + Sync + 'static {
        let sent = Arc::clone(&self.0);
        move |command, moment| {
            let reply = wave(command, moment);
            sent.fetch_add(reply.bytes.len() as u64, Ordering::Relaxed);
            reply
        }
    }

    fn is_enough(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= LEAST_SENT
    }
}

/// Does this in a session with a target that follows the script on another thread. Returns the most bytes of memory that the
/// session held at a time.
pub(crate) fn most_held(script: Script, config: Config, work: impl AsyncFnOnce(Session)) -> u64 {
    let target = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let script = Script::new().log_in(soliciting_config()).then(script);
    let scripted = target.block_on(ScriptedTarget::serve(script)).unwrap();
    // Allocations of other threads are not counted.
    let counted = measure(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
            let session = log_in_by(&initiator, scripted.portal()).await.unwrap();
            timeout(PATIENCE, work(session)).await.expect("the session hangs");
        });
    });
    target.shutdown_background();
    counted.bytes_max
}

/// As many PDUs as are one wave, in order. The function is given the place of each, from 0.
pub(crate) fn wave(moment: &Moment, pdu: impl Fn(u32) -> TargetPdu) -> Reply {
    let first = pdu(0);
    let count = u32::try_from(WAVE / bytes(&first, moment.digests).len()).unwrap();
    let pdus: Vec<_> = std::iter::once(first).chain((1..count).map(pdu)).collect();
    Reply::of(&pdus, moment.digests)
}

/// The same PDU again and again, which uses no status number up.
pub(crate) fn repeated(pdu: &TargetPdu, moment: &Moment) -> Reply {
    wave(moment, |_| pdu.clone())
}

/// PDUs of which each uses a status number up.
pub(crate) fn numbered(moment: &Moment, pdu: impl Fn(&Moment) -> TargetPdu) -> Reply {
    let at = |place| SequenceNumbers { stat_sn: moment.numbers.stat_sn.plus(place), ..moment.numbers };
    wave(moment, |place| pdu(&Moment { numbers: at(place), ..*moment }))
}

/// A command that was never sent.
pub(crate) fn unknown_command() -> ScsiCommand {
    let raw = RawPdu::header(Bhs::new(Opcode::SCSI_COMMAND));
    ScsiCommand { itt: InitiatorTaskTag(0x0bad_bad0), ..ScsiCommand::decode(raw).unwrap() }
}

pub(crate) fn unknown_response(moment: &Moment) -> TargetPdu {
    TargetPdu::ScsiResponse(response(&unknown_command(), moment, ScsiStatus::GOOD, Bytes::new()))
}

fn pings(ttt: TargetTransferTag, data: usize) -> Wave {
    Box::new(move |_, moment| {
        let TargetPdu::NopIn(ping) = ping(moment, ttt) else { return Reply::default() };
        repeated(&TargetPdu::NopIn(NopIn { data: vec![7; data].into(), ..ping }), moment)
    })
}

/// Asynchronous Messages with sense data and other data.
fn events(event: AsyncEvent) -> Wave {
    Box::new(move |_, moment| {
        numbered(moment, |moment| {
            let TargetPdu::AsyncMessage(pdu) = news(moment, event) else { return reject(moment) };
            let (sense, event_data) = (Bytes::from_static(&[0x70; 18]), vec![7; DATA].into());
            TargetPdu::AsyncMessage(AsyncMessage { sense, event_data, ..pdu })
        })
    })
}

/// Rejects that return this header.
fn rejects(header: &'static [u8]) -> Wave {
    Box::new(move |_, moment| {
        numbered(moment, |moment| match reject(moment) {
            TargetPdu::Reject(pdu) => TargetPdu::Reject(Reject { data: header.into(), ..pdu }),
            other => other,
        })
    })
}

/// Responses with the status number of the one before.
fn old_responses() -> Wave {
    Box::new(|_, moment| {
        let mut before = *moment;
        before.numbers.stat_sn = moment.numbers.stat_sn.minus(1);
        Reply { statuses: 0, ..repeated(&unknown_response(&before), moment) }
    })
}

/// What a target may send as often as it likes. Commands, a ping and the logout are carried out beside it.
#[test]
fn nop_01_asy_01_asy_09_rej_05_num_21_commands_beside_a_flood() {
    // The header of a command that was never sent.
    const COMMAND: &[u8] = &[0x01; 48];
    let tag = TargetTransferTag(1);
    let floods = [
        ("pings", pings(tag, 0)),
        ("pings with data", pings(tag, DATA)),
        ("updates of the window", pings(TargetTransferTag::RESERVED, 0)),
        ("SCSI events", events(AsyncEvent::SCSI)),
        ("events of a vendor", events(AsyncEvent(250))),
        ("unknown events", events(AsyncEvent(100))),
        ("requests to negotiate", events(AsyncEvent::NEGOTIATE)),
        ("Rejects of nothing", rejects(&[])),
        ("Rejects of a command", rejects(COMMAND)),
        ("old responses", old_responses()),
    ];
    for (flood, wave) in floods {
        let sent = Sent::default();
        let held = most_held(Script::new().flood(sent.count(wave)), config(), async |session| {
            let mut commands = 0;
            while commands < 20 || !sent.is_enough() {
                session.test_unit_ready(Lun::ZERO).await.unwrap_or_else(|error| panic!("{flood}: {error}"));
                commands += 1;
            }
            session.ping(Bytes::new()).await.unwrap();
            session.logout().await.unwrap();
        });
        assert!(held <= MOST_HELD, "{flood}: {held} bytes");
    }
}

/// A listener that takes no event for a while learns how many it has missed.
#[test]
fn asy_06_asy_07_a_flood_of_events_and_a_slow_listener() {
    let sent = Sent::default();
    let script = Script::new().flood(sent.count(events(AsyncEvent(250))));
    let held = most_held(script, config(), async |session| {
        let mut events = session.events();
        while !sent.is_enough() {
            session.test_unit_ready(Lun::ZERO).await.unwrap();
        }
        let Some(Event::Missed(missed)) = events.next().await else { panic!("all events were kept") };
        assert!(missed > 1000, "{missed}");
        assert!(matches!(events.next().await, Some(Event::Vendor { .. } | Event::Missed(_))));
        session.logout().await.unwrap();
    });
    assert!(held <= MOST_HELD, "{held} bytes");
}

/// A target that pings without end and reads no answer: few answers wait, and the first call without an answer ends the
/// session.
#[test]
fn nop_01_tmf_10_lgo_07_pings_whose_answers_are_not_read() {
    for (data, logs_out) in [(0, false), (DATA, false), (DATA, true)] {
        let sent = Sent::default();
        let script = Script::new().flood_unread(sent.count(pings(TargetTransferTag(1), data)));
        let held = most_held(script, hurried_config(), async |session| {
            let (outcome, operation) = if logs_out {
                (session.logout().await, "logout")
            } else {
                (session.test_unit_ready(Lun::ZERO).await, "TEST UNIT READY")
            };
            assert_eq!(outcome, Err(Error::Timeout { operation, limit: LIMIT }));
        });
        assert!(sent.is_enough());
        assert!(held <= MOST_HELD, "{data}: {held} bytes");
    }
}
