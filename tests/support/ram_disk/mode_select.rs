//! MODE SELECT (6) and (10) (SPC-4, 6.11 and 6.12): software write protection; all other values stay as they are.

use super::Sense;
use super::cdb::{Cdb, operation};
use super::mode_sense::{self, CHANGEABLE_VALUES, CURRENT_VALUES, SWP};
use super::scsi::{Plan, Rejection};
use super::unit::Unit;

const CUT_OFF: Rejection = Rejection::Check(Sense::PARAMETER_LIST_LENGTH);
const INVALID: Rejection = Rejection::Check(Sense::INVALID_FIELD_IN_LIST);

pub(super) fn plan(cdb: &Cdb) -> Plan {
    /// Pages have the form of the standard; they are saved.
    const PAGE_FORMAT: u8 = 0x10;
    const SAVE: u8 = 0x01;
    let is_short = cdb.operation() == operation::MODE_SELECT_6;
    let length = if is_short { cdb.number(4, 1) } else { cdb.number(7, 2) };
    match length {
        _ if cdb.flag(1, SAVE) => Plan::Check(Sense::INVALID_FIELD),
        0 => Plan::GOOD,
        _ if !cdb.flag(1, PAGE_FORMAT) => Plan::Check(Sense::INVALID_FIELD),
        length => Plan::ModeSelect { length },
    }
}

/// All of the list is checked before anything is changed.
pub(super) fn execute(unit: &mut Unit, cdb: &Cdb, data: &[u8]) -> Result<(), Rejection> {
    let is_short = cdb.operation() == operation::MODE_SELECT_6;
    let (header, mut pages) = data.split_at_checked(if is_short { 4 } else { 8 }).ok_or(CUT_OFF)?;
    let medium_type = header.get(if is_short { 1 } else { 2 });
    let descriptors = header.get(if is_short { 3.. } else { 6.. }).unwrap_or_default();
    // The lengths of the data and the flags of the device are reserved here.
    if medium_type != Some(&0) || descriptors.iter().any(|byte| *byte != 0) {
        return Err(INVALID);
    }
    let mut is_protected = unit.is_protected;
    while let Some((&[code, length], rest)) = pages.split_first_chunk::<2>() {
        let (page, behind) = rest.split_at_checked(length.into()).ok_or(CUT_OFF)?;
        is_protected = check(unit, code, page)?.unwrap_or(is_protected);
        pages = behind;
    }
    if !pages.is_empty() {
        return Err(CUT_OFF);
    }
    unit.is_protected = is_protected;
    Ok(())
}

/// The write protection that a page states, if it is the control page. What is not changeable has to be as it is.
fn check(unit: &Unit, code: u8, page: &[u8]) -> Result<Option<bool>, Rejection> {
    let of = |control| mode_sense::page(unit, code, control).ok_or(INVALID);
    let (current, changeable) = (of(CURRENT_VALUES)?, of(CHANGEABLE_VALUES)?);
    let (current, changeable) = (current.get(2..).ok_or(INVALID)?, changeable.get(2..).ok_or(INVALID)?);
    let mut bytes = page.iter().zip(current).zip(changeable);
    if page.len() != current.len() || bytes.any(|((new, old), mask)| (new ^ old) & !mask != 0) {
        return Err(INVALID);
    }
    let may_protect = changeable.get(2).is_some_and(|mask| mask & SWP != 0);
    Ok(page.get(2).filter(|_| may_protect).map(|byte| byte & SWP != 0))
}
