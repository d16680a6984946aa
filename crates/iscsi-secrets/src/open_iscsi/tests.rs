use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

mod unusable;

use crate::{
    IscsiName, MemoryStore, Portal, ReverseCredential, ReverseLookup, Scope, Secret, SecretStore,
    StoreSnapshot,
};

const DISK: &str = "iqn.2001-04.com.example:disk";

/// A directory of open-iscsi.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of mode 0600 with these lines, and the directories above it.
    fn write(&self, name: &str, lines: &[&str]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, lines.concat()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// The record of a target at a portal, as today's open-iscsi writes one.
    fn node(&self, target: &str, portal: &str, lines: &[&str]) -> PathBuf {
        let head = ["# BEGIN RECORD 2.1.8\n", "node.startup = manual\n"];
        let tail = ["node.conn[0].timeo.auth_timeout = 45\n", "# END RECORD\n"];
        self.write(&format!("nodes/{target}/{portal}/default"), &[&head, lines, &tail].concat())
    }

    fn read(&self) -> Import {
        read(self.0.path()).unwrap()
    }

    /// The content of a store after the import, and the warnings.
    fn imported(&self) -> (Held, Vec<ImportWarning>) {
        let Import { changes, warnings } = self.read();
        let store = MemoryStore::new();
        store.apply_all(changes).unwrap();
        (Held(store.snapshot().unwrap()), warnings)
    }

    fn warnings(&self) -> Vec<ImportWarning> {
        self.read().warnings
    }
}

struct Held(std::sync::Arc<StoreSnapshot>);

impl Held {
    /// The names and secrets of both directions, as one text.
    fn of(&self, scope: &Scope) -> String {
        let shown = |name: Option<&str>, secret: &Secret| {
            format!("{}:{}", name.unwrap_or("-"), secret.expose_secret().escape_ascii())
        };
        let forward = self.0.own_forward(scope).unwrap();
        let forward = forward.map_or("-".to_owned(), |held| shown(held.name(), held.secret()));
        match self.0.own_reverse(scope).unwrap() {
            ReverseLookup::Known(held) => format!("{forward} {}", shown(held.name(), held.secret())),
            ReverseLookup::Cleared | ReverseLookup::Unknown => format!("{forward} -"),
        }
    }

    fn of_target(&self, name: &str) -> String {
        self.of(&target(name))
    }
}

fn target(name: &str) -> Scope {
    Scope::Target(IscsiName::new(name).unwrap())
}

const FORWARD: [&str; 2] =
    ["node.session.auth.username = us er = #1\n", "node.session.auth.password = forward-secret\n"];
const REVERSE: [&str; 2] =
    ["node.session.auth.username_in = target\n", "node.session.auth.password_in = reverse-secret\n"];

#[test]
fn the_configuration_is_for_every_target_and_every_discovery() {
    let place = Place::new();
    place.write(
        "iscsid.conf",
        &[
            "# node.session.auth.password_in = a-comment\n",
            "node.session.auth.authmethod = CHAP\n",
            "node.session.auth.username = user\n",
            "node.session.auth.password =  # and = in \"it\" \t\r\n",
            "discovery.sendtargets.auth.password = d-forward-secret\n",
            "discovery.sendtargets.auth.username_in = d-target\n",
            "discovery.sendtargets.auth.password_in = d-reverse-secret\n",
            "node.session.timeo.replacement_timeout = 120",
        ],
    );
    let (held, warnings) = place.imported();
    assert_eq!(held.of(&Scope::Global), "user:# and = in \\\"it\\\" -");
    assert_eq!(held.of(&Scope::Discovery), "-:d-forward-secret d-target:d-reverse-secret");
    assert_eq!(warnings, []);
}

#[test]
fn records_of_every_layout_are_found() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &[&FORWARD[..], &REVERSE].concat());
    place.write("nodes/iqn.2001-04.com.example:old/192.0.2.8,3260", &FORWARD);
    place.write("nodes/eui.02004567A425678D/2001:db8::7,3260,-1/iface0", &REVERSE);
    let discovery = ["discovery.sendtargets.auth.password = d-secret-of-12\n"];
    place.write("send_targets/192.0.2.9,3260/st_config", &discovery);
    place.write("send_targets/2001:db8::9,3261", &discovery);
    let (held, warnings) = place.imported();
    assert_eq!(held.of_target(DISK), "us er = #1:forward-secret target:reverse-secret");
    assert_eq!(held.of_target("iqn.2001-04.com.example:old"), "us er = #1:forward-secret -");
    assert_eq!(held.of_target("eui.02004567A425678D"), "- target:reverse-secret");
    for portal in ["192.0.2.9:3260", "[2001:db8::9]:3261"] {
        assert_eq!(held.of(&Scope::Portal(portal.parse::<Portal>().unwrap())), "-:d-secret-of-12 -");
    }
    assert_eq!(warnings, []);
}

#[test]
fn a_target_without_credentials_gets_no_record() {
    let place = Place::new();
    let path = place.node(DISK, "192.0.2.7,3260,1", &["node.session.auth.authmethod = None\n"]);
    let (held, warnings) = place.imported();
    assert_eq!(held.0.entries(), []);
    assert_eq!(warnings, [ImportWarning::NoCredentials { path }]);
    assert!(!warnings[0].is_left_out());
}

#[test]
fn credentials_count_whatever_the_method_and_the_last_one_that_is_not_empty_counts() {
    let place = Place::new();
    let lines = ["node.session.auth.authmethod = None\n", FORWARD[1]];
    place.node(DISK, "192.0.2.7,3260,1", &[&lines[..], &["node.session.auth.password = \n"]].concat());
    let other = "iqn.2001-04.com.example:other";
    place.node(other, "192.0.2.7,3260,1", &[FORWARD[1], "node.session.auth.password = second-secret\n"]);
    let (held, warnings) = place.imported();
    assert_eq!(held.of_target(DISK), "-:forward-secret -");
    assert_eq!(held.of_target(other), "-:second-secret -");
    assert_eq!(warnings, []);
}

#[test]
fn portals_of_a_target_may_agree_or_say_nothing() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &FORWARD);
    place.node(DISK, "192.0.2.8,3260,1", &[&FORWARD[..], &REVERSE].concat());
    let path = place.node(DISK, "192.0.2.9,3260,1", &[]);
    let (held, warnings) = place.imported();
    assert_eq!(held.of_target(DISK), "us er = #1:forward-secret target:reverse-secret");
    assert_eq!(warnings, [ImportWarning::NoCredentials { path }]);
}

#[test]
fn records_that_contradict_each_other_give_nothing() {
    for other in [
        &["node.session.auth.username = us er = #1\n", "node.session.auth.password = another-secret\n"],
        &["node.session.auth.username = another\n", FORWARD[1]],
    ] {
        let place = Place::new();
        let earlier = place.node(DISK, "192.0.2.7,3260,1", &[&FORWARD[..], &REVERSE].concat());
        let path = place.node(DISK, "192.0.2.8,3260,1", other);
        place.write("iscsid.conf", &REVERSE);
        let (held, warnings) = place.imported();
        assert_eq!(held.of_target(DISK), "- -");
        assert_eq!(held.of(&Scope::Global), "- target:reverse-secret");
        assert_eq!(warnings, [ImportWarning::Conflict { scope: target(DISK), path, earlier }]);
    }
}

/// A store with a forward secret for the disk that differs from [`FORWARD`], and a cleared reverse secret.
fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let secret = || Secret::from_bytes(b"stored-secret").unwrap();
    store.renew_forward_secret(target(DISK), secret()).unwrap();
    store.set_reverse(target(DISK), ReverseCredential::new(None, secret()).unwrap()).unwrap();
    store.clear_reverse(target(DISK)).unwrap();
    store
}

/// The outcome of the forward and the reverse credential of the disk.
fn carry_out(place: &Place, store: &MemoryStore, existing: ConflictPolicy) -> [Option<ImportOutcome>; 2] {
    let plan = Plan::of(place.read().changes, &store.snapshot().unwrap(), existing).unwrap();
    store.apply_all(plan.changes).unwrap();
    let scope_import = &plan.scopes[&target(DISK)];
    [&scope_import.forward, &scope_import.reverse]
        .map(|credential| credential.as_ref().map(|credential| credential.outcome))
}

#[test]
fn what_a_store_has_stays_unless_it_is_to_be_replaced() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &[&FORWARD[..], &REVERSE].concat());
    let held = |store: &MemoryStore| Held(store.snapshot().unwrap()).of_target(DISK);
    let both = |outcome| [Some(outcome); 2];

    let empty = MemoryStore::new();
    assert_eq!(carry_out(&place, &empty, ConflictPolicy::Keep), both(ImportOutcome::Imported));
    assert_eq!(carry_out(&place, &empty, ConflictPolicy::Keep), both(ImportOutcome::Unchanged));
    assert_eq!(carry_out(&place, &empty, ConflictPolicy::Replace), both(ImportOutcome::Unchanged));

    let store = store();
    assert_eq!(carry_out(&place, &store, ConflictPolicy::Keep), both(ImportOutcome::Kept));
    assert_eq!(held(&store), "-:stored-secret -");
    assert_eq!(carry_out(&place, &store, ConflictPolicy::Replace), both(ImportOutcome::Replaced));
    assert_eq!(held(&store), held(&empty));
}

#[test]
fn another_name_makes_another_credential_and_what_is_there_already_is_no_change() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &FORWARD);
    let store = MemoryStore::new();
    carry_out(&place, &store, ConflictPolicy::Keep);
    let plan = Plan::of(place.read().changes, &store.snapshot().unwrap(), ConflictPolicy::Keep).unwrap();
    assert!(plan.changes.is_empty());
    place.node(DISK, "192.0.2.7,3260,1", &["node.session.auth.username = another\n", FORWARD[1]]);
    assert_eq!(carry_out(&place, &store, ConflictPolicy::Keep), [Some(ImportOutcome::Kept), None]);
}

#[test]
fn the_secret_for_every_target_is_not_that_of_one() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &FORWARD);
    let store = MemoryStore::new();
    let secret = Secret::from_bytes(b"stored-secret").unwrap();
    store.renew_forward_secret(Scope::Global, secret).unwrap();
    assert_eq!(carry_out(&place, &store, ConflictPolicy::Keep), [Some(ImportOutcome::Imported), None]);
}
