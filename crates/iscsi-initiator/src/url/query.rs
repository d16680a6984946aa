//! The query of a URL, in the form of libiscsi.

use iscsi_login::DigestPreference;

use super::{UrlCredentials, UrlError, percent, read_secret};

const TARGET_USER: &str = "target_user";
const TARGET_PASSWORD: &str = "target_password";
const HEADER_DIGEST: &str = "header_digest";

/// Parses `key=value&…`. An unknown key is an error, because a typing error must not drop required authentication.
pub(super) fn read(
    query: &str,
    credentials: &mut UrlCredentials,
) -> Result<Option<DigestPreference>, UrlError> {
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
    percent::decode_text(value)
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
