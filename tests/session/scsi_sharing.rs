//! Commands for sharing and copying between units, through a session to the RAM disk: reservations, port groups, copies.

use iscsi_initiator::scsi::{
    AccessState, BlockCopy, BlockRange, Command, CopyOperationStatus, CopyState, CscdDescriptor,
    ExtendedCopy, ListIdUsage, PersistentReserveOut, PopulateToken, ReadFullStatus, ReadKeys,
    ReadReservation, ReceiveCopyOperatingParameters, ReceiveCopyStatus, ReceiveFailedSegmentDetails,
    ReceiveRodTokenInformation, Release6, ReportReservationCapabilities, ReportTargetPortGroups,
    ReservationType, Reserve6, RodToken, SegmentDescriptor, SetTargetPortGroups, TargetPortGroupState,
    TestUnitReady, TransportId, WriteUsingToken, read_blocks, write_blocks,
};
use iscsi_initiator::{Error, Lun, Session};
use iscsi_pdu::ScsiStatus;
use iscsi_tests::ram_disk::{LogicalUnit, RamDisk, Running};

use crate::stage::{log_in, open_config, ram_disk};

const KEY: u64 = 0x0102_0304_0506_0708;
const OTHER_KEY: u64 = 0x1112_1314_1516_1718;
const WRITE_EXCLUSIVE: ReservationType = ReservationType::WRITE_EXCLUSIVE;

/// The status of a command that the target refuses.
async fn refusal<C: Command<Answer = ()>>(
    session: &Session,
    command: &C,
) -> (ScsiStatus, Option<(u8, u8, u8)>) {
    match session.send(Lun::ZERO, command).await.unwrap_err() {
        Error::Command { status, sense, .. } => {
            (status, sense.map(|sense| (sense.key.0, sense.asc, sense.ascq)))
        }
        error => panic!("{error:?}"),
    }
}

const CONFLICT: (ScsiStatus, Option<(u8, u8, u8)>) = (ScsiStatus::RESERVATION_CONFLICT, None);

async fn register(session: &Session, key: u64, new_key: u64) {
    let command = PersistentReserveOut::Register {
        key,
        new_key,
        survives_power_loss: false,
        all_target_ports: false,
        initiators: Vec::new(),
    };
    session.send(Lun::ZERO, &command).await.unwrap();
}

/// Consumes conditions that other sessions have raised.
async fn settle(session: &Session) {
    while session.send(Lun::ZERO, &TestUnitReady).await.is_err() {}
}

async fn keys(session: &Session) -> Vec<u64> {
    let keys = session.send(Lun::ZERO, &ReadKeys::default()).await.unwrap();
    assert_eq!(keys.total as usize, keys.keys.len());
    keys.keys
}

async fn holder(session: &Session) -> Option<(u64, ReservationType)> {
    let status = session.send(Lun::ZERO, &ReadReservation).await.unwrap();
    status.reservation.map(|held| (held.key, held.reservation_type))
}

async fn two_sessions(running: &Running) -> (Session, Session) {
    (log_in(running.portal()).await.unwrap(), log_in(running.portal()).await.unwrap())
}

#[tokio::test]
async fn registrations_and_reservations_come_and_go() {
    let running = ram_disk().await;
    let (first, second) = two_sessions(&running).await;
    let capabilities = first.send(Lun::ZERO, &ReportReservationCapabilities).await.unwrap();
    let types = capabilities.types.unwrap();
    assert!(
        types.contains(WRITE_EXCLUSIVE) && types.contains(ReservationType::EXCLUSIVE_ACCESS_ALL_REGISTRANTS)
    );
    assert!(capabilities.specify_initiator_ports && capabilities.can_survive_power_loss);
    assert!(!capabilities.replace_lost_reservation && !capabilities.survives_power_loss);

    register(&first, 0, KEY).await;
    let ignoring = PersistentReserveOut::RegisterAndIgnoreExistingKey {
        new_key: OTHER_KEY,
        survives_power_loss: true,
        all_target_ports: true,
    };
    second.send(Lun::ZERO, &ignoring).await.unwrap();
    assert_eq!(keys(&first).await, [KEY, OTHER_KEY]);
    let reserve = PersistentReserveOut::Reserve { key: KEY, reservation_type: WRITE_EXCLUSIVE };
    first.send(Lun::ZERO, &reserve).await.unwrap();
    assert_eq!(holder(&second).await, Some((KEY, WRITE_EXCLUSIVE)));
    let stranger = PersistentReserveOut::Reserve { key: OTHER_KEY, reservation_type: WRITE_EXCLUSIVE };
    assert_eq!(refusal(&second, &stranger).await, CONFLICT);

    let status = first.send(Lun::ZERO, &ReadFullStatus::default()).await.unwrap();
    let seen: Vec<_> =
        status.registrations.iter().map(|known| (known.key, known.held, known.all_target_ports)).collect();
    assert_eq!(seen, [(KEY, Some(WRITE_EXCLUSIVE), false), (OTHER_KEY, None, true)]);
    assert!(status.is_complete && status.registrations.iter().all(|known| known.target_port == 1));
    let initiators = status.registrations.iter().map(|known| known.initiator.clone());
    for (initiator, session) in initiators.zip([&first, &second]) {
        let name = "iqn.2001-04.com.example:host".parse().unwrap();
        assert_eq!(initiator, TransportId::IscsiPort { name, isid: session.details().isid });
    }

    let release = PersistentReserveOut::Release { key: KEY, reservation_type: WRITE_EXCLUSIVE };
    first.send(Lun::ZERO, &release).await.unwrap();
    assert_eq!(holder(&first).await, None);
    first.send(Lun::ZERO, &PersistentReserveOut::Clear { key: KEY }).await.unwrap();
    assert_eq!(keys(&first).await, Vec::<u64>::new());
}

#[tokio::test]
async fn a_preemption_removes_the_other_key() {
    let running = ram_disk().await;
    let (first, second) = two_sessions(&running).await;
    let (key, preempted_key, reservation_type) =
        (OTHER_KEY, KEY, ReservationType::EXCLUSIVE_ACCESS_REGISTRANTS_ONLY);
    for preempt in [
        PersistentReserveOut::Preempt { key, preempted_key, reservation_type },
        PersistentReserveOut::PreemptAndAbort { key, preempted_key, reservation_type },
    ] {
        settle(&first).await;
        register(&first, 0, KEY).await;
        let reserve = PersistentReserveOut::Reserve { key: KEY, reservation_type: WRITE_EXCLUSIVE };
        first.send(Lun::ZERO, &reserve).await.unwrap();
        register(&second, 0, OTHER_KEY).await;
        second.send(Lun::ZERO, &preempt).await.unwrap();
        assert_eq!(
            (keys(&second).await, holder(&second).await),
            (vec![OTHER_KEY], Some((OTHER_KEY, reservation_type)))
        );
        register(&second, OTHER_KEY, 0).await;
        assert_eq!((keys(&second).await, holder(&second).await), (vec![], None));
    }
}

#[tokio::test]
async fn a_registration_names_others_and_a_reservation_moves_to_them() {
    let running = ram_disk().await;
    let (first, second) = two_sessions(&running).await;
    let name = "iqn.2001-04.com.example:host".parse().unwrap();
    let other = TransportId::IscsiPort { name, isid: second.details().isid };
    let both = PersistentReserveOut::Register {
        key: 0,
        new_key: KEY,
        survives_power_loss: false,
        all_target_ports: false,
        initiators: vec![other.clone()],
    };
    first.send(Lun::ZERO, &both).await.unwrap();
    assert_eq!(keys(&second).await, [KEY, KEY]);
    let reserve = PersistentReserveOut::Reserve { key: KEY, reservation_type: WRITE_EXCLUSIVE };
    first.send(Lun::ZERO, &reserve).await.unwrap();
    let to_the_other = PersistentReserveOut::RegisterAndMove {
        key: KEY,
        new_key: OTHER_KEY,
        survives_power_loss: false,
        unregister: true,
        target_port: 1,
        initiator: other,
    };
    first.send(Lun::ZERO, &to_the_other).await.unwrap();
    assert_eq!(
        (keys(&second).await, holder(&second).await),
        (vec![OTHER_KEY], Some((OTHER_KEY, WRITE_EXCLUSIVE)))
    );
    second.execute(Lun::ZERO, write_blocks(0, 1, vec![1; 512])).await.unwrap();
    assert!(first.execute(Lun::ZERO, write_blocks(0, 1, vec![1; 512])).await.is_err());
}

/// The RAM disk never loses its reservations while it has power.
#[tokio::test]
async fn no_reservation_is_lost_that_could_be_replaced() {
    let running = ram_disk().await;
    let session = log_in(running.portal()).await.unwrap();
    let replace = PersistentReserveOut::ReplaceLostReservation {
        new_key: KEY,
        reservation_type: WRITE_EXCLUSIVE,
        survives_power_loss: false,
    };
    assert_eq!(refusal(&session, &replace).await, (ScsiStatus::CHECK_CONDITION, Some((5, 0x24, 0))));
}

#[tokio::test]
async fn a_unit_is_reserved_until_it_is_released_or_the_session_ends() {
    let running = ram_disk().await;
    let (first, second) = two_sessions(&running).await;
    first.send(Lun::ZERO, &Reserve6).await.unwrap();
    first.send(Lun::ZERO, &Reserve6).await.unwrap();
    assert_eq!(refusal(&second, &TestUnitReady).await, CONFLICT);
    second.send(Lun::ZERO, &Release6).await.unwrap();
    assert_eq!(refusal(&second, &Reserve6).await, CONFLICT);
    first.send(Lun::ZERO, &Release6).await.unwrap();
    second.send(Lun::ZERO, &Reserve6).await.unwrap();
    assert_eq!(refusal(&first, &TestUnitReady).await, CONFLICT);
    second.logout().await.unwrap();
    first.send(Lun::ZERO, &TestUnitReady).await.unwrap();
    register(&first, 0, KEY).await;
    assert_eq!(refusal(&first, &Reserve6).await, CONFLICT);
}

#[tokio::test]
async fn the_state_of_a_port_group_is_set_and_reported() {
    let running = ram_disk().await;
    let (first, second) = two_sessions(&running).await;
    for (extended, state, status) in
        [(false, AccessState::ACTIVE_OPTIMIZED, 0), (true, AccessState::STANDBY, 1)]
    {
        if status == 1 {
            let groups = vec![TargetPortGroupState { id: 1, state }];
            first.send(Lun::ZERO, &SetTargetPortGroups { groups }).await.unwrap();
        }
        let command = ReportTargetPortGroups { extended, ..Default::default() };
        let report = first.send(Lun::ZERO, &command).await.unwrap();
        let [group] = &report.groups[..] else { panic!("{report:?}") };
        assert_eq!((group.id, group.state, group.status, &group.ports[..]), (1, state, status, &[1][..]));
        assert!(report.is_complete && group.supported_states.contains(AccessState::UNAVAILABLE));
        assert!(!group.supported_states.contains(AccessState::OFFLINE));
    }
    let offline = TargetPortGroupState { id: 1, state: AccessState::OFFLINE };
    let refused = refusal(&first, &SetTargetPortGroups { groups: vec![offline] }).await;
    assert_eq!(refused, (ScsiStatus::CHECK_CONDITION, Some((5, 0x26, 0))));
    let read = first.execute(Lun::ZERO, read_blocks(0, 1, 512).once()).await.unwrap_err();
    assert!(
        matches!(read, Error::Command { sense: Some(sense), .. } if (sense.asc, sense.ascq) == (0x04, 0x0b)),
        "{read:?}"
    );
    let optimized = TargetPortGroupState { id: 1, state: AccessState::ACTIVE_OPTIMIZED };
    first.send(Lun::ZERO, &SetTargetPortGroups { groups: vec![optimized] }).await.unwrap();
    settle(&second).await;
    second.execute(Lun::ZERO, read_blocks(0, 1, 512)).await.unwrap();
}

/// A target with units 0 and 1, a session, and the descriptor of each unit for a copy.
async fn two_units() -> (Running, Session, [CscdDescriptor; 2]) {
    let mut config = open_config();
    config.targets[0].units.push(LogicalUnit { number: 1, ..LogicalUnit::default() });
    let running = RamDisk::serve(config).await.unwrap();
    let session = log_in(running.portal()).await.unwrap();
    let mut descriptors = Vec::new();
    for lun in [Lun::ZERO, Lun::from_number(1).unwrap()] {
        let identification = session.device_identification(lun).await.unwrap();
        let short =
            identification.designators.iter().find(|known| known.association == 0 && known.bytes.len() <= 20);
        descriptors.push(CscdDescriptor::identification(short.unwrap(), 512).unwrap());
    }
    (running, session, descriptors.try_into().unwrap())
}

#[tokio::test]
async fn blocks_are_copied_from_unit_to_unit() {
    let (_running, session, units) = two_units().await;
    let data: Vec<u8> = (0..4096_u32).map(|at| (at % 251).to_le_bytes()[0]).collect();
    session.execute(Lun::ZERO, write_blocks(8, 8, data.clone())).await.unwrap();
    let parameters = session.send(Lun::ZERO, &ReceiveCopyOperatingParameters).await.unwrap();
    assert!(parameters.takes(0x02) && parameters.takes(0xe4) && parameters.supports_no_list_id);
    let segment = BlockCopy {
        source: 0,
        destination: 1,
        source_lba: 8,
        destination_lba: 100,
        blocks: 8,
        ..Default::default()
    };
    let command = ExtendedCopy {
        list_id: 7,
        units: units.to_vec(),
        segments: vec![segment.into()],
        ..Default::default()
    };
    session.send(Lun::ZERO, &command).await.unwrap();
    let read = session.execute(Lun::from_number(1).unwrap(), read_blocks(100, 8, 512)).await.unwrap();
    assert_eq!(read.data, data);
    let status = session.send(Lun::ZERO, &ReceiveCopyStatus { list_id: 7 }).await.unwrap();
    assert_eq!(
        (status.state, status.segments, status.transferred.bytes()),
        (CopyState::COMPLETED, 1, Some(4096))
    );
    assert_eq!(session.send(Lun::ZERO, &ReceiveFailedSegmentDetails { list_id: 7 }).await, Ok(None));
    let unlisted = ExtendedCopy { list_id: 0, list_id_usage: ListIdUsage::None, ..command.clone() };
    session.send(Lun::ZERO, &unlisted).await.unwrap();
    assert!(session.send(Lun::ZERO, &ReceiveCopyStatus { list_id: 0 }).await.is_err());
    let unknown =
        ExtendedCopy { segments: vec![SegmentDescriptor::Other(vec![0x0c, 0, 0, 0].into())], ..command };
    assert_eq!(refusal(&session, &unknown).await, (ScsiStatus::CHECK_CONDITION, Some((5, 0x26, 9))));
}

#[tokio::test]
async fn a_copy_that_fails_tells_what_it_has_done() {
    let (_running, session, units) = two_units().await;
    let good = BlockCopy { source: 0, destination: 1, blocks: 8, ..Default::default() };
    let beyond = BlockCopy { destination_lba: 131_072, ..good };
    let segments = vec![good.into(), beyond.into()];
    let command = ExtendedCopy { list_id: 9, units: units.to_vec(), segments, ..Default::default() };
    let sense = (0x0a, 0, 0);
    assert_eq!(refusal(&session, &command).await, (ScsiStatus::CHECK_CONDITION, Some(sense)));
    let status = session.send(Lun::ZERO, &ReceiveCopyStatus { list_id: 9 }).await.unwrap();
    assert_eq!((status.state, status.segments), (CopyState::FAILED, 1));
    let failed = session.send(Lun::ZERO, &ReceiveFailedSegmentDetails { list_id: 9 }).await.unwrap().unwrap();
    assert_eq!(failed.status, ScsiStatus::CHECK_CONDITION);
    assert_eq!(failed.sense.map(|sense| (sense.key.0, sense.asc, sense.ascq)), Some(sense));
}

/// A token stands for the data as they were when it was made.
#[tokio::test]
async fn data_are_written_by_their_token() {
    let (_running, session, _) = two_units().await;
    let other = Lun::from_number(1).unwrap();
    session.execute(Lun::ZERO, write_blocks(0, 4, [vec![1; 1024], vec![2; 1024]].concat())).await.unwrap();
    let ranges = vec![BlockRange { lba: 2, blocks: 2 }, BlockRange { lba: 0, blocks: 2 }];
    let populate = PopulateToken { list_id: 0x1234_5678, ranges, ..Default::default() };
    session.send(Lun::ZERO, &populate).await.unwrap();
    session.execute(Lun::ZERO, write_blocks(0, 4, vec![9; 2048])).await.unwrap();
    let information = session.send(Lun::ZERO, &ReceiveRodTokenInformation::new(0x1234_5678)).await.unwrap();
    assert_eq!((information.service_action, information.status), (0x10, CopyOperationStatus::COMPLETED));
    assert_eq!(information.transferred.bytes(), Some(2048));
    let [token] = &information.tokens[..] else { panic!("{information:?}") };
    let write = WriteUsingToken {
        list_id: 2,
        offset: 1,
        ranges: vec![BlockRange { lba: 50, blocks: 1 }, BlockRange { lba: 60, blocks: 2 }],
        delete_token: true,
        ..WriteUsingToken::new(token.clone())
    };
    session.send(other, &write).await.unwrap();
    for (lba, blocks, byte) in [(50, 1, 2), (60, 2, 1)] {
        let read = session.execute(other, read_blocks(lba, blocks, 512)).await.unwrap();
        assert!(read.data.iter().all(|found| *found == byte), "{lba}");
    }
    let information = session.send(other, &ReceiveRodTokenInformation::new(2)).await.unwrap();
    assert_eq!((information.service_action, information.status), (0x11, CopyOperationStatus::COMPLETED));
    assert!(session.send(other, &write).await.is_err(), "the token was deleted");
    let ranges = vec![BlockRange { lba: 50, blocks: 1 }];
    session
        .send(other, &WriteUsingToken { list_id: 3, ranges, ..WriteUsingToken::new(RodToken::zeros()) })
        .await
        .unwrap();
    assert_eq!(session.execute(other, read_blocks(50, 1, 512)).await.unwrap().data, vec![0; 512]);
}
