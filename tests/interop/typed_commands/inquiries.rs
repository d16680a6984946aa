//! INQUIRY and REPORT LUNS, and reports of what a unit supports.

use iscsi_initiator::scsi::{
    BlockCharacteristics, BlockLimits, BlockProvisioning, CommandSupport, DeviceIdentification,
    ExtendedInquiry, InquiryPage, LunSelection, ReportAllOperationCodes, ReportLuns, ReportOperationCode,
    ReportTaskManagementFunctions, StandardInquiry, SupportedVpdPages, ThirdPartyCopy, UnitSerialNumber,
    VitalProductData, VpdPage,
};

use super::outcome::{DONE, Outcome, answered};
use super::row::{Row, row};
use super::unit::Unit;

const WRITE_10: u8 = 0x2a;
const READ_10: u8 = 0x28;
const SERVICE_ACTION_IN_16: u8 = 0x9e;
const READ_CAPACITY_16: u16 = 0x10;
/// No command has this operation code, which is that of a vendor.
const UNKNOWN: u8 = 0xff;

pub(super) fn rows() -> Vec<Row> {
    [inquiries(), pages(), lists(), operation_codes()].into_iter().flatten().collect()
}

fn inquiries() -> Vec<Row> {
    vec![
        row("", StandardInquiry::default(), async |unit, command| {
            Ok(answered(unit.send(command).await?.is_disk()))
        }),
        row("36 bytes", StandardInquiry { allocation_length: 36 }, async |unit, command| {
            Ok(answered(unit.send(command).await?.is_disk()))
        }),
        row("page 80h, untyped", VitalProductData::new(0x80), async |unit, command| {
            let UnitSerialNumber(number) = unit.send(&InquiryPage::new()).await?;
            let bytes = unit.send(command).await?;
            let text = String::from_utf8_lossy(&bytes);
            Ok(answered(text.trim_matches(|padding| matches!(padding, ' ' | '\0')) == number))
        }),
    ]
}

fn pages() -> Vec<Row> {
    vec![
        row("page 00h", InquiryPage::<SupportedVpdPages>::new(), async |unit, command| {
            let pages = unit.send(command).await?;
            Ok(answered([0x00, 0x80, 0x83].iter().all(|page| pages.contains(*page))))
        }),
        row("page 80h", InquiryPage::<UnitSerialNumber>::new(), async |unit, command| {
            Ok(answered(!unit.send(command).await?.0.is_empty()))
        }),
        row("page 83h", InquiryPage::<DeviceIdentification>::new(), async |unit, command| {
            let designators = unit.send(command).await?.designators;
            Ok(answered(designators.iter().any(|designator| designator.association == 0)))
        }),
        row("page 86h", InquiryPage::<ExtendedInquiry>::new(), page_if_listed),
        row("page 8Fh", InquiryPage::<ThirdPartyCopy>::new(), page_if_listed),
        row("page B0h", InquiryPage::<BlockLimits>::new(), page_if_listed),
        row("page B1h", InquiryPage::<BlockCharacteristics>::new(), page_if_listed),
        row("page B2h", InquiryPage::<BlockProvisioning>::new(), page_if_listed),
    ]
}

/// A page is there if, and only if, it is in the list of pages.
async fn page_if_listed<P: VpdPage>(unit: &Unit, command: &InquiryPage<P>) -> Outcome {
    let is_listed = unit.send(&InquiryPage::<SupportedVpdPages>::new()).await?.contains(P::CODE);
    unit.send(command).await?;
    Ok(if is_listed { DONE } else { "done, although the page is not listed" })
}

fn lists() -> Vec<Row> {
    let all = |selection| ReportLuns { selection, ..ReportLuns::default() };
    vec![
        row("", ReportLuns::default(), async |unit, command| {
            Ok(answered(unit.send(command).await?.luns.contains(&unit.lun())))
        }),
        row("well known units", all(LunSelection::WELL_KNOWN), async |unit, command| {
            Ok(answered(!unit.send(command).await?.luns.contains(&unit.lun())))
        }),
        row("all units", all(LunSelection::ALL), async |unit, command| {
            Ok(answered(unit.send(command).await?.luns.contains(&unit.lun())))
        }),
    ]
}

fn operation_codes() -> Vec<Row> {
    let all = ReportAllOperationCodes::default();
    let one = ReportOperationCode { operation_code: READ_10, ..ReportOperationCode::default() };
    let action = ReportOperationCode {
        operation_code: SERVICE_ACTION_IN_16,
        service_action: Some(READ_CAPACITY_16),
        timeouts: false,
    };
    vec![
        row("all", all, async |unit, command| {
            let all = unit.send(command).await?;
            Ok(answered(
                [READ_10, WRITE_10].iter().all(|code| all.iter().any(|one| one.operation_code == *code)),
            ))
        }),
        row(
            "all, with timeouts",
            ReportAllOperationCodes { timeouts: true, ..all },
            async |unit, command| {
                Ok(answered(unit.send(command).await?.iter().all(|command| command.timeouts.is_some())))
            },
        ),
        row("READ (10)", one, async |unit, command| supports(unit, command, CommandSupport::STANDARD).await),
        row("READ CAPACITY (16)", action, async |unit, command| {
            supports(unit, command, CommandSupport::STANDARD).await
        }),
        row(
            "an unknown command",
            ReportOperationCode { operation_code: UNKNOWN, ..one },
            async |unit, command| supports(unit, command, CommandSupport::NONE).await,
        ),
        row("", ReportTaskManagementFunctions { timeouts: false }, task_management),
        row("with timeouts", ReportTaskManagementFunctions { timeouts: true }, task_management),
    ]
}

async fn supports(unit: &Unit, command: &ReportOperationCode, expected: CommandSupport) -> Outcome {
    Ok(answered(unit.send(command).await?.support == expected))
}

async fn task_management(unit: &Unit, command: &ReportTaskManagementFunctions) -> Outcome {
    let functions = unit.send(command).await?;
    Ok(answered(functions.abort_task && functions.logical_unit_reset))
}
