//! URLs of targets: `iscsi://host[:port]/iqn…[/lun]`, and the longer form that libiscsi reads.

use std::str::FromStr;

use iscsi_login::DigestPreference;
use iscsi_pdu::{IscsiName, Lun, Portal};
use iscsi_secrets::Secret;
use zeroize::Zeroizing;

mod error;

pub use error::UrlError;

const TARGET_USER: &str = "target_user";
const TARGET_PASSWORD: &str = "target_password";
const HEADER_DIGEST: &str = "header_digest";

/// The URL of a target: portal, target name, and optionally a LUN, credentials and the header digest.
///
/// ```
/// use iscsi_initiator::TargetUrl;
/// let url: TargetUrl = "iscsi://[2001:db8::1]:3261/iqn.2001-04.com.example:disk/1".parse()?;
/// assert_eq!(url.portal.to_string(), "[2001:db8::1]:3261");
/// assert_eq!(url.lun.unwrap().number(), Some(1));
/// # Ok::<(), iscsi_initiator::UrlError>(())
/// ```
///
/// Every part may contain `%XX` for one byte; a percent sign that two hex digits do not follow stands for itself.
/// IPv6 addresses stand in brackets. A LUN is a number up to 16383, or `0x` and the 16 hex digits of its bytes.
///
/// The form of libiscsi is accepted too:
/// `iscsi://user%secret@host/iqn…/lun?target_user=…&target_password=…&header_digest=…`. What stands before the last `@`
/// in front of the first `/` is split at its **first** percent sign, so a user cannot be percent-encoded, and a secret
/// in which two hex digits follow a percent sign has to have that sign written as `%25`. A `/` in it is `%2F`. Files
/// and the secret store know no such rules, and other users of the host cannot read them from the process list.
///
/// A `TargetUrl` can hold secrets, so it can be neither printed nor cloned, and errors contain no part of the text.
pub struct TargetUrl {
    /// The portal to connect to.
    pub portal: Portal,
    /// The target to log in to, in the spelling of the URL.
    pub target: IscsiName,
    /// The logical unit, if the URL names one.
    pub lun: Option<Lun>,
    /// CHAP names and secrets, which only the form of libiscsi can contain.
    pub credentials: UrlCredentials,
    /// The header digest to offer, if the URL states it.
    pub header_digest: Option<DigestPreference>,
}

/// CHAP names and secrets from a URL. Secrets are zeroized when this is dropped.
#[derive(Default)]
pub struct UrlCredentials {
    /// The CHAP name of the initiator.
    pub user: Option<String>,
    /// The secret with which the initiator authenticates itself.
    pub secret: Option<Secret>,
    /// The CHAP name expected of the target.
    pub target_user: Option<String>,
    /// The secret with which the target must authenticate itself.
    pub target_secret: Option<Secret>,
}

impl FromStr for TargetUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let rest = without_scheme(text).ok_or(UrlError::Scheme)?;
        let (authority, path) = rest.split_once('/').ok_or(UrlError::NoTarget)?;
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut credentials = UrlCredentials::default();
        let host = match authority.rsplit_once('@') {
            Some((account, host)) => {
                read_account(account, &mut credentials)?;
                host
            }
            None => authority,
        };
        let portal = percent_decode_text(host).ok_or(UrlError::Host)?;
        let portal = portal.parse().map_err(|_| UrlError::Host)?;
        let (target, lun) = read_path(path)?;
        let header_digest = read_query(query.unwrap_or_default(), &mut credentials)?;
        Ok(Self { portal, target, lun, credentials, header_digest })
    }
}

/// Removes the scheme, which is compared without regard to case (RFC 3986, section 3.1).
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    scheme.eq_ignore_ascii_case("iscsi").then_some(rest)
}

/// Splits `user%secret` at the first percent sign, as libiscsi does.
fn read_account(account: &str, credentials: &mut UrlCredentials) -> Result<(), UrlError> {
    let (user, secret) =
        account.split_once('%').map_or((account, None), |(user, secret)| (user, Some(secret)));
    if user.is_empty() {
        return Err(UrlError::User);
    }
    credentials.user = Some(user.to_owned());
    credentials.secret = secret.map(read_secret).transpose()?;
    Ok(())
}

fn read_secret(text: &str) -> Result<Secret, UrlError> {
    // Decoding needs memory of its own, which is wiped here. The text is left to the caller.
    Secret::from_zeroizing(percent_decode(text)).map_err(UrlError::Secret)
}

/// Parses the path: `iqn…[/lun]`.
fn read_path(path: &str) -> Result<(IscsiName, Option<Lun>), UrlError> {
    let (name, lun) = path.split_once('/').map_or((path, None), |(name, lun)| (name, Some(lun)));
    if name.is_empty() {
        return Err(UrlError::NoTarget);
    }
    // The rest may belong to a secret that contains a slash, which must not be taken for a name and sent.
    if name.contains('@') {
        return Err(UrlError::AtSign);
    }
    let name = percent_decode_text(name).ok_or(UrlError::TargetText)?;
    let target = IscsiName::new(&name).map_err(UrlError::Target)?;
    Ok((target, lun.map(|lun| read_lun(lun).ok_or(UrlError::Lun)).transpose()?))
}

fn read_lun(text: &str) -> Option<Lun> {
    Lun::parse(&percent_decode_text(text)?)
}

/// Parses the query: `key=value&…`. An unknown key is an error, because a typing error must not drop required
/// authentication.
fn read_query(query: &str, credentials: &mut UrlCredentials) -> Result<Option<DigestPreference>, UrlError> {
    let mut header_digest = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(UrlError::QueryKey)?;
        match key {
            TARGET_USER => put(&mut credentials.target_user, TARGET_USER, read_name(value)?)?,
            TARGET_PASSWORD => put(&mut credentials.target_secret, TARGET_PASSWORD, read_secret(value)?)?,
            HEADER_DIGEST => put(&mut header_digest, HEADER_DIGEST, read_digest(value)?)?,
            _ => return Err(UrlError::QueryKey),
        }
    }
    Ok(header_digest)
}

fn put<T>(place: &mut Option<T>, key: &'static str, value: T) -> Result<(), UrlError> {
    if place.is_some() {
        return Err(UrlError::QueryTwice { key });
    }
    *place = Some(value);
    Ok(())
}

fn read_name(value: &str) -> Result<String, UrlError> {
    percent_decode_text(value)
        .filter(|name| !name.is_empty())
        .ok_or(UrlError::QueryValue { key: TARGET_USER })
}

fn read_digest(value: &str) -> Result<DigestPreference, UrlError> {
    Ok(match value.to_ascii_lowercase().as_str() {
        "none" => DigestPreference::None,
        "crc32c" => DigestPreference::Crc32c,
        "crc32c-none" => DigestPreference::PreferCrc32c,
        "none-crc32c" => DigestPreference::AcceptCrc32c,
        _ => return Err(UrlError::QueryValue { key: HEADER_DIGEST }),
    })
}

/// Percent-decoding (RFC 3986, section 2.1): replaces every `%XX` by its byte; any other percent sign stands for
/// itself.
///
/// The buffer is allocated for the whole text at once, so that growing it leaves no copy of a secret in memory.
fn percent_decode(text: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let (byte, behind) = percent_encoded(rest).unwrap_or((byte, behind));
        bytes.push(byte);
        rest = behind;
    }
    bytes
}

/// Decodes a part that has to be UTF-8.
fn percent_decode_text(text: &str) -> Option<String> {
    // Names and numbers are no secrets, so the copy is not wiped.
    String::from_utf8(percent_decode(text).to_vec()).ok()
}

/// The byte of a `%XX` at the start of `text`, and the rest.
fn percent_encoded(text: &[u8]) -> Option<(u8, &[u8])> {
    let &[b'%', high, low, ref behind @ ..] = text else { return None };
    Some((hex_digit(high)? << 4 | hex_digit(low)?, behind))
}

fn hex_digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests;
