//! The methods that the interface reserves for IPsec, of which there is none here.

use std::net::IpAddr;

use uuid::Uuid;

use super::VdsServiceIscsi;
use crate::vds::error::VdsError;

/// `VDS_ISCSI_IPSEC_KEY`: a preshared key as a caller states it. It is not looked at.
#[derive(Clone, Copy)]
pub struct IpsecKey<'a> {
    /// The bytes, or `None` for a null pointer.
    pub bytes: Option<&'a [u8]>,
    /// How many bytes the caller says there are.
    pub size: u32,
}

/// Reserved: each waits for the start as every method does, and is then `VDS_E_NOT_SUPPORTED`.
impl VdsServiceIscsi {
    /// Would set the preshared key of the group.
    pub fn set_ipsec_group_preshared_key(&self, _key: Option<&IpsecKey<'_>>) -> Result<(), VdsError> {
        self.not_supported()
    }

    /// Would set the ends of every tunnel.
    pub fn set_all_ipsec_tunnel_addresses(
        &self,
        _tunnel_address: Option<IpAddr>,
        _destination_address: Option<IpAddr>,
    ) -> Result<(), VdsError> {
        self.not_supported()
    }

    /// Would set the security of every way to a portal.
    pub fn set_all_ipsec_security(
        &self,
        _target_portal_id: Uuid,
        _security_flags: u64,
        _key: Option<&IpsecKey<'_>>,
    ) -> Result<(), VdsError> {
        self.not_supported()
    }

    fn not_supported(&self) -> Result<(), VdsError> {
        self.startup.store()?;
        Err(VdsError::NotSupported)
    }
}
