//! iSCSI names of initiators and targets (RFC 7143, 4.2.7) and their normalization (RFC 3722).

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use stringprep::tables;
use unicode_normalization::UnicodeNormalization as _;

/// The iSCSI name of an initiator or a target: a spelling, and the identity that all spellings of a name share
/// ([RFC 7143, section 4.2.7](https://www.rfc-editor.org/rfc/rfc7143#section-4.2.7)).
///
/// The spelling is the name as it was entered, imported or received. It is sent unchanged, because some targets compare
/// names byte by byte. The identity is the form normalized by RFC 3722: case folded, in normalization form KC, without
/// blanks at either end. Names are compared, ordered and hashed by their identity.
///
/// A name may violate the grammar of RFC 7143, as some names in use do; [`check_grammar`](Self::check_grammar) checks
/// it. A text with characters that could damage a terminal, a path or a log is not accepted as a name.
///
/// ```
/// use iscsi_pdu::IscsiName;
/// let name: IscsiName = "iqn.2001-04.com.example:Disk".parse()?;
/// assert_eq!(name.as_str(), "iqn.2001-04.com.example:Disk");
/// assert_eq!(name, "iqn.2001-04.com.EXAMPLE:disk".parse()?);
/// assert_eq!(name.identity(), "iqn.2001-04.com.example:disk");
/// # Ok::<(), iscsi_pdu::NameError>(())
/// ```
#[derive(Clone)]
pub struct IscsiName {
    spelling: Box<str>,
    /// `None` if it equals the spelling.
    identity: Option<Box<str>>,
}

impl IscsiName {
    /// Length of the longest name in bytes.
    pub const MAX_LENGTH: usize = 223;

    /// Creates a name with this spelling.
    ///
    /// # Errors
    /// [`NameError`] if the name has no visible character, has more than 223 bytes, or contains a character that RFC
    /// 3722 prohibits, a control character, white space other than blanks, a slash or a backslash.
    pub fn new(spelling: impl AsRef<str>) -> Result<Self, NameError> {
        let spelling = spelling.as_ref();
        if spelling.len() > Self::MAX_LENGTH {
            return Err(NameError::TooLong { length: spelling.len() });
        }
        let identity = normalize(spelling);
        if identity.is_empty() {
            return Err(NameError::Empty);
        }
        // Both forms are checked: normalization can remove a prohibited character that the spelling still has, and can make
        // one from characters that are allowed.
        if let Some(character) = prohibited(spelling).or_else(|| prohibited(&identity)) {
            return Err(NameError::Character { character });
        }
        let identity = (*identity != *spelling).then(|| identity.into_owned().into_boxed_str());
        Ok(Self { spelling: Box::from(spelling), identity })
    }

    /// Returns the spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.spelling
    }

    /// Returns the identity: the normalized form (RFC 3722), by which names are looked up and compared.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.identity.as_deref().unwrap_or(&self.spelling)
    }

    /// Checks the name against the grammar of its type. A name that violates it can still be used.
    ///
    /// # Errors
    /// [`GrammarError`] for the first rule that the name violates (RFC 7143, 4.2.7.3 to 4.2.7.6).
    pub fn check_grammar(&self) -> Result<(), GrammarError> {
        let name = self.identity();
        // Blanks at the ends are not part of the identity, but the spelling is what is sent.
        if !name.chars().all(is_name_character) || self.spelling.contains(' ') {
            return Err(GrammarError::Character);
        }
        let (kind, rest) = name.split_at_checked(4).ok_or(GrammarError::Type)?;
        match kind {
            "iqn." => check_iqn(rest),
            "eui." => check_hex(rest, &[16]),
            "naa." => check_hex(rest, &[16, 32]),
            _ => Err(GrammarError::Type),
        }
    }
}

/// Applies the mapping and normalization of RFC 3722, sections 3 and 4. Removes blanks at both ends, which some targets
/// send.
fn normalize(spelling: &str) -> Cow<'_, str> {
    if spelling.is_ascii() {
        let name = spelling.trim_matches(' ');
        let has_capitals = name.bytes().any(|byte| byte.is_ascii_uppercase());
        return if has_capitals { name.to_ascii_lowercase().into() } else { name.into() };
    }
    // Two passes: characters newer than the tables of RFC 3454 may become capitals only in the last step of the first.
    String::from(fold(&fold(spelling)).trim_matches(' ')).into()
}

fn fold(text: &str) -> String {
    const IDEOGRAPHIC_FULL_STOP: char = '\u{3002}';
    let mapped = text.chars().map(|c| if c == IDEOGRAPHIC_FULL_STOP { '.' } else { c });
    let mapped = mapped.filter(|c| !tables::commonly_mapped_to_nothing(*c));
    mapped.flat_map(tables::case_fold_for_nfkc).nfkc().collect()
}

/// Returns the first prohibited character.
fn prohibited(text: &str) -> Option<char> {
    if text.is_ascii() {
        // Most names are ASCII; this path is faster.
        return text.bytes().map(char::from).find(|c| is_prohibited(*c));
    }
    text.chars().find(|c| is_prohibited(*c))
}

/// Returns `true` for the prohibited output of RFC 3722, section 6, except blanks and ASCII punctuation other than
/// slashes: those violate the grammar but are harmless.
fn is_prohibited(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() || matches!(c, '/' | '\\');
    }
    c.is_whitespace()
        || is_directional_isolate(c)
        || tables::non_ascii_space_character(c)
        || tables::non_ascii_control_character(c)
        || tables::private_use(c)
        || tables::non_character_code_point(c)
        || tables::inappropriate_for_plain_text(c)
        || tables::inappropriate_for_canonical_representation(c)
        || tables::change_display_properties_or_deprecated(c)
        || tables::tagging_character(c)
}

/// Returns `true` for characters that change the writing direction and are newer than the tables of RFC 3454.
fn is_directional_isolate(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{2066}'..='\u{2069}')
}

/// Returns `true` for letters and digits, also outside ASCII, and for `-`, `.` and `:`.
fn is_name_character(character: char) -> bool {
    matches!(character, '-' | '.' | ':') || character.is_alphanumeric()
}

/// Checks an `iqn.` name after its prefix: `yyyy-mm.`, a reversed domain, optionally `:` and any string.
fn check_iqn(rest: &str) -> Result<(), GrammarError> {
    let (date, rest) = rest.split_at_checked(8).ok_or(GrammarError::Date)?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'.'] = date.as_bytes() else { return Err(GrammarError::Date) };
    let digits = [y1, y2, y3, y4, m1, m2].iter().all(u8::is_ascii_digit);
    if !digits || !matches!((m1, m2), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2')) {
        return Err(GrammarError::Date);
    }
    let domain = rest.split(':').next().unwrap_or_default();
    if domain.split('.').any(str::is_empty) { Err(GrammarError::Domain) } else { Ok(()) }
}

fn check_hex(digits: &str, lengths: &[usize]) -> Result<(), GrammarError> {
    let is_valid = lengths.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_valid { Ok(()) } else { Err(GrammarError::HexDigits) }
}

impl core::str::FromStr for IscsiName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl PartialEq for IscsiName {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for IscsiName {}

impl Hash for IscsiName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl Ord for IscsiName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(other.identity())
    }
}

impl PartialOrd for IscsiName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for IscsiName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.spelling)
    }
}

impl fmt::Debug for IscsiName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.spelling, formatter)
    }
}

/// An error in a text that should be an iSCSI name
/// ([RFC 7143, section 4.2.7](https://www.rfc-editor.org/rfc/rfc7143#section-4.2.7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// The text has no visible character.
    Empty,
    /// The text has more than 223 bytes.
    TooLong {
        /// The length in bytes.
        length: usize,
    },
    /// The text has a character that is prohibited or could damage a terminal, a path or a log.
    Character {
        /// The first such character.
        character: char,
    },
}

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("iSCSI name is empty"),
            Self::TooLong { length } => {
                write!(formatter, "iSCSI name is {length} bytes, the limit is 223")
            }
            Self::Character { character } => {
                write!(formatter, "iSCSI name cannot hold {character:?}")
            }
        }
    }
}

impl core::error::Error for NameError {}

/// A violation of the grammar of iSCSI names
/// ([RFC 7143, section 4.2.7](https://www.rfc-editor.org/rfc/rfc7143#section-4.2.7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrammarError {
    /// The name has a blank or punctuation other than `-`, `.`, `:`.
    Character,
    /// The name begins with neither `iqn.`, `eui.` nor `naa.`.
    Type,
    /// The date of an `iqn.` name is not `yyyy-mm`.
    Date,
    /// The reversed domain of an `iqn.` name is empty or has an empty label.
    Domain,
    /// An `eui.` name does not have 16 hex digits, or a `naa.` name 16 or 32.
    HexDigits,
}

impl fmt::Display for GrammarError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Character => "name holds a character other than letters, digits, '-', '.' and ':'",
            Self::Type => "name begins with neither iqn., eui. nor naa.",
            Self::Date => "date of the iqn. name is not yyyy-mm",
            Self::Domain => "domain of the iqn. name is empty or has an empty label",
            Self::HexDigits => "eui. needs 16 hex digits, naa. needs 16 or 32",
        })
    }
}

impl core::error::Error for GrammarError {}

#[cfg(test)]
mod tests {
    use super::{IscsiName, NameError};
    use core::hash::{Hash as _, Hasher as _};
    use std::collections::{BTreeSet, HashSet};
    use std::format;
    use std::hash::DefaultHasher;
    use std::string::{String, ToString as _};

    fn identity(spelling: &str) -> String {
        IscsiName::new(spelling).unwrap().identity().to_string()
    }

    /// NAM-09: the spelling is preserved; NAM-02: the identity is the normalized form, for every type of name.
    #[test]
    fn nam_02_nam_09_one_identity_for_all_spellings() {
        for spellings in [
            [
                "iqn.2001-04.com.example:disk",
                "IQN.2001-04.COM.Example:DISK",
                " iqn.2001-04.com.example:Disk ",
            ],
            ["eui.02004567a425678d", "eui.02004567A425678D", "EUI.02004567A425678d"],
            [
                "iqn.2001-04.com.example:straße",
                "iqn.2001-04.com.example:STRASSE",
                "iqn.2001-04.com.example:Straſse",
            ],
            // Composed, decomposed, full width.
            ["iqn.2001-04.com.example:é", "iqn.2001-04.com.example:e\u{301}", "iqn.2001-04.com.example:É"],
            [
                "iqn.2001-04.com.example:a1",
                "iqn.2001-04.com.example:ａ１",
                "iqn.2001-04.com\u{3002}example:A1",
            ],
            // The soft hyphen is removed.
            [
                "iqn.2001-04.com.example:ab",
                "iqn.2001-04.com.example:a\u{ad}b",
                "iqn.2001-04.com.example:A\u{ad}B",
            ],
        ] {
            let names = spellings.map(|spelling| IscsiName::new(spelling).unwrap());
            for (name, spelling) in names.iter().zip(spellings) {
                assert_eq!(name.as_str(), spelling);
                assert_eq!((name, name.identity()), (&names[0], names[0].identity()), "{spelling}");
                assert_eq!(identity(name.identity()), name.identity());
            }
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 1);
        }
        assert_ne!(identity("iqn.2001-04.com.example:a b"), identity("iqn.2001-04.com.example:ab"));
        assert_ne!(identity("iqn.2001-04.com.example:a_b"), identity("iqn.2001-04.com.example:a-b"));
    }

    #[test]
    fn nam_02_the_identity_of_an_identity_is_itself() {
        for character in '\0'..='\u{1ffff}' {
            let Ok(name) = IscsiName::new(format!("iqn.x:{character}")) else { continue };
            assert_eq!(identity(name.identity()), name.identity(), "{character:?}");
        }
        assert_eq!(identity("\u{ad} iqn.x "), "iqn.x");
    }

    #[test]
    fn nam_02_what_could_damage_a_terminal_a_path_or_a_log_is_refused() {
        let prohibited = [
            '\0',
            '\n',
            '\r',
            '\t',
            '\x1b',
            '\x7f',
            '\u{85}',
            '/',
            '\\',
            '\u{a0}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{6dd}',
            '\u{3000}',
            '\u{e000}',
            '\u{fffd}',
            '\u{fff9}',
            '\u{2ff0}',
            '\u{e0041}',
            '\u{fdd0}',
            '\u{340}',
        ];
        for character in prohibited {
            let name = format!("iqn.2001-04.com.example:a{character}b");
            // Full-width and compatibility forms are refused if their normalized form is prohibited.
            assert!(matches!(IscsiName::new(&name), Err(NameError::Character { .. })), "{name:?}");
        }
        assert_eq!(
            IscsiName::new("iqn.2001-04.com.example:a\u{ff0f}b"),
            Err(NameError::Character { character: '/' })
        );
        for empty in ["", " ", "\u{ad}"] {
            assert_eq!(IscsiName::new(empty), Err(NameError::Empty), "{empty:?}");
        }
    }

    #[test]
    fn nam_01_longest_name() {
        let longest = format!("iqn.2001-04.com.example:{}", "a".repeat(223 - 24));
        assert!(IscsiName::new(&longest).is_ok());
        assert_eq!(IscsiName::new(&(longest + "a")), Err(NameError::TooLong { length: 224 }));
    }

    /// Names differ if their identities do, in sorted and in hashed collections too.
    #[test]
    fn nam_02_other_identities_are_other_names() {
        let [a, b] = ["iqn.2001-04.com.example:A", "iqn.2001-04.com.example:b"]
            .map(|name| IscsiName::new(name).unwrap());
        assert_ne!(a, b);
        assert_eq!((a < b, b < a), (true, false));
        assert_eq!(HashSet::from([a.clone(), b.clone()]).len(), 2);
        assert_ne!(hash(&a), hash(&b));
        assert_eq!(hash(&a), hash(&IscsiName::new("iqn.2001-04.com.example:a").unwrap()));
    }

    fn hash(name: &IscsiName) -> u64 {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        hasher.finish()
    }
}
