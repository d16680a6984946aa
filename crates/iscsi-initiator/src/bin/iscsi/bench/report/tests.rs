//! The page shows the figures, loads nothing, and is complete for the smallest and the largest runs.

use super::*;
use crate::bench::login::{Phases, Results, Second, sample};
use crate::bench::results::Distribution;

/// The results of a run without any attempt.
fn nothing() -> Results {
    Results {
        measured_s: 0.0,
        logins: 0,
        failures: 0,
        logins_per_s: 0.0,
        latency: Distribution::default(),
        phases: Phases::default(),
        round_trips_per_login: 0.0,
        cpu_us_per_login: None,
        memory_bytes_per_held_session: None,
        causes: Vec::new(),
        timeline: Vec::new(),
        ..sample()
    }
}

/// The text of the page, its style and its tags taken out.
pub(super) fn text(page: &str) -> String {
    let body = page.split_once("</head>").unwrap().1;
    body.split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
        .collect::<Vec<_>>()
        .join(" ")
}

const RATE: &str = "Logins per second";
const FAILURES: &str = "Failures per second";
const LONGEST: &str = "Longest latency in each second";

/// The drawing under a title, described for those who do not see it.
pub(super) fn chart<'a>(page: &'a str, title: &str) -> Option<&'a str> {
    let head = format!("<figcaption>{title}</figcaption><div class=\"chart\" role=\"img\" aria-label=\"");
    let (description, rest) = page.split_once(&head)?.1.split_once("\">")?;
    let (drawn, _) = rest.split_once("</svg>")?;
    (!description.is_empty() && drawn.starts_with("<svg")).then_some(drawn)
}

#[track_caller]
pub(super) fn whole(page: &str) {
    for part in ["NaN", "inf", "Infinity", "-0.00%"] {
        assert!(!text(page).contains(part) && !page.contains(&format!("\"{part}")), "{part}");
    }
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
}

#[test]
fn the_figures_are_on_the_page() {
    let page = html(&sample());
    whole(&page);
    let text = text(&page);
    for figure in [
        "mutual CHAP with MD5",
        "300",
        "1.00 ms",
        "99 % within",
        "7.00 ms",
        "0.3 % of attempts",
        "123 µs",
        "14.0 KiB",
        "the target refused",
        "2023-11-14 22:13:20 UTC",
        "8 at a time (closed loop)",
        "4 processors",
        "iscsi 1.2.3, schema 1",
    ] {
        assert!(text.contains(figure), "{figure} in {text}");
    }
    for title in [RATE, LONGEST, "Latency of a login, by percentile", "Phases and logout, by percentile"] {
        assert!(chart(&page, title).is_some_and(|drawn| drawn.contains("<polyline")), "{title}");
    }
    assert!(chart(&page, FAILURES).is_some() && page.contains("id=\"bars-title\""));
}

/// Styles could load resources too, but for the policy; the page has no style that names a resource.
#[test]
fn the_page_loads_nothing() {
    let page = html(&sample());
    for reference in [
        "src=", "href=", "<script", "<link", "<iframe", "<img", "<object", "<use", "url(", "@import",
        "://fonts",
    ] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn text_from_elsewhere_is_escaped() {
    let mut results = sample();
    let hostile = "</style><script>alert(1)</script>\"'&";
    results.plan.targets = vec![hostile.to_owned()];
    results.plan.authentication = hostile.to_owned();
    results.plan.algorithm = Some(hostile.to_owned());
    results.causes[0].cause = hostile.to_owned();
    results.machine.os = hostile.to_owned();
    results.program = hostile.to_owned();
    let page = html(&results);
    assert!(!page.contains("<script") && page.contains("&lt;/style&gt;&lt;script&gt;alert(1)"));
    assert_eq!(page.matches("</style>").count(), 1);
}

#[test]
fn a_run_without_any_attempt_has_a_page() {
    let page = html(&nothing());
    whole(&page);
    assert!(text(&page).contains("No login succeeded") && !page.contains("Median"));
}

#[test]
fn a_run_of_failures_alone_has_a_page() {
    let failed = Second { logins: 0, failures: 50, longest: 0.0 };
    let page = html(&Results { failures: 50, measured_s: 0.2, timeline: vec![failed], ..nothing() });
    whole(&page);
    assert!(chart(&page, FAILURES).is_some() && chart(&page, LONGEST).is_none());
}

#[test]
fn a_run_of_one_login_has_a_page_without_percentiles() {
    let one = Distribution { percentiles: Vec::new(), min: 800.0, mean: 800.0, max: 800.0, count: 1 };
    let second = Second { logins: 1, failures: 0, longest: 800.0 };
    let page =
        html(&Results { logins: 1, latency: one, measured_s: 0.0008, timeline: vec![second], ..nothing() });
    whole(&page);
    assert!(
        text(&page).contains("Fewer than 20 logins")
            && chart(&page, "Latency of a login, by percentile").is_none()
    );
}

#[test]
fn a_run_of_a_day_has_a_page_of_moderate_size() {
    let second = Second { logins: 1500, failures: 0, longest: 12_345.6 };
    let page = html(&Results { measured_s: 86_400.0, timeline: vec![second; 86_400], ..sample() });
    whole(&page);
    assert!(page.len() < 100_000, "{}", page.len());
}

#[test]
fn an_open_loop_and_an_interruption_are_shown() {
    let mut results = Results { interrupted: true, ..sample() };
    results.plan.rate_per_s = Some(200.0);
    let text = text(&html(&results));
    assert!(text.contains("200 logins begun in a second (open loop)") && text.contains("charged"));
    assert!(text.contains("The run was interrupted"));
}

#[test]
fn values_that_no_run_has_are_drawn_too() {
    let times = |min, max, count| Distribution { min, mean: max, max, count, ..sample().latency };
    for (seconds, times) in
        [(1e-9, times(0.0, 0.0, 1)), (1.0, times(1e-300, 1e300, u64::MAX)), (1e12, times(5.0, 5.0, 2))]
    {
        let second = Second { logins: u64::MAX / 8, failures: u64::MAX / 8, longest: times.max };
        let phases = Phases { connect: times.clone(), ..sample().phases };
        let timeline = vec![second; 3];
        let page = html(&Results { measured_s: seconds, latency: times, phases, timeline, ..sample() });
        assert!(page.ends_with("</html>") && page.len() < 1_000_000, "{}", page.len());
    }
}
