//! MODE SENSE and MODE SELECT.

use iscsi_initiator::Error;
use iscsi_initiator::scsi::{
    CachingPage, Command, ControlPage, ModeParameters, ModeSelect6, ModeSelect10, ModeSense6, ModeSense10,
    ModeValues,
};

use super::outcome::{DONE, Outcome, answered};
use super::row::{Row, row};
use super::unit::Unit;

/// WCE, in the first byte of the caching page.
const WRITE_CACHE_ENABLED: u8 = 0x04;

pub(super) fn rows() -> Vec<Row> {
    [current_values(), other_values(), changes()].into_iter().flatten().collect()
}

fn current_values() -> Vec<Row> {
    let page = CachingPage::mode_sense();
    let unknown = ModeSense10 { page: 0x3e, ..ModeSense10::default() };
    vec![
        row("", ModeSense6::default(), has_pages),
        row("caching page", page, async |unit, command| {
            Ok(answered(CachingPage::of(&unit.send(command).await?).is_some()))
        }),
        row("", ModeSense10::default(), has_pages),
        row(
            "control page",
            ModeSense10 { page: ControlPage::CODE, ..ModeSense10::default() },
            async |unit, command| Ok(answered(ControlPage::of(&unit.send(command).await?).is_some())),
        ),
        row("an unknown page", unknown, async |unit, command| {
            let pages = unit.send(command).await?.pages;
            Ok(if pages.is_empty() { "GOOD, and no page" } else { "GOOD, and a page" })
        }),
    ]
}

fn other_values() -> Vec<Row> {
    let values = |values| ModeSense10 { values, page: CachingPage::CODE, ..ModeSense10::default() };
    let has_page = async |unit: &Unit, command: &ModeSense10| {
        Ok(answered(CachingPage::of(&unit.send(command).await?).is_some()))
    };
    vec![
        row("changeable values", values(ModeValues::CHANGEABLE), has_page),
        row("default values", values(ModeValues::DEFAULT), has_page),
        row("saved values", values(ModeValues::SAVED), has_page),
    ]
}

/// The caching page as it is, with the write cache switched, and with it switched back.
fn changes() -> Vec<Row> {
    vec![
        row("an empty list", ModeSelect6::default(), async |unit, command| {
            unit.send(command).await.map(|()| DONE)
        }),
        row("current values", ModeSelect6::default(), async |unit, _| {
            let current = caching_page(unit).await?;
            unit.send(&ModeSelect6::new(&current).unwrap()).await.map(|()| DONE)
        }),
        row("write cache off and on", ModeSelect6::default(), async |unit, _| {
            switch(unit, |parameters| ModeSelect6::new(parameters).unwrap()).await
        }),
        row("an empty list", ModeSelect10::default(), async |unit, command| {
            unit.send(command).await.map(|()| DONE)
        }),
        row("current values", ModeSelect10::default(), async |unit, _| {
            let current = caching_page(unit).await?;
            unit.send(&ModeSelect10::new(&current).unwrap()).await.map(|()| DONE)
        }),
        row("write cache off and on", ModeSelect10::default(), async |unit, _| {
            switch(unit, |parameters| ModeSelect10::new(parameters).unwrap()).await
        }),
    ]
}

async fn has_pages<C: Command<Answer = ModeParameters>>(unit: &Unit, command: &C) -> Outcome {
    let parameters = unit.send(command).await?;
    Ok(answered(CachingPage::of(&parameters).is_some() && !parameters.write_protected()))
}

/// The caching page alone, as MODE SELECT takes it.
async fn caching_page(unit: &Unit) -> Result<ModeParameters, Error> {
    let parameters = unit.send(&CachingPage::mode_sense()).await?;
    Ok(ModeParameters { pages: parameters.pages, ..ModeParameters::default() })
}

/// Changes the bit WCE, and back. A target that accepts this has to show it.
async fn switch<C: Command<Answer = ()>>(unit: &Unit, select: fn(&ModeParameters) -> C) -> Outcome {
    let before = caching_page(unit).await?;
    let mut other = before.clone();
    for page in &mut other.pages {
        page.bytes[0] ^= WRITE_CACHE_ENABLED;
    }
    unit.send(&select(&other)).await?;
    let between = caching_page(unit).await?;
    unit.send(&select(&before)).await?;
    assert_eq!(caching_page(unit).await?, before);
    Ok(if between == before { "GOOD, without an effect" } else { DONE })
}
