//! A minimal initiator: the initiator's side of the login, and single PDUs.

use std::net::SocketAddr;

use bytes::Bytes;
use iscsi_login::{
    Authentication, ChapAlgorithm, DigestPreference, ForwardCredentialRef, ForwardSecret, LoginError, Nonce,
    Offer, ReverseCredentialRef, ReverseSecret, Strictness, initiator,
};
use iscsi_pdu::{
    AdditionalHeaders, DataOut, InitiatorPdu, InitiatorTaskTag, IscsiName, Isid, LoginResponse, Lun, R2t,
    RawPdu, ScsiCommand, ScsiResponse, ScsiStatus, SerialNumber, TargetPdu, TaskAttribute,
};
use tokio::net::TcpStream;

use crate::ram_disk::{Account, Config, Credentials, Target};
use crate::scripted_target::wire::Wire;

pub(crate) const FORWARD: &[u8] = b"what-the-host-proves";
pub(crate) const REVERSE: &[u8] = b"what-the-disk-proves";

pub(crate) fn disk_name() -> IscsiName {
    "iqn.2001-04.com.example:disk".parse().unwrap()
}

/// One target that demands mutual CHAP.
pub(crate) fn mutual_config() -> Config {
    let mut target = Target::new(disk_name());
    target.credentials = Credentials::Mutual {
        initiator: Account::new("host", FORWARD),
        target: Account::new("disk", REVERSE),
    };
    Config::with_targets([target])
}

/// One target without authentication and without unit attention.
pub(crate) fn plain_config() -> Config {
    let mut config = Config::with_targets([Target::new(disk_name())]);
    config.unit_attention = false;
    config
}

pub(crate) fn mutual<'a>(forward: &'a [u8], reverse: &'a [u8]) -> Authentication<'a> {
    Authentication::Mutual(
        ForwardCredentialRef { name: "host", secret: ForwardSecret::new(forward) },
        ReverseCredentialRef { name: Some("disk"), secret: ReverseSecret::new(reverse) },
    )
}

/// The default offer with digests or without.
pub(crate) fn offer(digests: bool) -> Offer {
    let mut offer = Offer::default();
    if digests {
        offer.header_digest = DigestPreference::Crc32c;
        offer.data_digest = DigestPreference::Crc32c;
    }
    offer
}

/// A logged-in initiator.
pub(crate) struct ByHand {
    pub(crate) wire: Wire,
    pub(crate) login: initiator::CompletedLogin,
    pub(crate) cmd_sn: SerialNumber,
    pub(crate) exp_stat_sn: SerialNumber,
    next_itt: u32,
}

/// The outcome of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ScsiStatus,
    pub(crate) sense: Bytes,
    pub(crate) data: Vec<u8>,
    pub(crate) overflow: bool,
    pub(crate) underflow: bool,
    pub(crate) residual: u32,
}

impl Ended {
    /// Sense key, additional sense code and qualifier.
    pub(crate) fn sense_codes(&self) -> (u8, u8, u8) {
        (self.sense[2], self.sense[12], self.sense[13])
    }
}

/// Logs in to a normal session, or to a discovery session if there is no target.
pub(crate) async fn log_in(
    portal: SocketAddr,
    target: Option<&IscsiName>,
    authentication: Authentication<'_>,
    offer: Offer,
) -> Result<ByHand, LoginError> {
    let (name, offer) = ("iqn.2001-04.com.example:host".parse().unwrap(), offer.into());
    let (mut login, mut request) = initiator::Login::start(initiator::LoginConfig {
        initiator_name: &name,
        initiator_alias: None,
        session_type: target.map_or(initiator::SessionType::Discovery, initiator::SessionType::Normal),
        isid: Isid::from_random([1, 2, 3], 0),
        cid: 7,
        itt: InitiatorTaskTag(0),
        cmd_sn: SerialNumber(0xffff_fffe),
        reinstates: false,
        authentication,
        algorithms: &[ChapAlgorithm::Sha256, ChapAlgorithm::Md5],
        offer: &offer,
        strictness: Strictness::Strict,
        nonce: Nonce::from_random([9; 33]),
        is_own_challenge: &|_| false,
    })?;
    let mut wire = Wire::new(TcpStream::connect(portal).await.unwrap()).unwrap();
    loop {
        wire.send(request.encode()).await.unwrap();
        let raw = wire.receive().await.unwrap().expect("a Login Response");
        match login.receive(&LoginResponse::decode(raw).unwrap())? {
            initiator::Step::Send(next, next_request) => (login, request) = (next, next_request),
            initiator::Step::Complete(login) => {
                let parameters = login.parameters;
                wire.set_full_feature(parameters.digests, parameters.max_recv_data_segment_length);
                let (cmd_sn, exp_stat_sn) = (login.cmd_sn, login.exp_stat_sn);
                return Ok(ByHand { wire, login, cmd_sn, exp_stat_sn, next_itt: 1 });
            }
            initiator::Step::Redirect(redirect) => panic!("redirected: {redirect:?}"),
        }
    }
}

/// Logs in to the target of [`plain_config`].
pub(crate) async fn log_in_plainly(portal: SocketAddr, offer: Offer) -> ByHand {
    log_in(portal, Some(&disk_name()), Authentication::None, offer).await.unwrap()
}

/// A CDB of these bytes, with zeros behind.
pub(crate) fn cdb(bytes: &[u8]) -> [u8; 16] {
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0))
}

/// READ (10) or WRITE (10).
pub(crate) fn cdb_10(operation: u8, lba: u8, blocks: u8) -> [u8; 16] {
    cdb(&[operation, 0, 0, 0, 0, lba, 0, 0, blocks])
}

impl ByHand {
    pub(crate) async fn send(&mut self, pdu: &InitiatorPdu) {
        self.wire.send(pdu.encode()).await.unwrap();
    }

    /// The next PDU of the target; `None` when it has closed.
    pub(crate) async fn receive(&mut self) -> Option<TargetPdu> {
        let raw: RawPdu = self.wire.receive().await.ok().flatten()?;
        Some(TargetPdu::decode(raw).unwrap())
    }

    /// A command to unit 0; its numbers are used up.
    pub(crate) fn command(&mut self, cdb: [u8; 16], read: bool, write: bool, expected: u32) -> ScsiCommand {
        let (itt, cmd_sn) = (InitiatorTaskTag(self.next_itt), self.cmd_sn);
        self.next_itt += 1;
        self.cmd_sn = cmd_sn.next();
        ScsiCommand {
            immediate: false,
            is_final: true,
            read,
            write,
            attribute: TaskAttribute::SIMPLE,
            priority: 0,
            lun: Lun::ZERO,
            itt,
            expected_data_transfer_length: expected,
            cmd_sn,
            exp_stat_sn: self.exp_stat_sn,
            cdb,
            additional_headers: AdditionalHeaders::NONE,
            data: Bytes::new(),
        }
    }

    /// Runs a command that reads.
    pub(crate) async fn read(&mut self, cdb: [u8; 16], expected: u32) -> Ended {
        let command = self.command(cdb, expected > 0, false, expected);
        self.send(&InitiatorPdu::ScsiCommand(command)).await;
        self.end().await
    }

    /// Takes Data-In and the status of the only command under way, checking numbers and offsets.
    pub(crate) async fn end(&mut self) -> Ended {
        let mut data = Vec::new();
        let mut data_sn = 0;
        loop {
            match self.receive().await.expect("an answer") {
                TargetPdu::DataIn(pdu) => {
                    assert_eq!((pdu.data_sn, pdu.buffer_offset as usize), (data_sn, data.len()));
                    data_sn += 1;
                    data.extend_from_slice(&pdu.data);
                    if pdu.has_status {
                        self.take_status(pdu.numbers.stat_sn);
                        return Ended {
                            status: pdu.status,
                            sense: Bytes::new(),
                            data,
                            overflow: pdu.overflow,
                            underflow: pdu.underflow,
                            residual: pdu.residual_count,
                        };
                    }
                }
                TargetPdu::ScsiResponse(pdu) => {
                    assert_eq!(pdu.exp_data_sn.0, data_sn);
                    return self.take_response(pdu, data);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) fn take_response(&mut self, pdu: ScsiResponse, data: Vec<u8>) -> Ended {
        self.take_status(pdu.numbers.stat_sn);
        Ended {
            status: pdu.status,
            sense: pdu.sense,
            data,
            overflow: pdu.overflow,
            underflow: pdu.underflow,
            residual: pdu.residual_count,
        }
    }

    /// Status numbers come one after the other.
    pub(crate) fn take_status(&mut self, stat_sn: SerialNumber) {
        assert_eq!(stat_sn, self.exp_stat_sn);
        self.exp_stat_sn = stat_sn.next();
    }

    /// The next PDU, which has to be an R2T.
    pub(crate) async fn r2t(&mut self) -> R2t {
        match self.receive().await {
            Some(TargetPdu::R2t(r2t)) => r2t,
            other => panic!("{other:?}"),
        }
    }

    /// The Data-Out that answers an R2T whole.
    pub(crate) fn answer(&self, r2t: &R2t, data: &[u8]) -> DataOut {
        let start = r2t.buffer_offset as usize;
        let end = start + r2t.desired_data_transfer_length as usize;
        DataOut {
            is_final: true,
            lun: r2t.lun,
            itt: r2t.itt,
            ttt: r2t.ttt,
            exp_stat_sn: self.exp_stat_sn,
            data_sn: 0,
            buffer_offset: r2t.buffer_offset,
            data: Bytes::copy_from_slice(&data[start..end]),
        }
    }
}
