//! Negotiations with clients of all kinds.

use super::super::option_reply::OptionReplyType;
use super::*;
use crate::nbd::BlockSizes;

const SIZES: BlockSizes = BlockSizes { minimum: 512, preferred: 4096, maximum: 1 << 25 };
const FLAGS: TransmissionFlags = TransmissionFlags(0x0905);

fn exports() -> Vec<ExportInfo> {
    let export = |name: &str, description: &str, size| ExportInfo {
        name: name.to_owned(),
        description: description.to_owned(),
        size,
        flags: FLAGS,
        block_sizes: SIZES,
    };
    vec![export("disk", "a disk", 1 << 30), export("other", "", 512)]
}

/// A negotiation after the flags of a client.
fn begun(flags: u32) -> Negotiation {
    let mut negotiation = Negotiation::new();
    let step = negotiation.receive(&flags.to_be_bytes(), &exports());
    assert_eq!(step, Ok(Step::Continue(Vec::new())));
    negotiation
}

fn header(option: OptionType, length: u32) -> Vec<u8> {
    [&b"IHAVEOPT"[..], &option.0.to_be_bytes(), &length.to_be_bytes()].concat()
}

/// The step behind an option.
fn send(negotiation: &mut Negotiation, option: OptionType, data: &[u8]) -> Result<Step, NegotiationError> {
    let step = negotiation.receive(&header(option, u32::try_from(data.len()).unwrap()), &exports());
    if data.is_empty() {
        return step;
    }
    assert_eq!(step, Ok(Step::Continue(Vec::new())));
    assert_eq!(negotiation.wanted(), data.len());
    negotiation.receive(data, &exports())
}

/// The types of replies with their data, of which each repeats the option.
fn replies(option: OptionType, mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[..8], [0, 3, 0xe8, 0x89, 4, 0x55, 0x65, 0xa9]);
        let field = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(field(8), option.0);
        let length = usize::try_from(field(16)).unwrap();
        found.push((field(12), bytes[20..20 + length].to_vec()));
        bytes = &bytes[20 + length..];
    }
    found
}

/// The replies to an option behind which the negotiation goes on.
#[track_caller]
fn answered(negotiation: &mut Negotiation, option: OptionType, data: &[u8]) -> Vec<(u32, Vec<u8>)> {
    match send(negotiation, option, data) {
        Ok(Step::Continue(bytes)) => replies(option, &bytes),
        other => panic!("{other:?}"),
    }
}

/// The type of the only reply.
#[track_caller]
fn kind(negotiation: &mut Negotiation, option: OptionType, data: &[u8]) -> OptionReplyType {
    let replies = answered(negotiation, option, data);
    assert_eq!(replies.len(), 1, "{replies:?}");
    OptionReplyType(replies[0].0)
}

fn text(text: &str) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

fn go(name: &str, asked: &[u16]) -> Vec<u8> {
    let count = u16::try_from(asked.len()).unwrap().to_be_bytes();
    let asked = asked.iter().flat_map(|info| info.to_be_bytes());
    [text(name), count.to_vec(), asked.collect()].concat()
}

fn contexts(name: &str, queries: &[&str]) -> Vec<u8> {
    let count = u32::try_from(queries.len()).unwrap().to_be_bytes();
    [text(name), count.to_vec(), queries.iter().flat_map(|query| text(query)).collect()].concat()
}

const ACK: (u32, Vec<u8>) = (1, Vec::new());

#[test]
fn the_greeting_offers_fixed_newstyle_without_zeroes() {
    let greeting = Negotiation::default().greeting();
    assert_eq!(greeting, [&b"NBDMAGIC"[..], b"IHAVEOPT", &[0, 3]].concat());
}

#[test]
fn unknown_flags_and_bytes_that_are_no_option_end_the_connection() {
    let mut negotiation = Negotiation::new();
    let error = NegotiationError::Flags(HandshakeFlags(4));
    assert_eq!(negotiation.receive(&[0, 0, 0, 4], &[]), Err(error));
    let error = NegotiationError::Magic(0x4745_5420_2f20_4854);
    assert_eq!(begun(3).receive(b"GET / HTTP/1.1\r\n", &[]), Err(error));
    let error = NegotiationError::Length { found: 15, wanted: 16 };
    assert_eq!(begun(3).receive(&[0; 15], &[]), Err(error));
}

#[test]
fn an_export_is_chosen_by_the_old_option() {
    let reply = |flags, name: &[u8]| match send(&mut begun(flags), OptionType::EXPORT_NAME, name).unwrap() {
        Step::Agreed(bytes, agreement) => (bytes, agreement.export),
        step => panic!("{step:?}"),
    };
    let expected = [&512_u64.to_be_bytes()[..], &FLAGS.0.to_be_bytes()].concat();
    assert_eq!(reply(3, b"other"), (expected.clone(), 1));
    assert_eq!(reply(2, b"other"), (expected.clone(), 1));
    assert_eq!(reply(1, b"other"), ([&expected[..], &[0; 124]].concat(), 1));
    assert_eq!(reply(3, b"").1, 0);
    let unknown = send(&mut begun(3), OptionType::EXPORT_NAME, b"nothing");
    assert_eq!(unknown, Err(NegotiationError::UnknownExport));
    // A client of the old newstyle understands no replies.
    let listing = send(&mut begun(0), OptionType::LIST, b"");
    assert_eq!(listing, Err(NegotiationError::NotFixed(OptionType::LIST)));
}

#[test]
fn a_list_has_all_exports_with_their_descriptions() {
    let mut negotiation = begun(3);
    let expected = vec![(2, [&text("disk")[..], b"a disk"].concat()), (2, text("other")), ACK];
    assert_eq!(answered(&mut negotiation, OptionType::LIST, b""), expected);
    assert_eq!(kind(&mut negotiation, OptionType::LIST, b"x"), OptionReplyType::INVALID);
}

#[test]
fn an_export_is_described_and_chosen() {
    let mut negotiation = begun(3);
    let size = [&[0, 0][..], &(1_u64 << 30).to_be_bytes(), &FLAGS.0.to_be_bytes()].concat();
    let blocks = [&[0, 3][..], &[0, 0, 2, 0, 0, 0, 0x10, 0, 2, 0, 0, 0]].concat();
    let always = [(3, size), (3, blocks)];
    assert_eq!(
        answered(&mut negotiation, OptionType::INFO, &go("disk", &[])),
        [&always[..], &[ACK]].concat()
    );
    let asked = [(3, b"\0\x01disk".to_vec()), (3, b"\0\x02a disk".to_vec()), ACK];
    assert_eq!(
        answered(&mut negotiation, OptionType::INFO, &go("", &[1, 2, 3, 99])),
        [&always[..], &asked].concat()
    );
    // Without a description, there is no reply about it.
    assert_eq!(answered(&mut negotiation, OptionType::INFO, &go("other", &[2])).len(), 3);
    assert_eq!(kind(&mut negotiation, OptionType::GO, &go("nothing", &[])), OptionReplyType::UNKNOWN);
    let Ok(Step::Agreed(bytes, agreement)) = send(&mut negotiation, OptionType::GO, &go("other", &[])) else {
        panic!()
    };
    assert_eq!(replies(OptionType::GO, &bytes).last(), Some(&ACK));
    assert_eq!(agreement, Agreement { export: 1, form: ReplyForm::Simple, allocation: false });
}

#[test]
fn an_option_cut_off_anywhere_is_invalid_and_the_negotiation_goes_on() {
    let mut negotiation = begun(3);
    let go = go("disk", &[1, 3]);
    for length in 0..go.len() {
        assert_eq!(kind(&mut negotiation, OptionType::INFO, &go[..length]), OptionReplyType::INVALID);
    }
    let longer = [&go[..], b"x"].concat();
    assert_eq!(kind(&mut negotiation, OptionType::INFO, &longer), OptionReplyType::INVALID);
    assert_eq!(kind(&mut negotiation, OptionType::STRUCTURED_REPLY, b""), OptionReplyType::ACK);
    let contexts = contexts("disk", &["base:allocation", "x"]);
    for length in 0..contexts.len() {
        let kind = kind(&mut negotiation, OptionType::SET_META_CONTEXT, &contexts[..length]);
        assert_eq!(kind, OptionReplyType::INVALID);
    }
    let longer = [&contexts[..], b"x"].concat();
    assert_eq!(kind(&mut negotiation, OptionType::SET_META_CONTEXT, &longer), OptionReplyType::INVALID);
    assert_eq!(answered(&mut negotiation, OptionType::SET_META_CONTEXT, &contexts).len(), 2);
}

#[test]
fn forms_of_replies_are_agreed_on() {
    let form = |options: &[OptionType]| {
        let mut negotiation = begun(3);
        let kinds: Vec<_> = options.iter().map(|option| kind(&mut negotiation, *option, b"")).collect();
        match send(&mut negotiation, OptionType::EXPORT_NAME, b"disk") {
            Ok(Step::Agreed(bytes, agreement)) => (kinds, agreement.form, bytes[9] & 0x80 != 0),
            step => panic!("{step:?}"),
        }
    };
    let ack = OptionReplyType::ACK;
    let (structured, extended) = (OptionType::STRUCTURED_REPLY, OptionType::EXTENDED_HEADERS);
    assert_eq!(form(&[]), (vec![], ReplyForm::Simple, false));
    assert_eq!(form(&[structured, structured]), (vec![ack, ack], ReplyForm::Structured, true));
    assert_eq!(form(&[structured, extended]), (vec![ack, ack], ReplyForm::Extended, true));
    let required = OptionReplyType::EXTENDED_HEADERS_REQUIRED;
    assert_eq!(form(&[extended, structured]), (vec![ack, required], ReplyForm::Extended, true));
    assert_eq!(kind(&mut begun(3), structured, b"x"), OptionReplyType::INVALID);
    assert_eq!(kind(&mut begun(3), extended, b"x"), OptionReplyType::INVALID);
}

#[test]
fn contexts_are_listed_and_selected_for_one_export() {
    let (list, set) = (OptionType::LIST_META_CONTEXT, OptionType::SET_META_CONTEXT);
    let query = contexts("disk", &["base:allocation"]);
    assert_eq!(kind(&mut begun(3), set, &query), OptionReplyType::INVALID);
    assert_eq!(kind(&mut begun(3), list, &query), OptionReplyType::INVALID);

    let mut negotiation = begun(3);
    assert_eq!(kind(&mut negotiation, OptionType::STRUCTURED_REPLY, b""), OptionReplyType::ACK);
    let context = |id: u8| (4, [&[0, 0, 0, id][..], b"base:allocation"].concat());
    for queries in [&[][..], &["base:"], &["x", "base:allocation"]] {
        assert_eq!(answered(&mut negotiation, list, &contexts("disk", queries)), [context(0), ACK]);
    }
    assert_eq!(answered(&mut negotiation, list, &contexts("disk", &["qemu:"])), [ACK]);
    assert_eq!(kind(&mut negotiation, set, &contexts("nothing", &[])), OptionReplyType::UNKNOWN);

    let mut agreed = |queries: Option<(&str, &[&str])>, export: &[u8]| {
        if let Some((name, queries)) = queries {
            answered(&mut negotiation, set, &contexts(name, queries));
        }
        match send(&mut negotiation, OptionType::EXPORT_NAME, export).unwrap() {
            Step::Agreed(_, agreement) => agreement.allocation,
            step => panic!("{step:?}"),
        }
    };
    assert!(!agreed(None, b"disk"));
    assert!(agreed(Some(("disk", &["base:allocation"])), b"disk"));
    assert!(agreed(Some(("", &["base:allocation"])), b"disk"));
    assert!(agreed(Some(("disk", &["base:allocation", "base:allocation"])), b"disk"));
    // The last selection counts, also when it is of another export or of nothing, or fails.
    let allocation = &["base:allocation"][..];
    for (name, queries) in
        [("other", allocation), ("disk", &["base:"]), ("disk", &[]), ("nothing", allocation)]
    {
        assert!(agreed(Some(("disk", allocation)), b"disk"));
        assert!(!agreed(Some((name, queries)), b"disk"), "{name} {queries:?}");
    }
}

#[test]
fn a_list_of_contexts_changes_no_selection() {
    let mut negotiation = begun(3);
    assert_eq!(kind(&mut negotiation, OptionType::STRUCTURED_REPLY, b""), OptionReplyType::ACK);
    let query = contexts("disk", &["base:allocation"]);
    assert_eq!(answered(&mut negotiation, OptionType::SET_META_CONTEXT, &query).len(), 2);
    let query = contexts("other", &["base:"]);
    assert_eq!(answered(&mut negotiation, OptionType::LIST_META_CONTEXT, &query).len(), 2);
    match send(&mut negotiation, OptionType::EXPORT_NAME, b"disk") {
        Ok(Step::Agreed(_, agreement)) => assert!(agreement.allocation),
        step => panic!("{step:?}"),
    }
}

#[test]
fn lengths_are_bounded_on_both_sides() {
    let mut negotiation = begun(3);
    let name = |length: usize| go(&"x".repeat(length), &[]);
    assert_eq!(kind(&mut negotiation, OptionType::INFO, &name(4096)), OptionReplyType::UNKNOWN);
    assert_eq!(kind(&mut negotiation, OptionType::INFO, &name(4097)), OptionReplyType::TOO_BIG);
    assert_eq!(kind(&mut negotiation, OptionType::STRUCTURED_REPLY, b""), OptionReplyType::ACK);
    let set = OptionType::SET_META_CONTEXT;
    assert_eq!(kind(&mut negotiation, set, &contexts("disk", &vec!["x"; 1024])), OptionReplyType::ACK);
    assert_eq!(kind(&mut negotiation, set, &contexts("disk", &vec!["x"; 1025])), OptionReplyType::TOO_BIG);
    assert_eq!(kind(&mut negotiation, OptionType(99), &vec![0; 65_536]), OptionReplyType::UNSUPPORTED);

    for length in [65_537, MOST_SKIPPED] {
        let mut left = usize::try_from(length).unwrap();
        let mut step = negotiation.receive(&header(OptionType(99), length), &[]).unwrap();
        while left > 0 {
            assert_eq!(step, Step::Continue(Vec::new()));
            let wanted = negotiation.wanted();
            assert!((1..=4096).contains(&wanted));
            step = negotiation.receive(&vec![0; wanted], &[]).unwrap();
            left -= wanted;
        }
        let Step::Continue(bytes) = step else { panic!() };
        assert_eq!(replies(OptionType(99), &bytes)[0].0, OptionReplyType::TOO_BIG.0);
    }
    let option = OptionType(99);
    let error = NegotiationError::TooLong { option, length: MOST_SKIPPED + 1 };
    assert_eq!(negotiation.receive(&header(option, MOST_SKIPPED + 1), &[]), Err(error));
}

#[test]
fn the_number_of_options_is_bounded() {
    let mut negotiation = begun(3);
    for _ in 0..MOST_OPTIONS {
        assert_eq!(kind(&mut negotiation, OptionType::START_TLS, b""), OptionReplyType::POLICY);
    }
    let error = NegotiationError::TooManyOptions;
    assert_eq!(negotiation.receive(&header(OptionType::LIST, 0), &[]), Err(error));
}

#[test]
fn a_client_ends_the_negotiation() {
    let step = send(&mut begun(3), OptionType::ABORT, b"").unwrap();
    let Step::Aborted(bytes) = step else { panic!("{step:?}") };
    assert_eq!(replies(OptionType::ABORT, &bytes), [ACK]);
}

#[test]
fn without_exports_there_is_no_default() {
    let mut negotiation = begun(3);
    let error = NegotiationError::UnknownExport;
    assert_eq!(negotiation.receive(&header(OptionType::EXPORT_NAME, 0), &[]), Err(error));
}
