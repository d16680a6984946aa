//! The services for systemd: systemd accepts them, the program accepts their command lines, and two of them are run as a
//! service manager runs them.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use iscsi_tests::ram_disk::{Account, Config, Credentials, RamDisk, Running, Target};
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

use crate::measured::end;
use crate::program::{Outcome, Place, TARGET, finish, text};

const SECRET: &str = "services-forward-1";
const SERVICES: [&str; 3] = ["iscsi-attach", "iscsi-serve-nbd", "iscsi-mount"];
/// The only instance.
const INSTANCE: &str = "disk";
/// Settings by which systemd gives a service a mount namespace of its own, in which a mount stays.
const NAMESPACES: [&str; 12] = [
    "ProtectSystem=",
    "ProtectHome=",
    "ProtectKernel",
    "ProtectControlGroups=",
    "ProtectProc=",
    "PrivateTmp=",
    "PrivateDevices=",
    "PrivateMounts=",
    "ReadWritePaths=",
    "ReadOnlyPaths=",
    "InaccessiblePaths=",
    "DynamicUser=",
];

/// A file beside the manifest of the crate.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn service(name: &str) -> String {
    file(&format!("{name}@.service"))
}

/// The value of a setting that a service has once.
#[track_caller]
fn setting(service: &str, name: &str) -> String {
    let prefix = format!("{name}=");
    let values: Vec<_> = service.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
    assert_eq!(values.len(), 1, "{name} in {service}");
    values[0].to_owned()
}

/// What `disk.conf` sets.
fn configured(name: &str) -> String {
    setting(&file("disk.conf"), name)
}

/// The command line of a service as systemd makes it of its settings, in a place in which `/run` is `run`.
fn command_line(place: &Place, name: &str, url: &str) -> Vec<String> {
    let line = setting(&service(name), "ExecStart");
    let line = line
        .replace("/usr/bin/iscsi", env!("CARGO_BIN_EXE_iscsi"))
        .replace("${CREDENTIALS_DIRECTORY}", &text(&place.path("credentials")))
        .replace("/run/", &format!("{}/", text(&place.path("run"))))
        .replace("$OPTIONS", &configured("OPTIONS"))
        .replace("${URL}", url)
        .replace("%i", INSTANCE);
    assert!(!line.contains(['$', '%']), "{line}");
    line.split_whitespace().map(str::to_owned).collect()
}

/// The credential of a service, as systemd puts it into a directory.
fn with_credential() -> Place {
    let place = Place::new();
    for name in ["credentials", "run"] {
        fs::create_dir(place.path(name)).unwrap();
    }
    place.file("credentials/secret", SECRET.as_bytes(), 0o400);
    place
}

/// A service's command in an environment like that of a service.
fn command(place: &Place, line: &[String]) -> Command {
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).env_clear().current_dir("/").stdin(Stdio::null());
    for (variable, name) in
        [("STATE_DIRECTORY", "state"), ("RUNTIME_DIRECTORY", "run"), ("CREDENTIALS_DIRECTORY", "credentials")]
    {
        command.env(variable, place.path(name));
    }
    command
}

/// What systemd says about a service.
fn verify(place: &Place, name: &str, service: &str) -> Outcome {
    let path = place.path(&format!("{name}@{INSTANCE}.service"));
    fs::write(&path, service.replace("/usr/bin/iscsi", env!("CARGO_BIN_EXE_iscsi"))).unwrap();
    finish(Command::new("systemd-analyze").args(["verify", "--man=no", "--recursive-errors=no"]).arg(path))
}

#[test]
fn systemd_accepts_the_services() {
    let place = Place::new();
    for name in SERVICES {
        let outcome = verify(&place, name, &service(name)).expect(0);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""), "{name}");
        // Of what is wrong, it would say so.
        let wrong = verify(&place, name, &service(name).replace("KillMode=", "KillMood="));
        assert!(wrong.stderr.contains("KillMood"), "{name}: {}", wrong.stderr);
    }
}

/// With a portal at which nothing listens, the arguments are all that can be wrong.
#[test]
fn the_program_accepts_the_command_lines_of_the_services() {
    let place = with_credential();
    for name in SERVICES.into_iter().filter(|name| *name != "iscsi-mount" || cfg!(feature = "fuse")) {
        let url = configured("URL").replace("192.0.2.1", "127.0.0.1:1");
        let mut line = command_line(&place, name, &url);
        let outcome = finish(&mut command(&place, &line));
        assert!(!matches!(outcome.code, Some(0 | 2) | None), "{name}: {:?} {}", outcome.code, outcome.stderr);
        line.push("--no-such-option".to_owned());
        assert_eq!(finish(&mut command(&place, &line)).code, Some(2), "{name}");
    }
}

#[test]
fn the_services_end_in_order_and_keep_the_secret_out_of_arguments_and_environment() {
    for name in SERVICES {
        let text = service(name);
        let directory = format!("/etc/{name}/%i");
        assert_eq!(setting(&text, "EnvironmentFile"), format!("{directory}.conf"));
        assert_eq!(setting(&text, "LoadCredentialEncrypted"), format!("secret:{directory}.secret"));
        assert!(
            setting(&text, "ExecStart").contains("--secret-file ${CREDENTIALS_DIRECTORY}/secret "),
            "{text}"
        );
        assert!(!text.contains("\nEnvironment="), "{text}");
        let ends = ["Type", "KillMode", "TimeoutStopSec"].map(|name| setting(&text, name));
        // Longer than the two minutes for which commands wait for a lost session.
        assert_eq!(ends, ["notify", "mixed", "150"], "{name}");
        assert!(setting(&text, "After").contains("network-online.target"), "{text}");
    }
    for name in ["iscsi-attach", "iscsi-mount"] {
        let text = service(name);
        assert_eq!(setting(&text, "Before"), "remote-fs-pre.target remote-fs.target");
        assert_eq!(setting(&text, "LimitMEMLOCK"), "infinity");
        assert_eq!(setting(&text, "OOMScoreAdjust"), "-1000");
    }
}

#[test]
fn killed_services_are_started_again_unless_arguments_or_secrets_are_wrong() {
    for name in SERVICES {
        let text = service(name);
        let again = ["Restart", "RestartSec", "RestartPreventExitStatus"].map(|name| setting(&text, name));
        assert_eq!(again, ["on-failure", "5", "2 3 4 9"], "{name}");
    }
}

#[test]
fn a_service_that_mounts_has_no_mount_namespace() {
    let text = service("iscsi-mount");
    for name in NAMESPACES {
        assert!(!text.lines().any(|line| line.starts_with(name)), "{name}");
    }
}

#[test]
fn the_page_of_the_services_names_files_that_are_there() {
    let page = file("README.md");
    let named: Vec<_> = page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(named.len() >= 4, "{page}");
    for name in named {
        file(name);
    }
    for name in SERVICES {
        assert!(page.contains(&format!("{name}@")), "{name}");
    }
}

/// A service, started as systemd starts it.
struct Started {
    child: Child,
    notified: UnixDatagram,
}

impl Started {
    fn new(place: &Place, line: &[String]) -> Self {
        let path = place.path("notify");
        let notified = UnixDatagram::bind(&path).unwrap();
        notified.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut command = command(place, line);
        command.env("NOTIFY_SOCKET", path).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: command.spawn().unwrap(), notified }
    }

    /// The next state that the service has told.
    fn state(&mut self) -> String {
        let mut buffer = [0; 256];
        match self.notified.recv(&mut buffer) {
            Ok(length) => String::from_utf8_lossy(&buffer[..length]).trim().to_owned(),
            Err(error) => {
                _ = self.child.kill();
                panic!("{error}: nothing was told")
            }
        }
    }

    /// What other processes can read of the arguments and of the environment.
    fn visible(&self) -> String {
        ["cmdline", "environ"]
            .map(|name| {
                String::from_utf8_lossy(&fs::read(format!("/proc/{}/{name}", self.child.id())).unwrap())
                    .into_owned()
            })
            .concat()
    }

    fn stop(self) -> Outcome {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        end(self.child)
    }
}

/// A target that requires CHAP of `host`, as the settings say.
fn target(runtime: &Runtime) -> Running {
    let mut target = Target::new(TARGET.parse().unwrap());
    target.credentials = Credentials::Chap(Account::new("host", SECRET.as_bytes()));
    runtime.block_on(RamDisk::serve(Config::with_targets([target]))).unwrap()
}

/// Starts a service, looks at what it gives, and stops it.
fn live(name: &str, look: impl FnOnce(&Place)) {
    let (runtime, place) = (Runtime::new().unwrap(), with_credential());
    let target = target(&runtime);
    // RuntimeDirectory=
    let directory = setting(&service(name), "RuntimeDirectory").replace("%i", INSTANCE);
    fs::create_dir_all(place.path("run").join(directory)).unwrap();
    let url = configured("URL").replace("192.0.2.1", &target.portal().to_string());
    let mut started = Started::new(&place, &command_line(&place, name, &url));
    let state = started.state();
    assert!(state.starts_with("READY=1\nSTATUS=serving "), "{state}");
    assert!(!started.visible().contains(SECRET));
    look(&place);
    let outcome = started.stop().expect(0);
    assert!(!outcome.stderr.contains("error:"), "{}", outcome.stderr);
    let report = target.report();
    assert_eq!((report.normal_sessions, report.logouts), (1, 1), "{report:?}");
}

#[test]
fn the_service_of_nbd_has_its_socket_when_it_says_so() {
    live("iscsi-serve-nbd", |place| {
        assert!(place.path("run/iscsi-serve-nbd/disk/nbd.sock").exists());
    });
}

#[cfg(all(feature = "fuse", target_os = "linux"))]
#[test]
fn the_service_of_mounts_has_its_file_when_it_is_ready() {
    live("iscsi-mount", |place| {
        let file = place.path("run/iscsi-mount/disk/lun0");
        assert_eq!(fs::metadata(file).unwrap().len(), 64 << 20);
    });
}
