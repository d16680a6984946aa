//! Rows of the conformance table as tests, in memory: the initiator's side of a login against scripted answers, CHAP
//! against published values, and both sides against each other. A test carries the id of its row.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod agreement;
mod both_sides;
mod chap_attacks;
mod chap_challenges;
mod chap_offers;
mod chap_responses;
mod chap_vectors;
mod deviation_limits;
mod deviation_table;
mod deviations;
mod discovery;
mod if_asked;
mod login_headers;
mod login_stages;
mod logs;
mod long_texts;
mod negotiation;
mod numbering;
mod results;
mod scripted;
mod target_side;
