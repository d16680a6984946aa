//! The table of offers for the transfer of data, and what each daemon makes of them.

use iscsi_initiator::{Offer, Parameters};

use crate::stage::Daemon;

/// Lengths of segments and bursts, of the initiator and of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bursts {
    /// A segment is neither a power of two nor as long as a block of 4096 bytes, a first burst no multiple of segments, and
    /// a long write has more than eighty bursts.
    Small,
    /// The defaults of RFC 7143.
    Usual,
    /// A command of 1 MiB has four segments each way, and is one burst.
    Large,
}

impl Bursts {
    pub(super) const ALL: [Self; 3] = [Self::Small, Self::Usual, Self::Large];

    /// The name of a target with these lengths.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Usual => "usual",
            Self::Large => "large",
        }
    }

    /// The longest segment that the initiator receives, and the longest first burst and burst.
    const fn offered(self) -> [u32; 3] {
        match self {
            Self::Small => [1536, 5120, 12_800],
            Self::Usual => [8192, 65_536, 262_144],
            Self::Large => [262_144, 262_144, 1_048_576],
        }
    }

    /// The keys of a target that keeps none of these lengths from being agreed on, and receives segments of its own length.
    pub(super) fn keys(self) -> [(&'static str, String); 3] {
        let [_, first_burst, burst] = self.offered();
        let segment = match self {
            Self::Small => 2048,
            Self::Usual => 8192,
            Self::Large => 262_144,
        };
        [
            ("MaxRecvDataSegmentLength", u32::to_string(&segment)),
            ("FirstBurstLength", first_burst.to_string()),
            ("MaxBurstLength", burst.to_string()),
        ]
    }
}

/// One row.
pub(super) struct DataOffer {
    pub(super) initial_r2t: bool,
    pub(super) immediate_data: bool,
    pub(super) bursts: Bursts,
    expected: [&'static str; 3],
}

impl DataOffer {
    /// The negotiated values, as [`agreed`] writes them.
    pub(super) const fn expected(&self, daemon: Daemon) -> &'static str {
        let [tgt, istgt, lio] = self.expected;
        match daemon {
            Daemon::Tgt => tgt,
            Daemon::Istgt => istgt,
            Daemon::Lio => lio,
        }
    }

    /// The offer in words.
    pub(super) fn what(&self) -> String {
        let [segment, first_burst, burst] = self.bursts.offered();
        let [r2t, immediate] =
            [self.initial_r2t, self.immediate_data].map(|yes| if yes { "Yes" } else { "No" });
        format!("{r2t}, {immediate}, {first_burst} and {burst}, {segment}")
    }

    /// The offer of the initiator, without digests.
    pub(super) fn offer(&self) -> Offer {
        let mut offer = Offer::default();
        let parameters = &mut offer.parameters;
        (parameters.initial_r2t, parameters.immediate_data) = (self.initial_r2t, self.immediate_data);
        [
            parameters.max_recv_data_segment_length,
            parameters.first_burst_length,
            parameters.max_burst_length,
        ] = self.bursts.offered();
        offer
    }
}

/// The negotiated values that matter to the transfer of data.
pub(super) fn agreed(parameters: &Parameters) -> String {
    let r2t = if parameters.initial_r2t { "R2T first" } else { "no R2T first" };
    let immediate = if parameters.immediate_data { "immediate data" } else { "no immediate data" };
    let Parameters { first_burst_length, max_burst_length, .. } = parameters;
    let (out, back) = (parameters.max_send_data_segment_length, parameters.max_recv_data_segment_length);
    format!(
        "{r2t}, {immediate}, bursts {first_burst_length} and {max_burst_length}, segments {out} and {back}"
    )
}

/// All combinations of `InitialR2T`, `ImmediateData` and bursts. istgt has no `InitialR2T=No`, and declares no longer
/// segments than the initiator does; LIO declares 262144 whatever it is told.
#[rustfmt::skip]
pub(super) fn offers() -> Vec<DataOffer> {
    vec![
        offer(true, true, Bursts::Small, [
            "R2T first, immediate data, bursts 5120 and 12800, segments 2048 and 1536",
            "R2T first, immediate data, bursts 5120 and 12800, segments 1536 and 1536",
            "R2T first, immediate data, bursts 5120 and 12800, segments 262144 and 1536",
        ]),
        offer(true, false, Bursts::Small, [
            "R2T first, no immediate data, bursts 5120 and 12800, segments 2048 and 1536",
            "R2T first, no immediate data, bursts 5120 and 12800, segments 1536 and 1536",
            "R2T first, no immediate data, bursts 5120 and 12800, segments 262144 and 1536",
        ]),
        offer(false, true, Bursts::Small, [
            "no R2T first, immediate data, bursts 5120 and 12800, segments 2048 and 1536",
            "R2T first, immediate data, bursts 5120 and 12800, segments 1536 and 1536",
            "no R2T first, immediate data, bursts 5120 and 12800, segments 262144 and 1536",
        ]),
        offer(false, false, Bursts::Small, [
            "no R2T first, no immediate data, bursts 5120 and 12800, segments 2048 and 1536",
            "R2T first, no immediate data, bursts 5120 and 12800, segments 1536 and 1536",
            "no R2T first, no immediate data, bursts 5120 and 12800, segments 262144 and 1536",
        ]),
        offer(true, true, Bursts::Usual, [
            "R2T first, immediate data, bursts 65536 and 262144, segments 8192 and 8192",
            "R2T first, immediate data, bursts 65536 and 262144, segments 8192 and 8192",
            "R2T first, immediate data, bursts 65536 and 262144, segments 262144 and 8192",
        ]),
        offer(true, false, Bursts::Usual, [
            "R2T first, no immediate data, bursts 65536 and 262144, segments 8192 and 8192",
            "R2T first, no immediate data, bursts 65536 and 262144, segments 8192 and 8192",
            "R2T first, no immediate data, bursts 65536 and 262144, segments 262144 and 8192",
        ]),
        offer(false, true, Bursts::Usual, [
            "no R2T first, immediate data, bursts 65536 and 262144, segments 8192 and 8192",
            "R2T first, immediate data, bursts 65536 and 262144, segments 8192 and 8192",
            "no R2T first, immediate data, bursts 65536 and 262144, segments 262144 and 8192",
        ]),
        offer(false, false, Bursts::Usual, [
            "no R2T first, no immediate data, bursts 65536 and 262144, segments 8192 and 8192",
            "R2T first, no immediate data, bursts 65536 and 262144, segments 8192 and 8192",
            "no R2T first, no immediate data, bursts 65536 and 262144, segments 262144 and 8192",
        ]),
        offer(true, true, Bursts::Large, [
            "R2T first, immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
            "R2T first, immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
            "R2T first, immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
        ]),
        offer(true, false, Bursts::Large, [
            "R2T first, no immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
            "R2T first, no immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
            "R2T first, no immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
        ]),
        offer(false, true, Bursts::Large, [
            "no R2T first, immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
            "R2T first, immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
            "no R2T first, immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
        ]),
        offer(false, false, Bursts::Large, [
            "no R2T first, no immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
            "R2T first, no immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
            "no R2T first, no immediate data, bursts 262144 and 1048576, segments 262144 and 262144",
        ]),
    ]
}

const fn offer(
    initial_r2t: bool,
    immediate_data: bool,
    bursts: Bursts,
    expected: [&'static str; 3],
) -> DataOffer {
    DataOffer { initial_r2t, immediate_data, bursts, expected }
}
