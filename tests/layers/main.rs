//! The modules of each crate and of the program `iscsi` use each other downwards only, as the tables in this folder say.
//!
//! Each line of a table is a module at the top level of its crate and the modules it uses, which stand below it. An arrow
//! that is in the code and not in the table fails, and so does one that is in the table only. Behind a name in the table
//! stands what the module is kept free of: `pure` modules have no I/O, clock, randomness or hashed order, and tokio is only
//! in `async` ones. The pictures in `crates/README.md` are written with
//! `WRITE_TABLE=1 cargo test -p iscsi-tests --test layers`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod arrows;
mod picture;
mod source_tree;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use source_tree::SourceTree;
use table::{Kind, Table};

/// Each table with the root file of the modules in it.
const TABLES: [(&str, &str); 5] = [
    ("iscsi-pdu", "crates/iscsi-pdu/src/lib.rs"),
    ("iscsi-login", "crates/iscsi-login/src/lib.rs"),
    ("iscsi-secrets", "crates/iscsi-secrets/src/lib.rs"),
    ("iscsi-initiator", "crates/iscsi-initiator/src/lib.rs"),
    ("iscsi", "crates/iscsi-initiator/src/bin/iscsi/main.rs"),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn tables() -> impl Iterator<Item = (Table, SourceTree)> {
    TABLES.into_iter().map(|(name, root)| (Table::read(name), SourceTree::parse(&workspace().join(root))))
}

#[test]
fn modules_use_what_the_tables_allow() {
    for (table, sources) in tables() {
        let found = arrows::between_modules(&sources);
        let allowed = table.arrows();
        let added: Vec<_> = found.keys().filter(|arrow| !allowed.contains(*arrow)).collect();
        let places: Vec<_> = added.iter().map(|arrow| &found[*arrow]).collect();
        assert!(
            added.is_empty(),
            "{}: arrows that the table does not have: {added:#?}, in {places:#?}",
            table.name
        );
        let stale: Vec<_> = allowed.iter().filter(|arrow| !found.contains_key(*arrow)).collect();
        assert!(stale.is_empty(), "{}: arrows that nothing uses: {stale:#?}", table.name);
    }
}

/// Prints the arrows that are in the code, for a new table: `cargo test -p iscsi-tests --test layers -- --nocapture`.
#[test]
fn arrows_can_be_shown() {
    for (table, sources) in tables() {
        let found = arrows::between_modules(&sources);
        for module in sources.top_modules() {
            let used: Vec<_> =
                found.keys().filter(|(from, _)| *from == module).map(|(_, to)| to.as_str()).collect();
            println!("{} {module}: {}", table.name, used.join(" "));
        }
    }
}

#[test]
fn tables_name_each_module_once_and_point_downwards() {
    for (table, sources) in tables() {
        let named: BTreeSet<_> = table.modules.iter().map(|module| module.name.clone()).collect();
        assert_eq!(named.len(), table.modules.len(), "{}: a module stands twice", table.name);
        assert_eq!(named, sources.top_modules(), "{}", table.name);
        for (place, module) in table.modules.iter().enumerate() {
            let below: BTreeSet<_> = table.modules.iter().skip(place + 1).map(|lower| &lower.name).collect();
            let upwards: Vec<_> = module.uses.iter().filter(|used| !below.contains(used)).collect();
            assert!(upwards.is_empty(), "{}: {} uses {upwards:?}, not below it", table.name, module.name);
        }
    }
}

#[test]
fn modules_are_free_of_what_the_tables_forbid() {
    for (table, sources) in tables() {
        for module in &table.modules {
            let forbidden = match module.kind {
                Kind::Pure => &[arrows::TOKIO, arrows::AMBIENT][..],
                Kind::Plain => &[arrows::TOKIO],
                Kind::Async => &[],
            };
            let found = arrows::uses_of(&sources, &module.name, &forbidden.concat());
            assert!(found.is_empty(), "{}: {} uses {found:?}", table.name, module.name);
        }
    }
}

/// The arrows between crates are those of the manifests.
#[test]
fn crates_use_those_below_them() {
    let below = [
        ("iscsi-initiator", &["iscsi-login", "iscsi-pdu", "iscsi-secrets"][..]),
        ("iscsi-secrets", &["iscsi-pdu"]),
        ("iscsi-login", &["iscsi-pdu"]),
        ("iscsi-pdu", &[]),
    ];
    for (name, expected) in below {
        let manifest =
            std::fs::read_to_string(workspace().join("crates").join(name).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
        let named = dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
        let used: BTreeSet<_> = named.filter(|used| used.starts_with("iscsi-")).collect();
        assert_eq!(used, expected.iter().copied().collect(), "{name}");
    }
}

#[test]
fn the_pictures_are_current() {
    let file = workspace().join("crates/README.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let current = tables().fold(page.clone(), |page, (table, _)| picture::replace(&page, &table));
    if std::env::var_os("WRITE_TABLE").is_some() {
        std::fs::write(&file, &current).unwrap();
        return;
    }
    assert!(page == current, "write the pictures anew with WRITE_TABLE=1");
}
