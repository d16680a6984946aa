//! The table of hints: order, duplicates, and that each row is reached.

use super::*;

/// Every row that fits these codes, in order.
fn fitting(key: u8, asc: u8, ascq: u8) -> Vec<usize> {
    let sense = SenseData::new(SenseKey(key), asc, ascq);
    (0..ROWS.len()).filter(|at| ROWS[*at].fits(sense)).collect()
}

/// All sense keys and codes, with the row that counts.
fn counting() -> Vec<usize> {
    let codes = |key| (0..=u8::MAX).flat_map(move |asc| (0..=u8::MAX).map(move |ascq| (key, asc, ascq)));
    let all = (0..16).flat_map(codes);
    all.filter_map(|(key, asc, ascq)| fitting(key, asc, ascq).first().copied()).collect()
}

#[test]
fn every_row_is_reached_by_some_sense_data() {
    let reached: std::collections::BTreeSet<usize> = counting().into_iter().collect();
    for (at, row) in ROWS.iter().enumerate() {
        assert!(reached.contains(&at), "{:?} {:?} {:?}", row.key, row.asc, row.ascq);
    }
}

/// By key, then single codes before all codes, then by code; of one code, ranges begin in order, and a wide one is last.
#[test]
fn rows_stand_in_order_and_none_twice() {
    let place = |row: &Row| {
        let is_wide = row.ascq == ANY;
        (row.key.0, row.asc.is_none(), row.asc, is_wide, *row.ascq.start(), *row.ascq.end())
    };
    assert!(ROWS.is_sorted_by(|before, after| place(before) < place(after)));
}

/// Two rows fit the same codes only if the one behind is that of a whole code or key.
#[test]
fn rows_overlap_only_where_one_is_the_rest() {
    for key in 0..16 {
        for (asc, ascq) in (0..=u8::MAX).flat_map(|asc| (0..=u8::MAX).map(move |ascq| (asc, ascq))) {
            let fitting = fitting(key, asc, ascq);
            assert!(fitting.iter().skip(1).all(|at| ROWS[*at].ascq == ANY), "{key:x} {asc:x} {ascq:x}");
        }
    }
}

#[test]
fn hints_begin_in_lower_case_and_end_without_a_stop() {
    for Row { hint, .. } in ROWS {
        assert!(hint.starts_with(|first: char| first.is_lowercase() || first == '`'), "{hint}");
        assert!(!hint.ends_with('.') && !hint.contains("  ") && !hint.contains("::"), "{hint}");
    }
}

#[test]
fn errors_of_earlier_commands_have_a_hint_of_their_own() {
    let deferred = SenseData { deferred: true, ..SenseData::new(SenseKey::MEDIUM_ERROR, 0x0c, 0) };
    assert_eq!(hint(deferred), Some(DEFERRED));
    assert_ne!(hint(SenseData { deferred: false, ..deferred }), Some(DEFERRED));
}

#[test]
fn keys_without_an_error_have_no_hint() {
    for key in [0x0, 0x1, 0x8, 0x9, 0xc, 0xd, 0xf] {
        assert_eq!(hint(SenseData::new(SenseKey(key), 0x04, 0x01)), None, "{key:x}");
    }
}
