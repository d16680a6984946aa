//! Results of the commands `secret list`, `secret check` and `secret import`.

use expect_test::expect;

use super::{documented, expect_value};
use crate::program::{Place, TARGET};
use crate::scripted::{FORWARD, REVERSE};

/// A store with a secret for each kind of scope, one of them cleared, and one secret used twice.
fn stored() -> Place {
    let place = Place::new();
    let (forward, reverse) = (place.secret_file("forward", FORWARD), place.secret_file("reverse", REVERSE));
    let discovery = place.secret_file("discovery", b"scripted-discovery-3");
    let set: [&[&str]; 4] = [
        &["--target", TARGET, "--user", "host", "--secret-file", &forward, "--target-secret-file", &reverse],
        &["--global", "--target-user", "disk", "--target-secret-file", &forward],
        &["--discovery", "--secret-file", &discovery],
        &["--portal", "192.0.2.1", "--target-secret-file", &reverse],
    ];
    for arguments in set {
        place.run(&[&["secret", "set"], arguments].concat()).expect(0);
    }
    place.run(&["secret", "clear", "--portal", "192.0.2.1"]).expect(0);
    place.run(&["secret", "require", "mutual", "--global"]).expect(0);
    place
}

#[test]
fn secret_list() {
    let list = stored().run(&["secret", "list", "--output", "json"]).expect(0);
    expect_value(
        documented("secret-list", &list),
        &[],
        &expect![[r#"
        [
          {
            "portal": null,
            "remembered": false,
            "requires": "mutual",
            "scope": "global",
            "target": null,
            "target_secret": "set",
            "target_user": "disk",
            "user": null
          },
          {
            "portal": null,
            "remembered": true,
            "requires": null,
            "scope": "target",
            "target": "iqn.2001-04.com.example:disk",
            "target_secret": "set",
            "target_user": null,
            "user": "host"
          },
          {
            "portal": null,
            "remembered": true,
            "requires": null,
            "scope": "discovery",
            "target": null,
            "target_secret": "unset",
            "target_user": null,
            "user": null
          },
          {
            "portal": "192.0.2.1:3260",
            "remembered": false,
            "requires": null,
            "scope": "portal",
            "target": null,
            "target_secret": "cleared",
            "target_user": null,
            "user": null
          }
        ]"#]],
    );
}

#[test]
fn secret_check() {
    let check = stored().run(&["secret", "check", "--output", "json"]).expect(9);
    expect_value(
        documented("secret-check", &check),
        &["/0/explanation", "/0/places/0", "/0/places/1"],
        &expect![[r#"
            [
              {
                "explanation": "(varies)",
                "places": [
                  "(varies)",
                  "(varies)"
                ],
                "weakness": "shared"
              }
            ]"#]],
    );
}

#[test]
fn secret_import() {
    let place = Place::new();
    std::fs::create_dir(place.path("etc")).unwrap();
    let lines = "node.session.auth.username = user\nnode.session.auth.password = initsecret123\n\
                 node.session.auth.username_in = target\nnode.session.auth.password_in = targsecret456\n";
    place.file("etc/iscsid.conf", lines.as_bytes(), 0o600);
    let import = ["secret", "import", "--open-iscsi", "etc", "--output", "json"];
    expect_value(
        documented("secret-import", &place.run(&import).expect(0)),
        &[],
        &expect![[r#"
        [
          {
            "portal": null,
            "remembered": "imported",
            "scope": "global",
            "target": null,
            "target_secret": "imported",
            "target_user": "target",
            "user": "user"
          }
        ]"#]],
    );
    place.file("etc/iscsid.conf", lines.replace("123", "124").as_bytes(), 0o600);
    expect_value(
        documented("secret-import", &place.run(&import).expect(9)),
        &[],
        &expect![[r#"
        [
          {
            "portal": null,
            "remembered": "kept",
            "scope": "global",
            "target": null,
            "target_secret": "unchanged",
            "target_user": "target",
            "user": null
          }
        ]"#]],
    );
}
