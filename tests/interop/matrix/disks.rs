//! The disks that the offers are tried with: one for each length of bursts and each length of blocks.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use iscsi_tests::external_targets::{
    Istgt, IstgtTarget, Lio, LioBuilder, LioTarget, Tgt, TgtBuilder, TgtTarget,
};

use super::offers::Bursts;
use crate::stage::Daemon;

/// The size of a disk.
pub(super) const SIZE: usize = 2 << 20;

/// One disk of a daemon.
pub(super) struct Disk {
    pub(super) daemon: Daemon,
    pub(super) bursts: Bursts,
    pub(super) block_size: u32,
    pub(super) portal: String,
    pub(super) iqn: String,
    pub(super) lun: u16,
    /// The target's own file, if it can be read here.
    pub(super) backing_file: Option<PathBuf>,
    // Kept running.
    _daemon: Arc<dyn Any + Send + Sync>,
}

/// The disks of a daemon, which offers everything that it can: the initiator chooses.
pub(super) fn disks(daemon: Daemon) -> Vec<Disk> {
    match daemon {
        Daemon::Tgt => on_tgt(),
        Daemon::Istgt => kinds().map(|(bursts, block_size)| on_istgt(bursts, block_size)).collect(),
        Daemon::Lio => on_lio(),
    }
}

fn kinds() -> impl Iterator<Item = (Bursts, u32)> {
    Bursts::ALL.into_iter().flat_map(|bursts| [(bursts, 512), (bursts, 4096)])
}

fn name(bursts: Bursts, block_size: u32) -> String {
    format!("{}{block_size}", bursts.name())
}

fn on_tgt() -> Vec<Disk> {
    let target = |(bursts, block_size): (Bursts, u32)| {
        let target = TgtTarget::named(&name(bursts, block_size)).size(SIZE as u64).block_size(block_size);
        let keys = ["HeaderDigest", "DataDigest"].map(|key| (key, "CRC32C".to_owned())).into_iter();
        let keys = keys.chain([("InitialR2T", "No".to_owned())]).chain(bursts.keys());
        keys.fold(target, |target, (key, value)| target.parameter(key, &value))
    };
    let tgt = Arc::new(kinds().map(target).fold(Tgt::builder(), TgtBuilder::target).start());
    let disk = |(bursts, block_size)| Disk {
        daemon: Daemon::Tgt,
        bursts,
        block_size,
        portal: tgt.portal().to_string(),
        iqn: tgt.iqn(&name(bursts, block_size)),
        lun: TgtTarget::FILE_LUN,
        backing_file: Some(tgt.backing_file(&name(bursts, block_size))),
        _daemon: tgt.clone(),
    };
    kinds().map(disk).collect()
}

/// An istgt of its own for each disk: it takes one second for each login, and its keys hold for all targets.
fn on_istgt(bursts: Bursts, block_size: u32) -> Disk {
    let target = IstgtTarget::named("disk").size(SIZE as u64).block_size(block_size);
    let keys = bursts.keys().into_iter();
    let istgt = keys.fold(Istgt::builder(), |istgt, (key, value)| istgt.global(key, &value));
    let istgt = istgt.target(target).start();
    Disk {
        daemon: Daemon::Istgt,
        bursts,
        block_size,
        portal: istgt.portal().to_string(),
        iqn: istgt.iqn("disk"),
        lun: IstgtTarget::LUN,
        backing_file: Some(istgt.backing_file("disk")),
        _daemon: Arc::new(istgt),
    }
}

fn on_lio() -> Vec<Disk> {
    let target = |(bursts, block_size): (Bursts, u32)| {
        let target = LioTarget::named(&name(bursts, block_size)).size(SIZE as u64).block_size(block_size);
        let keys = bursts.keys().into_iter().chain([("InitialR2T", "No".to_owned())]);
        keys.fold(target, |target, (key, value)| target.parameter(key, &value))
    };
    let lio = Arc::new(kinds().map(target).fold(Lio::builder(), LioBuilder::target).start());
    let disk = |(bursts, block_size)| Disk {
        daemon: Daemon::Lio,
        bursts,
        block_size,
        portal: lio.portal().to_string(),
        iqn: lio.iqn(&name(bursts, block_size)),
        lun: LioTarget::LUN,
        backing_file: None,
        _daemon: lio.clone(),
    };
    kinds().map(disk).collect()
}
