//! Reservations and target port groups.

use iscsi_initiator::Error;
use iscsi_initiator::scsi::{
    AccessState, PersistentReserveOut, ReadFullStatus, ReadKeys, ReadReservation, Release6,
    ReportReservationCapabilities, ReportTargetPortGroups, ReservationType, Reserve6, SetTargetPortGroups,
    TargetPortGroupState, TransportId,
};

use super::outcome::{DONE, Outcome, answered};
use super::row::{Row, row};
use super::unit::Unit;

const KEY: u64 = 0x0102_0304_0506_0708;
const OTHER_KEY: u64 = 0x1112_1314_1516_1718;
const TYPE: ReservationType = ReservationType::WRITE_EXCLUSIVE;

pub(super) fn rows() -> Vec<Row> {
    [reports(), registrations(), reservations(), preemptions(), old_reservations(), port_groups()]
        .into_iter()
        .flatten()
        .collect()
}

fn reports() -> Vec<Row> {
    vec![
        row("", ReadKeys::default(), async |unit, command| {
            Ok(answered(unit.send(command).await?.keys.is_empty()))
        }),
        row("", ReadReservation, async |unit, command| {
            Ok(answered(unit.send(command).await?.reservation.is_none()))
        }),
        row("", ReportReservationCapabilities, async |unit, command| {
            let types = unit.send(command).await?.types;
            Ok(answered(types.is_none_or(|types| types.contains(TYPE))))
        }),
        row("", ReadFullStatus::default(), async |unit, command| {
            Ok(answered(unit.send(command).await?.registrations.is_empty()))
        }),
    ]
}

fn registrations() -> Vec<Row> {
    let register = |new_key| PersistentReserveOut::Register {
        key: 0,
        new_key,
        survives_power_loss: false,
        all_target_ports: false,
        initiators: Vec::new(),
    };
    let named = PersistentReserveOut::Register {
        key: 0,
        new_key: KEY,
        survives_power_loss: false,
        all_target_ports: false,
        initiators: vec![other_initiator()],
    };
    let clear = PersistentReserveOut::Clear { key: KEY };
    vec![
        row("REGISTER", register(KEY), async |unit, command| leaves_keys(unit, command, &[KEY]).await),
        row("REGISTER, of another initiator too", named, async |unit, command| {
            leaves_keys(unit, command, &[KEY, KEY]).await
        }),
        row("REGISTER AND IGNORE EXISTING KEY", ignoring(OTHER_KEY), async |unit, command| {
            leaves_keys(unit, command, &[OTHER_KEY]).await
        }),
        row("CLEAR", clear, async |unit, command| {
            unit.send(&ignoring(KEY)).await?;
            leaves_keys(unit, command, &[]).await
        }),
    ]
}

fn reservations() -> Vec<Row> {
    let reserve = PersistentReserveOut::Reserve { key: KEY, reservation_type: TYPE };
    let release = PersistentReserveOut::Release { key: KEY, reservation_type: TYPE };
    let lost = PersistentReserveOut::ReplaceLostReservation {
        new_key: KEY,
        reservation_type: TYPE,
        survives_power_loss: false,
    };
    let moved = PersistentReserveOut::RegisterAndMove {
        key: KEY,
        new_key: OTHER_KEY,
        survives_power_loss: false,
        unregister: false,
        target_port: 1,
        initiator: other_initiator(),
    };
    vec![
        row("RESERVE", reserve, async |unit, command| leaves_holder(unit, command, Some(KEY)).await),
        row("RELEASE", release, async |unit, command| {
            unit.send(&ignoring(KEY)).await?;
            unit.send(&PersistentReserveOut::Reserve { key: KEY, reservation_type: TYPE }).await?;
            leaves_holder(unit, command, None).await
        }),
        row("REGISTER AND MOVE", moved, async |unit, command| {
            unit.send(&ignoring(KEY)).await?;
            unit.send(&PersistentReserveOut::Reserve { key: KEY, reservation_type: TYPE }).await?;
            leaves_holder(unit, command, Some(OTHER_KEY)).await
        }),
        row("REPLACE LOST RESERVATION", lost, async |unit, command| {
            leaves_holder(unit, command, Some(KEY)).await
        }),
    ]
}

/// The host preempts its own key, which is as good as that of another host.
fn preemptions() -> Vec<Row> {
    let (key, preempted_key, reservation_type) = (KEY, KEY, TYPE);
    let preempt = PersistentReserveOut::Preempt { key, preempted_key, reservation_type };
    let abort = PersistentReserveOut::PreemptAndAbort { key, preempted_key, reservation_type };
    let holds = async |unit: &Unit, command: &PersistentReserveOut| {
        unit.send(&ignoring(KEY)).await?;
        unit.send(&PersistentReserveOut::Reserve { key: KEY, reservation_type: TYPE }).await?;
        leaves_holder(unit, command, Some(KEY)).await
    };
    vec![row("PREEMPT", preempt, holds), row("PREEMPT AND ABORT", abort, holds)]
}

fn old_reservations() -> Vec<Row> {
    vec![
        row("", Reserve6, async |unit, command| {
            unit.send(command).await?;
            unit.send(&Release6).await.map(|()| DONE)
        }),
        row("without a reservation", Release6, async |unit, command| unit.send(command).await.map(|()| DONE)),
    ]
}

fn port_groups() -> Vec<Row> {
    let extended = ReportTargetPortGroups { extended: true, ..ReportTargetPortGroups::default() };
    vec![
        row("", ReportTargetPortGroups::default(), has_groups),
        row("extended header", extended, has_groups),
        row("active/optimized", SetTargetPortGroups::default(), async |unit, _| {
            let report = unit.send(&ReportTargetPortGroups::default()).await?;
            let state = AccessState::ACTIVE_OPTIMIZED;
            let groups = report.groups.iter().map(|group| TargetPortGroupState { id: group.id, state });
            unit.send(&SetTargetPortGroups { groups: groups.collect() }).await?;
            let report = unit.send(&ReportTargetPortGroups::default()).await?;
            Ok(answered(report.groups.iter().all(|group| group.state == state)))
        }),
        row("no group", SetTargetPortGroups::default(), async |unit, command| {
            unit.send(command).await.map(|()| DONE)
        }),
    ]
}

async fn has_groups(unit: &Unit, command: &ReportTargetPortGroups) -> Outcome {
    let report = unit.send(command).await?;
    if !report.is_complete {
        return Ok("GOOD, and a list that is cut off");
    }
    Ok(answered(report.groups.iter().any(|group| !group.ports.is_empty())))
}

fn ignoring(new_key: u64) -> PersistentReserveOut {
    PersistentReserveOut::RegisterAndIgnoreExistingKey {
        new_key,
        survives_power_loss: false,
        all_target_ports: false,
    }
}

/// An initiator that has no session.
fn other_initiator() -> TransportId {
    TransportId::IscsiInitiator("iqn.2001-04.com.example:other".parse().unwrap())
}

/// The keys that are registered after the command, before all are removed.
async fn leaves_keys(unit: &Unit, command: &PersistentReserveOut, expected: &[u64]) -> Outcome {
    let outcome = unit.send(command).await;
    let keys = unit.send(&ReadKeys::default()).await;
    clear(unit).await;
    outcome?;
    Ok(answered(keys?.keys == expected))
}

/// The key that holds the reservation after the command, before all are removed.
async fn leaves_holder(unit: &Unit, command: &PersistentReserveOut, expected: Option<u64>) -> Outcome {
    unit.send(&ignoring(KEY)).await?;
    let outcome = unit.send(command).await;
    let status = unit.send(&ReadReservation).await;
    clear(unit).await;
    outcome?;
    Ok(answered(status?.reservation.map(|held| held.key) == expected))
}

/// Removes all registrations, as far as the target has any.
async fn clear(unit: &Unit) {
    let registered = unit.send(&ignoring(KEY)).await;
    if registered.is_ok() {
        unit.send(&PersistentReserveOut::Clear { key: KEY }).await.unwrap();
    }
    let keys = unit.send(&ReadKeys::default()).await;
    assert!(keys.as_ref().map_or_else(Error::leaves_session_open, |keys| keys.keys.is_empty()), "{keys:?}");
}
