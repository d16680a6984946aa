//! iSCSI names (RFC 7143, 4.2.7) and target addresses (13.8) at the edges of what is allowed.

use iscsi_pdu::{AddressError, IscsiName, NameError, TargetAddress};

/// Section 9.3 of the conformance table is in the crate; here is each part at its limits.
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
    for good in ["a", "10.0.0.1", "A-b.c_d.9", &"h".repeat(253)] {
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

#[test]
fn nam_04_months_and_years() {
    for month in 0..100 {
        let name = format!("iqn.2001-{month:02}.example");
        let expected = if (1..=12).contains(&month) { Ok(()) } else { Err(NameError::Date) };
        assert_eq!(IscsiName::received(&name).map(drop), expected, "{name}");
    }
    for date in
        ["2001.04", "200a-04", "a001-04", "2001-0a", "2001-1a", "2001-a1", "2001--4", "20011-04", "2001-04-"]
    {
        let name = format!("iqn.{date}.example");
        assert_eq!(IscsiName::received(&name), Err(NameError::Date), "{name}");
    }
    for short in ["iqn.", "iqn.2001-04"] {
        assert_eq!(IscsiName::received(short), Err(NameError::Date), "{short}");
    }
}

/// What follows the colon is free, what stands before it is a domain.
#[test]
fn nam_03_domains_and_what_follows_them() {
    for name in
        ["iqn.2001-04.com:", "iqn.2001-04.com.example:a..b::c", "iqn.2001-04.com.exämple", "iqn.2001-04.9:x"]
    {
        assert_eq!(IscsiName::received(name).as_ref().map(IscsiName::as_str), Ok(name));
    }
    for name in
        ["iqn.2001-04.:x", "iqn.2001-04..com", "iqn.2001-04.com.", "iqn.2001-04.com.:x", "iqn.2001-04."]
    {
        assert_eq!(IscsiName::received(name), Err(NameError::Domain), "{name}");
    }
    for octet in (0..0x80_u8).filter(|octet| !octet.is_ascii_alphanumeric() && !b"-.:".contains(octet)) {
        let name = format!("iqn.2001-04.com.example:{}", char::from(octet));
        assert_eq!(IscsiName::received(&name), Err(NameError::Character), "{name:?}");
    }
}

#[test]
fn nam_03_digits_of_eui_and_naa() {
    for length in 0..=40 {
        let digits = "0123456789abcdefABCDEF0123456789abcdef01".get(..length).unwrap();
        assert_eq!(IscsiName::received(&format!("eui.{digits}")).is_ok(), length == 16, "{length}");
        assert_eq!(
            IscsiName::received(&format!("naa.{digits}")).is_ok(),
            [16, 32].contains(&length),
            "{length}"
        );
    }
    assert_eq!(IscsiName::received("eui.0123456789abcdeg"), Err(NameError::HexDigits));
    for other in ["IQN.2001-04.com", "iqn:2001-04.com", "iqn", "nqn.2001-04.com", "euí.0123456789abcdef"] {
        assert_eq!(IscsiName::received(other), Err(NameError::Type), "{other}");
    }
}

/// NAM-01: 223 octets, not characters.
#[test]
fn nam_01_the_length_counts_octets() {
    let name = |count| format!("iqn.2001-04.com.example:a{}", "ä".repeat(count));
    assert_eq!(name(99).len(), 223);
    assert!(IscsiName::received(&name(99)).is_ok());
    assert_eq!(IscsiName::received(&name(100)), Err(NameError::TooLong { length: 225 }));
    assert_eq!(IscsiName::MAX_LENGTH, 223);
}
