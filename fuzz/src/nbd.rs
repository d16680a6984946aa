//! Negotiation and requests of an NBD client.

use iscsi_initiator::nbd::{
    BlockDescriptors, BlockSizes, BlockState, ErrorCode, ExportInfo, HeaderForm, MOST_OPTION_LENGTH,
    Negotiation, ReplyForm, Request, Step, TransmissionFlags,
};

/// Gives a server the bytes of a client: a negotiation, and requests behind it.
///
/// # Panics
/// If more bytes are wanted than the bound, a reply is longer than the exports and the option explain, or a head of a reply does
/// not fit.
pub fn nbd(data: &[u8]) {
    let exports = exports();
    let mut negotiation = Negotiation::new();
    let mut rest = data;
    while let Some((bytes, behind)) = rest.split_at_checked(negotiation.wanted()) {
        assert!((1..=MOST_OPTION_LENGTH as usize).contains(&bytes.len()));
        rest = behind;
        match negotiation.receive(bytes, &exports) {
            Ok(Step::Continue(reply)) => assert!(reply.len() <= 1024, "{} bytes", reply.len()),
            Ok(Step::Agreed(reply, agreement)) => {
                assert!(reply.len() <= 1024 && agreement.export < exports.len());
                assert!(!agreement.allocation || agreement.form != ReplyForm::Simple);
                return requests(agreement.form, rest);
            }
            Ok(Step::Aborted(_)) | Err(_) => return,
        }
    }
}

fn exports() -> Vec<ExportInfo> {
    let export = |name: &str, description: &str| ExportInfo {
        name: name.to_owned(),
        description: description.to_owned(),
        size: 1 << 30,
        flags: TransmissionFlags::HAS_FLAGS,
        block_sizes: BlockSizes { minimum: 512, preferred: 4096, maximum: 1 << 25 },
    };
    vec![export("disk", "a disk"), export("other", "")]
}

fn requests(form: ReplyForm, mut rest: &[u8]) {
    let header = form.requests();
    while let Ok(request) = Request::decode(header, rest) {
        replies(form, &request);
        let length = usize::try_from(request.payload_length(header)).unwrap_or(usize::MAX);
        let Some(behind) = rest.get(header.length()..).and_then(|rest| rest.get(length..)) else { return };
        rest = behind;
    }
}

/// Makes replies of every kind.
fn replies(form: ReplyForm, request: &Request) {
    let &Request { cookie, offset, length, .. } = request;
    let mut descriptors = BlockDescriptors::new(form);
    let goes_on = descriptors.push(length, BlockState::HOLE);
    assert!(goes_on || form == ReplyForm::Structured || form == ReplyForm::Simple);
    let short = u32::try_from(length).unwrap_or(u32::MAX);
    let heads = [
        Some(form.data(cookie, offset, short)),
        form.hole(cookie, offset, short),
        Some(form.done(cookie, offset)),
        Some(form.error(cookie, offset, ErrorCode::IO, "text")),
        Some(form.error_at(cookie, offset, ErrorCode::INVALID, length)),
        form.block_status(cookie, offset, iscsi_initiator::nbd::ContextId::ALLOCATION, &descriptors),
    ];
    for head in heads.iter().flatten() {
        let least = if form.requests() == HeaderForm::Extended { 32 } else { 16 };
        assert!((least..=48).contains(&head.len()));
    }
}
