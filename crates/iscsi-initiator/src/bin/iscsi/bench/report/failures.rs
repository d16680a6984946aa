//! Why attempts failed.

use maud::{Markup, html};

use super::percent;
use crate::bench::figures::{count, share};
use crate::bench::results::{Cause, Results};

pub(super) fn section(results: &Results) -> Markup {
    html! {
        section {
            h2 { "Failures" }
            @if results.failures == 0 {
                p { "No attempt failed." }
            } @else {
                (table(results))
            }
        }
    }
}

fn table(results: &Results) -> Markup {
    let attempts = results.logins.saturating_add(results.failures);
    html! {
        table.causes {
            caption { (count(results.failures)) " of " (count(attempts)) " attempts, by cause" }
            thead { tr { th scope="col" { "Cause" } th scope="col" { "Attempts" } th scope="col" { "Of all" } } }
            tbody {
                @for cause in &results.causes { (row(cause, results.failures, attempts)) }
            }
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "the length of a bar")]
fn row(cause: &Cause, failures: u64, attempts: u64) -> Markup {
    let length = cause.count as f64 / failures.max(1) as f64;
    html! {
        tr {
            th scope="row" {
                (cause.cause)
                svg.bar aria-hidden="true" { rect.failures width=(percent(length)) height="100%" {} }
            }
            td { (count(cause.count)) }
            td { (share(cause.count, attempts)) }
        }
    }
}
