//! The login of a connection.

use std::io;
use std::net::TcpStream;

use bytes::Bytes;
use iscsi_login::target::{AcceptedLogin, Account, Login, Step, TargetConfig};
use iscsi_login::{Authentication, Nonce};
use iscsi_pdu::{Digests, LoginRequest, RawPdu, SerialNumber};

use super::Shared;
use super::answers::Answers;
use super::inbox::{Arrived, Inbox};

/// Logs the initiator in, or returns an error; then the refusal has been sent.
pub(super) fn log_in(
    stream: &mut TcpStream,
    inbox: &mut Inbox,
    shared: &Shared,
) -> io::Result<AcceptedLogin> {
    // No challenge is ever sent, so nobody can make use of a nonce that is known.
    let nonce = Nonce::from_random([0; Nonce::LENGTH]);
    let mut login = Login::new(shared.next_tsih(), SerialNumber(1), nonce);
    let mut answers = Answers::new(Digests::default());
    let accounts = [Account { name: &shared.config.name, authentication: Authentication::None }];
    let settings = TargetConfig {
        accounts: &accounts,
        discovery: Authentication::None,
        algorithms: &[],
        offer: shared.config.offer,
        portal_group_tag: 1,
    };
    loop {
        let request = next_request(stream, inbox)?;
        let step = login.receive(&settings, &request);
        let (Step::Send(_, response) | Step::Complete(response, _) | Step::Refuse(response, _)) = &step;
        answers.push(response.encode());
        answers.send(stream, &[])?;
        match step {
            Step::Send(next, _) => login = next,
            Step::Complete(_, accepted) => return Ok(*accepted),
            Step::Refuse(_, refusal) => return Err(io::Error::other(refusal)),
        }
    }
}

fn next_request(stream: &mut TcpStream, inbox: &mut Inbox) -> io::Result<LoginRequest> {
    loop {
        if let Some(pdu) = inbox.next()? {
            let text = Bytes::copy_from_slice(inbox.data(&pdu));
            return LoginRequest::decode(RawPdu::with_data(pdu.bhs, text)).map_err(io::Error::other);
        }
        if matches!(inbox.fill(stream)?, Arrived::End) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
