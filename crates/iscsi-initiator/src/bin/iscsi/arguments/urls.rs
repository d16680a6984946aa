//! URLs and names of targets, as commands take them.

use iscsi_initiator::{IscsiName, Lun, TargetUrl};

use crate::failure::Failure;
use crate::messages::note;

/// Reads a URL that has to be one of a target.
pub(crate) fn target(text: &str) -> Result<TargetUrl, Failure> {
    let url: TargetUrl = text.parse()?;
    note_odd_grammar("target name", &url.target);
    Ok(url)
}

/// Reads a URL that has to name a logical unit.
pub(crate) fn logical_unit(text: &str) -> Result<(TargetUrl, Lun), Failure> {
    let url = target(text)?;
    let lun = url.lun.ok_or_else(|| {
        Failure::usage(
            "the URL names no logical unit",
            "add its number: iscsi://host/target/0; `iscsi luns` lists them",
        )
    })?;
    Ok((url, lun))
}

/// Reads the name of a target.
pub(crate) fn target_name(text: &str) -> Result<IscsiName, Failure> {
    const WHAT: &str = "target name";
    let name = IscsiName::new(text).map_err(|error| Failure::unusable(WHAT, &error))?;
    note_odd_grammar(WHAT, &name);
    Ok(name)
}

/// Notes a name that breaks the grammar without harm: such names exist, and typing errors make them too.
pub(crate) fn note_odd_grammar(what: &str, name: &IscsiName) {
    if let Err(error) = name.check_grammar() {
        // The name is not repeated: mistyped, it may be anything.
        note(&format!("{what}: {error}"));
    }
}
