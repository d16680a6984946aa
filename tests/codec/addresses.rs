//! Limits of target addresses (RFC 7143, 13.8).

use iscsi_pdu::{AddressError, TargetAddress};

/// Each part at its limits. The test vectors are in the crate.
#[test]
fn dis_06_limits_of_ports_and_tags() {
    let parsed = |text: &str| text.parse::<TargetAddress>().map(|at| (at.port, at.portal_group_tag));
    assert_eq!(parsed("host:1,0"), Ok((1, Some(0))));
    assert_eq!(parsed("host:65535,65535"), Ok((65_535, Some(65_535))));
    assert_eq!(parsed("[::1]:0xffff,0xFFFF"), Ok((65_535, Some(65_535))));
    for text in ["host:0", "host:65536", "host:", "host:x", "[::1]:", "[::1]:0", "host:-1", "host:1:1", "::1"]
    {
        assert!(parsed(text).is_err(), "{text}");
    }
    for text in ["host:0", "host:65536", "host:", "[::1]:0"] {
        assert_eq!(parsed(text), Err(AddressError::Port), "{text}");
    }
    for text in ["host,", "host,65536", "host,1,1", "[::1]:1,x"] {
        assert_eq!(parsed(text), Err(AddressError::PortalGroupTag), "{text}");
    }
}

#[test]
fn dis_06_limits_of_hosts() {
    let host = |text: &str| text.parse::<TargetAddress>().map(|at| at.host);
    for good in ["a", "10.0.0.1", "A-b.c_9.d", &"h".repeat(253)] {
        assert_eq!(host(good), Ok(good.to_owned()));
    }
    for bad in
        ["", ",1", ":1", "a/b", "a b", "ä", &"h".repeat(254), "[]", "[::1", "[::1]]", "[::1]x:1", "[::g]"]
    {
        assert_eq!(host(bad), Err(AddressError::Host), "{bad}");
    }
    assert_eq!(host("[fe80::1%e-t.h_0]"), Ok("fe80::1%e-t.h_0".to_owned()));
    for bad in ["[fe80::1%]", "[fe80::1%a b]", "[%eth0]", "[10.0.0.1%eth0]"] {
        assert_eq!(host(bad), Err(AddressError::Host), "{bad}");
    }
}
