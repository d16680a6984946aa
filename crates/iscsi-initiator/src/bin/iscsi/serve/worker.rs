//! Workers: tasks that carry requests out, one after the other.

use std::future::poll_fn;
use std::sync::Arc;

use iscsi_initiator::nbd::{CommandType, ContextId, ErrorCode};

use super::exchange::{Accepted, Exchange};
use super::operations::{Refusal, Yield, carry_out};
use super::outbox::{Body, Reply};

/// Carries requests out until there are no more.
///
/// # Cancel safety
/// When the future is dropped, the request under way has no reply.
pub(super) async fn run(exchange: Arc<Exchange>) {
    while let Some(accepted) = poll_fn(|context| exchange.poll_next(context)).await {
        let Accepted { request, buffer, charge } = accepted;
        exchange.export.count(request.command);
        let (offset, form) = (request.offset, exchange.replies.form);
        let mut outcome = carry_out(&exchange.export, &request, buffer, form).await;
        if request.command == CommandType::FLUSH && exchange.learns_of_loss() && outcome.is_ok() {
            let text = "acknowledged writes may be lost: the logical unit was reset or lost power".to_owned();
            outcome = Err(Refusal { code: ErrorCode::IO, text });
        }
        exchange.answer(reply(&exchange, request.cookie, offset, outcome, charge));
    }
}

fn reply(
    exchange: &Exchange,
    cookie: u64,
    offset: u64,
    outcome: Result<Yield, Refusal>,
    charge: usize,
) -> Reply {
    let form = exchange.replies.form;
    match outcome {
        Ok(Yield::Nothing(buffer)) => {
            Reply { head: form.done(cookie, offset), body: Body::None(buffer), charge }
        }
        Ok(Yield::Data(data)) => {
            let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
            Reply { head: form.data(cookie, offset, length), body: Body::Data(data), charge }
        }
        Ok(Yield::Blocks(blocks)) => {
            match form.block_status(cookie, offset, ContextId::ALLOCATION, &blocks) {
                Some(head) => Reply { head, body: Body::Bytes(blocks.into_bytes()), charge },
                // Requests for it are refused without structured replies.
                None => Reply::refusal(form, cookie, offset, Refusal::without_structure(), charge),
            }
        }
        Err(refusal) => Reply::refusal(form, cookie, offset, refusal, charge),
    }
}
