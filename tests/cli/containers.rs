//! The examples for containers and Kubernetes: the program accepts their command lines, their parts fit each other, and secrets
//! are files.

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode as _, Yaml};

use crate::program::{Outcome, Place, finish, text};

const SECRET: &[u8] = b"containers-forward-1";
const PODS: [&str; 2] = ["nbd-sidecar.yaml", "attach-sidecar.yaml"];

/// A file beside the manifest of the crate.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("containers").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs the program with a command line of a container. Its files are in a place, and at its portal nothing listens.
fn run(arguments: &[String], more: &[&str]) -> Outcome {
    let place = Place::new();
    let secret = place.secret_file("secret", SECRET);
    fs::create_dir(place.path("mnt")).unwrap();
    let here = |argument: &String| match argument.as_str() {
        path if path.starts_with("/run/secrets/") => secret.clone(),
        "/run/nbd/disk.sock" => text(&place.path("disk.sock")),
        "/mnt/disk" => text(&place.path("mnt")),
        other => other.replace("192.0.2.1", "127.0.0.1:1"),
    };
    let arguments: Vec<_> = arguments.iter().map(here).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    finish(&mut place.command(&arguments))
}

/// The program reads all of the arguments, and then fails for want of the target, or of the kernel's driver.
#[track_caller]
fn expect_accepted(arguments: &[String]) {
    if arguments[0] == "mount" && !cfg!(feature = "fuse") {
        return;
    }
    let outcome = run(arguments, &[]);
    assert!(
        !matches!(outcome.code, Some(0 | 2) | None),
        "{arguments:?}: {:?} {}",
        outcome.code,
        outcome.stderr
    );
    assert_eq!(run(arguments, &["--no-such-option"]).code, Some(2), "{arguments:?}");
}

/// The value after an option.
#[track_caller]
fn value<'a>(arguments: &'a [String], option: &str) -> &'a str {
    let place = arguments.iter().position(|argument| argument == option);
    &arguments[place.unwrap_or_else(|| panic!("{option} in {arguments:?}")) + 1]
}

/// The commands of the page that run a container: the options of podman, and the arguments of the program.
fn containers() -> Vec<(Vec<String>, Vec<String>)> {
    let page = file("README.md");
    let lines = page.lines().filter_map(|line| line.strip_prefix("podman run "));
    lines
        .map(|line| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let image = words.iter().position(|word| word == "iscsi").unwrap();
            (words[..image].to_vec(), words[image + 1..].to_vec())
        })
        .collect()
}

#[test]
fn the_program_accepts_the_command_lines_of_the_containers() {
    let commands: Vec<_> = containers().into_iter().map(|(_, arguments)| arguments[0].clone()).collect();
    assert_eq!(commands, ["serve", "mount", "attach"]);
    for (_, arguments) in containers() {
        expect_accepted(&arguments);
    }
}

#[test]
fn a_container_has_its_secret_as_a_file_and_few_rights() {
    for (options, arguments) in containers() {
        let (secret, mode) = value(&options, "--secret").split_once(',').unwrap();
        assert_eq!(mode, "mode=0400");
        assert_eq!(value(&arguments, "--secret-file"), format!("/run/secrets/{secret}"));
        assert!(file("README.md").contains(&format!("podman secret create {secret} ")));
        assert_eq!(value(&options, "--cap-drop"), "ALL");
        for refused in ["--privileged", "--env", "-e", "--env-file"] {
            assert!(!options.iter().any(|option| option == refused), "{refused} in {options:?}");
        }
        let rights = options.iter().filter(|option| *option == "--cap-add").count();
        assert_eq!(rights, usize::from(arguments[0] != "serve"), "{options:?}");
    }
}

/// The instructions, without comments.
#[test]
fn the_image_has_the_program_and_no_secret() {
    let text = file("Containerfile");
    let instructions: Vec<_> =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let of = |name: &str| -> Vec<&str> {
        instructions.iter().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).collect()
    };
    assert_eq!(of("FROM").last(), Some(&"scratch"));
    assert_eq!((of("ARG").len(), of("ENV").len(), of("ADD").len()), (0, 0, 0));
    // Of the first stage, only the program gets into the image.
    assert_eq!(of("COPY"), [". .", "--from=build /source/target/release/iscsi /usr/bin/iscsi"]);
    assert_eq!(of("ENTRYPOINT"), [r#"["/usr/bin/iscsi"]"#]);
    let version = env!("CARGO_PKG_RUST_VERSION").strip_suffix(".0").unwrap_or(env!("CARGO_PKG_RUST_VERSION"));
    assert_eq!(of("FROM")[0], format!("docker.io/library/rust:{version}-alpine AS build"));
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    assert!(of("RUN")[0].contains("-p iscsi-initiator --features fuse --bin iscsi"));
    assert!(manifest.contains("\nfuse = "));
}

/// A list of texts.
fn texts(list: &Yaml<'_>) -> Vec<String> {
    list.as_vec().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// The name and the path of each volume of a container.
fn mounts(container: &Yaml<'_>) -> Vec<(String, String)> {
    let of = |mount: &Yaml<'_>, key: &str| mount[key].as_str().unwrap().to_owned();
    container["volumeMounts"]
        .as_vec()
        .unwrap()
        .iter()
        .map(|mount| (of(mount, "name"), of(mount, "mountPath")))
        .collect()
}

#[test]
fn the_program_accepts_the_arguments_of_the_sidecars() {
    for name in PODS {
        let text = file(name);
        let pods = Yaml::load_from_str(&text).unwrap();
        assert_eq!(pods.len(), 1);
        let pod = &pods[0];
        assert_eq!((pod["apiVersion"].as_str(), pod["kind"].as_str()), (Some("v1"), Some("Pod")));
        let sidecar = &pod["spec"]["initContainers"][0];
        assert_eq!(sidecar["restartPolicy"].as_str(), Some("Always"), "a sidecar goes on");
        expect_accepted(&texts(&sidecar["args"]));
    }
}

/// What is mounted is there, and the paths in the arguments are in what is mounted.
#[test]
fn the_parts_of_the_pods_fit_each_other() {
    for name in PODS {
        let text = file(name);
        let pods = Yaml::load_from_str(&text).unwrap();
        let spec = &pods[0]["spec"];
        let volumes: Vec<_> =
            spec["volumes"].as_vec().unwrap().iter().map(|volume| volume["name"].as_str().unwrap()).collect();
        let (sidecar, application) = (&spec["initContainers"][0], &spec["containers"][0]);
        for (volume, _) in mounts(sidecar).iter().chain(&mounts(application)) {
            assert!(volumes.contains(&volume.as_str()), "{volume} in {name}");
        }
        let arguments = texts(&sidecar["args"]);
        let is_mounted =
            |path: &str, container| mounts(container).iter().any(|(_, place)| path.starts_with(place));
        let shared =
            if name == PODS[0] { value(&arguments, "--socket") } else { value(&arguments, "--device") };
        assert!(is_mounted(shared, sidecar) && is_mounted(shared, application), "{shared} in {name}");
        assert!(
            texts(&application["command"]).iter().any(|word| word.contains(shared)),
            "{shared} in {name}"
        );
        assert!(is_mounted(value(&arguments, "--secret-file"), sidecar));
        assert!(spec["terminationGracePeriodSeconds"].as_integer().unwrap() >= 150);
    }
}

#[test]
fn the_pods_have_the_secret_as_a_file_that_only_the_program_reads() {
    for name in PODS {
        let text = file(name);
        let pods = Yaml::load_from_str(&text).unwrap();
        let spec = &pods[0]["spec"];
        let volumes = spec["volumes"].as_vec().unwrap();
        let secrets: Vec<_> =
            volumes.iter().filter(|volume| volume.as_mapping_get("secret").is_some()).collect();
        assert_eq!(secrets.len(), 1);
        // Kubernetes reads YAML 1.1, in which this number is octal.
        assert!(text.contains("\n        defaultMode: 0400\n"), "{text}");
        let (volume, created) = (secrets[0]["name"].as_str().unwrap(), file("README.md"));
        let secret = secrets[0]["secret"]["secretName"].as_str().unwrap();
        assert!(
            created.contains(&format!("kubectl create secret generic {secret} --from-file=initiator-secret"))
        );
        let sidecar = &spec["initContainers"][0];
        let place = mounts(sidecar).into_iter().find(|(name, _)| name == volume).unwrap().1;
        assert_eq!(value(&texts(&sidecar["args"]), "--secret-file"), format!("{place}/initiator-secret"));
        let application = &spec["containers"][0];
        assert!(
            mounts(application).iter().all(|(name, _)| name != volume),
            "the application reads the secret"
        );
        for container in [sidecar, application] {
            assert!(
                container.as_mapping_get("env").is_none() && container.as_mapping_get("envFrom").is_none()
            );
        }
    }
}

/// The socket needs no privilege, and the sidecar has none.
#[test]
fn the_sidecar_of_nbd_is_unprivileged() {
    let text = file(PODS[0]);
    let pods = Yaml::load_from_str(&text).unwrap();
    let context = &pods[0]["spec"]["initContainers"][0]["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"].as_bool(), Some(false));
    assert_eq!(context["readOnlyRootFilesystem"].as_bool(), Some(true));
    assert_eq!(texts(&context["capabilities"]["drop"]), ["ALL"]);
    assert!(!text.contains("privileged: true") && !text.contains("hostNetwork"));
}
