//! The answer to `SendTargets` (RFC 7143, appendix C).

use std::net::SocketAddr;

use iscsi_pdu::TextWriter;

use super::portal::{Portal, ServedTarget};

/// Writes the records that `wanted` asks for, or `SendTargets=Reject` where it has no place.
///
/// `session` is the target of a normal session, `None` in a discovery session. A normal session learns about its own
/// target only.
pub(super) fn answer(
    portal: &Portal,
    session: Option<usize>,
    address: SocketAddr,
    wanted: &str,
) -> TextWriter {
    let mut text = TextWriter::new();
    let own = session.and_then(|at| portal.targets.get(at));
    let listed = |target: &ServedTarget| match (wanted, own) {
        ("All", None) => true,
        ("", Some(own)) => own.name == target.name,
        (name, Some(own)) => own.name == target.name && name == target.name.as_str(),
        (name, None) => name == target.name.as_str(),
    };
    if matches!((wanted, own), ("All", Some(_)) | ("", None)) {
        text.push("SendTargets", "Reject");
        return text;
    }
    for target in portal.targets.iter().filter(|target| listed(target)) {
        text.push("TargetName", &target.name);
        text.push("TargetAddress", format_args!("{address},{}", portal.config.portal_group_tag));
    }
    text
}
