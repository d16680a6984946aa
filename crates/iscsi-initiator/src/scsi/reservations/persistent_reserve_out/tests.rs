use super::*;
use crate::scsi::RawCommand;

const KEY: u64 = 0x0102_0304_0506_0708;
const NEW_KEY: u64 = 0x1112_1314_1516_1718;
const KEYS: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18];
const TYPE: ReservationType = ReservationType::EXCLUSIVE_ACCESS_ALL_REGISTRANTS;

/// The bytes of the block that are not 0, and the parameter list.
fn encoded(command: &PersistentReserveOut) -> (Vec<u8>, Vec<u8>) {
    let raw = RawCommand::of(command);
    let Transfer::Write(data) = raw.transfer else { panic!("{:?}", raw.transfer) };
    assert_eq!(raw.cdb[9..], [0; 7]);
    assert_eq!(raw.replay, Replay::of(&raw.cdb));
    (raw.cdb[..9].to_vec(), data.pieces().concat())
}

fn block(service_action: u8, reservation_type: u8, length: u8) -> Vec<u8> {
    vec![0x5f, service_action, reservation_type, 0, 0, 0, 0, 0, length]
}

fn list_of(keys: [u8; 16], flags: u8) -> Vec<u8> {
    [&keys[..], &[0, 0, 0, 0, flags, 0, 0, 0]].concat()
}

fn only_first(keys: [u8; 16]) -> [u8; 16] {
    std::array::from_fn(|at| if at < 8 { keys[at] } else { 0 })
}

fn only_second(keys: [u8; 16]) -> [u8; 16] {
    std::array::from_fn(|at| if at < 8 { 0 } else { keys[at] })
}

#[test]
fn registrations_have_flags_but_no_type() {
    for (survives_power_loss, all_target_ports, flags) in
        [(false, false, 0x00), (true, false, 0x01), (false, true, 0x04), (true, true, 0x05)]
    {
        let (initiators, new_key) = (Vec::new(), NEW_KEY);
        let register = PersistentReserveOut::Register {
            key: KEY,
            new_key,
            survives_power_loss,
            all_target_ports,
            initiators,
        };
        assert_eq!(encoded(&register), (block(0, 0, 24), list_of(KEYS, flags)));
        let ignore = PersistentReserveOut::RegisterAndIgnoreExistingKey {
            new_key,
            survives_power_loss,
            all_target_ports,
        };
        assert_eq!(encoded(&ignore), (block(6, 0, 24), list_of(only_second(KEYS), flags)));
    }
}

#[test]
fn reservations_have_a_type_but_no_flags() {
    let (key, preempted_key, reservation_type) = (KEY, NEW_KEY, TYPE);
    let one_key = list_of(only_first(KEYS), 0);
    let both = list_of(KEYS, 0);
    let cases = [
        (PersistentReserveOut::Reserve { key, reservation_type }, block(1, 8, 24), &one_key),
        (PersistentReserveOut::Release { key, reservation_type }, block(2, 8, 24), &one_key),
        (PersistentReserveOut::Clear { key }, block(3, 0, 24), &one_key),
        (PersistentReserveOut::Preempt { key, preempted_key, reservation_type }, block(4, 8, 24), &both),
        (
            PersistentReserveOut::PreemptAndAbort { key, preempted_key, reservation_type },
            block(5, 8, 24),
            &both,
        ),
    ];
    for (command, cdb, list) in cases {
        assert_eq!(encoded(&command), (cdb, list.clone()), "{command:?}");
    }
    for (survives_power_loss, flags) in [(false, 0), (true, 1)] {
        let replace = PersistentReserveOut::ReplaceLostReservation {
            new_key: NEW_KEY,
            reservation_type,
            survives_power_loss,
        };
        assert_eq!(encoded(&replace), (block(8, 8, 24), list_of(only_second(KEYS), flags)));
    }
}

#[test]
fn other_initiators_stand_behind_the_list() {
    let initiators = vec![
        TransportId::IscsiInitiator("iqn.2001-04.a:b".parse().unwrap()),
        TransportId::Other(Bytes::from_static(&[9; 24])),
    ];
    let register = PersistentReserveOut::Register {
        key: KEY,
        new_key: NEW_KEY,
        survives_power_loss: true,
        all_target_ports: false,
        initiators,
    };
    let name = b"\x05\0\0\x14iqn.2001-04.a:b\0\0\0\0\0";
    let expected = [&list_of(KEYS, 0x09)[..], &[0, 0, 0, 48], name, &[9; 24]].concat();
    assert_eq!(encoded(&register), (block(0, 0, 76), expected));
}

#[test]
fn a_reservation_moves_to_another_initiator() {
    for (survives_power_loss, unregister, flags) in [(true, false, 1), (false, true, 2), (true, true, 3)] {
        let command = PersistentReserveOut::RegisterAndMove {
            key: KEY,
            new_key: NEW_KEY,
            survives_power_loss,
            unregister,
            target_port: 0x2122,
            initiator: TransportId::Other(Bytes::from_static(&[9; 24])),
        };
        let expected = [&KEYS[..], &[0, flags, 0x21, 0x22, 0, 0, 0, 24], &[9; 24]].concat();
        assert_eq!(encoded(&command), (block(7, 0, 48), expected));
    }
}

#[test]
fn a_type_stays_out_of_the_scope() {
    let command = PersistentReserveOut::Reserve { key: 0, reservation_type: ReservationType(0xff) };
    assert_eq!(encoded(&command).0, block(1, 0x0f, 24));
}
