//! The wire between both sides: it splits texts into PDUs with the C bit, and requests the pieces for the receiver.

use arbitrary::Unstructured;
use bytes::Buf as _;
use iscsi_pdu::{LoginRequest, LoginResponse, SerialNumber, Stage};

use super::mangling::{Mangling, PduKind};

/// The most pieces of one text.
const MAX_PIECES: usize = 4;

pub(super) struct Wire<'a> {
    pub(super) mangling: Mangling,
    /// The places where texts are split.
    bytes: Unstructured<'a>,
    /// Pieces have their own status numbers, so that each side sees consecutive ones.
    stat_sn: SerialNumber,
}

impl<'a> Wire<'a> {
    pub(super) const fn new(mangling: Mangling, bytes: Unstructured<'a>) -> Self {
        Self { mangling, bytes, stat_sn: SerialNumber(0) }
    }

    /// The request in pieces; only the last one may ask for a transition.
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

    /// The response in pieces. A transition is granted after the last piece, when the initiator asks for it again.
    pub(super) fn split_response(&mut self, response: &LoginResponse) -> Vec<LoginResponse> {
        let mut pieces = Vec::new();
        let mut rest = response.clone();
        while let Some(at) = self.split_at(rest.text.len(), pieces.len()) {
            pieces.push(LoginResponse { continues: true, ..truncated(&rest, at) });
            rest.text.advance(at);
        }
        if rest.transit && !pieces.is_empty() {
            pieces.push(truncated(&rest, rest.text.len()));
            rest.text.clear();
        }
        pieces.push(rest);
        pieces
    }

    /// The place of the next split; `None` once the input is used up.
    fn split_at(&mut self, length: usize, pieces: usize) -> Option<usize> {
        if length < 2 || pieces + 1 == MAX_PIECES || !self.bytes.arbitrary::<bool>().ok()? {
            return None;
        }
        self.bytes.int_in_range(1..=length - 1).ok()
    }

    /// The request as the target receives it; `None` if the connection is lost.
    pub(super) fn carry_request(&mut self, request: &LoginRequest) -> Option<LoginRequest> {
        let kind = PduKind { by_initiator: true, operational: request.current_stage == Stage::OPERATIONAL };
        LoginRequest::decode(self.mangling.carry(request.encode(), kind)?).ok()
    }

    /// The response as the initiator receives it; `None` if the connection is lost.
    pub(super) fn carry_response(&mut self, mut response: LoginResponse) -> Option<LoginResponse> {
        response.numbers.stat_sn = self.stat_sn;
        self.stat_sn = self.stat_sn.next();
        let kind = PduKind { by_initiator: false, operational: response.current_stage == Stage::OPERATIONAL };
        LoginResponse::decode(self.mangling.carry(response.encode(), kind)?).ok()
    }
}

/// Whether a response only asks for the next piece of an incomplete text.
pub(super) fn waits_for_more(response: &LoginResponse) -> bool {
    response.text.is_empty() && !response.transit && !response.continues
}

/// Whether a request only asks for the next piece.
pub(super) fn asks_for(piece: &LoginResponse, request: &LoginRequest) -> bool {
    let granted = (piece.transit, piece.next_stage) == (request.transit, request.next_stage);
    request.text.is_empty() && !request.continues && granted
}

/// The response with a prefix of its text, and without a transition.
fn truncated(response: &LoginResponse, length: usize) -> LoginResponse {
    let text = response.text.slice(..length);
    LoginResponse { transit: false, next_stage: Stage(0), tsih: 0, text, ..response.clone() }
}
