//! URLs, without a network.

use crate::program::Place;

#[test]
fn unusable_urls_are_exit_code_2_with_a_reason_and_a_hint() {
    let cases = [
        ("http://host/iqn.2001-04.com.example:disk", "begins with iscsi://"),
        ("127.0.0.1", "begins with iscsi://"),
        ("iscsi://host", "names no target"),
        ("iscsi://host/", "names no target"),
        ("iscsi://host/iqn.2001-04.com.example:%0adisk", "names no possible target"),
        ("iscsi://user/secret@host/iqn.2001-04.com.example:disk", "'@'"),
        ("iscsi://host/iqn.2001-04.com.example:disk/20000", "no LUN"),
        ("iscsi://host/iqn.2001-04.com.example:disk/0/0", "no LUN"),
        ("iscsi://::1/iqn.2001-04.com.example:disk", "no usable host"),
        ("iscsi://host:0/iqn.2001-04.com.example:disk", "no usable host"),
        ("iscsi://host/iqn.2001-04.com.example:disk?target_pasword=x", "has a key other than"),
        ("iscsi://host/iqn.2001-04.com.example:disk?header_digest=md5", "header_digest"),
    ];
    for (url, reason) in cases {
        let outcome = Place::with_store().run(&["login", url]).expect(2);
        outcome.complains("error: unusable URL\ncaused by: ").complains(reason).complains("\nhint: ");
    }
}

#[test]
fn usable_urls_get_as_far_as_the_connection() {
    let cases = [
        "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk",
        "iscsi://[::1]:1/eui.02004567A425678D/0x0001000000000000",
        "ISCSI://%31%32%37.0.0.1:1/iqn.2001-04.com.example%3Adisk/16383",
        "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk/0?header_digest=none-crc32c",
    ];
    for url in cases {
        Place::with_store().run(&["luns", url]).expect(7).complains("error: cannot connect");
    }
}

#[test]
fn the_form_of_libiscsi_is_read_with_a_warning() {
    let url = "iscsi://user%initsecret123@127.0.0.1:1/iqn.2001-04.com.example:disk?target_user=t&target_password=targsecret456";
    let outcome = Place::with_store().run(&["login", url]).expect(7);
    assert_eq!(outcome.stderr.matches("warning: ").count(), 2, "{}", outcome.stderr);
    outcome.complains("others on this host can read it");
    // Mutual CHAP with one secret for both is refused before any packet.
    let url =
        "iscsi://user%initsecret123@127.0.0.1:1/iqn.2001-04.com.example:disk?target_password=initsecret123";
    Place::with_store().run(&["login", url]).expect(9);
}

#[test]
fn the_variables_of_libiscsi_are_read_with_a_warning() {
    let place = Place::with_store();
    let mut command = place.command(&["login", "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk"]);
    command.env("LIBISCSI_CHAP_USERNAME", "user").env("LIBISCSI_CHAP_PASSWORD", "initsecret123");
    command
        .env("LIBISCSI_CHAP_TARGET_PASSWORD", "initsecret123")
        .env("ISCSI_SECRET_STORE", place.path("store"));
    let outcome = crate::program::finish(&mut command).expect(9);
    outcome.complains("LIBISCSI_CHAP_PASSWORD").complains("LIBISCSI_CHAP_TARGET_PASSWORD");
}
