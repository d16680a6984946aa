//! The page of a run: one HTML file without scripts or other resources.
//!
//! Text from elsewhere, such as the names of targets and what they answered, is escaped by `maud`.

mod axes;
mod file;
mod io;
mod latency;
mod login;
mod over_time;
mod plot;
mod sections;
mod timeline;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(crate) use file::Report;

const STYLE: &str = include_str!("report/style.css");

/// Forbids a browser to load or run anything, whatever may have got into the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Results that have a page.
pub(crate) trait Page {
    /// The title of the window.
    fn title(&self) -> String;

    /// The heading, and what was measured.
    fn heading(&self) -> Markup;

    /// The notices and sections.
    fn sections(&self) -> Markup;
}

/// Makes the page.
fn html(page: &impl Page) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (page.heading()) }
                main { (page.sections()) }
            }
        }
    };
    page.into_string()
}

/// A part of a whole, as a length in SVG.
fn percent(part: f64) -> String {
    format!("{:.2}%", part * 100.0)
}

/// Notices above the figures; `nothing` is the one where nothing succeeded.
fn notices(interrupted: bool, nothing: Option<&str>) -> Markup {
    html! {
        @if interrupted {
            p.notice { "The run was interrupted: these are the figures up to then." }
        }
        @if let Some(nothing) = nothing { p.notice { (nothing) } }
    }
}

#[cfg(test)]
mod tests;
