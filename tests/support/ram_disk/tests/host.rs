//! An initiator in memory: it logs in to an engine and exchanges single PDUs with it, at times that the test chooses.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iscsi_login::{Authentication, ChapAlgorithm, Nonce, Offer, Strictness, initiator};
use iscsi_pdu::{
    AdditionalHeaders, DataOut, Decoder, InitiatorPdu, InitiatorTaskTag, Isid, LoginResponse, Lun, R2t,
    RawPdu, ScsiCommand, ScsiStatus, SerialNumber, TargetPdu, TaskAttribute, TaskManagementFunction,
    TaskManagementRequest, TaskManagementResponseCode,
};

use super::by_hand::disk_name;
use crate::ram_disk::{Config, ConnectionId, Engine, LogicalUnit, Target, Transmit};

pub(crate) const ZERO: Duration = Duration::ZERO;
pub(crate) const SECOND: Duration = Duration::from_secs(1);
const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;

/// One target with units 0 and 1, without authentication and unit attention.
pub(crate) fn config() -> Config {
    let mut target = Target::new(disk_name());
    target.units.push(LogicalUnit { number: 1, ..LogicalUnit::default() });
    let mut config = Config::with_targets([target]);
    config.unit_attention = false;
    config
}

/// The same with a volatile cache in unit 0.
pub(crate) fn cached_config() -> Config {
    let mut config = config();
    config.targets[0].units[0].write_cache = true;
    config
}

/// A CDB of these bytes, with zeros behind.
pub(crate) fn cdb(bytes: &[u8]) -> [u8; 16] {
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0))
}

/// The text without these keys, which have to be in it.
fn without(text: &[u8], keys: &str) -> Bytes {
    let text = std::str::from_utf8(text).unwrap();
    let (before, after) = text.split_once(keys).expect("the keys");
    format!("{before}{after}").into()
}

/// A logged-in initiator.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) id: ConnectionId,
    pub(crate) cmd_sn: SerialNumber,
    pub(crate) max_cmd_sn: SerialNumber,
    exp_stat_sn: SerialNumber,
    next_itt: u32,
    decoder: Decoder,
    stream: BytesMut,
}

/// The end of a command: status, sense codes, data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) itt: InitiatorTaskTag,
    pub(crate) status: ScsiStatus,
    pub(crate) sense: Option<(u8, u8, u8)>,
    pub(crate) data: Vec<u8>,
}

impl Ended {
    pub(crate) fn is_good(&self) -> bool {
        self.status == ScsiStatus::GOOD
    }
}

impl Host {
    /// Logs in with the ISID of this number.
    pub(crate) fn log_in(engine: &mut Engine, now: Duration, isid: u16) -> Self {
        Self::log_in_with(engine, now, isid, "")
    }

    /// Logs in with keys that the library never offers; their answers are taken out of the response.
    pub(crate) fn log_in_with(engine: &mut Engine, now: Duration, isid: u16, keys: &str) -> Self {
        let (name, disk) = ("iqn.2001-04.com.example:host".parse().unwrap(), disk_name());
        let offer = Offer::default().into();
        let (mut login, mut request) = initiator::Login::start(initiator::LoginConfig {
            initiator_name: &name,
            initiator_alias: None,
            session_type: initiator::SessionType::Normal(&disk),
            isid: Isid::from_random([1, 2, 3], isid),
            cid: 0,
            itt: InitiatorTaskTag(0),
            cmd_sn: SerialNumber(u32::MAX),
            reinstates: false,
            authentication: Authentication::None,
            algorithms: &[ChapAlgorithm::Md5],
            offer: &offer,
            strictness: Strictness::Strict,
            nonce: Nonce::from_random([9; 33]),
            is_own_challenge: &|_| false,
        })
        .unwrap();
        let local = ([127, 0, 0, 1], 3260).into();
        let mut host = Self {
            id: engine.connect(now, local, &[5; Engine::RANDOM_BYTES]),
            cmd_sn: SerialNumber(u32::MAX),
            max_cmd_sn: SerialNumber(0),
            exp_stat_sn: SerialNumber(0),
            next_itt: 1,
            decoder: Decoder::new(8192),
            stream: BytesMut::new(),
        };
        loop {
            request.text = [&request.text[..], keys.as_bytes()].concat().into();
            host.send_raw(engine, now, request.encode());
            let raw = host.receive_raw(engine).expect("a Login Response");
            let mut response = LoginResponse::decode(raw).unwrap();
            response.text = without(&response.text, keys);
            host.max_cmd_sn = response.numbers.max_cmd_sn;
            match login.receive(&response).unwrap() {
                initiator::Step::Send(next, next_request) => (login, request) = (next, next_request),
                initiator::Step::Complete(login) => {
                    let parameters = login.parameters;
                    host.decoder
                        .set_full_feature(parameters.digests, parameters.max_recv_data_segment_length);
                    (host.cmd_sn, host.exp_stat_sn) = (login.cmd_sn, login.exp_stat_sn);
                    return host;
                }
                initiator::Step::Redirect(redirect) => panic!("redirected: {redirect:?}"),
            }
        }
    }

    fn send_raw(&self, engine: &mut Engine, now: Duration, raw: RawPdu) {
        let mut bytes = BytesMut::new();
        iscsi_pdu::EncodedPdu::new(raw, iscsi_pdu::Digests::default()).unwrap().append_to(&mut bytes);
        engine.receive(self.id, &bytes, now);
    }

    pub(crate) fn send(&self, engine: &mut Engine, now: Duration, pdu: &InitiatorPdu) {
        self.send_raw(engine, now, pdu.encode());
    }

    fn receive_raw(&mut self, engine: &mut Engine) -> Option<RawPdu> {
        while let Transmit::Pdu(pdu) = engine.transmit(self.id) {
            pdu.append_to(&mut self.stream);
        }
        self.decoder.decode(&mut self.stream).unwrap()
    }

    /// The next PDU of the target; status numbers come one after the other.
    pub(crate) fn receive(&mut self, engine: &mut Engine) -> Option<TargetPdu> {
        let mut pdu = TargetPdu::decode(self.receive_raw(engine)?).unwrap();
        let (numbers, uses_status) = crate::ram_disk::answer::numbers_of(&mut pdu).unwrap();
        assert_eq!(numbers.stat_sn, self.exp_stat_sn, "{numbers:?}");
        assert!(!self.max_cmd_sn.follows(numbers.max_cmd_sn), "MaxCmdSN went back");
        self.max_cmd_sn = numbers.max_cmd_sn;
        if uses_status {
            self.exp_stat_sn = self.exp_stat_sn.next();
        }
        Some(pdu)
    }

    /// A command to unit 0; its numbers are used up.
    pub(crate) fn command(&mut self, cdb: [u8; 16], read: u32, write: u32) -> ScsiCommand {
        let (itt, cmd_sn) = (InitiatorTaskTag(self.next_itt), self.cmd_sn);
        self.next_itt += 1;
        self.cmd_sn = cmd_sn.next();
        ScsiCommand {
            immediate: false,
            is_final: true,
            read: read > 0,
            write: write > 0,
            attribute: TaskAttribute::SIMPLE,
            priority: 0,
            lun: Lun::ZERO,
            itt,
            expected_data_transfer_length: read.max(write),
            cmd_sn,
            exp_stat_sn: self.exp_stat_sn,
            cdb,
            additional_headers: AdditionalHeaders::NONE,
            data: Bytes::new(),
        }
    }

    /// A READ (10) of one block.
    pub(crate) fn read(&mut self, lba: u8) -> ScsiCommand {
        self.command(cdb(&[READ_10, 0, 0, 0, 0, lba, 0, 0, 1]), 512, 0)
    }

    /// A WRITE (10) of one block of this value, as immediate data.
    pub(crate) fn write(&mut self, lba: u8, value: u8) -> ScsiCommand {
        let data = vec![value; 512].into();
        ScsiCommand { data, ..self.command(cdb(&[WRITE_10, 0, 0, 0, 0, lba, 0, 0, 1]), 0, 512) }
    }

    /// A command with a parameter list as immediate data.
    pub(crate) fn with_list(&mut self, cdb: [u8; 16], list: &[u8]) -> ScsiCommand {
        let length = u32::try_from(list.len()).unwrap();
        ScsiCommand { data: Bytes::copy_from_slice(list), ..self.command(cdb, 0, length) }
    }

    /// Sends a command and takes its end.
    pub(crate) fn run(&mut self, engine: &mut Engine, now: Duration, command: ScsiCommand) -> Ended {
        let itt = command.itt;
        self.send(engine, now, &InitiatorPdu::ScsiCommand(command));
        let ended = self.end(engine).expect("an answer");
        assert_eq!(ended.itt, itt);
        ended
    }

    /// Takes Data-In and the status of the command that ends next, if one does.
    pub(crate) fn end(&mut self, engine: &mut Engine) -> Option<Ended> {
        let mut data = Vec::new();
        loop {
            match self.receive(engine)? {
                TargetPdu::DataIn(pdu) => {
                    assert_eq!(pdu.buffer_offset as usize, data.len());
                    data.extend_from_slice(&pdu.data);
                    if pdu.has_status {
                        return Some(Ended { itt: pdu.itt, status: pdu.status, sense: None, data });
                    }
                }
                TargetPdu::ScsiResponse(pdu) => {
                    let sense = (pdu.sense.len() >= 14).then(|| (pdu.sense[2], pdu.sense[12], pdu.sense[13]));
                    return Some(Ended { itt: pdu.itt, status: pdu.status, sense, data });
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The sense codes with which TEST UNIT READY ends at unit 0.
    pub(crate) fn attention(&mut self, engine: &mut Engine, now: Duration) -> Option<(u8, u8, u8)> {
        let test = self.command(cdb(&[0]), 0, 0);
        self.run(engine, now, test).sense
    }

    /// An immediate task management request about unit 0 and this command.
    pub(crate) fn management(
        &mut self,
        function: TaskManagementFunction,
        command: Option<&ScsiCommand>,
    ) -> TaskManagementRequest {
        let itt = InitiatorTaskTag(0x8000_0000 + self.next_itt);
        self.next_itt += 1;
        TaskManagementRequest {
            immediate: true,
            function,
            lun: Lun::ZERO,
            itt,
            referenced_task_tag: command.map_or(InitiatorTaskTag::RESERVED, |command| command.itt),
            cmd_sn: self.cmd_sn,
            exp_stat_sn: self.exp_stat_sn,
            ref_cmd_sn: command.map_or(SerialNumber(0), |command| command.cmd_sn),
            exp_data_sn: SerialNumber(0),
        }
    }

    /// Sends a task management request, and takes its answer.
    pub(crate) fn manage(
        &mut self,
        engine: &mut Engine,
        now: Duration,
        function: TaskManagementFunction,
        command: Option<&ScsiCommand>,
    ) -> TaskManagementResponseCode {
        let request = self.management(function, command);
        self.send(engine, now, &InitiatorPdu::TaskManagementRequest(request));
        self.managed(engine).expect("a task management response")
    }

    pub(crate) fn managed(&mut self, engine: &mut Engine) -> Option<TaskManagementResponseCode> {
        match self.receive(engine)? {
            TargetPdu::TaskManagementResponse(answer) => Some(answer.response),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn r2t(&mut self, engine: &mut Engine) -> R2t {
        match self.receive(engine) {
            Some(TargetPdu::R2t(r2t)) => r2t,
            other => panic!("{other:?}"),
        }
    }

    /// The Data-Out that answers an R2T whole.
    pub(crate) fn data_out(&self, r2t: &R2t, value: u8) -> InitiatorPdu {
        InitiatorPdu::DataOut(DataOut {
            is_final: true,
            lun: r2t.lun,
            itt: r2t.itt,
            ttt: r2t.ttt,
            exp_stat_sn: self.exp_stat_sn,
            data_sn: 0,
            buffer_offset: r2t.buffer_offset,
            data: vec![value; r2t.desired_data_transfer_length as usize].into(),
        })
    }
}
