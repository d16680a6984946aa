//! The page about a run, and the schema of its results.

use crate::measured::{Measured, parsed};
use crate::program::finish;
use crate::schema::Schema;

/// Without the feature, the option is an error before anything begins, and says how to get it.
#[cfg(not(feature = "report"))]
#[test]
fn without_the_feature_the_option_names_it() {
    let measured = Measured::open();
    let outcome = measured.run(&["--count", "1", "--report", "report.html"]).expect(2);
    outcome.complains("--report needs the feature `report`").complains("hint: build it with");
    assert_eq!(measured.report().connections, 0);
    assert!(!measured.place.path("report.html").exists());
}

#[cfg(feature = "report")]
mod page {
    use std::fs;

    use crate::measured::{FORWARD, Measured, REVERSE};

    #[test]
    fn the_page_holds_the_run_and_needs_nothing_else() {
        let measured = Measured::mutual();
        let outcome = measured.run(&["--count", "30", "--report", "report.html"]).expect(0);
        assert!(outcome.stdout.contains("logins:"), "{}", outcome.stdout);
        let page = fs::read_to_string(measured.place.path("report.html")).unwrap();
        for part in
            ["<!DOCTYPE html>", "mutual CHAP with MD5", &measured.url(), "<svg", "Median latency", "</html>"]
        {
            assert!(page.contains(part), "{part}");
        }
        // The name of a namespace is no place.
        let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for reference in ["http://", "https://", "src=", "href=", "url(", "@import", "<script"] {
            assert!(!page.contains(reference), "{reference}");
        }
        for secret in [FORWARD, REVERSE] {
            assert!(!page.contains(secret));
        }
        let others = fs::read_dir(measured.place.path("")).unwrap();
        let others =
            others.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
        assert_eq!(others.count(), 0, "something is left beside the page");
    }
}

#[test]
fn what_is_printed_is_what_is_documented() {
    let schema = Schema::of("bench-login");
    let measured = Measured::mutual();
    let (there, nowhere) = (measured.url(), measured.url_of("iqn.2001-04.com.example:nowhere"));
    let arguments = ["--count", "60", "--hold", "2", "--rate", "500", "--output", "json"];
    let mut command = measured.command_to(&[&there, &nowhere, &there], &arguments);
    // Holding a session at a target that is not there fails.
    finish(&mut command).expect(5);
    let mut command = measured.command_to(&[&there, &there, &nowhere], &arguments);
    let results = parsed(&finish(&mut command).expect(5));
    assert_eq!((&results["logins"], &results["failures"]), (&40.into(), &20.into()));
    schema.expect_documents(&results);
    schema.expect_documents(&measured.results(&["--count", "1"]));
}
