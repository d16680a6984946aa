//! The socket on which clients connect: of Unix, or a TCP port.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use tokio::net::{TcpListener, TcpStream, UnixStream};

use super::send_buffer;
use super::unix_socket::UnixSocket;
use crate::failure::Failure;

/// The port of NBD.
const PORT: u16 = 10_809;

/// The address of `--listen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress(SocketAddr);

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let address = text.parse().or_else(|_| bare.parse().map(|ip: IpAddr| SocketAddr::new(ip, PORT)));
        address.map(Self).map_err(|_| "an IP address, and a port behind a colon")
    }
}

/// A listening socket.
pub(crate) enum Endpoint {
    Unix(UnixSocket),
    Tcp(TcpListener),
}

/// The stream of a client.
pub(super) enum ClientStream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Endpoint {
    /// Listens on a Unix socket that only its owner can connect to.
    pub(crate) fn unix(path: &Path) -> Result<Self, Failure> {
        UnixSocket::bind(path).map(Self::Unix)
    }

    /// Listens on a TCP port. Any user who reaches it can read and write, so addresses of other hosts need consent.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves no socket.
    pub(crate) async fn tcp(address: ListenAddress, allows_remote: bool) -> Result<Self, Failure> {
        let ListenAddress(address) = address;
        if !address.ip().to_canonical().is_loopback() && !allows_remote {
            return Err(Failure::usage(
                format!("{address} can be reached from other hosts, and NBD has no authentication"),
                "use an address of the loopback interface or --socket; --allow-remote is for networks in which everyone may read \
                 and write the unit",
            ));
        }
        let listener = TcpListener::bind(address).await;
        listener.map(Self::Tcp).map_err(Failure::local(format!("listen on {address}")))
    }

    /// The URI of an export of this name; of the default export, if it is empty.
    pub(crate) fn uri(&self, export: &str) -> String {
        let export = percent_encoded(export);
        match self {
            Self::Unix(socket) => {
                let path = percent_encoded(&socket.path().to_string_lossy());
                format!("nbd+unix:///{export}?socket={path}")
            }
            Self::Tcp(listener) => {
                let address =
                    listener.local_addr().map_or_else(|_| String::new(), |address| address.to_string());
                format!("nbd://{address}/{export}")
            }
        }
    }

    /// Waits for a client.
    ///
    /// # Cancel safety
    /// Cancel safe: a client that was not returned stays in the queue.
    pub(super) async fn accept(&self) -> io::Result<ClientStream> {
        match self {
            Self::Unix(socket) => {
                let stream = socket.accept().await?;
                send_buffer::enlarge(&stream);
                Ok(ClientStream::Unix(stream))
            }
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Replies leave together as it is; the last one must not wait for an acknowledgement.
                stream.set_nodelay(true)?;
                Ok(ClientStream::Tcp(stream))
            }
        }
    }
}

/// A text as a part of a URI.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_its_port_out() {
        let parsed = |text: &str| text.parse::<ListenAddress>().map(|address| address.0.to_string());
        assert_eq!(parsed("127.0.0.1:1"), Ok("127.0.0.1:1".to_owned()));
        assert_eq!(parsed("127.0.0.1"), Ok("127.0.0.1:10809".to_owned()));
        assert_eq!(parsed("[::1]:1"), Ok("[::1]:1".to_owned()));
        assert_eq!(parsed("[::1]"), Ok("[::1]:10809".to_owned()));
        assert_eq!(parsed("::1"), Ok("[::1]:10809".to_owned()));
        for text in ["", "localhost", "127.0.0.1:", "127.0.0.1:65536", "[127.0.0.1:1"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_encoded_in_uris() {
        assert_eq!(percent_encoded("a/b c%ä?"), "a/b%20c%25%C3%A4%3F");
    }
}
