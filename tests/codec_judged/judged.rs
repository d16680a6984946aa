//! Random PDUs, the same for the same seed.

use arbitrary::Unstructured;
use iscsi_pdu::{InitiatorPdu, RawPdu, TargetPdu};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Octets from which one PDU is made; more than any takes.
const SOURCE: usize = 4096;

/// A PDU of either direction.
#[derive(Clone, Debug)]
pub(crate) enum Judged {
    Initiator(InitiatorPdu),
    Target(TargetPdu),
}

impl Judged {
    pub(crate) fn encode(&self) -> RawPdu {
        match self {
            Self::Initiator(pdu) => pdu.encode(),
            Self::Target(pdu) => pdu.encode(),
        }
    }

    pub(crate) const fn is_login(&self) -> bool {
        matches!(
            self,
            Self::Initiator(InitiatorPdu::LoginRequest(_)) | Self::Target(TargetPdu::LoginResponse(_))
        )
    }

    /// 0 for the initiator, 1 for the target.
    pub(crate) const fn side(&self) -> usize {
        match self {
            Self::Initiator(_) => 0,
            Self::Target(_) => 1,
        }
    }
}

/// So many PDUs, half of them from each side.
pub(crate) fn random_pdus(seed: u64, count: usize) -> Vec<Judged> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(|at| random_pdu(&mut random, at % 2 == 0)).collect()
}

fn random_pdu(random: &mut StdRng, from_initiator: bool) -> Judged {
    let mut octets = vec![0; SOURCE];
    random.fill_bytes(&mut octets);
    let mut source = Unstructured::new(&octets);
    if from_initiator {
        Judged::Initiator(iscsi_fuzz::any_initiator_pdu(&mut source).unwrap())
    } else {
        Judged::Target(iscsi_fuzz::any_target_pdu(&mut source).unwrap())
    }
}
