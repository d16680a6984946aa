use super::*;

const NAME: &str = "iqn.2001-04.com.example:disk";

fn parse(text: &str) -> TargetUrl {
    match text.parse() {
        Ok(url) => url,
        Err(error) => panic!("{text}: {error}"),
    }
}

fn refusal(text: &str) -> Option<UrlError> {
    text.parse::<TargetUrl>().err()
}

fn bytes(secret: Option<&Secret>) -> Option<&[u8]> {
    secret.map(Secret::expose_secret)
}

#[test]
fn hosts_and_ports() {
    let cases = [
        ("disks.example.com", "disks.example.com:3260"),
        ("10.0.0.1:3261", "10.0.0.1:3261"),
        ("[2001:db8::1]", "[2001:db8::1]:3260"),
        ("[fe80::1%25eth0]:3261", "[fe80::1%eth0]:3261"),
        ("%31%30.0.0.1", "10.0.0.1:3260"),
    ];
    for (authority, portal) in cases {
        assert_eq!(parse(&format!("iscsi://{authority}/{NAME}")).portal.to_string(), portal);
    }
    for authority in ["", ":3260", "host:0", "host:99999", "2001:db8::1", "[::1", "a b", "user%ab"] {
        assert_eq!(refusal(&format!("iscsi://{authority}/{NAME}")), Some(UrlError::Host), "{authority}");
    }
}

#[test]
fn nam_02_nam_09_targets_keep_their_spelling_and_are_checked() {
    let url = parse("ISCSI://host/IQN.2001-04.com.example%3ADisk");
    assert_eq!(url.target.as_str(), "IQN.2001-04.com.example:Disk");
    assert_eq!((url.target, url.lun), (NAME.parse().unwrap(), None));
    let odd = parse("iscsi://host/iqn.2001-04.com.example:my_disk%20/1");
    assert_eq!(odd.target.as_str(), "iqn.2001-04.com.example:my_disk ");
    for text in ["iscsi://host", "iscsi://host/", "iscsi://host//1", "iscsi://host/?header_digest=none"] {
        assert_eq!(refusal(text), Some(UrlError::NoTarget), "{text}");
    }
    assert_eq!(refusal("iscsi://host/%ff"), Some(UrlError::TargetText));
    assert_eq!(refusal("iscsi://user/sec@host"), Some(UrlError::AtSign));
    assert_eq!(parse("iscsi://host/a%40b").target.as_str(), "a@b");
    for text in ["iscsi://host/..%2fdisk", "iscsi://host/iqn.x%0a", "iscsi://host/%20"] {
        assert!(matches!(refusal(text), Some(UrlError::Target(_))), "{text}");
    }
    assert_eq!(refusal("iser://host/iqn.2001-04.com.example:disk"), Some(UrlError::Scheme));
    assert_eq!(refusal("host/iqn.2001-04.com.example:disk"), Some(UrlError::Scheme));
}

#[test]
fn luns_are_numbers_or_eight_bytes() {
    let lun = |text: &str| parse(&format!("iscsi://host/{NAME}/{text}")).lun;
    assert_eq!(lun("0"), Some(Lun::ZERO));
    assert_eq!(lun("300"), Lun::from_number(300));
    assert_eq!(lun("16383"), Lun::from_number(16383));
    assert_eq!(lun("0xc101000000000000"), Some(Lun([0xc1, 1, 0, 0, 0, 0, 0, 0])));
    // The displayed form of a LUN is accepted again, for every addressing method.
    for bytes in [[0, 1], [0x40, 0], [0x40, 1], [0x41, 0], [0x7f, 0xff], [0xc1, 1], [0x80, 1]] {
        let shown = Lun([bytes[0], bytes[1], 0, 0, 0, 0, 0, 0]);
        assert_eq!(lun(&shown.to_string()), Some(shown));
    }
    for text in ["", "16384", "-1", "+1", "1/2", "1/", "0x1", "0x+101000000000000", "one"] {
        assert_eq!(refusal(&format!("iscsi://host/{NAME}/{text}")), Some(UrlError::Lun), "{text}");
    }
}

#[test]
fn the_account_is_split_at_its_first_percent_sign() {
    let cases: [(&str, &str, Option<&[u8]>); 6] = [
        ("initiator-user", "initiator-user", None),
        ("initiator-user%initsecret123", "initiator-user", Some(b"initsecret123")),
        ("iqn.2001-04.com.example:host%secret", "iqn.2001-04.com.example:host", Some(b"secret")),
        ("user%a%40b%2Fc%25d%", "user", Some(b"a@b/c%d%")),
        ("user%a@b?c#d", "user", Some(b"a@b?c#d")),
        ("user%%00%ff", "user", Some(b"\x00\xff")),
    ];
    for (account, user, secret) in cases {
        let url = parse(&format!("iscsi://{account}@host/{NAME}"));
        assert_eq!(url.credentials.user.as_deref(), Some(user), "{account}");
        assert_eq!(bytes(url.credentials.secret.as_ref()), secret, "{account}");
        assert_eq!(url.portal.host, "host");
    }
    assert_eq!(refusal(&format!("iscsi://@host/{NAME}")), Some(UrlError::User));
    assert_eq!(refusal(&format!("iscsi://%secret@host/{NAME}")), Some(UrlError::User));
    assert_eq!(
        refusal(&format!("iscsi://user%@host/{NAME}")),
        Some(UrlError::Secret(iscsi_secrets::SecretError::Empty))
    );
}

#[test]
fn the_query_of_libiscsi() {
    let url = parse(&format!(
        "iscsi://u%initsecret123@host/{NAME}/1?target_user=lab%20target&target_password=targ%26secret456&header_digest=crc32c-none"
    ));
    assert_eq!(url.credentials.target_user.as_deref(), Some("lab target"));
    assert_eq!(bytes(url.credentials.target_secret.as_ref()), Some(&b"targ&secret456"[..]));
    assert_eq!(url.header_digest, Some(DigestPreference::PreferCrc32c));
    let digest = |value: &str| parse(&format!("iscsi://host/{NAME}?header_digest={value}")).header_digest;
    assert_eq!(digest("none"), Some(DigestPreference::None));
    assert_eq!(digest("CRC32C"), Some(DigestPreference::Crc32c));
    assert_eq!(digest("none-crc32c"), Some(DigestPreference::AcceptCrc32c));
    let query = |query: &str| refusal(&format!("iscsi://host/{NAME}?{query}"));
    assert_eq!(query(""), None);
    assert_eq!(query("target_pasword=x"), Some(UrlError::QueryKey));
    assert_eq!(query("header_digest"), Some(UrlError::QueryKey));
    assert_eq!(query("header_digest=md5"), Some(UrlError::QueryValue { key: "header_digest" }));
    assert_eq!(query("target_user="), Some(UrlError::QueryValue { key: "target_user" }));
    assert_eq!(query("target_user=a&target_user=b"), Some(UrlError::QueryTwice { key: "target_user" }));
}

#[test]
fn no_error_repeats_a_part_of_the_text() {
    let cases = [
        "iscsi://user%hunter2/hunter2@host/iqn.2001-04.com.example:disk",
        "iscsi://user%hunter2@ho st/iqn.2001-04.com.example:disk",
        "iscsi://user/hunter2@host/iqn.2001-04.com.example:disk",
        "iscsi://host/iqn.2001-04.com.example:disk/hunter2",
        "iscsi://host/iqn.2001-04.com.example:disk?target_password=x&hunter2",
        "iscsi://host/iqn.2001-04.com.example:disk?header_digest=hunter2",
        "hunter2",
    ];
    for text in cases {
        let error = refusal(text).unwrap();
        assert!(!format!("{error} {error:?} {}", error.hint()).contains("hunter2"), "{text}");
    }
}

#[test]
fn only_two_hex_digits_make_a_byte() {
    let cases: [(&str, &[u8]); 8] = [
        ("", b""),
        ("a%2Fb", b"a/b"),
        ("%00%fF", b"\x00\xff"),
        ("100%", b"100%"),
        ("%4", b"%4"),
        ("%zz%4g", b"%zz%4g"),
        ("%%41", b"%A"),
        ("%2541", b"%41"),
    ];
    for (text, bytes) in cases {
        assert_eq!(*percent_decode(text), bytes, "{text}");
    }
}
