//! The negotiation of a server with one client: bytes in, bytes out.

mod error;
#[cfg(test)]
mod tests;

use super::export_info::ExportInfo;
use super::meta_context::{ContextId, selects_allocation};
use super::option::{
    HandshakeFlags, MOST_CONTEXT_QUERIES, MOST_NAME_LENGTH, MOST_OPTION_LENGTH, MOST_OPTIONS, MOST_SKIPPED,
    OPTION_MAGIC, OptionData, OptionType,
};
use super::option_reply::{InfoType, OptionReplies};
use super::reply::ReplyForm;
use super::transmission_flags::TransmissionFlags;
pub use error::NegotiationError;
use error::{
    EXTENDED, MALFORMED, NO_SUCH_EXPORT, NO_TLS, NOT_STRUCTURED, OptionError, TOO_BIG, UNKNOWN_OPTION,
    WITHOUT_DATA,
};

/// The first bytes of a server: `NBDMAGIC`.
const GREETING: u64 = 0x4e42_444d_4147_4943;
/// The most bytes that are read past at once.
const SKIPPED_AT_ONCE: u32 = 4096;

/// A negotiation, from the server's greeting to the choice of an export.
///
/// The caller sends the [greeting](Self::greeting), and then again and again reads exactly [`wanted`](Self::wanted) bytes,
/// gives them to [`receive`](Self::receive), and sends the answer.
///
/// ```
/// use iscsi_initiator::nbd::{BlockSizes, ExportInfo, Negotiation, Step, TransmissionFlags};
/// let block_sizes = BlockSizes { minimum: 512, preferred: 4096, maximum: 1 << 25 };
/// let export = ExportInfo {
///     name: "disk".to_owned(),
///     description: String::new(),
///     size: 1 << 30,
///     flags: TransmissionFlags::HAS_FLAGS,
///     block_sizes,
/// };
/// let mut negotiation = Negotiation::new();
/// assert_eq!((negotiation.greeting().len(), negotiation.wanted()), (18, 4));
/// // The client takes part in fixed newstyle negotiation, and asks for a list.
/// assert_eq!(negotiation.receive(&[0, 0, 0, 3], &[])?, Step::Continue(Vec::new()));
/// let option = [&b"IHAVEOPT"[..], &3_u32.to_be_bytes(), &0_u32.to_be_bytes()].concat();
/// assert_eq!(negotiation.wanted(), option.len());
/// let Step::Continue(list) = negotiation.receive(&option, &[export])? else { panic!() };
/// assert!(list.windows(4).any(|bytes| bytes == b"disk"));
/// # Ok::<(), iscsi_initiator::nbd::NegotiationError>(())
/// ```
#[derive(Debug)]
pub struct Negotiation {
    awaited: Awaited,
    flags: HandshakeFlags,
    form: ReplyForm,
    /// The export for which `base:allocation` was selected.
    allocation_of: Option<usize>,
    options: u32,
}

/// The bytes that a negotiation waits for.
#[derive(Clone, Copy, Debug)]
enum Awaited {
    Flags,
    OptionHeader,
    OptionData {
        option: OptionType,
        length: u32,
    },
    /// The rest of data that are too long.
    SkippedData {
        option: OptionType,
        left: u32,
    },
}

/// The result of received bytes. The bytes in it are sent to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The negotiation goes on.
    Continue(Vec<u8>),
    /// The transmission begins behind these bytes.
    Agreed(Vec<u8>, Agreement),
    /// The client ends the connection.
    Aborted(Vec<u8>),
}

/// The result of a negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The place of the export in the list given to [`Negotiation::receive`].
    pub export: usize,
    /// The form of replies.
    pub form: ReplyForm,
    /// Whether the client may ask for the state of blocks in the context `base:allocation`.
    pub allocation: bool,
}

impl Default for Negotiation {
    fn default() -> Self {
        Self::new()
    }
}

impl Negotiation {
    /// Begins a negotiation.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            awaited: Awaited::Flags,
            flags: HandshakeFlags(0),
            form: ReplyForm::Simple,
            allocation_of: None,
            options: 0,
        }
    }

    /// Returns the first bytes of the server.
    #[must_use]
    pub fn greeting(&self) -> Vec<u8> {
        let flags = u16::try_from(HandshakeFlags::KNOWN.0).unwrap_or(0);
        [&GREETING.to_be_bytes()[..], &OPTION_MAGIC.to_be_bytes(), &flags.to_be_bytes()].concat()
    }

    /// Returns how many bytes the next call of [`receive`](Self::receive) takes: at most [`MOST_OPTION_LENGTH`], at least one.
    #[must_use]
    pub const fn wanted(&self) -> usize {
        match self.awaited {
            Awaited::Flags => 4,
            Awaited::OptionHeader => 16,
            Awaited::OptionData { length, .. } => length as usize,
            Awaited::SkippedData { left, .. } => {
                if left < SKIPPED_AT_ONCE {
                    left as usize
                } else {
                    SKIPPED_AT_ONCE as usize
                }
            }
        }
    }

    /// Takes bytes from the client, and the exports as they are now; the first one is the default export.
    ///
    /// # Errors
    /// [`NegotiationError`]: the connection has to be closed.
    pub fn receive(&mut self, bytes: &[u8], exports: &[ExportInfo]) -> Result<Step, NegotiationError> {
        if bytes.len() != self.wanted() {
            return Err(NegotiationError::Length { found: bytes.len(), wanted: self.wanted() });
        }
        match self.awaited {
            Awaited::Flags => self.receive_flags(bytes),
            Awaited::OptionHeader => self.receive_header(bytes, exports),
            Awaited::OptionData { option, .. } => self.carry_out(option, bytes, exports),
            Awaited::SkippedData { option, left } => Ok(self.skip(option, left, bytes.len())),
        }
    }

    fn receive_flags(&mut self, bytes: &[u8]) -> Result<Step, NegotiationError> {
        self.flags = HandshakeFlags(OptionData::new(bytes).u32().unwrap_or_default());
        if !HandshakeFlags::KNOWN.contains(self.flags) {
            return Err(NegotiationError::Flags(self.flags));
        }
        self.awaited = Awaited::OptionHeader;
        Ok(Step::Continue(Vec::new()))
    }

    fn receive_header(&mut self, bytes: &[u8], exports: &[ExportInfo]) -> Result<Step, NegotiationError> {
        let mut fields = OptionData::new(bytes);
        let [high, low, option, length] = [(); 4].map(|()| fields.u32().unwrap_or_default());
        let magic = u64::from(high) << 32 | u64::from(low);
        if magic != OPTION_MAGIC {
            return Err(NegotiationError::Magic(magic));
        }
        let option = OptionType(option);
        self.options += 1;
        if self.options > MOST_OPTIONS {
            return Err(NegotiationError::TooManyOptions);
        }
        if !self.flags.contains(HandshakeFlags::FIXED_NEWSTYLE) && option != OptionType::EXPORT_NAME {
            return Err(NegotiationError::NotFixed(option));
        }
        match length {
            0 => return self.carry_out(option, &[], exports),
            1..=MOST_OPTION_LENGTH => self.awaited = Awaited::OptionData { option, length },
            _ if length > MOST_SKIPPED => return Err(NegotiationError::TooLong { option, length }),
            _ => self.awaited = Awaited::SkippedData { option, left: length },
        }
        Ok(Step::Continue(Vec::new()))
    }

    /// Reads past data that are too long, and then says so.
    fn skip(&mut self, option: OptionType, left: u32, count: usize) -> Step {
        let left = left.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        if left > 0 {
            self.awaited = Awaited::SkippedData { option, left };
            return Step::Continue(Vec::new());
        }
        self.awaited = Awaited::OptionHeader;
        Step::Continue(OptionReplies::error(option, TOO_BIG.0, TOO_BIG.1))
    }

    /// Carries out an option that is complete.
    fn carry_out(
        &mut self,
        option: OptionType,
        data: &[u8],
        exports: &[ExportInfo],
    ) -> Result<Step, NegotiationError> {
        self.awaited = Awaited::OptionHeader;
        if option == OptionType::EXPORT_NAME {
            let export = find(exports, data).ok_or(NegotiationError::UnknownExport)?;
            return Ok(self.agreed(self.old_reply(exports, export), export));
        }
        if option == OptionType::ABORT {
            return Ok(Step::Aborted(OptionReplies::to(option).acknowledged()));
        }
        let outcome = match option {
            OptionType::GO => match self.go(option, data, exports) {
                Ok((reply, export)) => return Ok(self.agreed(reply, export)),
                Err(error) => Err(error),
            },
            OptionType::INFO => self.go(option, data, exports).map(|(reply, _)| reply),
            OptionType::LIST => list(data, exports),
            OptionType::STRUCTURED_REPLY | OptionType::EXTENDED_HEADERS => self.agree_on_form(option, data),
            OptionType::LIST_META_CONTEXT | OptionType::SET_META_CONTEXT => {
                self.contexts(option, data, exports)
            }
            OptionType::START_TLS => Err(if data.is_empty() { NO_TLS } else { WITHOUT_DATA }),
            _ => Err(UNKNOWN_OPTION),
        };
        Ok(Step::Continue(
            outcome.unwrap_or_else(|OptionError(kind, text)| OptionReplies::error(option, kind, text)),
        ))
    }

    fn agreed(&self, reply: Vec<u8>, export: usize) -> Step {
        let allocation = self.allocation_of == Some(export);
        Step::Agreed(reply, Agreement { export, form: self.form, allocation })
    }

    /// The flags of an export, with those that depend on the form of replies.
    fn flags_of(&self, export: &ExportInfo) -> TransmissionFlags {
        export.flags.with_if(self.form != ReplyForm::Simple, TransmissionFlags::DONT_FRAGMENT)
    }

    /// The reply to [`OptionType::EXPORT_NAME`].
    fn old_reply(&self, exports: &[ExportInfo], export: usize) -> Vec<u8> {
        let Some(export) = exports.get(export) else { return Vec::new() };
        let mut reply = export.size.to_be_bytes().to_vec();
        reply.extend(self.flags_of(export).0.to_be_bytes());
        if !self.flags.contains(HandshakeFlags::NO_ZEROES) {
            reply.extend([0; 124]);
        }
        reply
    }

    /// [`OptionType::INFO`] and [`OptionType::GO`]: the replies, and the place of the export.
    fn go(
        &self,
        option: OptionType,
        data: &[u8],
        exports: &[ExportInfo],
    ) -> Result<(Vec<u8>, usize), OptionError> {
        let mut data = OptionData::new(data);
        let name = data.text().ok_or(MALFORMED)?;
        let count = data.u16().ok_or(MALFORMED)?;
        let mut asked = Vec::new();
        for _ in 0..count {
            asked.push(InfoType(data.u16().ok_or(MALFORMED)?));
        }
        if !data.is_empty() {
            return Err(MALFORMED);
        }
        check_name(name)?;
        let place = find(exports, name).ok_or(NO_SUCH_EXPORT)?;
        let export = exports.get(place).ok_or(NO_SUCH_EXPORT)?;
        let replies = OptionReplies::to(option).infos(export, self.flags_of(export), &asked);
        Ok((replies.acknowledged(), place))
    }

    fn agree_on_form(&mut self, option: OptionType, data: &[u8]) -> Result<Vec<u8>, OptionError> {
        if !data.is_empty() {
            return Err(WITHOUT_DATA);
        }
        match (option, self.form) {
            (OptionType::EXTENDED_HEADERS, _) => self.form = ReplyForm::Extended,
            (_, ReplyForm::Extended) => return Err(EXTENDED),
            _ => self.form = ReplyForm::Structured,
        }
        Ok(OptionReplies::to(option).acknowledged())
    }

    /// Lists or selects metadata contexts. A selection that fails leaves none.
    fn contexts(
        &mut self,
        option: OptionType,
        data: &[u8],
        exports: &[ExportInfo],
    ) -> Result<Vec<u8>, OptionError> {
        let is_list = option == OptionType::LIST_META_CONTEXT;
        if !is_list {
            self.allocation_of = None;
        }
        if self.form == ReplyForm::Simple {
            return Err(NOT_STRUCTURED);
        }
        let (name, is_selected) = queries(data, is_list)?;
        let export = find(exports, name).ok_or(NO_SUCH_EXPORT)?;
        let mut replies = OptionReplies::to(option);
        if is_selected {
            // In a list, the number has no meaning.
            let id = if is_list { ContextId(0) } else { ContextId::ALLOCATION };
            replies = replies.allocation_context(id);
            self.allocation_of = if is_list { self.allocation_of } else { Some(export) };
        }
        Ok(replies.acknowledged())
    }
}

fn list(data: &[u8], exports: &[ExportInfo]) -> Result<Vec<u8>, OptionError> {
    if !data.is_empty() {
        return Err(WITHOUT_DATA);
    }
    Ok(exports.iter().fold(OptionReplies::to(OptionType::LIST), OptionReplies::server).acknowledged())
}

/// The export name of an option about metadata contexts, and whether its queries select `base:allocation`. A list without
/// queries has all contexts.
fn queries(data: &[u8], is_list: bool) -> Result<(&[u8], bool), OptionError> {
    let mut data = OptionData::new(data);
    let name = data.text().ok_or(MALFORMED)?;
    let count = data.u32().ok_or(MALFORMED)?;
    if count > MOST_CONTEXT_QUERIES {
        return Err(TOO_BIG);
    }
    let mut is_selected = is_list && count == 0;
    for _ in 0..count {
        let query = data.text().ok_or(MALFORMED)?;
        check_name(query)?;
        is_selected |= selects_allocation(query, is_list);
    }
    if !data.is_empty() {
        return Err(MALFORMED);
    }
    check_name(name)?;
    Ok((name, is_selected))
}

const fn check_name(name: &[u8]) -> Result<(), OptionError> {
    if name.len() > MOST_NAME_LENGTH { Err(TOO_BIG) } else { Ok(()) }
}

/// The place of an export; the empty name is that of the first one.
fn find(exports: &[ExportInfo], name: &[u8]) -> Option<usize> {
    let place = exports.iter().position(|export| export.name.as_bytes() == name);
    place.or_else(|| (name.is_empty() && !exports.is_empty()).then_some(0))
}
