//! Files with secrets: 12 to 255 bytes that no other user can read, else exit code 9.

use crate::program::{Place, TARGET};

const URL: &str = "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk";

#[test]
fn a_file_that_others_can_reach_is_refused() {
    for open_to_others in [0o644, 0o640, 0o604, 0o620] {
        let place = Place::with_store();
        let file = place.file("secret", b"initsecret123", open_to_others);
        let stored = ["secret", "set", "--target", TARGET, "--secret-file", &file];
        place
            .run(&stored)
            .expect(9)
            .complains("is accessible to other users")
            .complains("hint: run `chmod 600");
        place
            .run(&["login", URL, "--secret-file", &file])
            .expect(9)
            .complains("is accessible to other users");
        let mutual = ["login", URL, "--target-secret-file", &file];
        place.run(&mutual).expect(9).complains("is accessible to other users");
        place.run(&["discover", "127.0.0.1:1", "--secret-file", &file]).expect(9);
    }
}

#[test]
fn lengths_below_12_and_above_255_bytes_are_refused() {
    for (bytes, code) in [(0, 9), (11, 9), (12, 7), (255, 7), (256, 9)] {
        let place = Place::with_store();
        let file = place.secret_file("secret", &vec![b's'; bytes]);
        place.run(&["login", URL, "--user", "x", "--secret-file", &file]).expect(code);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let place = Place::with_store();
    let outcome = place.run(&["login", URL, "--secret-file", "nowhere"]).expect(9);
    outcome.complains("nowhere").complains("hint: check the path");
}

#[test]
fn standard_input_can_be_the_file() {
    let place = Place::with_store();
    let login = ["login", URL, "--user", "x", "--secret-file", "-"];
    place.run_with_input(&login, b"initsecret123\n").expect(7);
    place.run_with_input(&login, b"too-short\n").expect(9);
}

#[test]
fn one_secret_for_both_directions_is_refused_before_any_packet() {
    let place = Place::with_store();
    let file = place.secret_file("secret", b"initsecret123");
    let login = ["login", URL, "--secret-file", &file, "--target-secret-file", &file];
    place.run(&login).expect(9).complains("both directions");
}
