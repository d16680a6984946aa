//! The operations of an export: checks of requests, and what each does with the logical unit.

use bytes::{Bytes, BytesMut};
use iscsi_initiator::nbd::{
    BlockDescriptors, BlockState, CommandFlags, CommandType, ErrorCode, HeaderForm, ReplyForm, Request,
};
use iscsi_initiator::scsi::{SenseData, SenseKey};
use iscsi_initiator::{Error, Zeroing};
use iscsi_pdu::ScsiStatus;

use super::export::{Export, MOST_DATA};

/// The form of the replies to a client, and whether it may ask for the state of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replies {
    pub(crate) form: ReplyForm,
    /// Whether the context `base:allocation` was agreed on.
    pub(crate) allocation: bool,
}

/// A request that is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) text: String,
}

impl Refusal {
    fn new(code: ErrorCode, text: &str) -> Self {
        Self { code, text: text.to_owned() }
    }

    /// The refusal of a request whose reply the agreed form cannot express.
    pub(super) fn without_structure() -> Self {
        Self::new(ErrorCode::INVALID, "structured replies were not agreed on")
    }
}

/// The result of a request.
pub(super) enum Yield {
    /// Nothing; the buffer is that of the data of a write.
    Nothing(BytesMut),
    Data(BytesMut),
    Blocks(BlockDescriptors),
}

/// The flags that a command may have. FUA has no effect on commands that write nothing, and clients set it nevertheless.
const fn permitted_flags(command: CommandType, form: ReplyForm) -> Option<CommandFlags> {
    let others = match command {
        CommandType::READ => match form {
            ReplyForm::Simple => 0,
            _ => CommandFlags::DONT_FRAGMENT.0,
        },
        CommandType::WRITE => match form {
            ReplyForm::Extended => CommandFlags::PAYLOAD_LENGTH.0,
            _ => 0,
        },
        CommandType::FLUSH | CommandType::TRIM | CommandType::CACHE => 0,
        CommandType::WRITE_ZEROES => CommandFlags::NO_HOLE.0 | CommandFlags::FAST_ZERO.0,
        CommandType::BLOCK_STATUS => CommandFlags::ONE_DESCRIPTOR.0,
        _ => return None,
    };
    Some(CommandFlags(CommandFlags::FUA.0 | others))
}

/// Checks a request against the protocol and the export.
pub(super) fn check(request: &Request, export: &Export, replies: Replies) -> Result<(), Refusal> {
    check_form(request, replies)?;
    if request.command == CommandType::FLUSH {
        return Ok(());
    }
    check_range(request, export.size())?;
    if writes(request.command) && export.is_read_only() {
        return Err(Refusal::new(ErrorCode::NOT_PERMITTED, "the export is read-only"));
    }
    Ok(())
}

fn check_form(request: &Request, replies: Replies) -> Result<(), Refusal> {
    let invalid = |text| Err(Refusal::new(ErrorCode::INVALID, text));
    let Some(flags) = permitted_flags(request.command, replies.form) else {
        return invalid("unknown command");
    };
    if !request.flags.is_within(flags) {
        return invalid("a flag that the command does not have");
    }
    let is_extended = replies.form.requests() == HeaderForm::Extended;
    match request.command {
        CommandType::FLUSH if (request.offset, request.length) != (0, 0) => invalid("a flush has no range"),
        CommandType::WRITE if is_extended && !request.flags.contains(CommandFlags::PAYLOAD_LENGTH) => {
            invalid("a write without the flag that says that data follow")
        }
        CommandType::BLOCK_STATUS if !replies.allocation => invalid("no metadata context was agreed on"),
        CommandType::READ | CommandType::WRITE if request.length > MOST_DATA.into() => {
            invalid("more data than the maximum of a request")
        }
        _ => Ok(()),
    }
}

fn check_range(request: &Request, size: u64) -> Result<(), Refusal> {
    if request.length == 0 {
        return Err(Refusal::new(ErrorCode::INVALID, "an empty range"));
    }
    let end = request.offset.checked_add(request.length);
    if end.is_some_and(|end| end <= size) {
        return Ok(());
    }
    Err(Refusal {
        code: beyond(request.command),
        text: format!("a range beyond the {size} bytes of the export"),
    })
}

/// The code for a range beyond the export.
fn beyond(command: CommandType) -> ErrorCode {
    match command {
        CommandType::WRITE | CommandType::WRITE_ZEROES => ErrorCode::NO_SPACE,
        _ => ErrorCode::INVALID,
    }
}

const fn writes(command: CommandType) -> bool {
    matches!(command, CommandType::WRITE | CommandType::WRITE_ZEROES | CommandType::TRIM)
}

/// Carries a request out that was checked. The buffer is as long as the data of a read, or has those of a write.
///
/// # Cancel safety
/// A future that is dropped leaves the request carried out, now or later, or not.
pub(super) async fn carry_out(
    export: &Export,
    request: &Request,
    buffer: BytesMut,
    form: ReplyForm,
) -> Result<Yield, Refusal> {
    let outcome = match request.command {
        CommandType::READ => export.device().read_into(request.offset, buffer).await.map(Yield::Data),
        CommandType::WRITE => write(export, request, buffer).await.map(Yield::Nothing),
        // Boxed, so that reads and writes do not carry its size.
        _ => return Box::pin(carry_out_other(export, request, form)).await,
    };
    outcome.map_err(|error| refused(export, request, &error))
}

async fn write(export: &Export, request: &Request, buffer: BytesMut) -> Result<BytesMut, Error> {
    let data = buffer.freeze();
    if request.flags.contains(CommandFlags::FUA) {
        export.device().write_at_fua(request.offset, data.clone()).await?;
    } else {
        export.device().write_at(request.offset, data.clone()).await?;
    }
    Ok(reclaimed(data))
}

/// The buffer of data that nothing else refers to any more.
fn reclaimed(data: Bytes) -> BytesMut {
    data.try_into_mut().unwrap_or_default()
}

/// Carries out what is neither a read nor a write.
async fn carry_out_other(export: &Export, request: &Request, form: ReplyForm) -> Result<Yield, Refusal> {
    let &Request { offset, length, .. } = request;
    let has = |flag| request.flags.contains(flag);
    let device = export.device();
    let outcome = match request.command {
        CommandType::FLUSH => device.flush().await.map(drop),
        CommandType::TRIM => device.discard(offset, length).await.map(drop),
        CommandType::CACHE => device.prefetch(offset, length).await,
        CommandType::WRITE_ZEROES => {
            let keeps = has(CommandFlags::NO_HOLE);
            if has(CommandFlags::FAST_ZERO) && (keeps || !export.zeroes_fast()) {
                let text = "the logical unit has no faster way than to write zeros";
                return Err(Refusal::new(ErrorCode::NOT_SUPPORTED, text));
            }
            let zeroing = if keeps { Zeroing::KeepMapped } else { Zeroing::MayUnmap };
            device.write_zeroes(offset, length, zeroing).await
        }
        _ => return block_status(export, request, form).await,
    };
    let outcome = match outcome {
        Ok(()) if has(CommandFlags::FUA) && writes(request.command) => device.flush().await.map(drop),
        outcome => outcome,
    };
    outcome.map(|()| Yield::Nothing(BytesMut::new())).map_err(|error| refused(export, request, &error))
}

async fn block_status(export: &Export, request: &Request, form: ReplyForm) -> Result<Yield, Refusal> {
    let parts = export.device().block_status(request.offset, request.length).await;
    let parts = parts.map_err(|error| refused(export, request, &error))?;
    let is_one_enough = request.flags.contains(CommandFlags::ONE_DESCRIPTOR);
    let mut descriptors = BlockDescriptors::new(form);
    for part in parts {
        let goes_on = descriptors.push(part.length, BlockState::new(part.is_mapped, part.reads_zeros));
        if is_one_enough || !goes_on {
            break;
        }
    }
    Ok(Yield::Blocks(descriptors))
}

/// The refusal for an error, which is counted and shown.
fn refused(export: &Export, request: &Request, error: &Error) -> Refusal {
    let code = code_of(error, request.command);
    let mut text = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        text = format!("{text}: {source}");
    }
    let &Request { command, offset, length, .. } = request;
    let name = export.name();
    let line =
        format!("export {name:?}: {command} of {length} bytes at {offset}: {text}; the client gets {code}");
    export.note_failure(&line, error);
    Refusal { code, text }
}

/// The code for an error of the library.
fn code_of(error: &Error, command: CommandType) -> ErrorCode {
    match error {
        // The only arguments are offset and length: the unit has shrunk since the check.
        Error::InvalidArgument(_) => beyond(command),
        Error::WriteProtected { .. } | Error::Command { status: ScsiStatus::RESERVATION_CONFLICT, .. } => {
            ErrorCode::NOT_PERMITTED
        }
        Error::NotSupported { .. } => ErrorCode::NOT_SUPPORTED,
        Error::Command { sense: Some(sense), .. } => code_of_sense(*sense, command),
        error if error.leaves_session_open() => ErrorCode::IO,
        _ => ErrorCode::SHUTTING_DOWN,
    }
}

fn code_of_sense(sense: SenseData, command: CommandType) -> ErrorCode {
    match (sense.key, sense.asc, sense.ascq) {
        // LOGICAL BLOCK ADDRESS OUT OF RANGE.
        (SenseKey::ILLEGAL_REQUEST, 0x21, 0x00) => beyond(command),
        // SPACE ALLOCATION FAILED WRITE PROTECT.
        (SenseKey::DATA_PROTECT, 0x27, 0x07) => ErrorCode::NO_SPACE,
        (SenseKey::DATA_PROTECT, ..) => ErrorCode::NOT_PERMITTED,
        _ => ErrorCode::IO,
    }
}

#[cfg(test)]
mod tests {
    use iscsi_pdu::Lun;

    use super::*;

    fn failed(status: ScsiStatus, sense: Option<SenseData>) -> Error {
        Error::Command { command: "WRITE", status, sense }
    }

    fn checked(key: SenseKey, asc: u8, ascq: u8) -> Error {
        failed(ScsiStatus::CHECK_CONDITION, Some(SenseData::new(key, asc, ascq)))
    }

    #[test]
    fn failures_have_the_codes_that_clients_expect() {
        let lun = Lun::ZERO;
        let cases = [
            (Error::WriteProtected { lun }, ErrorCode::NOT_PERMITTED),
            (failed(ScsiStatus::RESERVATION_CONFLICT, None), ErrorCode::NOT_PERMITTED),
            (Error::NotSupported { lun, command: "UNMAP" }, ErrorCode::NOT_SUPPORTED),
            (Error::InvalidArgument(String::new()), ErrorCode::NO_SPACE),
            (checked(SenseKey::ILLEGAL_REQUEST, 0x21, 0x00), ErrorCode::NO_SPACE),
            (checked(SenseKey::ILLEGAL_REQUEST, 0x24, 0x00), ErrorCode::IO),
            (checked(SenseKey::DATA_PROTECT, 0x27, 0x07), ErrorCode::NO_SPACE),
            (checked(SenseKey::DATA_PROTECT, 0x27, 0x00), ErrorCode::NOT_PERMITTED),
            (checked(SenseKey::MEDIUM_ERROR, 0x11, 0x00), ErrorCode::IO),
            (failed(ScsiStatus::BUSY, None), ErrorCode::IO),
            (Error::WritesMayBeLost { lun }, ErrorCode::IO),
            (Error::LoggedOut, ErrorCode::SHUTTING_DOWN),
        ];
        for (error, expected) in cases {
            assert_eq!(code_of(&error, CommandType::WRITE), expected, "{error}");
        }
    }

    #[test]
    fn a_range_beyond_the_unit_is_a_lack_of_space_only_for_what_fills_it() {
        let error = checked(SenseKey::ILLEGAL_REQUEST, 0x21, 0x00);
        for (command, expected) in [
            (CommandType::WRITE, ErrorCode::NO_SPACE),
            (CommandType::WRITE_ZEROES, ErrorCode::NO_SPACE),
            (CommandType::READ, ErrorCode::INVALID),
            (CommandType::TRIM, ErrorCode::INVALID),
        ] {
            assert_eq!(code_of(&error, command), expected, "{command}");
        }
    }

    #[test]
    fn the_buffer_of_data_that_nothing_else_holds_is_used_again() {
        let data = Bytes::from(b"data".to_vec());
        assert_eq!(reclaimed(data.clone()), b""[..]);
        assert_eq!(reclaimed(data), b"data"[..]);
    }
}
