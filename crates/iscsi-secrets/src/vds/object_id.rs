//! Object ids of targets, derived from their names.

use iscsi_pdu::IscsiName;
use uuid::Uuid;

/// The namespace in which [`object_id`] derives UUIDs of version 5 from target names.
pub const OBJECT_ID_NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_53f2_2b7c_4f0e_9a65_4d1c_8e37_b0a9);

/// Returns the id of a target in the VDS interface: the UUID of version 5 of the name's identity. All spellings of a
/// name have one id, on every machine.
#[must_use]
pub fn object_id(target: &IscsiName) -> Uuid {
    Uuid::new_v5(&OBJECT_ID_NAMESPACE, target.identity().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_ids_are_version_5_and_stay_what_they_are() {
        let id = |name| object_id(&IscsiName::new(name).unwrap());
        let disk = id("iqn.2001-04.com.example:disk");
        assert_eq!(disk.get_version_num(), 5);
        assert_eq!(disk, "0ce9aa70-b850-56a1-baca-4ac476d07acf".parse::<Uuid>().unwrap());
        assert_eq!(disk, id("iqn.2001-04.com.EXAMPLE:Disk"));
        assert_ne!(disk, id("iqn.2001-04.com.example:disk2"));
    }
}
