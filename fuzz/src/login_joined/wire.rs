//! The wire: splits texts into PDUs with the C bit, and requests the pieces on behalf of the receiver.

use arbitrary::Unstructured;
use bytes::Buf as _;
use iscsi_pdu::{LoginRequest, LoginResponse, SerialNumber, Stage};

use super::mangling::{Load, Mangling};

/// Largest number of pieces of one text.
const MOST_PIECES: usize = 4;

pub(super) struct Wire<'a> {
    pub(super) mangling: Mangling,
    /// Positions at which texts are split.
    bytes: Unstructured<'a>,
    /// Pieces have their own sequence numbers, so that each side receives consecutive numbers.
    stat_sn: SerialNumber,
}

impl<'a> Wire<'a> {
    pub(super) const fn new(mangling: Mangling, bytes: Unstructured<'a>) -> Self {
        Self { mangling, bytes, stat_sn: SerialNumber(0) }
    }

    /// Delivers the request in pieces; only the last piece may request a transition.
    pub(super) fn split_request(&mut self, request: &LoginRequest) -> Vec<LoginRequest> {
        let mut pieces = Vec::new();
        let mut rest = request.clone();
        while let Some(at) = self.split_at(rest.text.len(), pieces.len()) {
            let text = rest.text.split_to(at);
            pieces.push(LoginRequest {
                transit: false,
                next_stage: Stage(0),
                continues: true,
                text,
                ..rest.clone()
            });
        }
        pieces.push(rest);
        pieces
    }

    /// Delivers the response in pieces. A transition is granted after the last piece, when the initiator requests it
    /// again.
    pub(super) fn split_response(&mut self, response: &LoginResponse) -> Vec<LoginResponse> {
        let mut pieces = Vec::new();
        let mut rest = response.clone();
        while let Some(at) = self.split_at(rest.text.len(), pieces.len()) {
            pieces.push(LoginResponse { continues: true, ..half(&rest, at) });
            rest.text.advance(at);
        }
        if rest.transit && !pieces.is_empty() {
            pieces.push(half(&rest, rest.text.len()));
            rest.text.clear();
        }
        pieces.push(rest);
        pieces
    }

    /// Nothing is split once the input is exhausted.
    fn split_at(&mut self, length: usize, pieces: usize) -> Option<usize> {
        if length < 2 || pieces + 1 == MOST_PIECES || !self.bytes.arbitrary::<bool>().ok()? {
            return None;
        }
        self.bytes.int_in_range(1..=length - 1).ok()
    }

    /// Returns the PDU that the target receives; `None` if the connection is lost.
    pub(super) fn carry_request(&mut self, request: &LoginRequest) -> Option<LoginRequest> {
        let load = Load { by_initiator: true, operational: request.current_stage == Stage::OPERATIONAL };
        LoginRequest::decode(self.mangling.carry(request.encode(), load)?).ok()
    }

    /// Returns the PDU that the initiator receives.
    pub(super) fn carry_response(&mut self, mut response: LoginResponse) -> Option<LoginResponse> {
        response.numbers.stat_sn = self.stat_sn;
        self.stat_sn = self.stat_sn.next();
        let load = Load { by_initiator: false, operational: response.current_stage == Stage::OPERATIONAL };
        LoginResponse::decode(self.mangling.carry(response.encode(), load)?).ok()
    }
}

/// Returns `true` for the answer to an incomplete text. A side that does not send it no longer follows the sequence.
pub(super) fn waits_for_more(response: &LoginResponse) -> bool {
    response.text.is_empty() && !response.transit && !response.continues
}

/// Returns `true` for an initiator's request of the next piece.
pub(super) fn asks_for(piece: &LoginResponse, request: &LoginRequest) -> bool {
    let granted = (piece.transit, piece.next_stage) == (request.transit, request.next_stage);
    request.text.is_empty() && !request.continues && granted
}

/// Returns the response with at most this much of its text, without a transition.
fn half(response: &LoginResponse, length: usize) -> LoginResponse {
    let text = response.text.slice(..length);
    LoginResponse { transit: false, next_stage: Stage(0), tsih: 0, text, ..response.clone() }
}
