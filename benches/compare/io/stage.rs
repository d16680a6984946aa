//! A running target for one case.

use std::thread;

use iscsi_benches::io::{GATHERING_TARGET, Portal};
use iscsi_benches::server::{self, Server};
use iscsi_tests::external_targets::{Tgt, TgtTarget};
use iscsi_tests::gathering_target::{GatheringConfig, GatheringTarget};

use super::case::{IoCase, TargetKind};
use crate::Failure;

/// The parameters of tgtd with large segments.
const TUNED: [(&str, &str); 6] = [
    ("MaxRecvDataSegmentLength", "262144"),
    ("MaxXmitDataSegmentLength", "262144"),
    ("MaxBurstLength", "1048576"),
    ("FirstBurstLength", "262144"),
    ("InitialR2T", "No"),
    ("ImmediateData", "Yes"),
];
const NAME: &str = "disk";

/// Ends when it is dropped.
pub(crate) enum Stage {
    Tgtd(Box<Tgt>),
    Embedded(Server),
}

impl Stage {
    pub(crate) fn set(case: &IoCase) -> Result<Self, Failure> {
        Ok(match case.target {
            TargetKind::Tgtd => Self::Tgtd(Box::new(start_tgtd(&[], case.digests))),
            TargetKind::TgtdTuned => Self::Tgtd(Box::new(start_tgtd(&TUNED, case.digests))),
            TargetKind::Embedded => {
                Self::Embedded(Server::start(&["serve-blocks", "--batch", &case.batch().to_string()])?)
            }
        })
    }

    pub(crate) fn portal(&self) -> Portal {
        match self {
            Self::Tgtd(tgt) => {
                Portal { address: tgt.portal(), target: tgt.iqn(NAME), lun: TgtTarget::NULL_LUN }
            }
            Self::Embedded(server) => {
                Portal { address: server.address(), target: GATHERING_TARGET.to_owned(), lun: 0 }
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        match self {
            Self::Tgtd(tgt) => tgt.pid(),
            Self::Embedded(server) => server.pid(),
        }
    }

    /// True if data can be read back.
    pub(crate) const fn stores_data(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }
}

fn start_tgtd(parameters: &[(&str, &str)], digests: bool) -> Tgt {
    let digest = if digests { "CRC32C" } else { "None" };
    let digests = [("HeaderDigest", digest), ("DataDigest", digest)];
    let target = TgtTarget::named(NAME).with_null_unit();
    let all = parameters.iter().chain(&digests);
    Tgt::builder().target(all.fold(target, |target, (key, value)| target.parameter(key, value))).start()
}

/// The embedded target as a process of its own, until standard input ends.
pub(crate) fn serve(batch: usize) -> Result<(), Failure> {
    let target = GatheringTarget::bind(GatheringConfig::new(GATHERING_TARGET.parse()?, batch))?;
    server::announce(target.address()?);
    thread::spawn(move || target.serve());
    Ok(server::wait_for_end()?)
}
