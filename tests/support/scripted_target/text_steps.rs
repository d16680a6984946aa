//! Answers to Text Requests, as building blocks of scripts.

use bytes::Bytes;
use iscsi_pdu::{Lun, TargetTransferTag, TextRequest, TextResponse};

use super::Moment;

/// The Text Response that ends the exchange with this text.
#[must_use]
pub fn text_response(request: &TextRequest, moment: &Moment, text: impl Into<Bytes>) -> TextResponse {
    TextResponse {
        is_final: true,
        continues: false,
        lun: Lun::ZERO,
        itt: request.itt,
        ttt: TargetTransferTag::RESERVED,
        numbers: moment.numbers,
        text: text.into(),
    }
}
