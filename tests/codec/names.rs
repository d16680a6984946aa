//! Limits of iSCSI names (RFC 7143, 4.2.7).

use iscsi_pdu::{GrammarError, IscsiName, NameError};

/// Returns the result of the grammar check of a valid name.
fn grammar(name: &str) -> Result<(), GrammarError> {
    IscsiName::new(name).unwrap().check_grammar()
}

/// Types, dates, domains and digits.
#[test]
fn nam_03_nam_04_grammar_of_each_type() {
    let good = [
        "iqn.2001-04.com.example",
        "iqn.2001-04.com.example:storage:disk1.sys1.xyz",
        "IQN.2001-04.com.Example:Disk",
        "eui.02004567A425678D",
        "naa.52004567BA64678D",
        "naa.62004567BA64678D0123456789ABCDEF",
    ];
    for name in good {
        assert_eq!(grammar(name), Ok(()), "{name}");
    }
    let odd = [
        ("iqn.2001-13.com.example", GrammarError::Date),
        ("iqn.2001-00.com.example", GrammarError::Date),
        ("iqn.2015-1.workgroup:raid.vg0", GrammarError::Date),
        ("iqn.200104.com.example", GrammarError::Date),
        ("iqn.com.example-10", GrammarError::Date),
        ("iqn.2001-04.", GrammarError::Domain),
        ("iqn.2001-04.com..example", GrammarError::Domain),
        ("iqn.2001-04.com.example:my_disk", GrammarError::Character),
        ("iqn.2001-04.com.example:disk ", GrammarError::Character),
        ("iqn.2001-04.com.example:a disk", GrammarError::Character),
        ("eui.02004567A425678", GrammarError::HexDigits),
        ("eui.02004567A425678D0", GrammarError::HexDigits),
        ("naa.5200", GrammarError::HexDigits),
        ("disk1", GrammarError::Type),
        ("x", GrammarError::Type),
    ];
    for (name, error) in odd {
        assert_eq!(grammar(name), Err(error), "{name}");
    }
}

#[test]
fn nam_04_months_and_years() {
    for month in 0..100 {
        let name = format!("iqn.2001-{month:02}.example");
        let expected = if (1..=12).contains(&month) { Ok(()) } else { Err(GrammarError::Date) };
        assert_eq!(grammar(&name), expected, "{name}");
    }
    for date in
        ["2001.04", "200a-04", "a001-04", "2001-0a", "2001-1a", "2001-a1", "2001--4", "20011-04", "2001-04-"]
    {
        let name = format!("iqn.{date}.example");
        assert_eq!(grammar(&name), Err(GrammarError::Date), "{name}");
    }
    for short in ["iqn.", "iqn.2001-04"] {
        assert_eq!(grammar(short), Err(GrammarError::Date), "{short}");
    }
}

/// The text after the colon is arbitrary, the text before it is a domain.
#[test]
fn nam_03_domains_and_what_follows_them() {
    for name in
        ["iqn.2001-04.com:", "iqn.2001-04.com.example:a..b::c", "iqn.2001-04.com.exämple", "iqn.2001-04.9:x"]
    {
        assert_eq!(grammar(name), Ok(()), "{name}");
    }
    for name in
        ["iqn.2001-04.:x", "iqn.2001-04..com", "iqn.2001-04.com.", "iqn.2001-04.com.:x", "iqn.2001-04."]
    {
        assert_eq!(grammar(name), Err(GrammarError::Domain), "{name}");
    }
    for byte in (0..0x80_u8).filter(|byte| !byte.is_ascii_alphanumeric() && !b"-.:".contains(byte)) {
        let name = format!("iqn.2001-04.com.example:{}x", char::from(byte));
        if byte.is_ascii_control() || b"/\\".contains(&byte) {
            let refused = NameError::Character { character: byte.into() };
            assert_eq!(IscsiName::new(&name), Err(refused), "{name:?}");
        } else {
            assert_eq!(grammar(&name), Err(GrammarError::Character), "{name:?}");
        }
    }
}

#[test]
fn nam_03_digits_of_eui_and_naa() {
    for length in 0..=40 {
        let digits = "0123456789abcdefABCDEF0123456789abcdef01".get(..length).unwrap();
        assert_eq!(grammar(&format!("eui.{digits}")).is_ok(), length == 16, "{length}");
        assert_eq!(grammar(&format!("naa.{digits}")).is_ok(), [16, 32].contains(&length), "{length}");
    }
    assert_eq!(grammar("eui.0123456789abcdeg"), Err(GrammarError::HexDigits));
    for other in ["iqn:2001-04.com", "iqn", "nqn.2001-04.com", "euí.0123456789abcdef"] {
        assert_eq!(grammar(other), Err(GrammarError::Type), "{other}");
    }
}

/// NAM-01: 223 bytes, not characters.
#[test]
fn nam_01_the_length_counts_bytes() {
    let name = |count| format!("iqn.2001-04.com.example:a{}", "ä".repeat(count));
    assert_eq!(name(99).len(), 223);
    assert!(IscsiName::new(name(99)).is_ok());
    assert_eq!(IscsiName::new(name(100)), Err(NameError::TooLong { length: 225 }));
    assert_eq!(IscsiName::MAX_LENGTH, 223);
}

#[test]
fn nam_01_nam_03_texts_of_names_and_their_errors() {
    let name: IscsiName = "iqn.2001-04.com.example:Disk".parse().unwrap();
    assert_eq!(
        (name.to_string(), format!("{name:?}")),
        ("iqn.2001-04.com.example:Disk".to_owned(), "\"iqn.2001-04.com.example:Disk\"".to_owned())
    );
    let texts = [
        NameError::Empty.to_string(),
        NameError::TooLong { length: 224 }.to_string(),
        NameError::Character { character: '\n' }.to_string(),
        GrammarError::Character.to_string(),
        GrammarError::Type.to_string(),
        GrammarError::Date.to_string(),
        GrammarError::Domain.to_string(),
        GrammarError::HexDigits.to_string(),
    ];
    assert_eq!(texts[1], "iSCSI name is 224 bytes, the limit is 223");
    assert_eq!(texts[2], "iSCSI name cannot hold '\\n'");
    let different: std::collections::BTreeSet<_> = texts.iter().collect();
    assert_eq!(different.len(), texts.len());
}
