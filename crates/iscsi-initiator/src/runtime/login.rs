//! The connections of a login: opens them, and moves bytes between socket and [`Exchange`].

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use iscsi_login::Nonce;
use iscsi_pdu::{Portal, SerialNumber};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, lookup_host};

use super::own_challenge::OwnChallenge;
use super::stream::{Stream as _, read_up_to};
use super::{Clock, within};
use crate::error::Error;
use crate::login::{Draw, Exchange, LoggedIn, Next};
use crate::random;
use crate::wire::Inbox;

/// The most addresses of one host name that are tried: a redirection can name any host.
const MAX_ADDRESSES: usize = 4;

/// The connection of a login that is complete, with its result. Boxed, because every layer of futures moves it.
pub(crate) type Established = (TcpStream, Box<(LoggedIn, Inbox)>);

/// Logs in, at most until the deadline of the login.
///
/// # Cancel safety
/// A future that is dropped closes the connection.
pub(crate) async fn log_in(exchange: &mut Exchange<'_>, clock: Clock) -> Result<Established, Error> {
    let left = exchange.deadline().saturating_sub(clock.now());
    let finished = within(left, follow_redirects(exchange, clock)).await;
    finished.unwrap_or_else(|| Err(exchange.timeout()))
}

/// Logs in at one portal after the other.
async fn follow_redirects(exchange: &mut Exchange<'_>, clock: Clock) -> Result<Established, Error> {
    loop {
        let Drawn { challenge, cmd_sn } = Drawn::new()?;
        // Settings and secrets are checked, and the first request is encoded, before connecting.
        exchange.begin(Draw { nonce: challenge.nonce(), cmd_sn }, clock.now())?;
        if let Some(established) = log_in_once(exchange, clock).await? {
            return Ok(established);
        }
    }
}

/// The random values of a login at one portal. The challenge is outstanding while the login lasts (CHP-17).
struct Drawn {
    challenge: OwnChallenge,
    cmd_sn: SerialNumber,
}

impl Drawn {
    /// Draws both values in one call of the operating system.
    fn new() -> Result<Self, Error> {
        let [challenge @ .., a, b, c, d] = random::bytes::<{ Nonce::LENGTH + 4 }>()?;
        let cmd_sn = SerialNumber(u32::from_be_bytes([a, b, c, d]));
        Ok(Self { challenge: OwnChallenge::from_random(challenge), cmd_sn })
    }
}

/// Connects and exchanges PDUs until the login at this portal is over; `None` if it has to begin again at another one.
async fn log_in_once(exchange: &mut Exchange<'_>, clock: Clock) -> Result<Option<Established>, Error> {
    let mut stream = match open(exchange.portal()).await {
        Ok(stream) => stream,
        Err(error) => return exchange.unreachable(&error).map(|()| None),
    };
    // The time of the last event: a request leaves as soon as it is there.
    let mut now = clock.now();
    let mut next = exchange.connected(now);
    loop {
        next = match next {
            Next::Write => write(&mut stream, exchange, now).await?,
            Next::Read => {
                read(&stream, exchange).await?;
                now = clock.now();
                exchange.received(now)?
            }
            Next::Begin | Next::Connect => return Ok(None),
            Next::Complete(complete) => return Ok(Some((stream, complete))),
        };
    }
}

async fn open(portal: &Portal) -> io::Result<TcpStream> {
    let addresses = lookup_host((portal.host.as_str(), portal.port)).await?;
    let addresses: Vec<_> = addresses.take(MAX_ADDRESSES).collect();
    let stream = TcpStream::connect(&*addresses).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends a request by one write.
async fn write(stream: &mut TcpStream, exchange: &mut Exchange<'_>, now: Duration) -> Result<Next, Error> {
    let request = exchange.outgoing();
    stream.write_all(request).await.map_err(|error| exchange.lost(&error))?;
    exchange.sent(request.len(), now)
}

/// Reads once. Space is only allocated when the socket is readable.
async fn read(stream: &TcpStream, exchange: &mut Exchange<'_>) -> Result<(), Error> {
    loop {
        poll_fn(|context| stream.poll_readable(context)).await.map_err(|error| exchange.lost(&error))?;
        let space = exchange.space();
        let wanted = space.capacity() - space.len();
        match read_up_to(stream, wanted, || stream.try_read_buf(space)) {
            Ok(0) => return Err(exchange.closed()),
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(exchange.lost(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use iscsi_login::initiator::SessionType;
    use iscsi_pdu::Isid;
    use iscsi_secrets::{MemoryStore, SecretStore as _};
    use iscsi_tests::ram_disk::{self, RamDisk};
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::Config;
    use crate::login::{AuthenticationRequest, CredentialScope, Credentials, LoginSettings, Secrets};

    /// A login for discovery without authentication: its outcome, and the error of a login whose time is over.
    async fn login(portal: &Portal, clock: Clock) -> (Result<TcpStream, Error>, Error) {
        let config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
        let store = Arc::new(MemoryStore::new());
        let (snapshot, request) = (store.snapshot(), AuthenticationRequest::default());
        let secrets = Secrets { store, is_given: false };
        let scope = CredentialScope::Portal(portal.clone());
        let settings = LoginSettings {
            config: &config,
            offer: &config.offer.into(),
            session_type: SessionType::Discovery,
            isid: Isid::from_random([1, 2, 3], 4),
            credentials: &Credentials::of(&scope, &request, &secrets, snapshot, &config).unwrap(),
            reinstates: false,
            is_own_challenge: &|_| false,
        };
        let mut exchange = Exchange::new(settings, portal, Duration::ZERO);
        let outcome = log_in(&mut exchange, clock).await.map(|(stream, _)| stream);
        (outcome, exchange.timeout())
    }

    /// The error of a login that fails, and that of a login whose time is over.
    async fn failed_login(listener: &TcpListener, clock: Clock) -> (Error, Error) {
        let portal = listener.local_addr().unwrap().to_string().parse().unwrap();
        let (outcome, late) = login(&portal, clock).await;
        (outcome.err().unwrap(), late)
    }

    async fn listener() -> TcpListener {
        TcpListener::bind(("127.0.0.1", 0)).await.unwrap()
    }

    /// LOG-33: time that passed before the connection, such as that of reading the store, counts too.
    #[tokio::test(start_paused = true)]
    async fn log_33_the_limit_counts_from_the_beginning_of_the_login() {
        let listener = listener().await;
        for passed in [0, 29, 31] {
            let clock = Clock::start();
            tokio::time::advance(Duration::from_secs(passed)).await;
            let (error, late) = failed_login(&listener, clock).await;
            assert_eq!(error, late);
            let ended = Duration::from_secs(passed.max(30));
            assert!((ended..ended + Duration::from_millis(10)).contains(&clock.now()), "{:?}", clock.now());
        }
    }

    /// An error says whether the target has closed the connection, or what the operating system reports.
    #[tokio::test]
    async fn the_reason_of_a_lost_login() {
        let listener = listener().await;
        for (sent, is_reset) in [(0, false), (10, false), (0, true)] {
            let target = async {
                let mut stream = listener.accept().await.unwrap().0;
                assert!(stream.read(&mut [0; 8192]).await.unwrap() > 0);
                stream.write_all(&[0x23; 10][..sent]).await.unwrap();
                // The initiator reads, and then waits for more.
                tokio::time::sleep(Duration::from_millis(20)).await;
                if is_reset {
                    stream.set_zero_linger().unwrap();
                }
            };
            let ((), (error, _)) = tokio::join!(target, failed_login(&listener, Clock::start()));
            let Error::ClosedDuringLogin { reason, .. } = &error else { panic!("{error}") };
            match (sent, is_reset) {
                (0, false) => assert_eq!(reason, "closed by the target"),
                (_, false) => assert_eq!(reason, "closed by the target inside a PDU"),
                (_, true) => assert!(!reason.contains("closed by the target"), "{reason}"),
            }
        }
    }

    /// After a login nobody asks the socket for more before something comes, and an idle session makes no buffer for it.
    #[tokio::test]
    async fn a_login_leaves_nothing_to_read() {
        let target = RamDisk::serve(ram_disk::Config::with_targets([])).await.unwrap();
        let portal = target.portal().to_string().parse().unwrap();
        let stream = login(&portal, Clock::start()).await.0.unwrap();
        let mut context = Context::from_waker(Waker::noop());
        assert!(stream.poll_readable(&mut context).is_pending());
    }
}
