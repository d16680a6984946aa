use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};

use iscsi_pdu::{IscsiName, Portal};

use super::*;
use crate::secret_file_error::{SecretFileError, SecretFileFault};
use crate::vds::HResult;
use crate::vds::object_id;
use crate::{ReverseLookup, SharedSecret, VdsServiceIscsi};

const USERNAME: &str = "node.session.auth.username";
const PASSWORD: &str = "node.session.auth.password";
const USERNAME_IN: &str = "node.session.auth.username_in";
const PASSWORD_IN: &str = "node.session.auth.password_in";

/// A directory like a Kubernetes mount: every user may add files, and only owners may remove them.
struct Mount(tempfile::TempDir);

impl Mount {
    fn new() -> Self {
        let mount = Self(tempfile::tempdir().unwrap());
        mount.chmod("", 0o1777);
        mount
    }

    fn of(files: &[(&str, &[u8])]) -> Self {
        let mount = Self::new();
        for (name, content) in files {
            mount.write(name, content);
        }
        mount
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn chmod(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
        self.chmod(name, 0o400);
    }

    /// Writes a version and makes it the current one, like Kubernetes.
    fn publish(&self, version: &str, files: &[(&str, &[u8])]) {
        fs::create_dir(self.path(version)).unwrap();
        for (name, content) in files {
            self.write(&format!("{version}/{name}"), content);
            _ = symlink(format!("..data/{name}"), self.path(name));
        }
        symlink(version, self.path("..data_tmp")).unwrap();
        fs::rename(self.path("..data_tmp"), self.path("..data")).unwrap();
    }

    fn open(&self) -> Result<DirectoryStore, StoreError> {
        DirectoryStore::open(self.0.path())
    }

    fn error(&self) -> StoreError {
        self.open().err().unwrap()
    }

    fn fault(&self, name: &str) -> SecretFileFault {
        match self.error() {
            StoreError::SecretFile(SecretFileError { origin: SecretOrigin::File(path), fault }) => {
                assert_eq!(path.file_name().unwrap(), name);
                fault
            }
            error => panic!("{error}"),
        }
    }
}

fn target() -> IscsiName {
    IscsiName::new("iqn.2001-04.com.example:a").unwrap()
}

fn forward(store: &DirectoryStore) -> (Option<String>, String) {
    let forward = store.forward(&target()).unwrap().unwrap();
    (forward.name().map(str::to_owned), forward.secret().expose_secret().escape_ascii().to_string())
}

#[test]
fn every_file_has_its_direction_and_its_scope() {
    let mount = Mount::of(&[
        (USERNAME, b"user\n"),
        (PASSWORD, b"forward-secret\n"),
        (USERNAME_IN, b"target"),
        (PASSWORD_IN, b"reverse-secret"),
        ("discovery.sendtargets.auth.username", b"d-user"),
        ("discovery.sendtargets.auth.password", b"d-forward-secret"),
        ("discovery.sendtargets.auth.username_in", b"d-target"),
        ("discovery.sendtargets.auth.password_in", b"d-reverse-secret"),
    ]);
    let store = mount.open().unwrap();
    assert_eq!(forward(&store), (Some("user".to_owned()), "forward-secret".to_owned()));
    let reverse = store.reverse(&target()).unwrap();
    let reverse = reverse.known().unwrap();
    assert_eq!((reverse.name(), reverse.secret().expose_secret()), (Some("target"), &b"reverse-secret"[..]));
    let (snapshot, portal) = (store.snapshot().unwrap(), "192.0.2.7:3260".parse::<Portal>().unwrap());
    let found = snapshot.discovery_forward(&portal).unwrap().unwrap();
    assert_eq!((found.name(), found.secret().expose_secret()), (Some("d-user"), &b"d-forward-secret"[..]));
    let reverse = snapshot.discovery_reverse(&portal).unwrap();
    let found = reverse.known().unwrap();
    assert_eq!((found.name(), found.secret().expose_secret()), (Some("d-target"), &b"d-reverse-secret"[..]));
}

#[test]
fn a_password_needs_no_user_name_and_may_have_1_to_255_bytes_of_any_value() {
    let longest = [0xff; 255];
    for (content, secret) in [(&b"\0"[..], &b"\0"[..]), (b"short\r\n", b"short"), (&longest, &longest)] {
        let mount = Mount::of(&[(PASSWORD, content)]);
        assert_eq!(forward(&mount.open().unwrap()), (None, secret.escape_ascii().to_string()));
        assert!(matches!(mount.open().unwrap().reverse(&target()), Ok(ReverseLookup::Unknown)));
    }
}

#[test]
fn an_incomplete_credential_is_an_error_that_names_the_missing_file() {
    let empty = Mount::new();
    assert_eq!(empty.error(), StoreError::NoSecrets { path: empty.path("") });
    let absent = DirectoryStore::open(empty.path("absent")).err();
    assert_eq!(absent, Some(StoreError::NoSecrets { path: empty.path("absent") }));
    for (name, secret) in [(USERNAME, PASSWORD), (USERNAME_IN, PASSWORD_IN)] {
        let mount = Mount::of(&[("discovery.sendtargets.auth.password", b"d-secret"), (name, b"user")]);
        let label = |name| mount.path(name).display().to_string();
        let incomplete = StoreError::IncompleteCredential { found: label(name), missing: label(secret) };
        assert_eq!(mount.error(), incomplete);
        assert!(incomplete.remedy().unwrap().contains(secret));
    }
}

#[test]
fn a_dangling_link_is_not_taken_for_an_unset_secret() {
    let mount = Mount::of(&[(PASSWORD, b"forward-secret")]);
    symlink("nowhere", mount.path(PASSWORD_IN)).unwrap();
    let path = mount.path(PASSWORD_IN);
    assert_eq!(mount.error(), StoreError::Io { action: "open", path, kind: ErrorKind::NotFound });
}

#[test]
fn contents_that_are_no_secret_and_no_name_are_refused() {
    let cases: [(&str, &[u8], SecretFileFault); 6] = [
        (PASSWORD, b"", SecretFileFault::Empty),
        (PASSWORD, b"\n", SecretFileFault::Empty),
        (PASSWORD, &[b'x'; 256], SecretFileFault::TooLong),
        (USERNAME, b"", SecretFileFault::NotAName),
        (USERNAME, b"two\nlines\n", SecretFileFault::NotAName),
        (USERNAME, b"\xff", SecretFileFault::NotAName),
    ];
    for (name, content, fault) in cases {
        let mount = Mount::of(&[(PASSWORD, b"forward-secret")]);
        mount.chmod(PASSWORD, 0o600);
        mount.write(name, content);
        assert_eq!(mount.fault(name), fault, "{}", content.escape_ascii());
    }
}

#[test]
fn a_file_that_others_can_reach_is_refused_with_the_hint_for_kubernetes() {
    let mount = Mount::new();
    mount.publish("..1", &[(PASSWORD, b"forward-secret")]);
    for mode in [0o440, 0o644, 0o404, 0o410] {
        mount.chmod(&format!("..1/{PASSWORD}"), mode);
        assert_eq!(mount.fault(PASSWORD), SecretFileFault::TooOpen { mode });
        assert!(mount.error().remedy().unwrap().contains("defaultMode: 0400"));
    }
    mount.chmod(&format!("..1/{PASSWORD}"), 0o600);
    assert!(mount.open().is_ok());
}

#[test]
fn a_directory_in_which_others_may_replace_files_is_refused() {
    let mount = Mount::new();
    mount.publish("..1", &[(PASSWORD, b"forward-secret")]);
    for (mode, accepted) in [(0o1777, true), (0o755, true), (0o700, true), (0o775, false), (0o777, false)] {
        for name in ["", "..1"] {
            mount.chmod("", 0o1777);
            mount.chmod("..1", 0o755);
            mount.chmod(name, mode);
            let path = if name.is_empty() { mount.0.path().to_path_buf() } else { mount.path(name) };
            let refused = (!accepted).then_some(StoreError::TooOpen { path, mode });
            assert_eq!(mount.open().err(), refused, "{mode:o}");
        }
    }
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
    let mount = Mount::new();
    fs::create_dir(mount.path(PASSWORD)).unwrap();
    assert_eq!(mount.fault(PASSWORD), SecretFileFault::NotAFile);
    fs::remove_dir(mount.path(PASSWORD)).unwrap();
    let (path, mode) = (mount.path(PASSWORD), rustix::fs::Mode::from_raw_mode(0o400));
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(mount.fault(PASSWORD), SecretFileFault::NotAFile);
    let error = DirectoryStore::open(&path).err();
    assert_eq!(error, Some(StoreError::WrongKind { path, expected: "directory" }));
}

#[test]
fn every_read_sees_the_version_that_is_current() {
    let mount = Mount::new();
    mount.publish("..1", &[(USERNAME, b"user-1"), (PASSWORD, b"secret-1")]);
    let store = mount.open().unwrap();
    mount.publish("..2", &[(USERNAME, b"user-2"), (PASSWORD, b"secret-2")]);
    fs::remove_dir_all(mount.path("..1")).unwrap();
    assert_eq!(forward(&store), (Some("user-2".to_owned()), "secret-2".to_owned()));
    fs::remove_dir_all(mount.path("..2")).unwrap();
    assert!(matches!(store.snapshot().err(), Some(StoreError::Io { kind: ErrorKind::NotFound, .. })));
}

/// One thread publishes versions as fast as it can; name and secret of a snapshot are of the same one.
#[test]
fn versions_are_never_mixed() {
    let mount = Mount::new();
    mount.publish("..0", &[(USERNAME, b"0"), (PASSWORD, b"0")]);
    let store = mount.open().unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for version in 1..400 {
                let text = version.to_string();
                mount.publish(
                    &format!("..{text}"),
                    &[(USERNAME, text.as_bytes()), (PASSWORD, text.as_bytes())],
                );
                fs::remove_dir_all(mount.path(&format!("..{}", version - 1))).unwrap();
            }
        });
        let mut seen = std::collections::BTreeSet::new();
        while !writer.is_finished() {
            match store.snapshot() {
                Ok(snapshot) => {
                    let forward = snapshot.forward(&target()).unwrap().unwrap();
                    assert_eq!(forward.name().unwrap().as_bytes(), forward.secret().expose_secret());
                    seen.insert(forward.name().unwrap().to_owned());
                }
                Err(error) => assert!(matches!(error, StoreError::Unsettled { .. }), "{error}"),
            }
        }
        writer.join().unwrap();
        assert!(!seen.is_empty());
    });
    assert_eq!(forward(&store).0.as_deref(), Some("399"));
}

#[test]
fn nothing_can_be_changed() {
    let mount = Mount::of(&[(PASSWORD, b"forward-secret")]);
    let store = mount.open().unwrap();
    assert_eq!(store.clear_reverse(target().into()), Err(StoreError::TargetSpecificNotSupported));
    assert_eq!(store.clear_reverse(Scope::Global), Err(StoreError::ReadOnly));
    assert_eq!(store.remove(target().into()), Err(StoreError::ReadOnly));
    assert_eq!(store.knows(&target()), Ok(false));
}

#[test]
fn through_vds_targets_are_not_supported_and_the_global_secret_is_write_protected() {
    let mount = Mount::of(&[(PASSWORD_IN, b"reverse-secret")]);
    let service = VdsServiceIscsi::new(Arc::new(mount.open().unwrap()), "iqn.2001-04.com.example:initiator");
    let set = |id| {
        HResult::of(&service.set_initiator_shared_secret(Some(&SharedSecret::of(b"twelve-bytes")), id)).bits()
    };
    assert_eq!(set(object_id(&target())), 0x8004_2706); // VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED
    assert_eq!(set(uuid::Uuid::nil()), 0x8007_0013); // ERROR_WRITE_PROTECT
}
