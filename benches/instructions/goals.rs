//! Upper bounds for the codec, independent of the committed table.

use super::counting::Count;

/// Instructions to decode or encode a header by its type; a bare parse of 48 bytes takes about 50.
const HEADER: u64 = 80;

/// Instructions that a PDU of 4 KiB with both digests may cost beside what the CRC library spends on it.
const BESIDE_CRC: u64 = 250;

/// One line for each bound that is exceeded.
pub(crate) fn missed(counts: &[Count]) -> Vec<String> {
    headers(counts).chain(digests(counts)).collect()
}

fn headers(counts: &[Count]) -> impl Iterator<Item = String> {
    let by_type =
        counts.iter().filter(|(name, _)| name.starts_with("decode ") || name.starts_with("encode "));
    let slow = by_type.filter(|(_, count)| *count >= HEADER);
    slow.map(|(name, count)| format!("{name}: {count} instructions, not under {HEADER}"))
}

fn digests(counts: &[Count]) -> Option<String> {
    let count = |wanted| counts.iter().find(|(name, _)| name == wanted).map(|(_, count)| *count);
    let (Some(all), Some(crc)) = (count("cut digests on"), count("cut crc alone")) else {
        return Some("the stream with digests was not counted".to_owned());
    };
    let beside = all.saturating_sub(crc);
    (beside > BESIDE_CRC)
        .then(|| format!("digests: {beside} instructions beside the CRC's {crc}, more than {BESIDE_CRC}"))
}
