//! Values in the form in which tshark prints them.

use bytes::Bytes;
use iscsi_pdu::{Lun, TargetNumbers, TextKeys};

/// A field of the dissector and the values it has to show for one PDU, in order.
pub(crate) type Shown = (&'static str, Vec<String>);

pub(crate) fn flag(field: &'static str, value: bool) -> Shown {
    (field, vec![u8::from(value).to_string()])
}

pub(crate) fn decimal(field: &'static str, value: impl Into<u64>) -> Shown {
    (field, vec![value.into().to_string()])
}

/// Hexadecimal with all digits of its width.
pub(crate) fn hex(field: &'static str, octets: impl AsRef<[u8]>) -> Shown {
    (field, vec![format!("0x{}", ::hex::encode(octets))])
}

/// Octets one after the other; nothing if there are none.
pub(crate) fn octets(field: &'static str, octets: &[u8]) -> Shown {
    (field, if octets.is_empty() { vec![] } else { vec![::hex::encode(octets)] })
}

/// A field that is shown only where it has a meaning.
pub(crate) fn only_if(condition: bool, (field, values): Shown) -> Shown {
    (field, if condition { values } else { vec![] })
}

pub(crate) fn lun(value: Lun) -> Shown {
    hex("scsi.lun", value.number().unwrap().to_be_bytes())
}

pub(crate) fn numbers(value: TargetNumbers) -> [Shown; 3] {
    let TargetNumbers { stat_sn, exp_cmd_sn, max_cmd_sn } = value;
    [
        decimal("iscsi.statsn", stat_sn.0),
        decimal("iscsi.expcmdsn", exp_cmd_sn.0),
        decimal("iscsi.maxcmdsn", max_cmd_sn.0),
    ]
}

/// All pairs.
pub(crate) fn text(value: &Bytes) -> Shown {
    let keys = TextKeys::parse(value).unwrap();
    ("iscsi.keyvalue", keys.iter().map(|(key, value)| format!("{key}={value}")).collect())
}
